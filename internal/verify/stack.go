package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// Tag is on each stack, and by CloudFormation on all that is in it and can be tagged. Its value is the name of the verification.
const Tag = "greenlight:verify-account"

// How long stacks are waited for, and how often they are looked at. A function that was in a VPC leaves network interfaces, which
// Lambda takes away in up to twenty minutes, and until then CloudFormation can't delete their subnets.
const (
	stackEvery     = 10 * time.Second
	stackCreatesIn = 30 * time.Minute
	stackGoesIn    = 60 * time.Minute
)

// stack is what is to be created.
type stack struct {
	name string
	// body is the template, or url where it is.
	body, url  string
	parameters map[string]string
}

// create creates a stack, and waits until it is there. It gives the outputs.
func (v *Verification) create(ctx context.Context, s stack) (map[string]string, error) {
	in := &cloudformation.CreateStackInput{
		StackName: &s.name, ClientRequestToken: &s.name, // what is sent again is the same request
		Tags: []types.Tag{{Key: aws.String(Tag), Value: &v.Name}},
		// What failed is looked at before it is deleted.
		OnFailure:    types.OnFailureDoNothing,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityAutoExpand},
	}
	if s.url != "" {
		in.TemplateURL = &s.url
	} else {
		in.TemplateBody = &s.body
	}
	for name, value := range s.parameters {
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
	}
	v.made(s.name) // before it is known: an answer that is lost leaves a stack all the same
	asking, cancel := uninterrupted(ctx)
	_, err := v.Account.createStack(asking, in)
	cancel()
	if err != nil {
		if refused := smithy.APIError(nil); errors.As(err, &refused) {
			v.gone(s.name)
		}
		return nil, fmt.Errorf("creating the stack %s: %w", s.name, err)
	}
	var made map[string]string
	err = v.poll(ctx, "the stack "+s.name+" to be created", stackEvery, stackCreatesIn, func() (bool, error) {
		there, err := v.stack(ctx, s.name)
		switch {
		case err != nil:
			return false, err
		case there == nil:
			return false, fmt.Errorf("the stack %s is gone: somebody deleted it", s.name)
		case there.StackStatus == types.StackStatusCreateInProgress, there.StackStatus == types.StackStatusReviewInProgress:
			return false, nil
		case there.StackStatus != types.StackStatusCreateComplete:
			return false, fmt.Errorf("the stack %s is %s: %s", s.name, there.StackStatus, v.whyFailed(ctx, s.name, there))
		}
		made = outputs(there)
		return true, nil
	})
	return made, err
}

// outputs are those of a stack; none where there is no stack.
func outputs(of *types.Stack) map[string]string {
	all := map[string]string{}
	if of != nil {
		for _, o := range of.Outputs {
			all[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	return all
}

// stack is nil where there is none of that name, or none any more.
func (v *Verification) stack(ctx context.Context, name string) (*types.Stack, error) {
	out, err := v.Account.describeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if refused := smithy.APIError(nil); errors.As(err, &refused) && refused.ErrorCode() == "ValidationError" && strings.Contains(refused.ErrorMessage(), "does not exist") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking at the stack %s: %w", name, err)
	}
	if len(out.Stacks) == 0 || out.Stacks[0].StackStatus == types.StackStatusDeleteComplete {
		return nil, nil
	}
	return &out.Stacks[0], nil
}

// whyFailed is the reason of the first resource that failed, in the stack or in one that is nested in it. Later ones mostly say
// that they were cancelled.
func (v *Verification) whyFailed(ctx context.Context, name string, s *types.Stack) string {
	why := aws.ToString(s.StackStatusReason)
	for at := name; at != ""; {
		out, err := v.Account.describeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &at})
		if err != nil {
			return why + " (its events couldn't be read: " + err.Error() + ")"
		}
		at = ""
		for _, e := range out.StackEvents { // the newest first
			if !strings.HasSuffix(string(e.ResourceStatus), "_FAILED") || aws.ToString(e.PhysicalResourceId) == aws.ToString(e.StackId) {
				continue
			}
			why = fmt.Sprintf("%s: %s", aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceStatusReason))
			at = ""
			if aws.ToString(e.ResourceType) == "AWS::CloudFormation::Stack" {
				at = aws.ToString(e.PhysicalResourceId)
			}
		}
	}
	return why
}

// remove deletes a stack, and waits until it is gone.
func (v *Verification) remove(ctx context.Context, name string) error {
	if _, err := v.Account.deleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &name}); err != nil {
		return fmt.Errorf("deleting the stack %s: %w", name, err)
	}
	tries := 1
	return v.poll(ctx, "the stack "+name+" to be deleted", stackEvery, stackGoesIn, func() (bool, error) {
		there, err := v.stack(ctx, name)
		switch {
		case err != nil:
			return false, err
		case there == nil:
			return true, nil
		case there.StackStatus == types.StackStatusDeleteFailed && tries < 3: // what it depends on may only just have gone
			tries++
			_, err := v.Account.deleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &name})
			return false, err
		case there.StackStatus == types.StackStatusDeleteFailed:
			return false, fmt.Errorf("the stack %s can't be deleted: %s", name, v.whyFailed(ctx, name, there))
		}
		return false, nil
	})
}

// tagged are the names of the stacks of earlier verifications, by the name of each; those that are nested in others are theirs.
func (a *Account) tagged(ctx context.Context) (map[string][]string, error) {
	found := map[string][]string{}
	for token, asked := (*string)(nil), map[string]bool{}; ; {
		out, err := a.describeStacks(ctx, &cloudformation.DescribeStacksInput{NextToken: token})
		if err != nil {
			return nil, fmt.Errorf("looking for the stacks of earlier verifications: %w", err)
		}
		for _, s := range out.Stacks {
			for _, t := range s.Tags {
				if aws.ToString(t.Key) == Tag && s.ParentId == nil && s.StackStatus != types.StackStatusDeleteComplete {
					found[aws.ToString(t.Value)] = append(found[aws.ToString(t.Value)], aws.ToString(s.StackName))
				}
			}
		}
		if token = out.NextToken; aws.ToString(token) == "" || asked[*token] {
			return found, nil
		}
		asked[*token] = true
	}
}

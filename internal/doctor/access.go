package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
)

// question is an action on a resource, "*" for an action that knows none.
type question struct{ action, resource string }

// role is what was read of a role.
type role struct {
	arn   string
	trust reading[iampolicy.Document]
	// decisions has an answer to each question that was asked.
	decisions reading[map[question]iampolicy.Decision]
}

// name is what commands take: the last part of the ARN.
func (r role) name() string { return r.arn[strings.LastIndexByte(r.arn, '/')+1:] }

// errNoRole says that a role is set nowhere.
var errNoRole = errors.New("no role is set")

// readRole finds out what a role may do: by IAM's own simulation, which knows conditions, boundaries and the organisation's
// policies, or from the documents where the caller may not simulate.
func (c Clients) readRole(ctx context.Context, arn string, questions []question) role {
	r := role{arn: arn}
	if arn == "" {
		r.trust.err, r.decisions.err = errNoRole, errNoRole
		return r
	}
	about := readingOf(ctx, "iam:GetRole", c.getRole, &iam.GetRoleInput{RoleName: aws.String(r.name())})
	r.trust.err = about.err
	boundary := ""
	if about.got() && about.of.Role != nil {
		r.trust.of, r.trust.err = iampolicy.Parse("trust policy", aws.ToString(about.of.Role.AssumeRolePolicyDocument))
		if b := about.of.Role.PermissionsBoundary; b != nil {
			boundary = aws.ToString(b.PermissionsBoundaryArn)
		}
	}
	if notThere(about.err) {
		r.decisions.err = about.err
		return r
	}
	simulated, err := c.simulate(ctx, arn, questions)
	if err == nil {
		r.decisions.of = simulated
		return r
	}
	if r.decisions = c.readDocuments(ctx, r.name(), boundary, questions); r.decisions.err != nil {
		r.decisions.err = errors.Join(r.decisions.err, err)
	}
	return r
}

// simulate asks IAM, once for each resource: an action can't be asked about a resource of another's.
func (c Clients) simulate(ctx context.Context, arn string, questions []question) (map[question]iampolicy.Decision, error) {
	byResource := map[string][]string{}
	for _, q := range questions {
		byResource[q.resource] = append(byResource[q.resource], q.action)
	}
	decisions := map[question]iampolicy.Decision{}
	for resource, actions := range byResource {
		results, err := readAll(ctx, "iam:SimulatePrincipalPolicy", c.simulatePolicy,
			func(marker *string) *iam.SimulatePrincipalPolicyInput {
				in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(arn), ActionNames: actions, Marker: marker}
				if resource != "*" {
					in.ResourceArns = []string{resource}
				}
				return in
			},
			func(out *iam.SimulatePrincipalPolicyOutput) page[iamtypes.EvaluationResult] {
				return page[iamtypes.EvaluationResult]{out.EvaluationResults, out.IsTruncated, aws.ToString(out.Marker)}
			})
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			decisions[question{aws.ToString(result.EvalActionName), resource}] = simulated(result)
		}
	}
	for _, q := range questions {
		if _, answered := decisions[q]; !answered {
			return nil, fmt.Errorf("iam:SimulatePrincipalPolicy gave no answer about %s", q.action)
		}
	}
	return decisions, nil
}

func simulated(result iamtypes.EvaluationResult) iampolicy.Decision {
	d := iampolicy.Decision{Allowed: result.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed, Why: "by simulation"}
	var by []string
	for _, s := range result.MatchedStatements {
		by = append(by, aws.ToString(s.SourcePolicyId))
	}
	switch {
	case d.Allowed:
	case result.OrganizationsDecisionDetail != nil && !result.OrganizationsDecisionDetail.AllowedByOrganizations:
		d.Why = "the organisation's policies don't allow it, by simulation"
	case result.PermissionsBoundaryDecisionDetail != nil && !result.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary:
		d.Why = "the permissions boundary doesn't allow it, by simulation"
	case result.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny:
		d.Why = "denied by " + cmp.Or(listed(unique(by)), "a policy") + ", by simulation"
	default:
		d.Why = "no policy allows it, by simulation"
	}
	return d
}

// readDocuments answers the questions from the role's policies.
func (c Clients) readDocuments(ctx context.Context, name, boundary string, questions []question) reading[map[question]iampolicy.Decision] {
	fail := func(err error) reading[map[question]iampolicy.Decision] {
		return reading[map[question]iampolicy.Decision]{err: err}
	}
	attached, err := c.attachedDocuments(ctx, name)
	if err != nil {
		return fail(err)
	}
	inline, err := c.inlineDocuments(ctx, name)
	if err != nil {
		return fail(err)
	}
	var bounds *iampolicy.Document
	if boundary != "" {
		d, err := c.managedDocument(ctx, boundary)
		if err != nil {
			return fail(err)
		}
		bounds = &d
	}
	identity := slices.Concat(attached, inline)
	decisions := map[question]iampolicy.Decision{}
	for _, q := range questions {
		decisions[q] = iampolicy.Decide(identity, bounds, q.action, q.resource)
	}
	return reading[map[question]iampolicy.Decision]{of: decisions}
}

func (c Clients) attachedDocuments(ctx context.Context, role string) ([]iampolicy.Document, error) {
	attached, err := readAll(ctx, "iam:ListAttachedRolePolicies", c.listAttachedPolicies,
		func(marker *string) *iam.ListAttachedRolePoliciesInput {
			return &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role), Marker: marker}
		},
		func(out *iam.ListAttachedRolePoliciesOutput) page[iamtypes.AttachedPolicy] {
			return page[iamtypes.AttachedPolicy]{out.AttachedPolicies, out.IsTruncated, aws.ToString(out.Marker)}
		})
	if err != nil {
		return nil, err
	}
	var documents []iampolicy.Document
	for _, p := range attached {
		d, err := c.managedDocument(ctx, aws.ToString(p.PolicyArn))
		if err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
	return documents, nil
}

func (c Clients) managedDocument(ctx context.Context, arn string) (iampolicy.Document, error) {
	policy := readingOf(ctx, "iam:GetPolicy", c.getPolicy, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if !policy.got() {
		return iampolicy.Document{}, policy.err
	}
	version := readingOf(ctx, "iam:GetPolicyVersion", c.getPolicyVersion,
		&iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: policy.of.Policy.DefaultVersionId})
	if !version.got() {
		return iampolicy.Document{}, version.err
	}
	return iampolicy.Parse(arn[strings.LastIndexByte(arn, '/')+1:], aws.ToString(version.of.PolicyVersion.Document))
}

func (c Clients) inlineDocuments(ctx context.Context, role string) ([]iampolicy.Document, error) {
	names, err := readAll(ctx, "iam:ListRolePolicies", c.listRolePolicies,
		func(marker *string) *iam.ListRolePoliciesInput {
			return &iam.ListRolePoliciesInput{RoleName: aws.String(role), Marker: marker}
		},
		func(out *iam.ListRolePoliciesOutput) page[string] {
			return page[string]{out.PolicyNames, out.IsTruncated, aws.ToString(out.Marker)}
		})
	if err != nil {
		return nil, err
	}
	var documents []iampolicy.Document
	for _, name := range names {
		policy := readingOf(ctx, "iam:GetRolePolicy", c.getRolePolicy, &iam.GetRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String(name)})
		if !policy.got() {
			return nil, policy.err
		}
		d, err := iampolicy.Parse(name, aws.ToString(policy.of.PolicyDocument))
		if err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
	return documents, nil
}

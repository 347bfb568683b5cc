package verify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/templates"
)

// alias is the one that the example's function is deployed under.
const alias = "live"

// tryFunction deploys the versions of a Lambda function by CodeDeploy.
func (v *Verification) tryFunction(ctx context.Context, t *Trial, hook, log string) error {
	to := codeDeployGroup{of: t.Contract, log: log}
	for id, name := range map[string]*string{"ServerlessDeploymentApplication": &to.application, "AppDeploymentGroup": &to.group} { // SAM's
		out, err := v.Account.describeResource(ctx, &cloudformation.DescribeStackResourceInput{StackName: &t.Stack, LogicalResourceId: aws.String(id)})
		if err != nil {
			return fmt.Errorf("finding %s in the stack %s: %w", id, t.Stack, err)
		}
		*name = aws.ToString(out.StackResourceDetail.PhysicalResourceId)
	}
	files := &examples{files: templates.SAM()}
	for _, version := range []Version{Good, Bad} {
		code, err := version.app(files)
		if err != nil {
			return err
		}
		live, err := v.Account.getAlias(ctx, &lambda.GetAliasInput{FunctionName: &t.Stack, Name: aws.String(alias)})
		if err != nil {
			return fmt.Errorf("reading the alias %s of %s: %w", alias, t.Stack, err)
		}
		number, err := v.publish(ctx, t.Stack, version, code)
		if err != nil {
			return err
		}
		d, err := v.deploy(ctx, to, version, fmt.Sprintf(`version: 0.0
Resources:
  - app:
      Type: AWS::Lambda::Function
      Properties: {Name: %s, Alias: %s, CurrentVersion: "%s", TargetVersion: "%s"}
Hooks:
  - BeforeAllowTraffic: %s
  - AfterAllowTraffic: %s
`, t.Stack, alias, aws.ToString(live.FunctionVersion), number, hook, hook))
		if err := v.add(t, d, err); err != nil {
			return err
		}
		if version == Good {
			if err := v.examine(ctx, t, doctor.Options{Application: to.application, Group: to.group}); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish makes a version of the function, and waits until it can be invoked.
//
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
func (v *Verification) publish(ctx context.Context, function string, version Version, code []byte) (number string, err error) {
	out, err := v.Account.updateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &function, ZipFile: code, Publish: true})
	if err != nil {
		return "", fmt.Errorf("publishing the %s version of %s: %w", version, function, err)
	}
	number = aws.ToString(out.Version)
	return number, v.poll(ctx, "version "+number+" of "+function+" to be active", deploymentEvery, 5*time.Minute, func() (bool, error) {
		is, err := v.Account.getFunction(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function, Qualifier: &number})
		if err != nil {
			return false, fmt.Errorf("looking at version %s of %s: %w", number, function, err)
		}
		if is.State == lambdatypes.StateFailed || is.LastUpdateStatus == lambdatypes.LastUpdateStatusFailed {
			return false, fmt.Errorf("version %s of %s can't be run: %s", number, function, aws.ToString(is.StateReason))
		}
		return is.State != lambdatypes.StatePending && is.LastUpdateStatus != lambdatypes.LastUpdateStatusInProgress, nil
	})
}

// tryByCodeDeploy deploys the versions of a service by CodeDeploy.
func (v *Verification) tryByCodeDeploy(ctx context.Context, t *Trial, hook, log string) error {
	to := codeDeployGroup{of: t.Contract, application: t.Stack, group: "production", log: log}
	for _, version := range []Version{Good, Bad} {
		arn, err := v.register(ctx, t.Stack, version)
		if err != nil {
			return err
		}
		files := &examples{files: templates.SAM()}
		spec := files.replaced("ecs-codedeploy/appspec.yaml", "TaskDefinition: arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:2", "TaskDefinition: "+arn)
		if files.err != nil {
			return files.err
		}
		spec = strings.ReplaceAll(spec, "CodeDeployHook_shop", hook)
		d, err := v.deploy(ctx, to, version, spec)
		if err := v.add(t, d, err); err != nil {
			return err
		}
		if version != Good {
			continue
		}
		if t.SecondReport, err = v.reportAgain(ctx, d); err != nil {
			t.SecondReport = "it couldn't be tried: " + err.Error()
		}
		if t.Weights, err = v.weights(ctx, to); err != nil {
			return err
		}
		if err := v.examine(ctx, t, doctor.Options{Application: to.application, Group: to.group}); err != nil {
			return err
		}
	}
	return nil
}

// tryByECS deploys the versions of a service by ECS.
func (v *Verification) tryByECS(ctx context.Context, t *Trial, log string, created time.Time) error {
	s := ecsService{of: t.Contract, cluster: t.Stack, name: t.Stack, log: log, pauses: t.Contract == ECSPause}
	if t.Contract == ECS {
		if err := v.lookAtCreation(ctx, t, s, created); err != nil {
			return err
		}
	}
	for _, version := range []Version{Good, Bad} {
		arn, err := v.register(ctx, t.Stack, version)
		if err != nil {
			return err
		}
		d, err := v.update(ctx, s, version, arn)
		if err := v.add(t, d, err); err != nil {
			return err
		}
		if version == Good && t.Contract == ECS { // a pause names nobody whom doctor could look at
			if err := v.examine(ctx, t, doctor.Options{Cluster: s.cluster, Service: s.name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookAtCreation reads what there was to see when ECS created the service.
func (v *Verification) lookAtCreation(ctx context.Context, t *Trial, s ecsService, created time.Time) error {
	first, err := v.serviceDeployments(ctx, s)
	if err != nil {
		return err
	}
	t.AtFirst = &First{Deployments: len(first)}
	if len(first) > 0 {
		t.AtFirst.Executions, err = v.readLog(ctx, s.log, created, first[0], func(all []Execution) bool { return len(all) > 0 })
	}
	return err
}

// add adds a deployment to a trial, one that couldn't be seen to its end too.
func (v *Verification) add(t *Trial, d Deployment, err error) error {
	if d.ID != "" {
		t.Deployments = append(t.Deployments, d)
	}
	if err == nil {
		v.told(t.Contract, d)
	}
	return err
}

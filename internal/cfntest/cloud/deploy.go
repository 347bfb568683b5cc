package cloud

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
)

// Deploy has CodeDeploy deploy what an AppSpec names to the stack's deployment group, waits for the end, and gives the status: a
// deployment whose hooks go wrong ends as Failed. The AppSpec's task definitions are the stack's.
func (a *Account) Deploy(spec string) (cdtypes.DeploymentStatus, error) {
	return a.deploy(&cdtypes.RevisionLocation{RevisionType: cdtypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &cdtypes.AppSpecContent{Content: &spec}})
}

func (a *Account) deploy(revision *cdtypes.RevisionLocation) (cdtypes.DeploymentStatus, error) {
	group, err := a.one("AWS::CodeDeploy::DeploymentGroup")
	if err != nil {
		return "", err
	}
	application, err := text(group.Properties["ApplicationName"])
	if err != nil {
		return "", err
	}
	ctx := a.t.Context()
	made, err := a.making.deploys.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: &application, DeploymentGroupName: &group.Name, Revision: revision,
	})
	if err != nil {
		return "", err
	}
	outcome, err := a.simulator.Wait(ctx, aws.ToString(made.DeploymentId))
	return cdtypes.DeploymentStatus(outcome.Deployment.Status), err
}

// one is the only resource of a type.
func (a *Account) one(kind string) (*cfntest.Resource, error) {
	all := a.Stack.Find(kind)
	if len(all) != 1 {
		return nil, fmt.Errorf("the stack has %d resources of the type %s, and one was expected", len(all), kind)
	}
	return all[0], nil
}

// Register registers the stack's task definition again, as a further version has it.
func (a *Account) Register() error {
	r, err := a.one("AWS::ECS::TaskDefinition")
	if err != nil {
		return err
	}
	return a.makeTaskDefinition(a.t.Context(), r, a.translated(r.Properties).(map[string]any))
}

// Update has ECS deploy a further version of the stack's service, and waits for the end.
func (a *Account) Update() error {
	r, err := a.one("AWS::ECS::Service")
	if err != nil {
		return err
	}
	if err := a.Register(); err != nil {
		return err
	}
	in := &ecs.UpdateServiceInput{Service: aws.String(r.Name)}
	definition, err := a.one("AWS::ECS::TaskDefinition")
	if err != nil {
		return err
	}
	if err := fill(in, map[string]any{"Cluster": r.Properties["Cluster"], "TaskDefinition": definition.Name}); err != nil {
		return err
	}
	if _, err := a.making.services.UpdateService(a.t.Context(), in); err != nil {
		return err
	}
	return a.settleService(a.t.Context(), in.Cluster, in.Service)
}

// Shift publishes a further version of the stack's function, and has CodeDeploy shift the alias to it, with the AppSpec that
// CloudFormation makes of the alias's UpdatePolicy.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html#cfn-attributes-updatepolicy-codedeploylambdaaliasupdate
func (a *Account) Shift() (cdtypes.DeploymentStatus, error) {
	alias, err := a.one("AWS::Lambda::Alias")
	if err != nil {
		return "", err
	}
	update, _ := alias.UpdatePolicy["CodeDeployLambdaAliasUpdate"].(map[string]any)
	function, err := text(alias.Properties["FunctionName"])
	if err != nil {
		return "", err
	}
	spec, err := a.shifting(a.t.Context(), function, alias.Name, update)
	if err != nil {
		return "", err
	}
	return a.deploy(&cdtypes.RevisionLocation{RevisionType: cdtypes.RevisionLocationTypeString, String_: &cdtypes.RawString{Content: &spec}}) //nolint:staticcheck // as CloudFormation does
}

func (a *Account) shifting(ctx context.Context, function, alias string, update map[string]any) (spec string, err error) {
	now, err := a.making.functions.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &alias})
	if err != nil {
		return "", err
	}
	// A version differs from the one before in its code or its configuration.
	if _, err := a.making.functions.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Description: aws.String("the version after " + *now.FunctionVersion)}); err != nil {
		return "", err
	}
	next, err := a.making.functions.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &function})
	if err != nil {
		return "", err
	}
	var hooks []map[string]any
	for _, event := range []string{"BeforeAllowTraffic", "AfterAllowTraffic"} {
		if hook := update[event+"Hook"]; hook != nil {
			hooks = append(hooks, map[string]any{event: hook})
		}
	}
	encoded, err := json.Marshal(map[string]any{
		"version": 0.0, "Hooks": hooks,
		"Resources": []any{map[string]any{alias: map[string]any{"Type": "AWS::Lambda::Function", "Properties": map[string]any{
			"Name": function, "Alias": alias, "CurrentVersion": now.FunctionVersion, "TargetVersion": next.Version,
		}}}},
	})
	return string(encoded), err
}

package migrate_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/migrate"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// task is a version that answers whatever it is asked.
func task(context.Context, string) (simulator.Task, error) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return simulator.Task{URL: server.URL, Stop: func() error { server.Close(); return nil }}, nil
}

// account is a simulated one with a deployment group, read by the SDK's real clients.
func account(t *testing.T, change func(*simulator.Config)) (migrate.Account, *simulator.Simulator) {
	t.Helper()
	config := simulator.Config{
		Application: "shop", Group: "production", Blue: "shop:1", Tasks: task, Clock: clock.Instant(),
		HealthCheck: elb.HealthCheck{Path: "/", Interval: 10 * time.Millisecond},
	}
	change(&config)
	sim, err := simulator.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	endpoint := sim.EndpointURL()
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("any", "any", "")}
	return migrate.NewAccount(cfg), sim
}

func TestAGroupIsReadWithItsServiceAndItsRules(t *testing.T) {
	account, _ := account(t, func(c *simulator.Config) {
		all := codedeploy.BuiltInConfigs()
		c.Deployment = all[slices.IndexFunc(all, func(one codedeploy.DeploymentConfig) bool {
			return one.Name == "CodeDeployDefault.ECSCanary10Percent15Minutes"
		})]
		c.AutoRollback = codedeploy.AutoRollback{codedeploy.DeploymentFailure}
		c.TerminationWait = 10 * time.Minute
	})
	spec := appspec.Spec{Container: "shop", Port: 80, Hooks: []appspec.Hook{{Event: "AfterAllowTestTraffic", Function: "CodeDeployHook_greenlight"}}}
	from, err := account.Read(t.Context(), "shop", "", &spec)
	if err != nil {
		t.Fatal(err)
	}
	if from.Group != "production" {
		t.Errorf("the application's only group is %q", from.Group)
	}
	if from.Shift.Canary == nil || *from.Shift.Canary != (migrate.Step{Percent: 10, Wait: 15 * time.Minute}) {
		t.Errorf("traffic shifts by %+v", from.Shift)
	}
	if !from.Rollback.OnFailure || from.Rollback.OnAlarm {
		t.Errorf("rolls back: %+v", from.Rollback)
	}
	if from.Termination != 10*time.Minute {
		t.Errorf("blue runs on for %v", from.Termination)
	}
	if !strings.HasSuffix(from.Tasks.TaskDefinition, "task-definition/shop:1") {
		t.Errorf("what runs is %q", from.Tasks.TaskDefinition)
	}
	b := from.Balancer
	if b.Live == "" || b.Other == "" || b.Live == b.Other || !strings.Contains(b.ProductionRule, ":listener-rule/") || !strings.Contains(b.TestRule, ":listener-rule/") {
		t.Errorf("the load balancer is %+v", b)
	}
	if !slices.Contains(b.ProductionTargets, b.Live) {
		t.Errorf("the production rule leads to %v, without the live group %s", b.ProductionTargets, b.Live)
	}
	service, notes := migrate.NewService(from, migrate.Names{})
	if service.Cluster == "CLUSTER" || service.Service == "SERVICE" {
		t.Errorf("the service is %s/%s", service.Cluster, service.Service)
	}
	attached := slices.ContainsFunc(notes, func(n migrate.Note) bool {
		return n.Kind == migrate.Before && strings.Contains(n.Text, "must") && len(n.Commands) == 1
	})
	if both := slices.Contains(slices.Concat(b.ProductionTargets, b.TestTargets), b.Other); attached == both {
		t.Errorf("the other group has a rule: %t; a command that gives it one is told: %t", both, attached)
	}
}

func TestTheAppSpecIsThatOfTheLastDeployment(t *testing.T) {
	account, sim := account(t, func(*simulator.Config) {})
	if _, err := account.Read(t.Context(), "shop", "production", nil); err == nil || !strings.Contains(err.Error(), "--appspec") {
		t.Errorf("before the first deployment: %v, want the way out", err)
	}
	if outcome, err := sim.Deploy(t.Context(), codedeploy.AppSpec{TaskDefinition: "shop:2", ContainerName: "web", ContainerPort: 8080}); err != nil || outcome.Deployment.Status != codedeploy.Succeeded {
		t.Fatal(outcome.Deployment.Status, err)
	}
	from, err := account.Read(t.Context(), "shop", "production", nil)
	if err != nil {
		t.Fatal(err)
	}
	if from.AppSpec.TaskDefinition != "shop:2" || from.AppSpec.Container != "web" || from.AppSpec.Port != 8080 || !strings.HasSuffix(from.Tasks.TaskDefinition, "task-definition/shop:2") {
		t.Errorf("the AppSpec is %+v, what runs %+v", from.AppSpec, from.Tasks)
	}
}

// inS3 answers with a deployment whose AppSpec lies in S3.
type inS3 struct{ migrate.CodeDeploy }

func (inS3) GetDeployment(context.Context, *sdk.GetDeploymentInput, ...func(*sdk.Options)) (*sdk.GetDeploymentOutput, error) {
	return &sdk.GetDeploymentOutput{DeploymentInfo: &types.DeploymentInfo{Revision: &types.RevisionLocation{
		RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{Bucket: aws.String("specs"), Key: aws.String("appspec.yaml")},
	}}}, nil
}

// objects has one of the text, whatever is asked for.
type objects string

func (o objects) Get(context.Context, string, string, string, int64) (awscall.Object, error) {
	if o == "" {
		return awscall.Object{}, errors.New("AccessDenied")
	}
	return awscall.Object{Body: []byte(o)}, nil
}

func TestAnAppSpecInS3IsRead(t *testing.T) {
	account, sim := account(t, func(*simulator.Config) {})
	if outcome, err := sim.Deploy(t.Context(), codedeploy.AppSpec{TaskDefinition: "shop:2", ContainerName: "web", ContainerPort: 8080}); err != nil || outcome.Deployment.Status != codedeploy.Succeeded {
		t.Fatal(outcome.Deployment.Status, err)
	}
	account.CodeDeploy = inS3{account.CodeDeploy}
	account.Objects = objects("Resources: [{S: {Type: 'AWS::ECS::Service', Properties: {TaskDefinition: 'shop:2', LoadBalancerInfo: {ContainerName: stored, ContainerPort: 80}}}}]")
	if from, err := account.Read(t.Context(), "shop", "production", nil); err != nil || from.AppSpec.Container != "stored" {
		t.Errorf("the AppSpec is %+v (%v)", from.AppSpec, err)
	}
	account.Objects = objects("")
	if _, err := account.Read(t.Context(), "shop", "production", nil); err == nil || !strings.Contains(err.Error(), "s3://specs/appspec.yaml: AccessDenied; give the AppSpec with --appspec") {
		t.Errorf("one that may not be read: %v", err)
	}
}

func TestWhatCantBeTakenOverIsSaid(t *testing.T) {
	account, _ := account(t, func(*simulator.Config) {})
	if _, err := account.Read(t.Context(), "shop", "staging", nil); err == nil || !strings.Contains(err.Error(), "reading the deployment group shop/staging") {
		t.Errorf("a group that there isn't: %v", err)
	}
	if _, err := account.Read(t.Context(), "carts", "", nil); err == nil || !strings.Contains(err.Error(), "carts") {
		t.Errorf("an application that there isn't: %v", err)
	}
	lambda := migrate.Account{CodeDeploy: lambdaGroup{account.CodeDeploy}}
	if _, err := lambda.Read(t.Context(), "shop", "production", nil); !errors.Is(err, migrate.ErrPlatform) {
		t.Errorf("a group for Lambda: %v", err)
	}
}

// lambdaGroup answers with a group of another platform.
type lambdaGroup struct{ migrate.CodeDeploy }

func (lambdaGroup) GetDeploymentGroup(context.Context, *sdk.GetDeploymentGroupInput, ...func(*sdk.Options)) (*sdk.GetDeploymentGroupOutput, error) {
	return &sdk.GetDeploymentGroupOutput{DeploymentGroupInfo: &types.DeploymentGroupInfo{ComputePlatform: types.ComputePlatformLambda}}, nil
}

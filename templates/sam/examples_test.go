//go:build linux

package sam

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/rehearsal"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// services are what the examples with services need to be told, and what makes versions that their load balancers find healthy
// and their plans don't.
func services() map[string]string {
	return map[string]string{"VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d,subnet-1a1b2c3d", "HealthPath": rehearsal.HealthPath}
}

// example loads a full example as SAM's transform leaves it, with the gate that is nested in it, as the stack shop.
func example(t *testing.T, name string, parameters map[string]string) (*cfntest.Stack, cfntest.World) {
	t.Helper()
	s, err := cfntest.Load(filepath.Join("testdata", name+".json"), cfntest.Options{
		StackName: "shop", Region: region, Account: account, Parameters: parameters,
		Templates: func(url string) string {
			return filepath.Join("testdata", strings.TrimSuffix(url, ".yaml")+".json")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var specs []codedeploy.AppSpec
	if name == "ecs-codedeploy" {
		specs = []codedeploy.AppSpec{appSpec(t, "2")}
	}
	w, err := s.World(specs...)
	if err != nil {
		t.Fatal(err)
	}
	return s, w
}

// appSpec is the example's, for a version.
func appSpec(t *testing.T, version string) codedeploy.AppSpec {
	t.Helper()
	text, err := os.ReadFile("ecs-codedeploy/appspec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return rehearsal.AppSpec(t, strings.Replace(string(text), "shop:2", "shop:"+version, 1))
}

// rehearsed is an example in the simulator, with the packaged function and the example's plan.
func rehearsed(t *testing.T, name string, parameters map[string]string) (*rehearsal.Rehearsal, *cfntest.Stack) {
	t.Helper()
	s, w := example(t, name, parameters)
	role, err := s.Role(s.Resources["Gate"].Nested.Outputs["RoleArn"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return rehearsal.Start(t, rehearsal.Stage{
		World: w, Role: role, Region: region, Account: account,
		Gate: func(gate *lambda.Function) {
			gate.Dir = unpacked(t, name)
			gate.Command = []string{filepath.Join(gate.Dir, "bootstrap")}
		},
	}), s
}

// unpacked is a folder as the zip of `make package PLAN=…` has it.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Link(bootstrap, filepath.Join(folder, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(name, "greenlight.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "greenlight.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

var brokenPages = []string{"green answers", "status is 500, expected 200"}

func TestTheExampleForServicesByCodeDeployLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, s := rehearsed(t, "ecs-codedeploy", services())
	r.TryServiceByCodeDeploy(t, func(version string) codedeploy.AppSpec {
		spec := appSpec(t, version)
		if len(spec.Hooks) != 5 || spec.Hooks[codedeploy.BeforeInstall] != s.Outputs["Hook"] {
			t.Errorf("the AppSpec has the hooks %v, and the stack says %v", spec.Hooks, s.Outputs["Hook"])
		}
		return spec
	}, brokenPages, []string{"codedeploy:PutLifecycleEventHookExecutionStatus", "elasticloadbalancing:DescribeTargetHealth", "ecs:DescribeServices"})
}

func TestTheExampleForServicesByECSLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, _ := rehearsed(t, "ecs", services())
	r.TryServiceByECS(t, brokenPages, []string{"ecs:DescribeServiceRevisions", "elasticloadbalancing:DescribeTargetHealth"})
}

func TestTheExampleForFunctionsLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, _ := rehearsed(t, "lambda", nil)
	r.TryFunction(t, rehearsal.Prices{
		Costing: func(apple string) lambda.Function { return rehearsal.Itself(t, envPrices, apple) },
		Event:   `{"SKU":"apple"}`, Live: "19.9", Good: "24.5", Bad: "0",
	}, []string{"an apple has a price", "$.price is 0, expected > 0"}, []string{"codedeploy:PutLifecycleEventHookExecutionStatus", "lambda:GetAlias", "lambda:InvokeFunction"})
}

// What the simulator doesn't know: who may call the gate.
func TestWhoCallsTheGateMay(t *testing.T) {
	s, w := example(t, "ecs", services())
	function := s.Resources["Gate"].Nested.Outputs["FunctionArn"].(string)
	rehearsal.ECSMayCall(t, s, w, function)
	for name, policy := range map[string]string{"ecs-codedeploy": "AWSCodeDeployRoleForECSLimited", "lambda": "AWSCodeDeployRoleForLambda"} {
		parameters := map[string]string{}
		if name != "lambda" {
			parameters = services()
		}
		s, w := example(t, name, parameters)
		group := s.Find("AWS::CodeDeploy::DeploymentGroup")[0]
		role, err := s.Role(group.Properties["ServiceRoleArn"].(string))
		if err != nil {
			t.Fatal(err)
		}
		trust, err := role.Trust()
		if err != nil {
			t.Fatal(err)
		}
		managed := listOf(role.Properties["ManagedPolicyArns"])
		if !trust.Trusts("codedeploy.amazonaws.com") || len(managed) != 1 || !strings.HasSuffix(managed[0], "/"+policy) || !strings.HasPrefix(w.Functions[0].Name, "CodeDeployHook_") {
			t.Errorf("%s: CodeDeploy calls %s by a role with %v", name, w.Functions[0].Name, managed)
		}
	}
}

// Each of what the examples deploy must be watched: an alarm that nobody listens to stops nothing.
func TestTheAlarmsOnGreenStopDeployments(t *testing.T) {
	for name, parameters := range map[string]map[string]string{"ecs-codedeploy": services(), "ecs": services(), "lambda": nil} {
		t.Run(name, func(t *testing.T) {
			s, _ := example(t, name, parameters)
			var listened []string
			var rollsBack bool
			if name == "ecs" {
				alarms := s.Resources["Service"].Properties["DeploymentConfiguration"].(map[string]any)["Alarms"].(map[string]any)
				listened, rollsBack = listOf(alarms["AlarmNames"]), alarms["Rollback"] == true && alarms["Enable"] == true
			} else {
				group := s.Find("AWS::CodeDeploy::DeploymentGroup")[0].Properties
				config := group["AlarmConfiguration"].(map[string]any)
				for _, a := range config["Alarms"].([]any) {
					listened = append(listened, fmt.Sprint(a.(map[string]any)["Name"]))
				}
				rollback := group["AutoRollbackConfiguration"].(map[string]any)
				rollsBack = config["Enabled"] == true && rollback["Enabled"] == true && slices.Contains(listOf(rollback["Events"]), "DEPLOYMENT_STOP_ON_ALARM") &&
					slices.Contains(listOf(rollback["Events"]), "DEPLOYMENT_FAILURE")
			}
			var own []string
			for _, a := range s.Resources {
				if a.Type == "AWS::CloudWatch::Alarm" {
					own = append(own, a.Name)
				}
			}
			slices.Sort(own)
			slices.Sort(listened)
			if !rollsBack || len(own) == 0 || !slices.Equal(own, listened) {
				t.Errorf("the alarms are %v, and deployments listen to %v (rolled back: %v)", own, listened, rollsBack)
			}
		})
	}
}

func TestTheExamplesShiftAsTheirParametersSay(t *testing.T) {
	_, w := example(t, "ecs-codedeploy", services())
	if c := w.Config; c.Deployment.Name != "CodeDeployDefault.ECSCanary10Percent5Minutes" || c.TerminationWait != 5*time.Minute || c.WithoutTestListener {
		t.Errorf("CodeDeploy shifts by %+v, and has no test listener: %v", c.Deployment, c.WithoutTestListener)
	}
	more := services()
	more["BakeTimeInMinutes"], more["CertificateArn"] = "30", "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d"
	s, w := example(t, "ecs", more)
	if e := w.Config.ECS; e.Strategy != ecs.BlueGreen || e.BakeTime != 30*time.Minute || len(e.Hooks) != 1 || len(e.Hooks[0].Stages) != 3 {
		t.Errorf("ECS deploys with %+v", e)
	}
	if !w.Config.Production.HTTPS || !w.Config.Test.HTTPS || w.Config.Test.Shared {
		t.Errorf("with a certificate the listeners are %+v and %+v", w.Config.Production, w.Config.Test)
	}
	service := s.Resources["Service"].Properties["DeploymentConfiguration"].(map[string]any)["DeploymentCircuitBreaker"].(map[string]any)
	if service["Enable"] != true || service["Rollback"] != true {
		t.Errorf("the circuit breaker is %v", service)
	}
	_, w = example(t, "lambda", nil)
	if c := w.Config; c.Deployment.Name != "CodeDeployDefault.LambdaCanary10Percent5Minutes" || c.Alias.String() != "shop:live" {
		t.Errorf("CodeDeploy shifts %s by %+v", c.Alias, c.Deployment)
	}
}

// The gate of an example reaches its load balancer: by security groups where that is internal, by NAT gateway where it is public.
func TestTheGateReachesTheLoadBalancerOfItsExample(t *testing.T) {
	public := services()
	public["PublicSubnetIds"], public["TestCidr"] = "subnet-2a1b2c3d,subnet-3a1b2c3d", "203.0.113.7/32"
	for _, name := range []string{"ecs-codedeploy", "ecs"} {
		for scheme, parameters := range map[string]map[string]string{"internal": services(), "internet-facing": public} {
			s, _ := example(t, name, parameters)
			balancer, gate := s.Resources["LoadBalancer"].Properties, s.Resources["Gate"].Nested
			ingress := gate.Find("AWS::EC2::SecurityGroupIngress")
			if balancer["Scheme"] != scheme || (len(ingress) == 2) != (scheme == "internal") || gate.Outputs["SecurityGroupId"] == nil {
				t.Errorf("%s: the load balancer is %v, and the gate has %d rules in its security group", name, balancer["Scheme"], len(ingress))
			}
			for _, rule := range ingress {
				if !slices.Contains(listOf(balancer["SecurityGroups"]), fmt.Sprint(rule.Properties["GroupId"])) {
					t.Errorf("%s: a rule of the gate's is in %v, which isn't the load balancer's", name, rule.Properties["GroupId"])
				}
			}
		}
	}
}

//go:build linux

package terraform

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/rehearsal"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/tfstate"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

const (
	region  = "eu-west-1"
	account = "123456789012"
)

// applied is an example as the stand-in for the provider applies it: .ci/templates-terraform -update writes testdata.
func applied(t *testing.T, example string) (*tfstate.State, *cfntest.Stack) {
	t.Helper()
	state, err := tfstate.Read(filepath.Join("testdata", example+".json"))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := state.Stack(t.TempDir(), cfntest.Options{StackName: "shop", Region: region, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	return state, stack
}

// output is one that the example says.
func output(t *testing.T, s *tfstate.State, name string) string {
	t.Helper()
	text, is := s.Outputs[name].(string)
	if !is {
		t.Fatalf("the example has no output %s", name)
	}
	return text
}

// rehearsed is an applied example in the simulator, with the packaged function and the plan that the example gives it.
func rehearsed(t *testing.T, example string) (*rehearsal.Rehearsal, *tfstate.State) {
	t.Helper()
	state, s := applied(t, example)
	var specs []codedeploy.AppSpec
	if example == "ecs-codedeploy" {
		specs = append(specs, rehearsal.AppSpec(t, output(t, state, "appspec")))
	}
	w, err := s.World(specs...)
	if err != nil {
		t.Fatal(err)
	}
	if w.Config.Alias == nil {
		w.Config.HealthCheck.Path = rehearsal.HealthPath
	}
	return rehearsal.Start(t, rehearsal.Stage{
		World: w, Role: rehearsal.RoleOf(t, s, output(t, state, "gate")), Region: region, Account: account,
		Gate: func(gate *lambda.Function) {
			if want := output(t, state, "gate"); gate.Name != want {
				t.Fatalf("the hooks call %s, and %s was expected", gate.Name, want)
			}
			gate.Dir, gate.Command = filepath.Dir(bootstrap), []string{bootstrap}
			gate.Env["GREENLIGHT_PLAN"] = strings.NewReplacer(
				"{lasting: 30s, every: 1s}", "{lasting: 1s, every: 100ms}", "{lasting: 30s, every: 2s}", "{lasting: 1s, every: 100ms}",
				"{within: 90s, every: 3s}", "{within: 2s, every: 100ms}",
			).Replace(gate.Env["GREENLIGHT_PLAN"])
		},
	}), state
}

var brokenPages = []string{"green answers", "status is 500, expected 200"}

func TestTheExampleForServicesByCodeDeployLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, state := rehearsed(t, "ecs-codedeploy")
	r.TryServiceByCodeDeploy(t, func(version string) codedeploy.AppSpec {
		return rehearsal.AppSpec(t, strings.Replace(output(t, state, "appspec"), "task-definition/shop:1", "task-definition/shop:"+version, 1))
	}, brokenPages, []string{"codedeploy:PutLifecycleEventHookExecutionStatus", "elasticloadbalancing:DescribeTargetHealth", "ecs:DescribeServices"})
}

func TestTheExampleForServicesByECSLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, _ := rehearsed(t, "ecs")
	r.TryServiceByECS(t, brokenPages, []string{"ecs:DescribeServiceRevisions", "elasticloadbalancing:DescribeTargetHealth"})
}

func TestTheExampleForFunctionsLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, state := rehearsed(t, "lambda")
	// The versions are the same where nothing has been deployed yet.
	spec := rehearsal.AppSpec(t, strings.Replace(output(t, state, "appspec"), `"TargetVersion":"1"`, `"TargetVersion":"2"`, 1))
	if l := spec.Lambda; l == nil || l.Function != "checkout" || l.Alias != "live" || len(spec.Hooks) != 2 {
		t.Errorf("the AppSpec is %+v", spec)
	}
	r.TryFunction(t, rehearsal.Prices{
		Costing: func(price string) lambda.Function { return rehearsal.Itself(t, envPrice, price) },
		Event:   `{}`, Live: "19.90", Good: "24.50", Bad: noPrice,
	}, []string{"the new version answers", "the prices can't be read"}, []string{"codedeploy:PutLifecycleEventHookExecutionStatus", "lambda:GetAlias", "lambda:InvokeFunction"})
}

// What the simulator doesn't know: who may call the gate. CodeDeploy's managed policies let it call functions of one prefix.
func TestCodeDeployMayCallTheGate(t *testing.T) {
	for example, policy := range map[string]string{"ecs-codedeploy": "AWSCodeDeployRoleForECSLimited", "lambda": "AWSCodeDeployRoleForLambdaLimited"} {
		state, s := applied(t, example)
		role, err := s.Role(s.Find("AWS::CodeDeploy::DeploymentGroup")[0].Properties["ServiceRoleArn"].(string))
		if err != nil {
			t.Fatal(err)
		}
		trust, err := role.Trust()
		if err != nil {
			t.Fatal(err)
		}
		var attached []string
		for _, r := range state.Resources {
			var a struct {
				Role      string
				PolicyARN string `json:"policy_arn"`
			}
			if err := json.Unmarshal(r.Values, &a); r.Type == "aws_iam_role_policy_attachment" && err == nil && a.Role == role.Name {
				attached = append(attached, a.PolicyARN[strings.LastIndexByte(a.PolicyARN, '/')+1:])
			}
		}
		if !trust.Trusts("codedeploy.amazonaws.com") || !slices.Contains(attached, policy) || !strings.HasPrefix(output(t, state, "gate"), "CodeDeployHook_") {
			t.Errorf("%s: CodeDeploy calls %s by a role with %v", example, output(t, state, "gate"), attached)
		}
	}
}

func TestECSMayCallTheGate(t *testing.T) {
	state, s := applied(t, "ecs")
	w, err := s.World()
	if err != nil {
		t.Fatal(err)
	}
	function := fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", region, account, output(t, state, "gate"))
	rehearsal.ECSMayCall(t, s, w, function)
}

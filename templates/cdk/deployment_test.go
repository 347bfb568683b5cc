//go:build linux

package cdk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/rehearsal"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// envCents makes this process the deployed function of the example for Lambda: what sku 42 costs in that version.
const envCents = "GREENLIGHT_TEST_CENTS"

// bootstrap is the function as it is packaged, for this machine's processor.
var bootstrap string

func TestMain(m *testing.M) {
	if cents, is := os.LookupEnv(envCents); is {
		awslambda.Start(prices(cents))
		return
	}
	os.Exit(rehearsal.Run(m, &bootstrap))
}

// prices is examples/codedeploy-lambda/prices in Go: it must run where there is nothing else.
func prices(cents string) func(context.Context, struct{ SKU int }) (map[string]any, error) {
	return func(_ context.Context, event struct{ SKU int }) (map[string]any, error) {
		var n int
		if _, err := fmt.Sscan(cents, &n); err != nil {
			return nil, fmt.Errorf("the price of %d: %w", event.SKU, err)
		}
		return map[string]any{"sku": event.SKU, "cents": n}, nil
	}
}

// rehearsed is a synthesized example in the simulator, with the packaged function and the plan that the template gives it.
func rehearsed(t *testing.T, example string) (*rehearsal.Rehearsal, *cfntest.Stack) {
	t.Helper()
	s, err := cfntest.Load(filepath.Join("test", "testdata", example+".template.json"), cfntest.Options{StackName: "shop", Region: region, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	var specs []codedeploy.AppSpec
	if text, is := s.Outputs["AppSpec"].(string); is {
		specs = append(specs, rehearsal.AppSpec(t, text))
	}
	w, err := s.World(specs...)
	if err != nil {
		t.Fatal(err)
	}
	if w.Config.Alias == nil {
		w.Config.HealthCheck.Path = rehearsal.HealthPath
	}
	return rehearsal.Start(t, rehearsal.Stage{
		World: w, Role: rehearsal.RoleOf(t, s, gateName), Region: region, Account: account,
		Gate: func(gate *lambda.Function) {
			if gate.Name != gateName {
				t.Fatalf("the hooks call %s, and the gate was expected", gate.Name)
			}
			gate.Dir, gate.Command = filepath.Dir(bootstrap), []string{bootstrap}
			gate.Env["GREENLIGHT_PLAN"] = strings.Replace(gate.Env["GREENLIGHT_PLAN"], "{lasting: 1m, every: 5s}", "{lasting: 1s, every: 100ms}", 1)
		},
	}), s
}

const (
	region  = "eu-west-1"
	account = "123456789012"
)

var brokenPages = []string{"green answers", "status is 500, expected 200"}

func TestTheSynthesizedServiceByCodeDeployLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, s := rehearsed(t, "codedeploy-ecs")
	r.TryServiceByCodeDeploy(t, func(version string) codedeploy.AppSpec {
		return rehearsal.AppSpec(t, strings.Replace(s.Outputs["AppSpec"].(string), "task-definition/shop:1", "task-definition/shop:"+version, 1))
	}, brokenPages, []string{"codedeploy:PutLifecycleEventHookExecutionStatus", "elasticloadbalancing:DescribeTargetHealth", "ecs:DescribeServices"})
}

func TestTheSynthesizedServiceByECSLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, _ := rehearsed(t, "ecs")
	r.TryServiceByECS(t, brokenPages, []string{"ecs:DescribeServiceRevisions", "elasticloadbalancing:DescribeTargetHealth"})
}

func TestTheSynthesizedFunctionLetsAGoodVersionThroughAndTakesABadOneBack(t *testing.T) {
	t.Parallel()
	r, _ := rehearsed(t, "codedeploy-lambda")
	r.TryFunction(t, rehearsal.Prices{
		Costing: func(cents string) lambda.Function { return rehearsal.Itself(t, envCents, cents) },
		Event:   `{"sku":42}`, Live: "1990", Good: "2450", Bad: "0",
	}, []string{"the new version knows a price", "$.cents is 0, expected > 0"}, []string{"codedeploy:PutLifecycleEventHookExecutionStatus", "lambda:GetAlias", "lambda:InvokeFunction"})
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

func (c *cloud) deploy(t *testing.T, version string) (id string) {
	t.Helper()
	spec := fmt.Sprintf(`{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":%q,`+
		`"LoadBalancerInfo":{"ContainerName":"app","ContainerPort":80}}}}],"Hooks":[{"AfterAllowTestTraffic":%q}]}`, version, hookName)
	revision, err := json.Marshal(map[string]any{"revisionType": "AppSpecContent", "appSpecContent": map[string]string{"content": spec}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.aws(t, "deploy", "create-deployment", "--application-name", "shop", "--deployment-group-name", "production", "--revision", string(revision))
	if err != nil {
		t.Fatalf("aws deploy create-deployment: %v: %s", err, out)
	}
	var created struct{ DeploymentID string }
	if err := json.Unmarshal([]byte(out), &created); err != nil || created.DeploymentID == "" {
		t.Fatalf("aws deploy create-deployment printed %s (%v)", out, err)
	}
	return created.DeploymentID
}

// event reads what the CLI shows of a lifecycle event.
func (c *cloud) event(t *testing.T, deployment, name string) string {
	t.Helper()
	out, err := c.aws(t, "deploy", "get-deployment-target", "--deployment-id", deployment, "--target-id", "default:service",
		"--query", "deploymentTarget.ecsTarget.lifecycleEvents[?lifecycleEventName=='"+name+"'].status | [0]")
	if err != nil {
		t.Fatalf("aws deploy get-deployment-target: %v: %s", err, out)
	}
	return strings.Trim(strings.TrimSpace(out), `"`)
}

// hooks are the same hook in two languages.
func hooks(t *testing.T, testURL string) map[string]lambda.Function {
	t.Helper()
	modules := program(t, "E2E_NODE_MODULES")
	return map[string]lambda.Function{
		"Python with boto3": pythonHook(t, hookName, "hook.py", testURL),
		"Node under AWS's runtime interface client": {
			Name: hookName, Command: []string{filepath.Join(modules, ".bin", "aws-lambda-ric"), "hook.handler"}, Dir: hookFolder(t), Handler: "hook.handler",
			Env: map[string]string{"TEST_URL": testURL, "NODE_PATH": modules, "HOME": os.TempDir()}, Timeout: 30 * time.Second, MemoryMB: 256,
		},
	}
}

func TestAHookInAnotherLanguageLetsAGoodVersionThroughAndStopsABadOne(t *testing.T) {
	for name := range hooks(t, "") {
		t.Run(name, func(t *testing.T) {
			c := startCloud(t)
			if err := c.CreateFunction(hooks(t, c.TestURL())[name]); err != nil {
				t.Fatal(err)
			}
			good := c.deploy(t, "good")
			if out, err := c.aws(t, "deploy", "wait", "deployment-successful", "--deployment-id", good); err != nil {
				t.Fatalf("aws deploy wait deployment-successful: %v: %s", err, out)
			}
			if got := c.event(t, good, "AfterAllowTestTraffic"); got != "Succeeded" {
				t.Errorf("AfterAllowTestTraffic of the good version is %q, want Succeeded", got)
			}

			bad := c.deploy(t, "bad")
			if out, err := c.aws(t, "deploy", "wait", "deployment-successful", "--deployment-id", bad); err == nil {
				t.Errorf("aws deploy wait deployment-successful took the bad version: %s", out)
			}
			if got := c.event(t, bad, "AfterAllowTestTraffic"); got != "Failed" {
				t.Errorf("AfterAllowTestTraffic of the bad version is %q, want Failed", got)
			}
			if got := c.event(t, bad, "AllowTraffic"); got != "Skipped" {
				t.Errorf("AllowTraffic of the bad version is %q, want Skipped", got)
			}
			for _, count := range c.Traffic() {
				if count.Listener == simulator.ProductionListener && count.Requests > 0 {
					t.Errorf("somebody came to production: %+v", count)
				}
			}
		})
	}
}

func TestTheCLIStopsADeploymentAndRollsItBack(t *testing.T) {
	c := startCloud(t)
	// A hook that never answers: the deployment waits for it until it is stopped.
	silent := lambda.Function{Name: hookName, Command: []string{"/bin/sh", "-c", "while :; do sleep 1; done"}, Timeout: 30 * time.Second}
	if err := c.CreateFunction(silent); err != nil {
		t.Fatal(err)
	}
	id := c.deploy(t, "good")
	if out, err := c.aws(t, "deploy", "stop-deployment", "--deployment-id", id, "--auto-rollback-enabled"); err != nil {
		t.Fatalf("aws deploy stop-deployment: %v: %s", err, out)
	}
	outcome, err := c.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Deployment.Status != codedeploy.Stopped || outcome.Rollback == nil || outcome.Rollback.Status != codedeploy.Succeeded {
		t.Errorf("got %s with the rollback %+v, want Stopped with one that succeeded", outcome.Deployment.Status, outcome.Rollback)
	}
	out, err := c.aws(t, "deploy", "get-deployment", "--deployment-id", outcome.Rollback.ID, "--query", "deploymentInfo.creator")
	if err != nil || strings.TrimSpace(out) != `"codeDeployRollback"` {
		t.Errorf("the rollback's creator is %s (%v), want codeDeployRollback", out, err)
	}
}

func TestTheCLIReadsTheOtherServicesAtTheSameEndpoint(t *testing.T) {
	c := startCloud(t)
	if err := c.CreateFunction(lambda.Function{Name: hookName, Command: []string{"/bin/false"}}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why  string
		args []string
		want string
	}{
		{"who one is", []string{"sts", "get-caller-identity", "--query", "Account"}, `"123456789012"`},
		{"the load balancer", []string{"elbv2", "describe-load-balancers", "--query", "LoadBalancers[].Type", "--output", "text"}, "application"},
		{"both target groups", []string{"elbv2", "describe-target-groups", "--query", "TargetGroups[].TargetGroupName", "--output", "text"}, "tg-1\ttg-2"},
		{"the function", []string{"lambda", "get-function-configuration", "--function-name", hookName, "--query", "Timeout"}, "3"},
		{"the built-in configurations", []string{"deploy", "get-deployment-config", "--deployment-config-name", "CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "--query", "deploymentConfigInfo.trafficRoutingConfig.timeBasedLinear.linearInterval"}, "1"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			out, err := c.aws(t, tt.args...)
			if err != nil || strings.TrimSpace(out) != tt.want {
				t.Errorf("aws %s printed %s (%v), want %s", strings.Join(tt.args, " "), out, err, tt.want)
			}
		})
	}
}

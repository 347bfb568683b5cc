//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
)

// The command registers the task definition, reads the deployment group, creates the deployment and waits for it, asking
// every 15 seconds: so each version has a simulator of its own, and both wait at once.
func TestECSDeployOfTheCLIDeploysAGoodVersionAndFailsForABadOne(t *testing.T) {
	t.Parallel()
	tests := []struct {
		family, serves string
		printed        string
		fails          bool
	}{
		{"good", "good", "Successfully deployed arn:aws:ecs:us-east-1:123456789012:task-definition/good:1 to service 'service'", false},
		{"bad", "live", "Waiter DeploymentSuccessful failed", true},
	}
	for _, tt := range tests {
		t.Run(tt.family, func(t *testing.T) {
			t.Parallel()
			c := startCloud(t, func(config *simulator.Config) {
				// What the CLI looks for where it is told of no others.
				config.Application, config.Group = "AppECS-default-service", "DgpECS-default-service"
			})
			if err := c.CreateFunction(pythonHook(t, hookName, "hook.py", c.TestURL())); err != nil {
				t.Fatal(err)
			}
			definition := write(t, "task-definition.json", fmt.Sprintf(
				`{"family": %q, "containerDefinitions": [{"name": "app", "image": "shop:%[1]s", "portMappings": [{"containerPort": 80}]}]}`, tt.family))
			spec := write(t, "appspec.yaml", `version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo: {ContainerName: app, ContainerPort: 80}
Hooks:
  - AfterAllowTestTraffic: `+hookName+"\n")
			out, err := c.aws(t, "ecs", "deploy", "--service", "service", "--task-definition", definition, "--codedeploy-appspec", spec)
			if (err != nil) != tt.fails || !strings.Contains(out, tt.printed) {
				t.Errorf("aws ecs deploy ended with %v and printed %s, want %q in it", err, out, tt.printed)
			}
			if got := version(t, c.ProductionURL()); got != tt.serves {
				t.Errorf("production is served by %q, want %q", got, tt.serves)
			}
			var services struct {
				Services []struct{ TaskDefinition string }
			}
			c.ask(t, &services, "ecs", "describe-services", "--services", "service")
			if want := "task-definition/" + tt.serves + ":1"; len(services.Services) != 1 || !strings.HasSuffix(services.Services[0].TaskDefinition, want) {
				t.Errorf("the service is %+v, want it to have the %s", services, want)
			}
		})
	}
}

// write makes a file and gives its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

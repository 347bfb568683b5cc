//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
)

// serviceDeployment is what the CLI shows of a deployment by ECS.
type serviceDeployment struct {
	ServiceDeploymentARN  string
	Status, StatusReason  string
	LifecycleStage        string
	TargetServiceRevision struct {
		ARN                              string
		RequestedProductionTrafficWeight float64
	}
	LifecycleHookDetails []struct{ HookID, TargetType, Status string }
}

// updateService has ECS deploy a task definition that is registered first, and gives the service deployment's ARN.
func (c *cloud) updateService(t *testing.T, family string, more ...string) string {
	t.Helper()
	c.ask(t, nil, "ecs", "register-task-definition", "--family", family, "--container-definitions", fmt.Sprintf(`[{"name":"app","image":"shop:%s"}]`, family))
	var updated struct {
		Service struct{ CurrentServiceDeployment string }
	}
	c.ask(t, &updated, append([]string{"ecs", "update-service", "--service", "service", "--task-definition", family}, more...)...)
	return updated.Service.CurrentServiceDeployment
}

func (c *cloud) describeServiceDeployment(t *testing.T, arn string) serviceDeployment {
	t.Helper()
	var described struct{ ServiceDeployments []serviceDeployment }
	c.ask(t, &described, "ecs", "describe-service-deployments", "--service-deployment-arns", arn)
	if len(described.ServiceDeployments) != 1 {
		t.Fatalf("the service deployments are %+v, want one", described)
	}
	return described.ServiceDeployments[0]
}

func TestTheCLIHasECSDeployAGoodVersionAndABadOne(t *testing.T) {
	t.Parallel()
	c := startCloud(t, func(config *simulator.Config) { config.ECS = &simulator.ECSDeployments{} })
	if err := c.CreateFunction(pythonHook(t, "check", "ecs_hook.py", c.TestURL())); err != nil {
		t.Fatal(err)
	}
	hooks := `{"strategy":"BLUE_GREEN","bakeTimeInMinutes":0,"lifecycleHooks":[` +
		`{"targetType":"AWS_LAMBDA","hookTargetArn":"arn:aws:lambda:us-east-1:123456789012:function:check","roleArn":"arn:aws:iam::123456789012:role/ecs",` +
		`"lifecycleStages":["POST_TEST_TRAFFIC_SHIFT"],"hookDetails":{"depth":2}},` +
		`{"targetType":"PAUSE","lifecycleStages":["PRE_PRODUCTION_TRAFFIC_SHIFT"],"timeoutConfiguration":{"timeoutInMinutes":60,"action":"ROLLBACK"}}]}`
	good := c.updateService(t, "good", "--deployment-configuration", hooks)
	c.await(t, "a pause", func(what simulator.Happening) bool {
		noticed, is := what.(simulator.HookNoticed)
		return is && noticed.Detail.EventName == "HOOK_AWAITING_ACTION"
	})
	paused := c.describeServiceDeployment(t, good)
	if paused.Status != "IN_PROGRESS" || paused.LifecycleStage != "PRE_PRODUCTION_TRAFFIC_SHIFT" || len(paused.LifecycleHookDetails) != 1 ||
		paused.TargetServiceRevision.RequestedProductionTrafficWeight != 0 {
		t.Fatalf("the deployment is %+v, want it to wait before the shift for a pause to be ended", paused)
	}
	if got := version(t, c.ProductionURL()); got != "live" {
		t.Errorf("production is served by %q during the pause, want live", got)
	}
	c.ask(t, nil, "ecs", "continue-service-deployment", "--service-deployment-arn", good, "--hook-id", paused.LifecycleHookDetails[0].HookID, "--action", "CONTINUE")
	c.ends(t, good, "SUCCESSFUL", "good")
	if told := `at POST_TEST_TRAFFIC_SHIFT, with {"asked": true, "depth": 2}: good`; !strings.Contains(c.log.String(), told) {
		t.Errorf("the hook didn't say %q", told)
	}

	bad := c.updateService(t, "bad")
	c.ends(t, bad, "ROLLBACK_SUCCESSFUL", "good")
	c.ask(t, nil, "ecs", "wait", "services-stable", "--services", "service")
	var listed struct{ ServiceDeployments []serviceDeployment }
	c.ask(t, &listed, "ecs", "list-service-deployments", "--service", "service", "--status", "SUCCESSFUL", "ROLLBACK_SUCCESSFUL")
	var statuses []string
	for _, d := range listed.ServiceDeployments {
		statuses = append(statuses, d.Status)
	}
	if diff := cmp.Diff([]string{"ROLLBACK_SUCCESSFUL", "SUCCESSFUL"}, statuses); diff != "" {
		t.Errorf("the deployments, the newest first (-want +got):\n%s", diff)
	}
}

// ends waits for a service deployment and holds against it what the CLI shows of it, and who serves production.
func (c *cloud) ends(t *testing.T, arn, status, serves string) {
	t.Helper()
	if _, err := c.WaitServiceDeployment(t.Context(), arn); err != nil {
		t.Fatal(err)
	}
	d := c.describeServiceDeployment(t, arn)
	if d.Status != status {
		t.Errorf("the deployment is %s: %s, want %s", d.Status, d.StatusReason, status)
	}
	if got := version(t, c.ProductionURL()); got != serves {
		t.Errorf("production is served by %q, want %q", got, serves)
	}
	var revisions struct {
		ServiceRevisions []struct{ TaskDefinition string }
	}
	c.ask(t, &revisions, "ecs", "describe-service-revisions", "--service-revision-arns", d.TargetServiceRevision.ARN)
	deployed := map[string]string{"SUCCESSFUL": "good", "ROLLBACK_SUCCESSFUL": "bad"}[status]
	if len(revisions.ServiceRevisions) != 1 || !strings.HasSuffix(revisions.ServiceRevisions[0].TaskDefinition, "task-definition/"+deployed+":1") {
		t.Errorf("the target revision is %+v, want one of %s", revisions, deployed)
	}
}

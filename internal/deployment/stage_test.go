package deployment_test

import (
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

const (
	eventsPath = "BatchGetDeploymentTargets>deploymentTargets>0>ecsTarget>lifecycleEvents"
	statusPath = "GetDeployment>deploymentInfo>status"
)

// pending shows all events as not begun.
func pending() []any {
	return statuses(append([]string{}, ecsEvents...), "none, so that all succeeded")
}

func allAre(status string) []any {
	all := pending()
	for _, e := range all {
		e.(map[string]any)["status"] = status
	}
	return all
}

func TestTheStageIsToldByThreeInTurn(t *testing.T) {
	for _, tt := range []struct {
		why      string
		change   func(world)
		settings deployment.Settings
		stage    lifecycle.Stage
		from     string
		err      string // part of it
	}{
		{
			why: "the event in progress tells", change: func(world) {}, settings: deployment.Settings{Function: self},
			stage: "AfterAllowTestTraffic", from: "CodeDeploy",
		},
		{
			why: "it wins over the AppSpec, which names another function here", change: func(w world) { w.set(eventsPath, statuses(ecsEvents, "AfterInstall")) },
			settings: deployment.Settings{Function: self}, stage: "AfterInstall", from: "CodeDeploy",
		},
		{
			why: "where none is in progress, the one hook of the AppSpec that names this function does", change: func(w world) { w.set(eventsPath, allAre("Pending")) },
			settings: deployment.Settings{Function: self}, stage: "AfterAllowTestTraffic", from: "the AppSpec",
		},
		{
			why: "by its name as well as by its ARN", change: func(w world) { w.set(eventsPath, allAre("Unknown")) },
			settings: deployment.Settings{Function: "CodeDeployHook_greenlight"}, stage: "AfterAllowTestTraffic", from: "the AppSpec",
		},
		{
			why: "and with a qualifier", change: func(w world) { w.without(eventsPath) },
			settings: deployment.Settings{Function: self + ":live"}, stage: "AfterAllowTestTraffic", from: "the AppSpec",
		},
		{
			why: "then the setting", change: func(w world) { w.set(eventsPath, allAre("Pending")) },
			settings: deployment.Settings{Function: "somethingElse", Stage: lifecycle.BeforeAllowTraffic}, stage: "BeforeAllowTraffic", from: "GREENLIGHT_STAGE",
		},
		{
			why: "that agrees with the event is no contradiction", change: func(world) {},
			settings: deployment.Settings{Stage: lifecycle.AfterAllowTestTraffic}, stage: "AfterAllowTestTraffic", from: "CodeDeploy",
		},
		{
			why: "that contradicts the event is an error", change: func(world) {}, settings: deployment.Settings{Stage: lifecycle.AfterInstall},
			err: "GREENLIGHT_STAGE is AfterInstall, but CodeDeploy says that this is AfterAllowTestTraffic of d-ABC: unset GREENLIGHT_STAGE, since one function serves every hook",
		},
		{
			why: "nobody tells", change: func(w world) { w.set(eventsPath, allAre("Pending")) }, settings: deployment.Settings{Function: "somethingElse"},
			err: "which lifecycle event of d-ABC this is can't be told: CodeDeploy shows no event in progress (BeforeInstall Pending, AfterInstall Pending, " +
				"AfterAllowTestTraffic Pending, BeforeAllowTraffic Pending, AfterAllowTraffic Pending); the AppSpec names somethingElse for no event; " +
				"GREENLIGHT_STAGE isn't set: set it where the function serves one hook",
		},
		{
			why: "the AppSpec stands in S3", change: func(w world) {
				w.set(eventsPath, allAre("Pending"))
				w.set("GetDeployment>deploymentInfo>revision", map[string]any{"revisionType": "S3", "s3Location": map[string]any{"bucket": "specs", "key": "shop.yaml"}})
			}, settings: deployment.Settings{Function: self}, err: "the AppSpec stands in s3://specs/shop.yaml, which isn't read",
		},
		{
			why: "the AppSpec is no YAML", change: func(w world) {
				w.set(eventsPath, allAre("Pending"))
				w.set("GetApplicationRevision>revision>appSpecContent>content", "{")
			}, settings: deployment.Settings{Function: self}, err: "read the AppSpec: ",
		},
		{
			why: "the AppSpec names the function twice", change: func(w world) {
				w.set(eventsPath, allAre("Pending"))
				w.set("GetApplicationRevision>revision>appSpecContent>content", strings.ReplaceAll(specECS, "CodeDeployHook_other", self))
			}, settings: deployment.Settings{Function: self}, err: "the AppSpec names CodeDeployHook_greenlight for BeforeInstall and AfterAllowTestTraffic",
		},
		{
			why: "a plan that is the same at each stage can do without where green is set", change: func(w world) { w.set(eventsPath, allAre("Pending")) },
			settings: deployment.Settings{AnyStage: true, Green: "http://green.example"},
		},
		{
			why: "but where green answers depends on it", change: func(w world) { w.set(eventsPath, allAre("Pending")) },
			settings: deployment.Settings{AnyStage: true},
		},
		{
			why: "what CloudFormation makes shows its events too", change: func(w world) {
				w.set("BatchGetDeploymentTargets>deploymentTargets>0", map[string]any{
					"deploymentTargetType": "CloudFormationTarget", "cloudFormationTarget": map[string]any{"lifecycleEvents": statuses(ecsEvents, "BeforeAllowTraffic")},
				})
			}, settings: deployment.Settings{Green: "http://green.example"}, stage: "BeforeAllowTraffic", from: "CodeDeploy",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := onECS(t, "AfterAllowTestTraffic")
			tt.change(w)
			d := describe(t, &cloud{world: w}, codeDeployed(), tt.settings)
			if tt.err != "" {
				if d.err == nil || !strings.Contains(d.err.Error(), tt.err) {
					t.Errorf("\n got %v\nwant %s", d.err, tt.err)
				}
				return
			}
			if d.err != nil || d.Stage != tt.stage || d.StageFrom != tt.from {
				t.Errorf("it is %q, by %q, with %v", d.Stage, d.StageFrom, d.err)
			}
		})
	}
}

func TestTheEventIsAwaitedWhereItIsntShownAtOnce(t *testing.T) {
	w := onECS(t, "AfterAllowTestTraffic").set(eventsPath, allAre("Pending"))
	c := &cloud{world: w, then: func(operation string, times int, w world) {
		if operation == "BatchGetDeploymentTargets" && times == 2 {
			w.set(eventsPath, statuses(ecsEvents, "BeforeAllowTraffic"))
		}
	}}
	d := describe(t, c, codeDeployed(), deployment.Settings{Function: self})
	if d.err != nil || d.Stage != lifecycle.BeforeAllowTraffic || d.StageFrom != "CodeDeploy" || d.StageReads != 3 {
		t.Errorf("it is %s by %s after %d reads, with %v", d.Stage, d.StageFrom, d.StageReads, d.err)
	}
}

func TestWhatIsOverIsClosed(t *testing.T) {
	for _, tt := range []struct {
		why      string
		change   func(world)
		settings deployment.Settings
		closed   string
	}{
		{"the deployment succeeded", func(w world) { w.set(statusPath, "Succeeded") }, deployment.Settings{}, "deployment d-ABC is over: Succeeded"},
		{"it failed", func(w world) { w.set(statusPath, "Failed") }, deployment.Settings{Function: self}, "deployment d-ABC is over: Failed"},
		{"it was stopped, whatever is set", func(w world) { w.set(statusPath, "Stopped") }, deployment.Settings{Stage: "AfterInstall"}, "deployment d-ABC is over: Stopped"},
		{"all its events are over, and blue is about to end", func(w world) { w.set(eventsPath, allAre("Succeeded")) }, deployment.Settings{Function: self}, "each lifecycle event of d-ABC that can call a hook is over"},
		{
			"the event of the earlier round is over, and another runs", func(w world) { w.set(eventsPath, statuses(ecsEvents, "BeforeAllowTraffic")) },
			deployment.Settings{Known: "AfterAllowTestTraffic"},
			"AfterAllowTestTraffic of d-ABC is over: BeforeAllowTraffic is in progress",
		},
		{
			"the event of the earlier round is over, and none runs", func(w world) {
				events := statuses(ecsEvents, "BeforeAllowTraffic")
				events[5].(map[string]any)["status"] = "Pending"
				w.set(eventsPath, events)
			}, deployment.Settings{Known: "AfterAllowTestTraffic"}, "AfterAllowTestTraffic of d-ABC is over",
		},
		{
			"the event that the AppSpec has for this function is over", func(w world) {
				events := allAre("Pending")
				events[4].(map[string]any)["status"] = "Failed"
				w.set(eventsPath, events)
			}, deployment.Settings{Function: self}, "AfterAllowTestTraffic of d-ABC is over",
		},
		{"the event runs", func(world) {}, deployment.Settings{}, ""},
		{"the event of the earlier round still runs", func(world) {}, deployment.Settings{Known: "AfterAllowTestTraffic"}, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := onECS(t, "AfterAllowTestTraffic")
			tt.change(w)
			d := describe(t, &cloud{world: w}, codeDeployed(), tt.settings)
			if d.err != nil || d.Closed != tt.closed {
				t.Errorf("closed %q with %v, want %q", d.Closed, d.err, tt.closed)
			}
			if d.Closed != "" && (d.CanProve() || !strings.HasSuffix(d.Found, d.Closed)) {
				t.Errorf("it can be proven: %t, and was found as %s", d.CanProve(), d.Found)
			}
		})
	}
}

func TestWhatIsOverByECSIsClosed(t *testing.T) {
	const status = "DescribeServiceDeployments>serviceDeployments>0>status"
	for _, tt := range []struct {
		why       string
		execution hook.Execution
		change    func(world)
		closed    string
		rollback  bool
	}{
		{"it runs", ecsExecution("POST_TEST_TRAFFIC_SHIFT"), func(world) {}, "", false},
		{"it is to stop, and hasn't", ecsExecution("POST_TEST_TRAFFIC_SHIFT"), func(w world) { w.set(status, "STOP_REQUESTED") }, "", false},
		{"it succeeded", ecsExecution("POST_TEST_TRAFFIC_SHIFT"), func(w world) { w.set(status, "SUCCESSFUL") }, "service deployment abcd is over: SUCCESSFUL", false},
		{"it goes back", ecsExecution("TEST_TRAFFIC_SHIFT"), func(w world) { w.set(status, "ROLLBACK_IN_PROGRESS") }, "", true},
		{"it went back", ecsExecution("POST_TEST_TRAFFIC_SHIFT"), func(w world) { w.set(status, "ROLLBACK_SUCCESSFUL") }, "service deployment abcd is over: ROLLBACK_SUCCESSFUL", true},
		{"somebody has answered the pause", ecsPause(), func(w world) {
			w.set("DescribeServiceDeployments>serviceDeployments>0>lifecycleHookDetails", []any{map[string]any{"hookId": "pause-1", "status": "SUCCEEDED"}})
		}, "the pause pause-1 of service deployment abcd is over: SUCCEEDED", false},
		{"nobody has", ecsPause(), func(w world) {
			w.set("DescribeServiceDeployments>serviceDeployments>0>lifecycleHookDetails", []any{map[string]any{"hookId": "pause-1", "status": "AWAITING_ACTION"}})
		}, "", false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := byECS(t, "POST_TEST_TRAFFIC_SHIFT")
			tt.change(w)
			d := describe(t, &cloud{world: w}, tt.execution, deployment.Settings{})
			if d.err != nil || d.Closed != tt.closed || d.Rollback != tt.rollback {
				t.Errorf("closed %q, a rollback: %t, with %v", d.Closed, d.Rollback, d.err)
			}
		})
	}
}

// ecsPause is what a pause's notice tells: the stage and no revision.
func ecsPause() hook.Execution {
	return hook.Execution{DeploymentID: ecsID, ID: "pause-1", Contract: hook.ECSPause, ECS: &hook.ECSExecution{Stage: "POST_TEST_TRAFFIC_SHIFT", ServiceARN: serviceARN}}
}

func TestAPauseFindsTheRevisionThatItsNoticeDoesntName(t *testing.T) {
	d := describe(t, &cloud{world: byECS(t, "POST_TEST_TRAFFIC_SHIFT")}, ecsPause(), deployment.Settings{})
	if d.err != nil || d.Green.Revision != greenRev || d.Green.URL != "http://lb.example:8080" || !d.proof.Shown || d.trips > 4 {
		t.Errorf("it is %+v with %v, in %d round trips", d.Deployment, d.err, d.trips)
	}
}

func TestRollbacksAndFirstDeploymentsAreTold(t *testing.T) {
	shift := func(green, blue float64) hook.Execution {
		e := ecsExecution("PRODUCTION_TRAFFIC_SHIFT")
		e.ECS.ProductionTrafficWeights = map[string]float64{greenRev: green, blueRev: blue}
		return e
	}
	earlier := ecsExecution("PRE_PRODUCTION_TRAFFIC_SHIFT")
	earlier.ECS.ProductionTrafficWeights = map[string]float64{greenRev: 0, blueRev: 100}
	sources, counted := "DescribeServiceDeployments>serviceDeployments>0>sourceServiceRevisions", "ListServiceDeployments>serviceDeployments"
	one := []any{map[string]any{"serviceDeploymentArn": "a"}}
	for _, tt := range []struct {
		why             string
		execution       hook.Execution
		change          func(world)
		denied          []string
		rollback, first bool
	}{
		{why: "the production shift gives green nothing", execution: shift(0, 100), rollback: true},
		{why: "it gives green all", execution: shift(100, 0)},
		{why: "it gives green a part", execution: shift(10, 90)},
		{why: "before the shift the same weights are those of a deployment that goes on", execution: earlier},
		{why: "it creates the service", execution: ecsExecution("PRE_SCALE_UP"), change: func(w world) { w.set(sources, []any{}).set(counted, one) }, first: true},
		{why: "the service rested for more than the 90 days that are listed", execution: ecsExecution("PRE_SCALE_UP"), change: func(w world) { w.set(counted, one) }},
		{why: "the list alone can be read", execution: ecsExecution("PRE_SCALE_UP"), change: func(w world) { w.set(counted, one) }, denied: []string{"DescribeServiceDeployments"}, first: true},
		{why: "the deployment alone can be read", execution: ecsExecution("PRE_SCALE_UP"), change: func(w world) { w.set(sources, []any{}) }, denied: []string{"ListServiceDeployments"}, first: true},
		{why: "neither can", execution: ecsExecution("PRE_SCALE_UP"), denied: []string{"ListServiceDeployments", "DescribeServiceDeployments"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := byECS(t, tt.execution.ECS.Stage)
			if tt.change != nil {
				tt.change(w)
			}
			d := describe(t, &cloud{world: w, denied: tt.denied}, tt.execution, deployment.Settings{})
			if d.err != nil || d.Rollback != tt.rollback || d.First != tt.first {
				t.Errorf("a rollback: %t, the first: %t, with %v", d.Rollback, d.First, d.err)
			}
		})
	}
}

func TestCodeDeployTellsRollbacks(t *testing.T) {
	const info = "GetDeployment>deploymentInfo>"
	for why, change := range map[string]func(world){
		"by who created it":           func(w world) { w.set(info+"creator", "codeDeployRollback") },
		"by which deployment set off": func(w world) { w.set(info+"rollbackInfo", map[string]any{"rollbackTriggeringDeploymentId": "d-XYZ"}) },
		"by CloudFormation":           func(w world) { w.set(info+"creator", "CloudFormationRollback") },
	} {
		t.Run(why, func(t *testing.T) {
			w := onECS(t, "AfterInstall")
			change(w)
			if d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{}); d.err != nil || !d.Rollback {
				t.Errorf("a rollback: %t, with %v", d.Rollback, d.err)
			}
		})
	}
	w := onECS(t, "AfterInstall").set(info+"rollbackInfo", map[string]any{"rollbackDeploymentId": "d-XYZ"})
	if d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{}); d.Rollback {
		t.Error("a deployment that was rolled back is taken for the rollback")
	}
}

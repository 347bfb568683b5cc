package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// refused is a deployment that its hook refused.
func refused() codedeploy.Deployment {
	return codedeploy.Deployment{
		ID: "d-AAAAAAAAA", Creator: codedeploy.CreatorUser, Status: codedeploy.Failed,
		Events: []codedeploy.LifecycleEvent{
			{Name: codedeploy.BeforeInstall, Status: codedeploy.EventSkipped},
			{Name: codedeploy.Install, Status: codedeploy.EventSucceeded, Start: noon, End: noon.Add(90 * time.Second)},
			{
				Name: codedeploy.AfterInstall, Status: codedeploy.EventFailed, Function: "arn:aws:lambda:us-east-1:123456789012:function:check",
				Start: noon.Add(90 * time.Second), End: noon.Add(91 * time.Second), Message: "check reported \x1b[31mFailed.",
			},
		},
		Rollback: &codedeploy.RollbackInfo{DeploymentID: "d-BBBBBBBBB"},
	}
}

func back() codedeploy.Deployment {
	return codedeploy.Deployment{
		ID: "d-BBBBBBBBB", Creator: codedeploy.CreatorRollback, Status: codedeploy.Succeeded,
		Rollback: &codedeploy.RollbackInfo{TriggeringDeploymentID: "d-AAAAAAAAA"},
	}
}

// first are the sides of a first deployment.
type first struct{}

func (first) Side(group string) string {
	return map[string]string{simulator.TargetGroupOne: simulator.Blue, simulator.TargetGroupTwo: simulator.Green}[group]
}

func table(out *bytes.Buffer, width int) *Table {
	return &Table{
		out: out, sides: first{}, style: Style{Width: width}, now: func() time.Time { return noon.Add(30 * time.Second) },
		traffic: func() []Share { return []Share{{Listener: "production", Side: simulator.Blue, Requests: 12}} },
		weights: map[string]map[string]int{"production": {"tg-1": 100, "tg-2": 0}},
	}
}

func TestTheTableIsRedrawnInPlace(t *testing.T) {
	var out bytes.Buffer
	p := table(&out, 100)
	begun := refused()
	begun.Status = codedeploy.InProgress
	begun.Events = []codedeploy.LifecycleEvent{{Name: codedeploy.Install, Status: codedeploy.EventInProgress, Start: noon}}
	p.Happened(simulator.Entry{What: simulator.DeploymentChanged{Deployment: begun}})
	want := strings.Join([]string{
		"Deployment d-AAAAAAAAA by user: InProgress",
		"  Event                   Duration  Status      Start         End",
		"  Install                      30s  InProgress  12:00:00.000  -",
		"  production weights: blue 100, green 0    requests: 12 by blue",
		"",
	}, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	out.Reset()
	p.Happened(simulator.Entry{What: simulator.WeightsChanged{Listener: "production", Weights: map[string]int{"tg-1": 90, "tg-2": 10}}})
	if got := out.String(); !strings.HasPrefix(got, "\x1b[4A\r\x1b[J") || !strings.Contains(got, "blue 90, green 10") {
		t.Errorf("then %q", got)
	}
}

func TestTheTableShowsTheAliasThatIsDeployed(t *testing.T) {
	var out bytes.Buffer
	p := table(&out, 200)
	live := simulator.FunctionAlias{Function: "shop", Name: "live"}
	p.weights, p.alias.FunctionAlias = nil, live
	p.traffic = func() []Share {
		return invocationShares("live", []simulator.InvocationCount{
			{Version: "9", Invocations: 45},
			{Version: "10", Invocations: 5, Errors: 2},
			{Invocations: 1, Errors: 1},
		})
	}
	p.Happened(simulator.Entry{What: simulator.DeploymentChanged{Deployment: back()}})
	p.Happened(simulator.Entry{What: simulator.AliasChanged{FunctionAlias: live, Weights: map[string]float64{"9": 0.875, "10": 0.125}}})
	p.Happened(simulator.Entry{What: simulator.AliasChanged{FunctionAlias: simulator.FunctionAlias{Function: "other", Name: "live"}}})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := "  alias live weights: version 9 87.5 %, version 10 12.5 % invocations: 45 by version 9, 5 by version 10 (2 went wrong), 1 by no version (1 went wrong)"
	if got := lines[len(lines)-1]; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestALineTellsWhereTheAliasGoes(t *testing.T) {
	var out bytes.Buffer
	NewLines(&out, Style{}, first{}).Happened(simulator.Entry{Time: noon, What: simulator.AliasChanged{
		FunctionAlias: simulator.FunctionAlias{Function: "shop", Name: "live"}, Weights: map[string]float64{"10": 0.1, "9": 0.9},
	}})
	if got, want := out.String(), "12:00:00.000  alias live: version 9 90 %, version 10 10 %\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// byECS is a deployment by ECS, and what happens to a hook of it that is called twice.
func byECS() []simulator.Happening {
	const arn = "arn:aws:ecs:us-east-1:123456789012:service-deployment/default/shop/AAAA"
	stage := func(stage ecs.Stage, status ecs.StageStatus, rollback bool) simulator.Happening {
		return simulator.StageChanged{DeploymentARN: arn, Stage: ecs.StageRun{Stage: stage, Status: status, Rollback: rollback, Start: noon}}
	}
	hook := func(status ecs.HookStatus, calls int) simulator.Happening {
		return simulator.HookChanged{DeploymentARN: arn, Hook: ecs.HookRun{ID: "h", Function: "check", Stage: ecs.PostScaleUp, Status: status, Calls: calls}}
	}
	return []simulator.Happening{
		simulator.ServiceDeploymentChanged{Deployment: ecs.Deployment{
			ARN: arn, Status: ecs.InProgress, Configuration: ecs.DeploymentConfiguration{Strategy: ecs.BlueGreen},
		}},
		stage(ecs.PostScaleUp, ecs.StageInProgress, false),
		hook(ecs.HookInProgress, 0), hook(ecs.HookInProgress, 1), hook(ecs.HookInProgress, 2), hook(ecs.HookSucceeded, 2),
		stage(ecs.PostProductionTrafficShift, ecs.StageFailed, false),
		stage(ecs.ProductionTrafficShift, ecs.StageInProgress, true),
	}
}

func TestAStatusThatHasNotChangedIsNoFurtherLineAndStagesStandInOneColumn(t *testing.T) {
	var out bytes.Buffer
	p := NewLines(&out, Style{}, first{})
	for _, what := range byECS() {
		p.Happened(simulator.Entry{Time: noon, What: what})
	}
	want := strings.Join([]string{
		"12:00:00.000  deployment AAAA by ECS, BLUE_GREEN: IN_PROGRESS",
		"12:00:00.000  POST_SCALE_UP                  IN_PROGRESS",
		"12:00:00.000    check                        IN_PROGRESS",
		"12:00:00.000    check                        SUCCEEDED  <1ms",
		"12:00:00.000  POST_PRODUCTION_TRAFFIC_SHIFT  FAILED",
		"12:00:00.000  PRODUCTION_TRAFFIC_SHIFT, back IN_PROGRESS",
		"",
	}, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARollbackHasATableOfItsOwn(t *testing.T) {
	var out bytes.Buffer
	p := table(&out, 100)
	p.Happened(simulator.Entry{What: simulator.DeploymentChanged{Deployment: refused()}})
	out.Reset()
	p.Happened(simulator.Entry{What: simulator.DeploymentChanged{Deployment: back()}})
	if got := out.String(); strings.Contains(got, "\x1b[") || !strings.HasPrefix(got, "\nDeployment d-BBBBBBBBB by codeDeployRollback: Succeeded\n") {
		t.Errorf("got %q", got)
	}
}

func TestNoLineIsAsWideAsTheTerminal(t *testing.T) {
	for _, width := range []int{1, 10, 40, 66} {
		var out bytes.Buffer
		p := table(&out, width)
		p.Happened(simulator.Entry{What: simulator.DeploymentChanged{Deployment: refused()}})
		for line := range strings.Lines(out.String()) {
			if len(strings.TrimSuffix(line, "\n")) >= width {
				t.Errorf("at %d columns: %q", width, line)
			}
		}
	}
}

func TestTheEndTellsWhy(t *testing.T) {
	rollback := codeDeployed(back())
	end := End{
		Deployment: codeDeployed(refused()), Rollback: &rollback,
		Log: []string{"starting", "no \x07driver"}, Traffic: []Share{{Listener: "production", Side: simulator.Blue, Requests: 1}, {Alias: "live", Side: "version 2", Requests: 3, Failed: 2}},
		Unexpected: errors.New("the deployment failed, and was expected to end as succeeded"),
	}
	var out bytes.Buffer
	NewLines(&out, Style{}, first{}).Ended(end)
	want := strings.Join([]string{
		"",
		"Deployment d-AAAAAAAAA: Failed, not as expected: the deployment failed, and was expected to end as succeeded",
		"  AfterInstall failed: check reported \uFFFD[31mFailed.",
		"  the function's last lines:",
		"    starting",
		"    no \uFFFDdriver",
		"  rolled back by d-BBBBBBBBB: Succeeded",
		"  production listener: 1 request by blue",
		"  alias live: 3 invocations by version 2, 2 went wrong",
		"",
	}, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatusesAreColouredOnRequest(t *testing.T) {
	var out bytes.Buffer
	p := table(&out, 100)
	p.style.Color = true
	p.Happened(simulator.Entry{What: simulator.DeploymentChanged{Deployment: refused()}})
	if got := out.String(); !strings.Contains(got, red+"Failed    "+reset) || !strings.Contains(got, green+"Succeeded "+reset) {
		t.Errorf("got %q", got)
	}
}

func TestEachHappeningIsALineOfJSON(t *testing.T) {
	var out bytes.Buffer
	p := NewJSON(&out, first{})
	e, live := refused().Events[2], simulator.FunctionAlias{Function: "shop", Name: "live"}
	for _, what := range []simulator.Happening{
		simulator.DeploymentChanged{Deployment: back()},
		simulator.EventChanged{DeploymentID: "d-BBBBBBBBB", Event: e},
		simulator.WeightsChanged{Listener: "test", Weights: map[string]int{"tg-1": 0, "tg-2": 100}},
		simulator.FunctionInvoked{Invocation: lambda.Invocation{Function: "check", Attempt: 1, Duration: 1500 * time.Microsecond}},
		simulator.TrafficCounted{Counts: []elb.Count{{
			Listener: "test", TargetGroup: "tg-2", Requests: 5, Class: [6]int{2: 1, 4: 1, 5: 1}, Made: map[int]int{503: 1, 302: 1},
		}}},
		simulator.AliasChanged{FunctionAlias: live, Weights: map[string]float64{"1": 0.9, "2": 0.1}},
		simulator.InvocationsCounted{Alias: live, Counts: []simulator.InvocationCount{{Version: "1", Invocations: 4, Errors: 1}}},
	} {
		p.Happened(simulator.Entry{Time: noon, What: what})
	}
	p.Ended(End{Deployment: codeDeployed(refused()), Reason: "because"})
	want := []string{
		`{"time":"2026-01-02T12:00:00Z","type":"deployment","deployment":"d-BBBBBBBBB","creator":"codeDeployRollback","status":"Succeeded"}`,
		`{"time":"2026-01-02T12:00:00Z","type":"event","deployment":"d-BBBBBBBBB","event":"AfterInstall","function":"arn:aws:lambda:us-east-1:123456789012:function:check","status":"Failed","duration_ms":1000,"message":"check reported \u001b[31mFailed."}`,
		`{"time":"2026-01-02T12:00:00Z","type":"weights","listener":"test","weights":{"blue":0,"green":100}}`,
		`{"time":"2026-01-02T12:00:00Z","type":"invocation","function":"check","duration_ms":1.5,"attempt":1,"cold":false}`,
		`{"time":"2026-01-02T12:00:00Z","type":"traffic","requests":[{"listener":"test","side":"green","requests":5,"failed":2}]}`,
		`{"time":"2026-01-02T12:00:00Z","type":"weights","function":"shop","alias":"live","weights":{"version 1":90,"version 2":10}}`,
		`{"time":"2026-01-02T12:00:00Z","type":"traffic","requests":[{"alias":"live","side":"version 1","requests":4,"failed":1}]}`,
		`{"type":"outcome","deployment":"d-AAAAAAAAA","event":"AfterInstall","status":"Failed","message":"check reported \u001b[31mFailed.","reason":"because","as_expected":true}`,
		"",
	}
	if diff := cmp.Diff(want, strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p.Err() != nil {
		t.Error(p.Err())
	}
}

func TestTheReasonIsGreenlightsOwnLineOrTheLastOnes(t *testing.T) {
	verdict := func(deployment, status, reason string) string {
		text, _ := json.Marshal(map[string]string{"msg": "verdict", "deployment": deployment, "status": status, "reason": reason})
		return string(text)
	}
	tests := []struct {
		why        string
		lines      []string
		wantReason string
		wantLog    []string
	}{
		{"greenlight said why", []string{"a", verdict("d-AAAAAAAAA", "Failed", "too slow"), "END RequestId: x"}, "too slow", nil},
		{"its word was about another deployment", []string{verdict("d-CCCCCCCCC", "Failed", "too slow")}, "", []string{verdict("d-CCCCCCCCC", "Failed", "too slow")}},
		{"its word was good", []string{verdict("d-AAAAAAAAA", "Succeeded", "all passed")}, "", []string{verdict("d-AAAAAAAAA", "Succeeded", "all passed")}},
		{"the function wrote what it liked", []string{"1", "2", "3", "4", "5", "6"}, "", []string{"2", "3", "4", "5", "6"}},
		{"it wrote nothing", nil, "", nil},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			logs := NewLogs()
			for _, line := range test.lines {
				logs.Add(lambda.LogLine{Function: "check", Text: line, Platform: strings.HasPrefix(line, "END")})
			}
			reason, log := logs.reason(codeDeployed(refused()))
			if reason != test.wantReason || fmt.Sprint(log) != fmt.Sprint(test.wantLog) {
				t.Errorf("got %q and %q", reason, log)
			}
		})
	}
}

func TestLogsAreBounded(t *testing.T) {
	logs := NewLogs()
	for i := range 10 * mostLines {
		logs.Add(lambda.LogLine{Function: "check", Text: fmt.Sprint(i)})
	}
	if got := logs.lines["check"]; len(got) != mostLines || got[mostLines-1].Text != fmt.Sprint(10*mostLines-1) {
		t.Errorf("%d lines are kept", len(got))
	}
}

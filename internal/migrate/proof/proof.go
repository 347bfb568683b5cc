// Package proof runs the same releases, behind the same plan, through a deployment by CodeDeploy and through one by Amazon ECS
// itself, both in the simulator, and says whether the verdicts are the same.
package proof

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/migrate"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario/console"
)

// Release is a version of the service: where it answers, or how it is started on the port in $PORT.
type Release struct {
	// Name is what it is called in the result.
	Name string
	// URL and Command exclude each other. Command is for the shell.
	URL, Command string
}

// ParseRelease takes a base URL, or else a command.
func ParseRelease(name, text string) Release {
	if strings.HasPrefix(text, "http://") {
		return Release{Name: name, URL: text}
	}
	return Release{Name: name, Command: text}
}

// Trial is what is tried.
type Trial struct {
	From migrate.Source
	To   migrate.Service
	// Plan is the path of the plan.
	Plan string
	// Greenlight is the binary that serves the hooks.
	Greenlight string
	// Folder is where the releases' commands start.
	Folder string
	// Environ is their environment, as os.Environ gives it.
	Environ []string
	// Blue serves production at the start.
	Blue Release
	// Releases are deployed, each on its own.
	Releases []Release
}

// Verdict is what a hook said.
type Verdict string

// Verdicts of hooks.
const (
	Succeeded Verdict = "Succeeded"
	Failed    Verdict = "Failed"
	// NotReached says that the deployment had ended before.
	NotReached Verdict = "not reached"
)

// Side is a deployment of one release by one deployer.
type Side struct {
	Outcome Verdict `json:"outcome"`
	// Verdicts are those of the AppSpec's hooks.
	Verdicts map[lifecycle.Stage]Verdict `json:"verdicts"`
	// Reason is why it failed, empty otherwise.
	Reason string `json:"reason,omitempty"`
}

// Result is a release under both.
type Result struct {
	Release    string            `json:"release"`
	Stages     []lifecycle.Stage `json:"stages"`
	CodeDeploy Side              `json:"codedeploy"`
	ECS        Side              `json:"ecs"`
}

// Same says that both ended alike, and that each hook said the same.
func (r Result) Same() bool {
	if r.CodeDeploy.Outcome != r.ECS.Outcome {
		return false
	}
	for _, stage := range r.Stages {
		if r.CodeDeploy.Verdicts[stage] != r.ECS.Verdicts[stage] {
			return false
		}
	}
	return true
}

// Run deploys each release twice. The error says what kept a deployment from being tried at all.
func Run(ctx context.Context, t Trial) ([]Result, error) {
	stages := t.stages()
	if len(stages) == 0 {
		return nil, fmt.Errorf("the AppSpec has no hooks, so there are no verdicts to compare")
	}
	var results []Result
	for _, release := range t.Releases {
		r := Result{Release: release.Name, Stages: stages}
		for _, one := range []struct {
			by   string
			file map[string]any
			to   *Side
		}{
			{"CodeDeploy", t.codeDeploy(release), &r.CodeDeploy},
			{"ECS", t.ecs(release), &r.ECS},
		} {
			side, err := t.deploy(ctx, one.file, stages)
			if err != nil {
				return nil, fmt.Errorf("deploying %s by %s: %w", release.Name, one.by, err)
			}
			*one.to = side
		}
		results = append(results, r)
	}
	return results, nil
}

// stages are those that have a hook, in the order of a deployment.
func (t Trial) stages() []lifecycle.Stage {
	var stages []lifecycle.Stage
	for _, h := range t.From.AppSpec.Hooks {
		if stage, known := lifecycle.ParseStage(h.Event); known && stage.ECS() != "" && h.Function != "" && !slices.Contains(stages, stage) {
			stages = append(stages, stage)
		}
	}
	names := lifecycle.Names()
	slices.SortFunc(stages, func(a, b lifecycle.Stage) int {
		return cmp.Compare(slices.Index(names, string(a)), slices.Index(names, string(b)))
	})
	return stages
}

// hookName is the function that serves all hooks in the simulator.
const hookName = "CodeDeployHook_greenlight"

// hookTimeout is the function's, Lambda's longest.
const hookTimeout = "15m"

func (t Trial) common(release Release) map[string]any {
	file := map[string]any{
		"version": scenario.Version, "blue": upstream(t.Blue), "green": upstream(release), "speed": "instant",
		"functions": map[string]any{hookName: map[string]any{
			"command": []string{t.Greenlight}, "timeout": hookTimeout, "env": map[string]string{"GREENLIGHT_PLAN": t.Plan},
		}},
	}
	if t.From.Balancer.ProductionListener != "" && t.From.Balancer.TestListener == "" {
		file["listeners"] = map[string]any{"test": "none"}
	}
	return file
}

func upstream(r Release) map[string]any {
	if r.URL != "" {
		return map[string]any{"url": r.URL}
	}
	return map[string]any{"command": r.Command}
}

func (t Trial) codeDeploy(release Release) map[string]any {
	file := t.common(release)
	hooks := []map[string]string{}
	for _, stage := range t.stages() {
		hooks = append(hooks, map[string]string{string(stage): hookName})
	}
	file["appspec"] = map[string]any{
		"version": "0.0",
		"Resources": []any{map[string]any{"TargetService": map[string]any{
			"Type": "AWS::ECS::Service",
			"Properties": map[string]any{
				"TaskDefinition":   "arn:aws:ecs:us-east-1:123456789012:task-definition/green:2",
				"LoadBalancerInfo": map[string]any{"ContainerName": cmp.Or(t.From.AppSpec.Container, "green"), "ContainerPort": cmp.Or(t.From.AppSpec.Port, 80)},
			},
		}}},
		"Hooks": hooks,
	}
	file["auto_rollback"] = true
	if steps := steps(t.From.Shift); steps != nil {
		file["deployment_config"] = steps
	}
	if t.From.Termination > 0 {
		file["termination_wait"] = t.From.Termination.String()
	}
	return file
}

// steps are the shift as a scenario has it; nil: all at once.
func steps(s migrate.Shift) []map[string]any {
	switch {
	case s.Canary != nil:
		return []map[string]any{{"percent": s.Canary.Percent, "wait": s.Canary.Wait.String()}, {"percent": 100}}
	case s.Linear != nil:
		var all []map[string]any
		for percent := s.Linear.Percent; percent < 100; percent += s.Linear.Percent {
			all = append(all, map[string]any{"percent": percent, "wait": s.Linear.Wait.String()})
		}
		return append(all, map[string]any{"percent": 100})
	}
	return nil
}

func (t Trial) ecs(release Release) map[string]any {
	file := t.common(release)
	d := t.To.Deployment
	settings := map[string]any{"strategy": strings.ToLower(d.Strategy), "bake": whole(d.Bake)}
	switch {
	case d.Canary != nil:
		settings["canary"] = map[string]any{"percent": percent(d.Canary.Percent), "bake": whole(d.Canary.Bake)}
	case d.Linear != nil:
		settings["linear"] = map[string]any{"percent": percent(d.Linear.Percent), "bake": whole(d.Linear.Bake)}
	}
	var hooks []map[string]any
	for _, h := range d.Hooks {
		if h.Target == "" {
			continue // a pause has no verdict of its own, and nobody who ends it
		}
		hooks = append(hooks, map[string]any{"function": hookName, "stages": h.Stages, "timeout": whole(h.Timeout.Minutes)})
	}
	settings["hooks"] = hooks
	file["ecs"] = settings
	return file
}

func percent(p int) string { return fmt.Sprintf("%d%%", p) }

func whole(minutes int) string { return (time.Duration(minutes) * time.Minute).String() }

// deploy runs one deployment in a simulator of its own.
func (t Trial) deploy(ctx context.Context, file map[string]any, stages []lifecycle.Stage) (Side, error) {
	text, err := json.Marshal(file) // JSON is YAML
	if err != nil {
		return Side{}, fmt.Errorf("writing the scenario: %w", err)
	}
	s, err := scenario.Parse(scenario.Source{Name: "scenario", Text: text, Folder: t.Folder, Greenlight: t.Greenlight})
	if err != nil {
		return Side{}, err
	}
	logs := console.NewLogs()
	sim, err := s.Start(ctx, scenario.Host{Environ: t.Environ, Logs: logs.Add})
	if err != nil {
		return Side{}, fmt.Errorf("starting the simulator: %w", err)
	}
	end, err := console.Run(ctx, sim, s, logs, silent{})
	if closed := sim.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return Side{}, err
	}
	return sideOf(end, stages), nil
}

func sideOf(end console.End, stages []lifecycle.Stage) Side {
	side := Side{Outcome: Failed, Verdicts: map[lifecycle.Stage]Verdict{}, Reason: end.Reason}
	if end.Deployment.Succeeded {
		side.Outcome, side.Reason = Succeeded, ""
	} else if side.Reason == "" {
		side.Reason = end.Deployment.Message
	}
	for _, stage := range stages {
		side.Verdicts[stage] = NotReached
	}
	for _, e := range end.Deployment.Events {
		stage, known := lifecycle.ParseStage(e.At)
		if !known || e.Function == "" || side.Verdicts[stage] == Failed {
			continue
		}
		switch {
		case e.Failed:
			side.Verdicts[stage] = Failed
		case strings.EqualFold(e.Status, string(Succeeded)):
			side.Verdicts[stage] = Succeeded
		}
	}
	return side
}

// silent shows nothing.
type silent struct{}

func (silent) Happened(simulator.Entry) {}
func (silent) Tick()                    {}
func (silent) Ended(console.End)        {}

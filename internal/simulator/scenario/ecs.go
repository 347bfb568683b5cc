package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// ecsFile has ECS deploy the service itself:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html.
type ecsFile struct {
	given bool

	// blue_green (the default), linear or canary
	Strategy strategy `yaml:"strategy"`
	// how long blue runs on after the shift
	Bake strictyaml.Duration `yaml:"bake"`
	// the steps of the strategy linear
	Linear *shiftSteps `yaml:"linear"`
	// the canary of the strategy canary
	Canary *shiftSteps `yaml:"canary"`
	// the lifecycle hooks: functions, and pauses
	Hooks []ecsHook `yaml:"hooks"`
	// the function that gets what ECS sends to EventBridge
	Notices string `yaml:"notices"`
	// how many tasks each version has; 1
	Tasks int `yaml:"tasks"`
	// true leaves blue out: the deployment creates the service
	NewService bool `yaml:"new_service"`
}

// DecodeNode reads the mapping and notes that it is there.
func (f *ecsFile) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsMapping() {
		d.Mismatch(n, "a mapping such as {strategy: blue_green, hooks: [{function: check, stages: [POST_TEST_TRAFFIC_SHIFT]}]}")
		return
	}
	type fields ecsFile // without this method
	d.Fields(n, (*fields)(f))
	f.given = true
	f.validate(d, n)
}

// strategy is one of ECS's, in any case.
type strategy ecs.Strategy

func strategies() []string { return []string{"blue_green", "linear", "canary"} }

// DecodeNode reads the name of a strategy.
func (s *strategy) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var name string
	d.Decode(n, &name)
	if !slices.Contains(strategies(), strings.ToLower(name)) {
		d.Problem(n, "%s", strictyaml.Unknown("strategy", name, strategies()))
	}
	*s = strategy(strings.ToUpper(name))
}

// shiftSteps is a share of the traffic, and the wait after it.
type shiftSteps struct {
	// the share of production traffic of each step, or of the canary
	Percent percent `yaml:"percent,required"`
	// the wait after it
	Bake strictyaml.Duration `yaml:"bake"`
}

func (s *shiftSteps) steps() *ecs.Steps {
	if s == nil {
		return nil
	}
	return &ecs.Steps{Percent: float64(s.Percent), Bake: time.Duration(s.Bake)}
}

// ecsHook is a hook: a function, or a pause.
type ecsHook struct {
	// the function that is called
	Function string `yaml:"function"`
	// true for a pause, which waits for ContinueServiceDeployment, in place of a function
	Pause bool `yaml:"pause"`
	// the stages at which it is called
	Stages []string `yaml:"stages,required"`
	// what the function gets as hookDetails
	Details strictyaml.Value `yaml:"details"`
	// how long it may take, in whole minutes; 24h
	Timeout strictyaml.Duration `yaml:"timeout"`
	// what is done when the time is up: rollback (the default), or continue
	OnTimeout string `yaml:"on_timeout"`

	details json.RawMessage
}

// hookable are the stages that take a hook of some type.
func hookable() []string {
	var names []string
	for _, stage := range ecs.Stages() {
		if stage.Hookable(ecs.TargetLambda) || stage.Hookable(ecs.TargetPause) {
			names = append(names, string(stage))
		}
	}
	return names
}

func onTimeouts() []string { return []string{"rollback", "continue"} }

// Validate refuses what can't be a hook. ECS's own rules are ECS's to tell.
func (h *ecsHook) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if (h.Function == "") == !h.Pause {
		d.Problem(n, "a hook is a function or a pause: give one of function: NAME and pause: true")
	}
	stages, _ := n.Get("stages")
	for i, item := range stages.Items() {
		var known []string
		for _, stage := range ecs.Stages() {
			if stage.Hookable(h.target()) {
				known = append(known, string(stage))
			}
		}
		if i < len(h.Stages) && !slices.Contains(known, h.Stages[i]) {
			d.Problem(item, "%s", strictyaml.Unknown("stage that takes this hook", h.Stages[i], known))
		}
	}
	if at, ok := n.Get("on_timeout"); ok && !slices.Contains(onTimeouts(), h.OnTimeout) {
		d.Problem(at, "on_timeout: rollback or continue, not %q", h.OnTimeout)
	}
	if at, ok := n.Get("details"); ok {
		h.readDetails(d, at)
	}
}

func (h *ecsHook) readDetails(d *strictyaml.Decoder, n strictyaml.Node) {
	plain, err := h.Details.Expand(func(string) (any, error) { return nil, errors.New("it is known only once the simulator runs") })
	if err == nil && !n.IsMapping() {
		err = errors.New("details: a mapping, which the function gets as hookDetails")
	}
	if err == nil {
		h.details, err = json.Marshal(plain)
	}
	if err != nil {
		d.Problem(n, "%s", err)
	}
}

func (h *ecsHook) target() ecs.TargetType {
	if h.Pause {
		return ecs.TargetPause
	}
	return ecs.TargetLambda
}

func (h *ecsHook) hook() ecs.Hook {
	hook := ecs.Hook{
		Type: h.target(), Function: h.Function, Details: h.details, Timeout: time.Duration(h.Timeout),
		OnTimeout: ecs.Action(strings.ToUpper(h.OnTimeout)),
	}
	for _, stage := range h.Stages {
		hook.Stages = append(hook.Stages, ecs.Stage(stage))
	}
	return hook
}

// validate refuses what ECS would refuse when the simulator starts, where the place can still be shown.
func (f *ecsFile) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if err := f.deployments().Validate(); err != nil && d.Err() == nil {
		d.Problem(n, "%s", strictyaml.OneLine(err.Error()))
	}
	if at, ok := n.Get("tasks"); ok && f.Tasks < 1 {
		d.Problem(at, "tasks: 1 or more of each version")
	}
}

func (f *ecsFile) deployments() *simulator.ECSDeployments {
	made := &simulator.ECSDeployments{
		DeploymentConfiguration: ecs.DeploymentConfiguration{
			Strategy: ecs.Strategy(f.Strategy), BakeTime: time.Duration(f.Bake), Linear: f.Linear.steps(), Canary: f.Canary.steps(),
		},
		DesiredCount: f.Tasks, NewService: f.NewService, Notices: f.Notices,
	}
	for i := range f.Hooks {
		made.Hooks = append(made.Hooks, f.Hooks[i].hook())
	}
	return made
}

// codeDeployKeys are the keys of a file that only CodeDeploy's deployments have.
func codeDeployKeys() []string {
	return []string{"appspec", "application", "group", "deployment_config", "auto_rollback", "hook_timeout", "install_timeout", "termination_wait", "rollback_hooks", "queue", "without_test_listener"}
}

// validateDeployer sees to it that the file says who deploys, and only what that one knows.
func (f *file) validateDeployer(d *strictyaml.Decoder, n strictyaml.Node) {
	_, byCodeDeploy := n.Get("appspec")
	if _, ok := n.Get("blue"); !ok && !f.ECS.NewService {
		d.Problem(n, "%q is missing", "blue")
	}
	if f.ECS.given {
		for _, key := range codeDeployKeys() {
			if at, ok := n.Get(key); ok {
				d.Problem(at, "%s: CodeDeploy's, and with ecs: it is ECS that deploys", key)
			}
		}
		f.validateTaskCount(d, n)
		return
	}
	if !byCodeDeploy {
		d.Problem(n, "\"appspec\" is missing; or ecs, where Amazon ECS deploys the service itself")
	}
}

// validateTaskCount refuses several tasks of a version that is one URL.
func (f *file) validateTaskCount(d *strictyaml.Decoder, n strictyaml.Node) {
	for name, side := range map[string]side{"blue": f.Blue, "green": f.Green} {
		if f.ECS.Tasks > 1 && side.URL != "" {
			at, _ := n.Get(name)
			d.Problem(at, "%s: one url can't be %d tasks; give a command, or leave ecs.tasks out", name, f.ECS.Tasks)
		}
	}
}

// validateHookFunctions refuses functions that ECS's hooks name and the file doesn't have.
func (f *file) validateHookFunctions(d *strictyaml.Decoder, n strictyaml.Node) {
	names := f.functionNames()
	section, _ := n.Get("ecs")
	hooks, _ := section.Get("hooks")
	for i, item := range hooks.Items() {
		at, ok := item.Get("function")
		if ok && i < len(f.ECS.Hooks) && !slices.Contains(names, f.ECS.Hooks[i].Function) {
			d.Problem(at, "%s", missingFunction(f.ECS.Hooks[i].Function, names))
		}
	}
	if at, ok := section.Get("notices"); ok && !slices.Contains(names, f.ECS.Notices) {
		d.Problem(at, "%s", missingFunction(f.ECS.Notices, names))
	}
}

func missingFunction(name string, names []string) string {
	if len(names) == 0 {
		return fmt.Sprintf("the scenario has no functions, and none called %s", name)
	}
	return strictyaml.Unknown("function", name, names)
}

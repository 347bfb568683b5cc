package cfntest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// World is a stack as the simulator has it. What runs in it, the stack doesn't say: tasks, and what functions' code is.
type World struct {
	// Config has all of the simulation that a template says. Missing are Tasks and Blue, the Clock, and where logs go. Times of
	// health checks are the template's; a test that isn't to wait for them sets its own.
	Config simulator.Config
	// Functions are those that the hooks call, without a Command: their names, environments, time-outs and memory.
	Functions []lambda.Function
	// Hooks are those of a function's alias, which CloudFormation puts into the AppSpec; nil for services.
	Hooks map[codedeploy.Event]string

	container string
	port      int
}

// World is what the stack deploys: the ECS service that CodeDeploy or ECS deploys itself, or the function's alias that CodeDeploy
// shifts. A stack in which these aren't wired to each other gives an error. AppSpecs are those that CodeDeploy is to deploy to a
// service: they are no part of a template, and must name what the stack has.
func (s *Stack) World(specs ...codedeploy.AppSpec) (World, error) {
	w := World{Config: simulator.Config{Region: s.options.Region, AccountID: s.options.Account}}
	var err error
	switch services, aliases := s.Find("AWS::ECS::Service"), s.Find("AWS::Lambda::Alias"); {
	case len(services) == 1:
		err = s.serviceWorld(&w, services[0])
	case len(services) == 0 && len(aliases) == 1:
		err = s.aliasWorld(&w, aliases[0])
	default:
		err = fmt.Errorf("it has %d ECS services and %d aliases of functions, and one of either was expected", len(services), len(aliases))
	}
	for _, spec := range specs {
		err = errors.Join(err, s.takeAppSpec(&w, spec))
	}
	if err != nil {
		return World{}, fmt.Errorf("loading %s into the simulator: %w", s.path, err)
	}
	return w, nil
}

// takeAppSpec holds an AppSpec against the service that it is for.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
func (s *Stack) takeAppSpec(w *World, spec codedeploy.AppSpec) error {
	if w.Config.Alias != nil || w.Config.ECS != nil || spec.Platform() != codedeploy.PlatformECS {
		return errors.New("an AppSpec was given, and the stack has no service that CodeDeploy deploys")
	}
	if spec.ContainerName != w.container || spec.ContainerPort != w.port {
		return fmt.Errorf("the AppSpec names the container %s with port %d, and the service has %s with %d", spec.ContainerName, spec.ContainerPort, w.container, w.port)
	}
	for _, event := range codedeploy.Events() {
		if called := spec.Hooks[event]; called != "" {
			if err := s.hooked(w, called); err != nil {
				return fmt.Errorf("the AppSpec's %s: %w", event, err)
			}
		}
	}
	return nil
}

// hooked adds a function that a hook calls, by its name or ARN.
func (s *Stack) hooked(w *World, called string) error {
	name := called
	if _, rest, isARN := strings.Cut(called, ":function:"); isARN {
		name, _, _ = strings.Cut(rest, ":")
	}
	if slices.ContainsFunc(w.Functions, func(f lambda.Function) bool { return f.Name == name }) {
		return nil
	}
	for _, r := range s.Find("AWS::Lambda::Function") {
		if r.Name != name {
			continue
		}
		f := lambda.Function{Name: name, Env: map[string]string{}}
		var errs []error
		for key, value := range mapping(r.Properties["Environment"], "Variables") {
			t, err := text(value)
			f.Env[key], errs = t, append(errs, err)
		}
		f.Handler, _ = text(r.Properties["Handler"])
		f.Runtime, _ = text(r.Properties["Runtime"])
		f.Timeout = time.Duration(number(r.Properties["Timeout"])) * time.Second
		f.MemoryMB = number(r.Properties["MemorySize"])
		w.Functions = append(w.Functions, f)
		return errors.Join(errs...)
	}
	return fmt.Errorf("a hook calls %s, and the stack has no such function", called)
}

// group reads what is alike in CodeDeploy's groups of both platforms.
func (s *Stack) group(w *World, of *Resource, platform codedeploy.Platform) error {
	p := of.Properties
	w.Config.Group = of.Name
	application, err := text(p["ApplicationName"])
	if err != nil {
		return fmt.Errorf("%s: ApplicationName: %w", of.ID, err)
	}
	w.Config.Application = application
	for _, a := range s.Find("AWS::CodeDeploy::Application") {
		if a.Name == application && a.Properties["ComputePlatform"] != string(platform) {
			return fmt.Errorf("%s: its application is for %v, and it deploys to %s", of.ID, a.Properties["ComputePlatform"], platform)
		}
	}
	if w.Config.Deployment, err = s.deploymentConfig(p["DeploymentConfigName"], platform); err != nil {
		return fmt.Errorf("%s: %w", of.ID, err)
	}
	rollback := mapping(p, "AutoRollbackConfiguration")
	events, _ := texts(rollback["Events"])
	for _, event := range events {
		if rollback["Enabled"] == true {
			w.Config.AutoRollback = append(w.Config.AutoRollback, codedeploy.RollbackEvent(event))
		}
	}
	return nil
}

func (s *Stack) deploymentConfig(name any, platform codedeploy.Platform) (codedeploy.DeploymentConfig, error) {
	if name == nil {
		return codedeploy.DeploymentConfig{}, nil
	}
	for _, c := range codedeploy.BuiltInConfigs() {
		if c.Name == name && c.Platform == platform {
			return c, nil
		}
	}
	if c, there := s.customConfig(name); there {
		return c, nil
	}
	return codedeploy.DeploymentConfig{}, fmt.Errorf("DeploymentConfigName %v is none of CodeDeploy's for %s", name, platform)
}

// customConfig is a deployment configuration of the stack's own.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codedeploy-deploymentconfig.html
func (s *Stack) customConfig(name any) (codedeploy.DeploymentConfig, bool) {
	r, err := s.named("AWS::CodeDeploy::DeploymentConfig", name)
	if err != nil {
		return codedeploy.DeploymentConfig{}, false
	}
	routing := mapping(r.Properties, "TrafficRoutingConfig")
	switch routing["Type"] {
	case "TimeBasedCanary":
		c := mapping(routing, "TimeBasedCanary")
		return codedeploy.Canary(r.Name, number(c["CanaryPercentage"]), minutes(c["CanaryInterval"], 0)), true
	case "TimeBasedLinear":
		c := mapping(routing, "TimeBasedLinear")
		return codedeploy.Linear(r.Name, number(c["LinearPercentage"]), minutes(c["LinearInterval"], 0)), true
	case "AllAtOnce":
		return codedeploy.DeploymentConfig{Name: r.Name, Steps: []codedeploy.Step{{Percent: 100}}}, true
	}
	return codedeploy.DeploymentConfig{}, false
}

// aliasWorld is a function whose alias CodeDeploy shifts.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html#cfn-attributes-updatepolicy-codedeploylambdaaliasupdate
func (s *Stack) aliasWorld(w *World, alias *Resource) error {
	update := mapping(alias.UpdatePolicy, "CodeDeployLambdaAliasUpdate")
	if update == nil {
		return fmt.Errorf("%s has no CodeDeployLambdaAliasUpdate in its UpdatePolicy: CloudFormation shifts it at once, and asks nobody", alias.ID)
	}
	group, err := s.named("AWS::CodeDeploy::DeploymentGroup", update["DeploymentGroupName"])
	if err != nil {
		return fmt.Errorf("%s: %w", alias.ID, err)
	}
	if err := s.group(w, group, codedeploy.PlatformLambda); err != nil {
		return err
	}
	if update["ApplicationName"] != w.Config.Application {
		return fmt.Errorf("%s: its ApplicationName is %v, and that of its group %s", alias.ID, update["ApplicationName"], w.Config.Application)
	}
	function, err := text(alias.Properties["FunctionName"])
	if err != nil {
		return fmt.Errorf("%s: FunctionName: %w", alias.ID, err)
	}
	if _, err := s.named("AWS::Lambda::Function", function); err != nil {
		return fmt.Errorf("%s: %w", alias.ID, err)
	}
	w.Config.Alias = &simulator.FunctionAlias{Function: function, Name: alias.Name}
	w.Hooks = map[codedeploy.Event]string{}
	for property, event := range map[string]codedeploy.Event{
		"BeforeAllowTrafficHook": codedeploy.BeforeAllowTraffic, "AfterAllowTrafficHook": codedeploy.AfterAllowTraffic,
	} {
		if update[property] == nil {
			continue
		}
		if w.Hooks[event], err = text(update[property]); err != nil {
			return fmt.Errorf("%s: %s: %w", alias.ID, property, err)
		}
		if err := s.hooked(w, w.Hooks[event]); err != nil {
			return err
		}
	}
	return nil
}

// named finds a resource by its type and its name, or by what Ref gives for it.
func (s *Stack) named(kind string, name any) (*Resource, error) {
	for _, r := range s.Find(kind) {
		if ref, err := r.Reference(); err == nil && (r.Name == name || ref == name) {
			return r, nil
		}
	}
	return nil, fmt.Errorf("the stack has no %s %v", kind, cmp.Or[any](name, "(none is named)"))
}

// mapping follows keys to a mapping, which is nil where there is none.
func mapping(of any, keys ...string) map[string]any {
	m, _ := of.(map[string]any)
	for _, key := range keys {
		m, _ = m[key].(map[string]any)
	}
	return m
}

// first is the first item of a list of mappings; nil where there is none.
func first(of any) map[string]any {
	list, _ := of.([]any)
	if len(list) == 0 {
		return nil
	}
	return mapping(list[0])
}

// number is a number, or a text that is one; 0 for what is neither.
func number(of any) int {
	var n int
	if t, err := text(of); err == nil {
		_, _ = fmt.Sscan(t, &n)
	}
	return n
}

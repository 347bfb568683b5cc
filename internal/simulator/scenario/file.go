package scenario

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Version is the version of the language that this package reads.
const Version = 1

// file is a scenario as it is written.
type file struct {
	Version         int                         `yaml:"version,required"`
	Vars            rawNode                     `yaml:"vars"` // read before all others
	Application     string                      `yaml:"application"`
	Group           string                      `yaml:"group"`
	AppSpec         appSpec                     `yaml:"appspec"`
	ECS             ecsFile                     `yaml:"ecs"`
	Deployment      deploymentConfig            `yaml:"deployment_config"`
	AutoRollback    autoRollback                `yaml:"auto_rollback"`
	Blue            side                        `yaml:"blue"`
	Green           side                        `yaml:"green,required"`
	Traffic         traffic                     `yaml:"traffic"`
	HealthCheck     healthCheck                 `yaml:"health_check"`
	Listeners       listeners                   `yaml:"listeners"`
	WithoutTest     testHook                    `yaml:"without_test_listener"`
	AWS             awsFile                     `yaml:"aws"`
	Functions       strictyaml.Map[functionKey] `yaml:"functions"`
	HookTimeout     strictyaml.Duration         `yaml:"hook_timeout"`
	InstallTimeout  strictyaml.Duration         `yaml:"install_timeout"`
	TerminationWait strictyaml.Duration         `yaml:"termination_wait"`
	RollbackHooks   bool                        `yaml:"rollback_hooks"`
	Speed           Speed                       `yaml:"speed"`
	Faults          []fault                     `yaml:"faults"`
	Expect          Expectation                 `yaml:"expect"`
}

// rawNode is a value that is read elsewhere.
type rawNode struct{ strictyaml.Node }

// DecodeNode keeps the node.
func (r *rawNode) DecodeNode(_ *strictyaml.Decoder, n strictyaml.Node) { r.Node = n }

type healthCheck struct {
	Path      string              `yaml:"path"`
	Interval  strictyaml.Duration `yaml:"interval"`
	Timeout   strictyaml.Duration `yaml:"timeout"`
	Healthy   int                 `yaml:"healthy"`
	Unhealthy int                 `yaml:"unhealthy"`
	Matcher   string              `yaml:"matcher"`
}

// Validate refuses what the load balancer would refuse when it starts, where the place can still be shown.
func (h *healthCheck) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if at, ok := n.Get("path"); ok && !strings.HasPrefix(h.Path, "/") {
		d.Problem(at, "path: it must start with a slash, such as /health")
	}
	for key, value := range map[string]int{"healthy": h.Healthy, "unhealthy": h.Unhealthy} {
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
		if at, ok := n.Get(key); ok && (value < 2 || value > 10) {
			d.Problem(at, "%s: checks in a row, from 2 to 10", key)
		}
	}
}

type awsFile struct {
	Port port `yaml:"port"`
}

// port is a port to listen on; 0 for any.
type port int

// DecodeNode reads a port.
func (p *port) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	number, ok := d.Int(n)
	if !ok {
		return
	}
	if number < 0 || number > 65535 {
		d.Problem(n, "%d is not a port: 0 (any that is free) to 65535", number)
		return
	}
	*p = port(number)
}

// functionKey is a function without its name, which is its key.
type functionKey struct {
	Command command                         `yaml:"command"`
	RIE     string                          `yaml:"runtime_interface_emulator"`
	Webhook string                          `yaml:"webhook"`
	Env     strictyaml.Map[strictyaml.Text] `yaml:"env"`
	Dir     string                          `yaml:"dir"`
	Handler string                          `yaml:"handler"`
	Runtime string                          `yaml:"runtime"`
	Timeout strictyaml.Duration             `yaml:"timeout"`
	Memory  int                             `yaml:"memory"`
}

// Validate refuses what Lambda refuses: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html.
func (f *functionKey) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	f.validateRuntime(d, n)
	if at, ok := n.Get("timeout"); ok && (f.Timeout <= 0 || time.Duration(f.Timeout) > lambda.MaxTimeout) {
		d.Problem(at, "timeout: above 0 and up to %v", strictyaml.Duration(lambda.MaxTimeout))
	}
	if at, ok := n.Get("memory"); ok && (f.Memory < lambda.DefaultMemoryMB || f.Memory > lambda.MaxMemoryMB) {
		d.Problem(at, "memory: megabytes, from %d to %d", lambda.DefaultMemoryMB, lambda.MaxMemoryMB)
	}
}

// validateRuntime takes one of what can run a function.
func (f *functionKey) validateRuntime(d *strictyaml.Decoder, n strictyaml.Node) {
	given := 0
	for _, key := range []string{"command", "runtime_interface_emulator", "webhook"} {
		at, ok := n.Get(key)
		if !ok {
			continue
		}
		given++
		if key == "command" {
			continue
		}
		text := f.RIE + f.Webhook
		if u, err := url.Parse(text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			d.Problem(at, "%s: %q is not a URL such as http://127.0.0.1:9000", key, text)
		}
		for _, own := range []string{"env", "dir", "handler", "runtime"} {
			if at, ok := n.Get(own); ok {
				d.Problem(at, "%s: only a command has it; what runs at a URL has its own", own)
			}
		}
	}
	if given != 1 {
		d.Problem(n, "it needs one of command, which starts it, runtime_interface_emulator and webhook, the URLs where it runs")
	}
}

// functionNames are the names of all functions that the scenario has.
func (f *file) functionNames() []string {
	names := make([]string, len(f.Functions))
	for i, entry := range f.Functions {
		names[i] = entry.Key
	}
	if v := f.AppSpec.spec.Lambda; v != nil {
		names = append(names, v.Function)
	}
	return names
}

func (f functionKey) function(name, folder string) function {
	made := lambda.Function{
		Name: name, Command: f.Command.in(folder), RIE: f.RIE, Webhook: f.Webhook, Dir: within(folder, f.Dir), Handler: f.Handler, Runtime: f.Runtime,
		Timeout: time.Duration(f.Timeout), MemoryMB: f.Memory,
	}
	return function{Function: made, env: f.Env}
}

// within gives a path that is meant relative to a folder.
func within(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// Validate refuses another version of the language.
func (f *file) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if at, ok := n.Get("version"); ok && f.Version != Version {
		d.Problem(at, "version: this greenlight reads version %d", Version)
	}
	f.validateDeployer(d, n)
	f.validatePlatform(d, n)
	f.validateHookFunctions(d, n)
	f.validateFaults(d, n)
	f.validateFunctions(d, n)
	f.validateListeners(d, n)
}

func (f *file) validateFunctions(d *strictyaml.Decoder, n strictyaml.Node) {
	functions, _ := n.Get("functions")
	for _, pair := range functions.Pairs() {
		name := pair.Key.Text()
		if !validFunctionName(name) {
			d.Problem(pair.Key, "functions: a function's name is 1 to 64 letters, digits, hyphens and underscores")
		}
	}
	for _, entry := range f.Functions {
		at, _ := functions.Get(entry.Key)
		f.validateAddresses(d, at, "functions: "+entry.Key, entry.Value.Env)
	}
	if f.forLambda() {
		for key, s := range map[string]side{"blue": f.Blue, "green": f.Green} {
			at, _ := n.Get(key)
			f.validateAddresses(d, at, key, s.Code.Env)
		}
	}
}

// validateAddresses refuses a name in an environment that stands for nothing in this scenario.
func (f *file) validateAddresses(d *strictyaml.Decoder, at strictyaml.Node, whose string, env strictyaml.Map[strictyaml.Text]) {
	for _, variable := range env {
		for _, name := range variable.Value.Names() {
			if err := f.validateAddress(name); err != nil {
				d.Problem(at, "%s: %s needs {{ %s }}, and %s", whose, variable.Key, name, err)
			}
		}
	}
}

const functionLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

func (f *file) scenario(folder string) *Scenario {
	s := &Scenario{
		AppSpec: f.AppSpec.spec, Speed: f.Speed, Expect: f.Expect,
		blue: f.Blue.upstream.in(folder), green: f.Green.upstream.in(folder), customers: f.Traffic.customers(),
		healthCheck: elb.HealthCheck{
			Path: f.HealthCheck.Path, Interval: time.Duration(f.HealthCheck.Interval), Timeout: time.Duration(f.HealthCheck.Timeout),
			HealthyThreshold: f.HealthCheck.Healthy, UnhealthyThreshold: f.HealthCheck.Unhealthy, Matcher: f.HealthCheck.Matcher,
		},
		config: simulator.Config{
			Application: f.Application, Group: f.Group, Alias: f.alias(),
			Production: f.Listeners.Production.config(), Test: f.Listeners.Test.config(), WithoutTestListener: f.Listeners.Test.none,
			TestHook:     codedeploy.WithoutTestListener(f.WithoutTest),
			EndpointPort: int(f.AWS.Port), Deployment: f.Deployment.DeploymentConfig, AutoRollback: f.AutoRollback.AutoRollback,
			HookTimeout: time.Duration(f.HookTimeout), InstallTimeout: time.Duration(f.InstallTimeout),
			TerminationWait: time.Duration(f.TerminationWait), RollbackHooks: f.RollbackHooks,
		},
	}
	for _, fault := range f.Faults {
		s.faults = append(s.faults, fault.Fault)
	}
	if f.ECS.given {
		s.config.ECS = f.ECS.deployments()
	}
	if f.forLambda() {
		name := f.AppSpec.spec.Lambda.Function
		s.versions = []function{f.Blue.Code.function(name, folder), f.Green.Code.function(name, folder)}
	}
	for _, entry := range f.Functions {
		s.functions = append(s.functions, entry.Value.function(entry.Key, folder))
	}
	return s
}

func defaults() *file { return &file{Speed: clock.Slowest, Expect: Expectation{Status: Succeeded}} }

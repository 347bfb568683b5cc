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

// file is a scenario as it is written. The comments of its fields are what editors explain keys with.
type file struct {
	// the version of the language: 1
	Version int `yaml:"version,required"`
	// names and plain values, for {{ vars.NAME }} in any other value
	Vars rawNode `yaml:"vars"` // read before all others
	// the application's name in CodeDeploy
	Application string `yaml:"application"`
	// the deployment group's name in CodeDeploy
	Group string `yaml:"group"`
	// the AppSpec that CodeDeploy deploys, for ECS or Lambda: a path to one in YAML or JSON, or the AppSpec itself, as a mapping or as text
	AppSpec appSpec `yaml:"appspec"`
	// has Amazon ECS deploy the service itself, without CodeDeploy
	ECS ecsFile `yaml:"ecs"`
	// how production traffic shifts: the name of one of AWS's configurations for what is deployed, or steps; all at once
	Deployment deploymentConfig `yaml:"deployment_config"`
	// true for a rollback on failures, false (the default), or the events that set one off
	AutoRollback autoRollback `yaml:"auto_rollback"`
	// the version that serves production at the start
	Blue side `yaml:"blue"`
	// the version that is deployed
	Green side `yaml:"green,required"`
	// the customers: how many requests to the production listener, or invocations of the alias, come in a second
	Traffic traffic `yaml:"traffic"`
	// how the load balancer checks the versions' health
	HealthCheck healthCheck `yaml:"health_check"`
	// where the load balancer listens
	Listeners listeners `yaml:"listeners"`
	// what becomes of a hook for AfterAllowTestTraffic where CodeDeploy has no test listener: refuse (the default), skip or call
	WithoutTest testHook `yaml:"without_test_listener"`
	// the AWS endpoint
	AWS awsFile `yaml:"aws"`
	// the Lambda functions, by name
	Functions strictyaml.Map[functionKey] `yaml:"functions"`
	// how long a hook may take to report; 1h, as in AWS
	HookTimeout strictyaml.Duration `yaml:"hook_timeout"`
	// how long green may take to be healthy; 1h
	InstallTimeout strictyaml.Duration `yaml:"install_timeout"`
	// the time between the shift and the end of blue; none
	TerminationWait strictyaml.Duration `yaml:"termination_wait"`
	// whether rollbacks call the hooks; false
	RollbackHooks bool `yaml:"rollback_hooks"`
	// whether a deployment waits while another one of its group is in progress, where AWS refuses it; false
	Queue bool `yaml:"queue"`
	// how many times as fast as real time simulated waits pass, 1x to 1000x, or instant, which leaps over them; 1x
	Speed Speed `yaml:"speed"`
	// what goes wrong; one key of each says its kind
	Faults []fault `yaml:"faults"`
	// how the deployment is to end; succeeded
	Expect Expectation `yaml:"expect"`
}

// rawNode is a value that is read elsewhere.
type rawNode struct{ strictyaml.Node }

// DecodeNode keeps the node.
func (r *rawNode) DecodeNode(_ *strictyaml.Decoder, n strictyaml.Node) { r.Node = n }

type healthCheck struct {
	// the path that is asked for; /
	Path string `yaml:"path"`
	// the simulated time between two checks; half a second of real time
	Interval strictyaml.Duration `yaml:"interval"`
	// how long an answer may take; 5s
	Timeout strictyaml.Duration `yaml:"timeout"`
	// after how many checks in a row that pass a target is healthy, 2 to 10; 5
	Healthy int `yaml:"healthy"`
	// after how many checks in a row that fail a target is unhealthy, 2 to 10; 2
	Unhealthy int `yaml:"unhealthy"`
	// the statuses that pass, such as 200 or 200-299; "200"
	Matcher string `yaml:"matcher"`
}

// Bounds of the thresholds:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html.
const (
	leastChecks = 2
	mostChecks  = 10
)

// Validate refuses what the load balancer would refuse when it starts, where the place can still be shown.
func (h *healthCheck) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	if at, ok := n.Get("path"); ok && !strings.HasPrefix(h.Path, "/") {
		d.Problem(at, "path: it must start with a slash, such as /health")
	}
	for key, value := range map[string]int{"healthy": h.Healthy, "unhealthy": h.Unhealthy} {
		if at, ok := n.Get(key); ok && (value < leastChecks || value > mostChecks) {
			d.Problem(at, "%s: checks in a row, from %d to %d", key, leastChecks, mostChecks)
		}
	}
}

type awsFile struct {
	// the port of 127.0.0.1 on which the AWS endpoint answers; 0, which is any that is free
	Port port `yaml:"port"`
}

// maxPort is the highest port.
const maxPort = 65535

// port is a port to listen on; 0 for any.
type port int

// DecodeNode reads a port.
func (p *port) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	number, ok := d.Int(n)
	if !ok {
		return
	}
	if number < 0 || number > maxPort {
		d.Problem(n, "%d is not a port: 0 (any that is free) to %d", number, maxPort)
		return
	}
	*p = port(number)
}

// functionKey is a function without its name, which is its key.
type functionKey struct {
	// the program that speaks the Lambda Runtime API, as a list with its arguments or as a text for the shell
	Command command `yaml:"command"`
	// the URL of a Runtime Interface Emulator in which the function runs, in place of a command
	RIE string `yaml:"runtime_interface_emulator"`
	// a URL that gets the events by POST, in place of a command
	Webhook string `yaml:"webhook"`
	// variables of the function's environment, beside those that Lambda sets; values may hold {{ listeners.production }}, {{ listeners.test }}, {{ listeners.ca }} and {{ aws.endpoint }}
	Env strictyaml.Map[strictyaml.Text] `yaml:"env"`
	// the task root, in which the command starts; the scenario's folder
	Dir string `yaml:"dir"`
	// what the function gets as _HANDLER
	Handler string `yaml:"handler"`
	// the runtime's identifier, such as python3.14
	Runtime string `yaml:"runtime"`
	// how long an invocation may take, up to 15m; 3s, as in Lambda
	Timeout strictyaml.Duration `yaml:"timeout"`
	// its memory in MB, 128 to 10240; 128
	Memory int `yaml:"memory"`
}

// ofCommands are keys that say how a command runs.
func ofCommands() []string { return []string{"env", "dir", "handler", "runtime"} }

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
		for _, own := range ofCommands() {
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
			TerminationWait: time.Duration(f.TerminationWait), RollbackHooks: f.RollbackHooks, Queue: f.Queue,
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

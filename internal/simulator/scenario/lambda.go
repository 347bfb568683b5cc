package scenario

import (
	"slices"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// side is blue or green: where a version of the service answers, or how it is started; where the AppSpec is for Lambda, a
// version of the function. Which of them it may be shows when the whole file is read.
// What editors explain its keys with stands at [upstream] and [functionKey].
type side struct {
	URL  string      `yaml:"url"`
	Code functionKey `yaml:",inline"`

	upstream upstream // of ECS
}

// forLambda tells whether a function is deployed, and no service.
func (f *file) forLambda() bool { return f.AppSpec.spec.Lambda != nil }

// validatePlatform sees to it that all parts of the file are for what the AppSpec deploys.
func (f *file) validatePlatform(d *strictyaml.Decoder, n strictyaml.Node) {
	if f.AppSpec.unread() {
		return
	}
	f.validateSides(d, n)
	f.validateConfig(d, n)
	f.validateTraffic(d, n)
	if f.forLambda() {
		f.validateLambda(d, n)
	}
}

// validateSides sees to it that both sides are of the platform's kind.
func (f *file) validateSides(d *strictyaml.Decoder, n strictyaml.Node) {
	for _, key := range []string{"blue", "green"} {
		s := map[string]*side{"blue": &f.Blue, "green": &f.Green}[key]
		at, ok := n.Get(key)
		switch {
		case !ok || !at.IsMapping():
		case f.forLambda():
			s.validateVersion(d, at, key)
		default:
			s.validateUpstream(d, at, key)
		}
	}
}

func (s *side) validateVersion(d *strictyaml.Decoder, n strictyaml.Node, name string) {
	if at, ok := n.Get("url"); ok {
		d.Problem(at, "%s: url: a version of a function has no address; give the command that is its bootstrap, runtime_interface_emulator or webhook", name)
		return
	}
	s.Code.Validate(d, n)
}

func (s *side) validateUpstream(d *strictyaml.Decoder, n strictyaml.Node, name string) {
	foreign := false
	for _, key := range []string{"runtime_interface_emulator", "webhook", "handler", "runtime", "timeout", "memory"} {
		if at, ok := n.Get(key); ok {
			d.Problem(at, "%s: %s: a function's, and it is an ECS service that is deployed", name, key)
			foreign = true
		}
	}
	if foreign {
		return
	}
	s.upstream = upstream{URL: s.URL, Command: s.Code.Command, Env: s.Code.Env, Dir: s.Code.Dir}
	s.upstream.validate(d, n, name)
}

// serviceKeys are the keys of a file that only the deployments of a service have.
func serviceKeys() []string {
	return []string{"listeners", "health_check", "install_timeout", "termination_wait"}
}

// validateLambda refuses what doesn't go with the deployment of a function.
func (f *file) validateLambda(d *strictyaml.Decoder, n strictyaml.Node) {
	for _, key := range serviceKeys() {
		if at, ok := n.Get(key); ok {
			d.Problem(at, "%s: an ECS service's, and the AppSpec deploys a Lambda function", key)
		}
	}
	v := f.AppSpec.spec.Lambda
	at, _ := n.Get("appspec")
	if !validFunctionName(v.Function) || strings.Trim(v.Alias, functionLetters) != "" {
		d.Problem(at, "appspec: %q and %q: the names of a function and of its alias are letters, digits, hyphens and underscores", v.Function, v.Alias)
	}
	for _, version := range []string{v.CurrentVersion, v.TargetVersion} {
		if _, ok := versionNumber(version); !ok {
			d.Problem(at, "appspec: %q is no version that an alias can shift to or from: they are numbers from 1", version)
		}
	}
	functions, _ := n.Get("functions")
	for _, pair := range functions.Pairs() {
		if pair.Key.Text() == v.Function {
			d.Problem(pair.Key, "functions: %s is what is deployed: blue is its version %s, green its version %s", v.Function, v.CurrentVersion, v.TargetVersion)
		}
	}
	f.validateLambdaExpectation(d, n)
}

// validateLambdaExpectation refuses an event that deployments of functions don't have.
func (f *file) validateLambdaExpectation(d *strictyaml.Decoder, n strictyaml.Node) {
	known := eventsOf(codedeploy.PlatformLambda)
	expect, _ := n.Get("expect")
	if at, ok := expect.Get("event"); ok && !slices.Contains(known, f.Expect.Event) {
		d.Problem(at, "expect: %s", strictyaml.Unknown("event of a Lambda deployment", f.Expect.Event, known))
	}
}

// validateConfig refuses a deployment configuration of the other platform.
func (f *file) validateConfig(d *strictyaml.Decoder, n strictyaml.Node) {
	at, ok := n.Get("deployment_config")
	platform := f.AppSpec.spec.Platform()
	if !ok || f.Deployment.Platform == "" || f.Deployment.Platform == platform {
		return
	}
	d.Problem(at, "deployment_config: %s is for %s; %s", f.Deployment.Name, f.Deployment.Platform,
		strictyaml.Unknown("configuration for "+string(platform), f.Deployment.Name, configNames(platform)))
}

// versionNumber reads the number of a published version.
func versionNumber(text string) (int, bool) {
	number, err := strconv.Atoi(text)
	return number, err == nil && number > 0 && strconv.Itoa(number) == text
}

func validFunctionName(name string) bool {
	return name != "" && len(name) <= 64 && strings.Trim(name, functionLetters) == ""
}

// alias is what is deployed, nil for a service.
func (f *file) alias() *simulator.FunctionAlias {
	if v := f.AppSpec.spec.Lambda; v != nil {
		return &simulator.FunctionAlias{Function: v.Function, Name: v.Alias}
	}
	return nil
}

// createAlias publishes the two versions, and points the alias to the current one.
func (s *Scenario) createAlias(sim *simulator.Simulator) error {
	v := s.AppSpec.Lambda
	if v == nil {
		return nil
	}
	versions := map[int]lambda.Function{}
	current, _ := versionNumber(v.CurrentVersion) // both were checked when the file was read
	target, _ := versionNumber(v.TargetVersion)
	for number, f := range map[int]function{current: s.versions[0], target: s.versions[1]} {
		made, err := f.expand(sim)
		if err != nil {
			return err
		}
		versions[number] = made
	}
	return sim.CreateAlias(current, versions)
}

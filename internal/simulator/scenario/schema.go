package scenario

import (
	_ "embed" // the schema
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// The schema is made of this package's definitions, and of their comments, by `go test -run Schema -update`; the tests see
// to it that it is current. So nothing of what makes it is in the binary.
//
//go:embed scenario.schema.json
var schema string

// Schema is the JSON Schema of scenarios, for editors. What it refuses [Parse] refuses as well; Parse knows more.
func Schema() string { return schema }

// JSONSchema describes a scenario.
func (*file) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&file{})
	s.SetProperty("version", strictyaml.Between(Version, Version))
	s.SetProperty("vars", &strictyaml.Schema{Type: strictyaml.Types{"object"}})
	s.Property("functions").PropertyNames = &strictyaml.Schema{Pattern: "^[a-zA-Z0-9_-]{1,64}$"}
	var byCodeDeploy []*strictyaml.Schema
	for _, key := range codeDeployKeys() {
		byCodeDeploy = append(byCodeDeploy, strictyaml.Needs(key))
	}
	invocations := &strictyaml.Schema{Type: strictyaml.Types{"object"}, Required: []string{"payload"}}
	s.DependentSchemas = map[string]*strictyaml.Schema{"ecs": {
		Not: strictyaml.AnyOf(byCodeDeploy...),
		Properties: strictyaml.Properties{
			{Name: "blue", Schema: strictyaml.Of[upstream](d)},
			{Name: "green", Schema: strictyaml.Of[upstream](d)},
			{Name: "traffic", Schema: &strictyaml.Schema{Not: invocations}},
		},
	}}
	newService := &strictyaml.Schema{
		Properties: strictyaml.Properties{{Name: "ecs", Schema: strictyaml.Needs("new_service")}}, Required: []string{"ecs"},
	}
	s.AllOf = []*strictyaml.Schema{
		strictyaml.AnyOf(strictyaml.Needs("appspec"), strictyaml.Needs("ecs")),
		strictyaml.AnyOf(strictyaml.Needs("blue"), newService),
	}
	return s
}

// JSONSchema describes what is read elsewhere.
func (*rawNode) JSONSchema(*strictyaml.Describer) *strictyaml.Schema { return &strictyaml.Schema{} }

// JSONSchema describes an AppSpec in one of its forms. What is in it CodeDeploy's own rules say.
func (*appSpec) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Scalar(), &strictyaml.Schema{Type: strictyaml.Types{"object"}})
}

// JSONSchema describes how ECS deploys.
func (*ecsFile) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&ecsFile{})
	s.SetProperty("tasks", strictyaml.AtLeast(1))
	return s
}

// JSONSchema describes a strategy, whose case doesn't matter.
func (*strategy) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	var any []string
	for _, name := range strategies() {
		any = append(any, strings.Join(eachCase(name), ""))
	}
	return strictyaml.AnyOf(strictyaml.Words(strategies()...), strictyaml.Matching(any...))
}

// eachCase gives expressions for a word's letters in both cases.
func eachCase(word string) []string {
	var list []string
	for _, r := range word {
		list = append(list, "["+string(r)+string(unicode.ToUpper(r))+"]")
	}
	return list
}

// JSONSchema describes a hook: a function or a pause.
func (*ecsHook) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&ecsHook{})
	s.SetProperty("stages", strictyaml.ListOf(strictyaml.Words(hookable()...), 0))
	s.SetProperty("on_timeout", strictyaml.Words(onTimeouts()...))
	s.SetProperty("details", &strictyaml.Schema{Type: strictyaml.Types{"object"}})
	s.AnyOf = []*strictyaml.Schema{strictyaml.Needs("function"), strictyaml.Needs("pause")}
	return s
}

// JSONSchema describes the name of a deployment configuration, or steps.
func (*deploymentConfig) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Words(slices.Sorted(maps.Keys(builtIn()))...), strictyaml.ListOf(strictyaml.Of[step](d), 1))
}

// JSONSchema describes a step.
func (*step) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&step{})
	s.SetProperty("percent", strictyaml.Between(1, 100))
	return s
}

// JSONSchema describes what sets a rollback off.
func (*autoRollback) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	events := strictyaml.Words(codedeploy.DeploymentFailure, codedeploy.DeploymentStopOnRequest)
	return strictyaml.AnyOf(&strictyaml.Schema{Type: strictyaml.Types{"boolean"}}, strictyaml.Filled(), strictyaml.ListOf(events, 0))
}

// JSONSchema describes a side: of a service, or of a function. Which of them the AppSpec says.
func (*side) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Of[upstream](d), strictyaml.Of[functionKey](d))
}

// JSONSchema describes a version of a service: what runs already, or is started.
func (*upstream) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&upstream{})
	s.SetProperty("url", strictyaml.Matching("[hH][tT][tT][pP]://.+"))
	s.OneOf = []*strictyaml.Schema{strictyaml.Needs("url"), strictyaml.Needs("command")}
	return s
}

// JSONSchema describes a command: a program with its arguments, or a text for the shell.
func (*command) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	text := &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: `\S`}
	number := &strictyaml.Schema{Type: strictyaml.Types{"number", "boolean"}}
	return strictyaml.AnyOf(text, number, strictyaml.ListOf(strictyaml.Scalar(), 1))
}

// absolutePath matches what begins with a slash.
const absolutePath = `/(.|\n)*`

// JSONSchema describes the load balancer's health check.
func (*healthCheck) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&healthCheck{})
	s.SetProperty("path", strictyaml.Matching(absolutePath))
	for _, key := range []string{"healthy", "unhealthy"} {
		s.SetProperty(key, strictyaml.Between(leastChecks, mostChecks))
	}
	return s
}

// JSONSchema describes a port.
func (*port) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Between(0, maxPort)
}

// JSONSchema describes a listener: a port, or a mapping.
func (*listener) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&listener{})
	secure := strictyaml.Properties{{Name: "protocol", Schema: strictyaml.Words(https)}}
	s.DependentSchemas = map[string]*strictyaml.Schema{"names": {Properties: secure, Required: []string{"protocol"}}}
	return strictyaml.AnyOf(strictyaml.Of[port](d), s)
}

// JSONSchema describes a listener, or none.
func (*testListener) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Words("none"), strictyaml.Of[listener](d))
}

// JSONSchema describes what a listener speaks.
func (*protocol) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(protocols()...)
}

// JSONSchema describes a rule: one condition or more. What a condition may be the load balancer's own rules say.
func (*rule) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&rule{})
	s.MinProperties = 1
	for _, key := range []string{"header", "query"} {
		s.Property(key).MinProperties = 1
	}
	return s
}

// JSONSchema describes what becomes of a hook without a test listener.
func (*testHook) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(testHooks()...)
}

// JSONSchema describes the customers: their rate, or a mapping.
func (*traffic) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&traffic{})
	s.SetProperty("path", strictyaml.Matching(absolutePath))
	return strictyaml.AnyOf(strictyaml.Of[rate](d), s)
}

// JSONSchema describes a rate.
func (*rate) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	const whole, fraction = `[1-9][0-9]{0,2}(\.[0-9]*)?`, `0?\.[0-9]*[1-9][0-9]*`
	return strictyaml.Matching(`\+?0*(1000(\.0*)?|`+whole+`|`+fraction+`)/s`, exotic+"/s")
}

// JSONSchema describes a function: one of the ways to run it.
func (*functionKey) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&functionKey{})
	s.SetProperty("memory", strictyaml.Between(lambda.DefaultMemoryMB, lambda.MaxMemoryMB))
	for _, key := range []string{"runtime_interface_emulator", "webhook"} {
		s.SetProperty(key, strictyaml.Matching("[hH][tT][tT][pP][sS]?://.+"))
	}
	s.OneOf = []*strictyaml.Schema{strictyaml.Needs("command"), strictyaml.Needs("runtime_interface_emulator"), strictyaml.Needs("webhook")}
	s.DependentRequired = map[string][]string{}
	for _, key := range ofCommands() {
		s.DependentRequired[key] = []string{"command"}
	}
	return s
}

// exotic are numbers in the forms that nobody writes, and that are taken all the same: with an exponent, or hexadecimal.
const exotic = `[+-]?([0-9.]+[eE][+-]?[0-9]+|0[xX][0-9a-fA-F._]+([pP][+-]?[0-9]+)?)`

// JSONSchema describes a speed.
func (*Speed) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	slowest, fastest := 1.0, 1000.0
	return strictyaml.AnyOf(
		strictyaml.Words("instant"),
		strictyaml.Matching(`\+?0*(1000(\.0*)?|[1-9][0-9]{0,2}(\.[0-9]*)?)x?`, exotic+"x?"),
		&strictyaml.Schema{Type: strictyaml.Types{"number"}, Minimum: &slowest, Maximum: &fastest},
	)
}

// JSONSchema describes a percentage.
func (*percent) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	none, all := 0.0, 100.0
	return strictyaml.AnyOf(
		strictyaml.Matching(`\+?0*(100(\.0*)?|[0-9]{1,2}(\.[0-9]*)?|\.[0-9]+)%?`, `-0*\.?0*%?`, exotic+"%?"),
		&strictyaml.Schema{Type: strictyaml.Types{"number"}, Minimum: &none, Maximum: &all},
	)
}

// JSONSchema describes how the deployment is to end.
func (*Expectation) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&Expectation{})
	s.SetProperty("status", strictyaml.Words(ends()...))
	s.SetProperty("event", strictyaml.Of[moment](d))
	return strictyaml.AnyOf(strictyaml.Words(ends()...), s)
}

// operation and moment are what many kinds of faults name.
type (
	operation string
	moment    string
)

// JSONSchema describes what requests to the AWS endpoint ask for.
func (*operation) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(append([]string{everyOperation}, operations()...)...)
}

// JSONSchema describes an event or a stage.
func (*moment) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(moments()...)
}

// JSONSchema describes a fault: a mapping for each kind, with the keys that the kind takes.
func (*fault) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	var each []*strictyaml.Schema
	for _, name := range kindKeys() {
		each = append(each, faultSchema(d, simulator.FaultKind(name)))
	}
	return strictyaml.AnyOf(each...)
}

func faultSchema(d *strictyaml.Describer, name simulator.FaultKind) *strictyaml.Schema {
	kind := faultKinds()[name]
	subject := map[befalls]*strictyaml.Schema{
		anOperation: strictyaml.Of[operation](d), aFunction: strictyaml.Scalar(),
		aSide: strictyaml.Words(simulator.Blue, simulator.Green), aListener: strictyaml.Words(simulator.ProductionListener, simulator.TestListener),
		aDuration: strictyaml.AnyOf(strictyaml.Of[strictyaml.Duration](d), strictyaml.Matching(`-.+`)),
		aSwitch:   strictyaml.AnyOf(&strictyaml.Schema{Enum: []any{true}}, strictyaml.Filled()),
	}[kind.befalls]
	described := *subject
	described.Description = kind.what
	s := &strictyaml.Schema{
		Type: strictyaml.Types{"object"}, Closed: true, Required: []string{string(name)},
		Properties: strictyaml.Properties{{Name: string(name), Schema: &described}},
	}
	add := func(key string, value *strictyaml.Schema) {
		value.Description = modifierDescriptions()[key]
		s.Properties = append(s.Properties, strictyaml.Property{Name: key, Schema: value})
	}
	add("at", strictyaml.Of[moment](d))
	add("for", strictyaml.Of[strictyaml.Duration](d))
	if kind.by || kind.mayHaveBy {
		add("by", strictyaml.Of[strictyaml.Duration](d))
	}
	if kind.rate {
		add("rate", strictyaml.Of[percent](d))
	}
	if kind.counts() {
		add("times", strictyaml.AtLeast(1))
	}
	if kind.by {
		s.Required = append(s.Required, "by")
	}
	return s
}

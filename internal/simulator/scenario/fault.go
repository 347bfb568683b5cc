package scenario

import (
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb/elbapi"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/simulator/sts"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// fault is something that goes wrong. One key says its kind, and has what it befalls as its value.
type fault struct{ simulator.Fault }

// everyOperation is the operation that stands for all.
const everyOperation = "all"

// befalls is what a kind of fault has as its value.
type befalls int

const (
	anOperation befalls = iota
	aFunction
	aSide
	aListener
	aDuration // the clock's skew
	aSwitch   // true
)

// faultKind is what is to be known of a kind.
type faultKind struct {
	befalls   befalls
	what      string // what goes wrong, for who writes a scenario
	by        bool   // whether it needs by
	mayHaveBy bool
	rate      bool // whether it takes rate
}

// counts tells whether it takes times.
func (k faultKind) counts() bool { return k.befalls == anOperation || k.befalls == aFunction }

// faultKinds are the kinds of faults by their keys.
func faultKinds() map[simulator.FaultKind]faultKind {
	return map[simulator.FaultKind]faultKind{
		simulator.Throttle:   {befalls: anOperation, rate: true, what: "an operation of the AWS endpoint, or all: requests are refused with ThrottlingException, or what the service calls it"},
		simulator.Break:      {befalls: anOperation, rate: true, what: "an operation of the AWS endpoint, or all: requests are answered with 500"},
		simulator.DropBefore: {befalls: anOperation, rate: true, what: "an operation of the AWS endpoint, or all: the connection is reset, and nothing done"},
		simulator.DropAfter:  {befalls: anOperation, rate: true, what: "an operation of the AWS endpoint, or all: what was asked is done, and its answer lost"},
		simulator.Hang:       {befalls: anOperation, rate: true, what: "an operation of the AWS endpoint, or all: there is no answer"},
		simulator.Garbage:    {befalls: anOperation, rate: true, what: "an operation of the AWS endpoint, or all: the answer is 200 with what is neither JSON nor XML"},
		simulator.Slow:       {befalls: anOperation, rate: true, by: true, what: "an operation of the AWS endpoint, or all: the answer comes later, by how long by says"},

		simulator.ThrottleFunction: {befalls: aFunction, what: "a function: it isn't run, and asynchronous events come later"},
		simulator.Duplicate:        {befalls: aFunction, what: "a function: asynchronous events are delivered twice"},
		simulator.Lose:             {befalls: aFunction, what: "a function: events are accepted, and never run"},
		simulator.Kill:             {befalls: aFunction, mayHaveBy: true, what: "a function: it is killed as at the end of its memory, by after it has the event"},
		simulator.ColdStart:        {befalls: aFunction, by: true, what: "a function: cold starts take longer, by how long by says, up to 10s"},

		simulator.Unhealthy:  {befalls: aSide, what: "a side: health checks fail"},
		simulator.SlowTarget: {befalls: aSide, by: true, rate: true, what: "a side: each request takes longer, by how long by says; health checks don't"},
		simulator.Reset:      {befalls: aSide, rate: true, what: "a side: connections are reset; those of health checks aren't"},
		simulator.Flap:       {befalls: aSide, by: true, what: "a side: health checks fail for by, pass for by, and so on"},

		simulator.Spread: {befalls: aListener, by: true, what: "a listener: a change takes by to reach all requests"},
		simulator.Revert: {befalls: aListener, by: true, what: "a listener: by after its next change, something puts the former rule back, as infrastructure code does"},

		simulator.ClockSkew:        {befalls: aDuration, what: "how far AWS's clock is ahead, such as 10m or -10m: requests that are signed more than 5 minutes off are refused"},
		simulator.VerifySignatures: {befalls: aSwitch, what: "true: requests must be signed with the functions' credentials"},
	}
}

func kindKeys() []string {
	var keys []string
	for kind := range faultKinds() {
		keys = append(keys, string(kind))
	}
	slices.Sort(keys)
	return keys
}

// DecodeNode reads a fault.
func (f *fault) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsMapping() {
		d.Mismatch(n, "a mapping such as {throttle: PutLifecycleEventHookExecutionStatus, for: 5s}")
		return
	}
	kinds := kindKeys()
	for _, pair := range n.Pairs() {
		switch key := pair.Key.Text(); {
		case slices.Contains(modifiers(), key):
			f.decodeModifier(d, key, pair.Value)
		case !slices.Contains(kinds, key):
			d.Problem(pair.Key, "%s", strictyaml.Unknown("key", key, append(modifiers(), kinds...)))
		case f.Kind != "":
			d.Problem(pair.Key, "a fault is one of %s, and this one is %s already", strings.Join(kinds, ", "), f.Kind)
		default:
			f.Kind = simulator.FaultKind(key)
			f.decodeSubject(d, pair.Value)
		}
	}
	if f.Kind == "" {
		if d.Err() == nil {
			d.Problem(n, "a fault needs one of %s", strings.Join(kinds, ", "))
		}
		return
	}
	f.validate(d, n)
}

// modifiers are the keys that any fault may have, or that its kind takes.
func modifiers() []string { return []string{"at", "by", "for", "rate", "times"} }

// modifierDescriptions say what the modifiers mean.
func modifierDescriptions() map[string]string {
	return map[string]string{
		"at":    "the lifecycle event or stage with which it begins, the next time that a deployment comes to it; left out, it begins at once",
		"by":    "how long, where the kind says so",
		"for":   "ends it after so much simulated time, since it began, or since the first request to an API that it befell",
		"rate":  "the share of requests that it befalls, such as 30%",
		"times": "ends it after so many requests or invocations",
	}
}

func (f *fault) decodeModifier(d *strictyaml.Decoder, key string, n strictyaml.Node) {
	var lasts strictyaml.Duration
	switch key {
	case "for":
		d.Decode(n, &lasts)
		f.For = time.Duration(lasts)
	case "by":
		d.Decode(n, &lasts)
		f.By = time.Duration(lasts)
	case "rate":
		var share percent
		d.Decode(n, &share)
		if f.Rate = float64(share) / 100; f.Rate == 0 && d.Err() == nil {
			d.Problem(n, "rate: above 0")
		}
	case "times":
		d.Decode(n, &f.Times)
		if f.Times < 1 {
			d.Problem(n, "times: it counts from 1")
		}
	case "at":
		d.Decode(n, &f.At)
		if !slices.Contains(moments(), f.At) {
			d.Problem(n, "%s", strictyaml.Unknown("event", f.At, moments()))
		}
	}
}

// moments are the events and stages at which something can begin.
func moments() []string { return append(events(), stages()...) }

// events are CodeDeploy's.
func events() []string { return eventsOf(codedeploy.PlatformECS) }

// eventsOf are those to which deployments of a platform come. Those of Lambda are among those of ECS.
func eventsOf(p codedeploy.Platform) []string {
	var names []string
	for _, event := range p.Events() {
		names = append(names, string(event))
	}
	return names
}

// stages are ECS's.
func stages() []string {
	var names []string
	for _, stage := range ecs.Stages() {
		names = append(names, string(stage))
	}
	return names
}

func (f *fault) decodeSubject(d *strictyaml.Decoder, n strictyaml.Node) {
	kind := faultKinds()[f.Kind]
	switch kind.befalls {
	case aDuration:
		var skew strictyaml.Duration
		n, ok := d.Static(n)
		if !ok {
			return
		}
		text, early := strings.CutPrefix(n.Text(), "-")
		if early { // durations have no sign anywhere else
			read, err := time.ParseDuration(text)
			if err != nil {
				d.Mismatch(n, "a duration such as 10m or -10m")
			}
			f.By = -read
			return
		}
		d.Decode(n, &skew)
		f.By = time.Duration(skew)
		return
	case aSwitch:
		if n, ok := d.Static(n); ok && (!n.IsBool() || !strings.EqualFold(n.Text(), "true")) {
			d.Mismatch(n, "true")
		}
		return
	}
	d.Decode(n, &f.Subject)
	known := map[befalls][]string{
		anOperation: append([]string{everyOperation}, operations()...),
		aSide:       {simulator.Blue, simulator.Green},
		aListener:   {simulator.ProductionListener, simulator.TestListener},
	}[kind.befalls]
	what := map[befalls]string{anOperation: "operation", aSide: "side", aListener: "listener"}[kind.befalls]
	if known != nil && !slices.Contains(known, f.Subject) {
		d.Problem(n, "%s", strictyaml.Unknown(what, f.Subject, known))
		return
	}
	if kind.befalls == anOperation {
		f.Subject = strings.TrimPrefix(f.Subject, everyOperation)
	}
}

// operations are those whose requests can meet faults.
func operations() []string {
	list := slices.Concat(codedeploy.SupportedOperations(), ecs.SupportedOperations(), elbapi.SupportedOperations(), lambda.SupportedOperations(),
		[]string{sts.GetCallerIdentity})
	slices.Sort(list)
	return slices.Compact(list)
}

// validate refuses what the fault's kind doesn't know, and asks for what it needs.
func (f *fault) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	kind := faultKinds()[f.Kind]
	if at, ok := n.Get("rate"); ok && !kind.rate {
		d.Problem(at, "rate: %s befalls no requests", f.Kind)
	}
	if at, ok := n.Get("times"); ok && !kind.counts() {
		d.Problem(at, "times: %s isn't counted", f.Kind)
	}
	at, ok := n.Get("by")
	switch mayHave := kind.by || kind.mayHaveBy; {
	case kind.by && !ok:
		d.Problem(n, "%s needs by, such as by: 2s", f.Kind)
	case ok && !mayHave:
		d.Problem(at, "by: %s takes no time", f.Kind)
	case ok && f.Kind == simulator.ColdStart && f.By > 10*time.Second:
		d.Problem(at, "by: up to 10s; after that Lambda gives an init up")
	}
}

// validateFaults refuses faults of functions and listeners that the file doesn't have.
func (f *file) validateFaults(d *strictyaml.Decoder, n strictyaml.Node) {
	names := f.functionNames()
	list, _ := n.Get("faults")
	for i, item := range list.Items() {
		if i >= len(f.Faults) {
			return
		}
		fault := f.Faults[i]
		at, _ := item.Get(string(fault.Kind))
		if moment, ok := item.Get("at"); ok && fault.At != "" && slices.Contains(moments(), fault.At) {
			f.validateMoment(d, moment, fault.At)
		}
		switch befalls := faultKinds()[fault.Kind].befalls; {
		case f.forLambda() && (befalls == aSide || befalls == aListener):
			d.Problem(at, "%s: the AppSpec deploys a Lambda function, which has no targets and no listeners", fault.Kind)
		case befalls == aFunction && fault.Kind != "" && !slices.Contains(names, fault.Subject):
			d.Problem(at, "%s", missingFunction(fault.Subject, names))
		case fault.Subject == simulator.TestListener && f.Listeners.Test.none && befalls == aListener:
			d.Problem(at, "%s: the scenario has no test listener", fault.Kind)
		}
	}
}

// validateMoment refuses an event of CodeDeploy's where ECS deploys, a stage of ECS's where CodeDeploy does, and an event
// that only deployments of services have where a function is deployed.
func (f *file) validateMoment(d *strictyaml.Decoder, n strictyaml.Node, moment string) {
	known := eventsOf(codedeploy.PlatformLambda)
	switch byECS := slices.Contains(stages(), moment); {
	case f.forLambda() && !slices.Contains(known, moment):
		d.Problem(n, "at: %s", strictyaml.Unknown("event of a Lambda deployment", moment, known))
	case f.ECS.given && !byECS:
		d.Problem(n, "at: %s is an event of CodeDeploy's, and with ecs: it is ECS that deploys: its stages are %s", moment, strings.Join(stages(), ", "))
	case !f.ECS.given && byECS:
		d.Problem(n, "at: %s is a stage of ECS's, and it is CodeDeploy that deploys: its events are %s", moment, strings.Join(events(), ", "))
	}
}

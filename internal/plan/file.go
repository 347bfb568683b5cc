package plan

import (
	"strconv"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Version is the version of the language that this package reads.
const Version = 1

// file is the top of a plan as it is written. A check is decoded when all of its surroundings are: it needs the
// kinds, and takes what its stage and the plan set for all.
type file struct {
	kinds    []check.Kind
	vars     map[string]any
	secrets  []secret.Wanted
	source   Source
	includes *includer

	// Version is that of the language: 1.
	Version version `yaml:"version,required"`
	// Green is where the new version answers: a host, host:port, or a URL. --green wins over it.
	Green strictyaml.Text `yaml:"green"`
	// Blue is where the live version answers: a host, host:port, or a URL. --blue wins over it.
	Blue strictyaml.Text `yaml:"blue"`
	// Vars are values for {{ vars.name }}; --var name=value sets them from outside.
	Vars variables `yaml:"vars"` // read by Language.vars, before all others
	// Secrets are values for {{ secrets.name }}, each with where it is fetched from: ssm:/name, secretsmanager:name#key, env:NAME
	// or file:path.
	Secrets secretSources `yaml:"secrets"` // read by Language.secrets, after them
	// Identity is how green is known when it answers: a request, and what green alone answers.
	Identity identityNode `yaml:"identity"`
	Defaults settings     `yaml:",inline"`
	// Checks are for an execution whose stage isn't known, and for each stage at which green answers and that stages
	// doesn't name.
	Checks checkList `yaml:"checks"`
	// Stages are the points of a deployment, by CodeDeploy's name or ECS's, with what is asked there. A stage that isn't
	// named passes.
	Stages strictyaml.Map[stageFile] `yaml:"stages"`

	identity *Identity
	anywhere *Stage
	stages   map[lifecycle.Stage]*Stage
}

// DefaultCallback is the delay that Amazon ECS takes where a hook names none.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
const DefaultCallback = 30 * time.Second

// settings can stand at the top of a plan, for all stages, and in a stage.
type settings struct {
	// Budget is the time for all checks of a stage together, held against the real deadline when the execution starts.
	Budget span `yaml:"budget"`
	// Serial runs the checks one after the other, in this order; default: side by side.
	Serial *bool `yaml:"serial"`
	// KeepGoing lets the other checks run to their end after one has failed; default: the first failure is the verdict.
	KeepGoing *bool `yaml:"keep_going"`
	// OnInconclusive is what no answer means: fail (default), or pass.
	OnInconclusive *onInconclusive `yaml:"on_inconclusive"`
	// OnRollback is pass (default): a deployment that rolls another one back isn't asked anything; or run.
	OnRollback *onRollback `yaml:"on_rollback"`
	// OnCreate is run (default), or pass: the first deployment of a service isn't asked anything.
	OnCreate *onCreate `yaml:"on_create"`
	// Callback is the least wait for which a function isn't held open where ECS can call it again: default 30s, at least 1s.
	Callback *callback `yaml:"callback"`

	budgetAt strictyaml.Position
}

type stageFile struct {
	settings `yaml:",inline"`
	// Checks are what is asked at the stage, each of one kind.
	Checks checkList `yaml:"checks,required"`
}

// DecodeNode reads what is asked at a stage.
func (s *stageFile) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsMapping() {
		d.Mismatch(n, "a mapping with checks, such as {checks: [http: GET /health]}")
		return
	}
	d.Fields(n, s)
	s.locate(n)
}

// node keeps a value to be decoded later.
type node struct{ strictyaml.Node }

func (k *node) DecodeNode(_ *strictyaml.Decoder, n strictyaml.Node) { k.Node = n }

// Each of these has a schema of its own.
type (
	variables     struct{ node }
	secretSources struct{ node }
	identityNode  struct{ node }
	checkList     struct{ node }
)

// Validate decodes the checks, now that what is common to them is known.
func (f *file) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	f.Defaults.locate(n)
	validateBaseURL(d, n, "green", f.Green)
	validateBaseURL(d, n, "blue", f.Blue)
	notInAddress(d, n, "green", f.Green)
	notInAddress(d, n, "blue", f.Blue)
	if !f.Identity.IsZero() {
		f.identity = decodeIdentity(d, f.Identity.Node, f.kinds)
	}
	if !f.Checks.IsZero() {
		f.anywhere = f.stage(d, "", f.Checks.Node, f.Defaults)
	}
	f.decodeStages(d, n)
	// A misspelled key is the cause, where there is one, and would stand behind this in the verdict's one line.
	if _, asks := n.Get("checks"); !asks && f.namesNoStage(n) && d.Err() == nil {
		d.Problem(n, "the plan asks nothing: it has neither checks nor stages")
	}
}

func (f *file) namesNoStage(n strictyaml.Node) bool {
	stages, ok := n.Get("stages")
	return !ok || stages.IsMapping() && len(stages.Pairs()) == 0
}

func (f *file) decodeStages(d *strictyaml.Decoder, n strictyaml.Node) {
	decoded := map[strictyaml.Position]stageFile{}
	for _, entry := range f.Stages {
		decoded[entry.At] = entry.Value
	}
	f.stages = map[lifecycle.Stage]*Stage{}
	written := map[lifecycle.Stage]string{}
	stagesNode, _ := n.Get("stages")
	for _, pair := range stagesNode.Pairs() {
		own, sound := decoded[pair.Key.Position()]
		if !sound {
			continue // its key is wrong, which is already noted
		}
		name := pair.Key.Text()
		stage, ok := lifecycle.ParseStage(name)
		if !ok {
			d.Note(strictyaml.RuleUnknownKey, pair.Key, "%s", strictyaml.Unknown("stage", name, lifecycle.Names()))
			continue
		}
		if earlier, twice := written[stage]; twice && earlier != name {
			d.Problem(pair.Key, "%s and %s are one stage, which has two names: put its checks under one", earlier, name)
			continue
		}
		written[stage] = name
		if !own.Checks.IsZero() {
			f.stages[stage] = f.stage(d, stage, own.Checks.Node, own.over(f.Defaults))
		}
	}
}

func (f *file) stage(d *strictyaml.Decoder, at lifecycle.Stage, checks strictyaml.Node, s settings) *Stage {
	stage := &Stage{
		Budget: time.Duration(s.Budget), BudgetAt: s.budgetAt, Serial: deref(s.Serial), KeepGoing: deref(s.KeepGoing),
		RunOnRollback: deref(s.OnRollback) == ruleRun, PassOnCreate: deref(s.OnCreate) == rulePass, Callback: DefaultCallback,
	}
	if s.Callback != nil {
		stage.Callback = time.Duration(*s.Callback)
	}
	asked := []strictyaml.Node{checks}
	if at.GreenAnswers() {
		stage.Identity = f.identity
		asked = append(asked, f.Identity.Node)
	}
	stage.Secrets = needed(f.secrets, asked...)
	fingerprint := f.fingerprint(checks, s, stage.Secrets)
	top := level{source: f.source, names: []string{f.source.Name}}
	stage.Checks = f.listed(d, checks, top, s, fingerprint)
	stage.Fingerprint = strconv.FormatUint(fingerprint.Sum64(), 36)
	return stage
}

// fitsBudget refuses a check that could never pass, because its budget is over before it has passed for long enough.
func fitsBudget(d *strictyaml.Decoder, n strictyaml.Node, c *Check, s settings) {
	if lasting, ok := n.Get("for"); ok && c.For != nil && s.Budget > 0 && c.For.Lasting >= time.Duration(s.Budget) {
		d.Problem(lasting, "for: the check is to pass for %s, and the budget (%s) ends it after %s",
			strictyaml.Duration(c.For.Lasting), s.budgetAt, strictyaml.Duration(s.Budget))
	}
}

func (f *file) plan() *Plan {
	return &Plan{Green: f.Green, Blue: f.Blue, anywhere: f.anywhere, stages: f.stages}
}

// validateBaseURL refuses an address that no request could go to, as far as it is known when the plan is read.
func validateBaseURL(d *strictyaml.Decoder, n strictyaml.Node, key string, address strictyaml.Text) {
	literal, known := address.Literal()
	if address.IsZero() || !known {
		return
	}
	if _, err := check.ParseBaseURL(literal); err != nil {
		at, _ := n.Get(key)
		d.Problem(at, "%s: %s", key, err)
	}
}

func (s *settings) locate(n strictyaml.Node) {
	if budget, ok := n.Get("budget"); ok {
		s.budgetAt = budget.Position()
	}
}

// over fills what a stage doesn't set from what the plan sets for all.
func (s settings) over(defaults settings) settings {
	if s.Budget == 0 {
		s.Budget, s.budgetAt = defaults.Budget, defaults.budgetAt
	}
	if s.Serial == nil {
		s.Serial = defaults.Serial
	}
	if s.KeepGoing == nil {
		s.KeepGoing = defaults.KeepGoing
	}
	if s.OnInconclusive == nil {
		s.OnInconclusive = defaults.OnInconclusive
	}
	if s.OnRollback == nil {
		s.OnRollback = defaults.OnRollback
	}
	if s.OnCreate == nil {
		s.OnCreate = defaults.OnCreate
	}
	if s.Callback == nil {
		s.Callback = defaults.Callback
	}
	return s
}

type version int

// DecodeNode refuses a plan in another version of the language, rather than misread it.
func (v *version) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	i, ok := d.Int(n)
	if ok && i != Version {
		d.Problem(n, "this greenlight reads version %d of the language, the plan is in version %d", Version, i)
	}
	*v = version(i)
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

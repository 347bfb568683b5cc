// Package plan is the language in which users say what must be true of green at each stage: a strict YAML file,
// parsed whole, with every problem shown at its place. It knows the common keys of checks and stages; what belongs to
// a kind of check is decoded by the kind.
package plan

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Plan is a parsed plan.
type Plan struct {
	// Source is where the plan came from, for the log.
	Source string
	// Files are what the plan was read from: itself, and the files that it includes, by their names.
	Files []Source
	// Green and Blue are base URLs that win over what is found elsewhere; zero where the plan has none.
	Green, Blue strictyaml.Text

	stages map[lifecycle.Stage]*Stage
	// anywhere are the checks of the plan's top level.
	anywhere *Stage
}

// Stage is what is asked at one stage.
type Stage struct {
	// Budget bounds the checks together; 0 where the plan sets none.
	Budget time.Duration
	// BudgetAt is where the budget stands.
	BudgetAt strictyaml.Position
	// Serial runs the checks one after the other, in the order of the plan.
	Serial bool
	// KeepGoing runs the other checks to their end after one has failed.
	KeepGoing bool
	// RunOnRollback asks the checks in a rollback as well, which is let through otherwise.
	RunOnRollback bool
	// PassOnCreate lets the first deployment of a service through.
	PassOnCreate bool
	// Callback is the least wait for which a function isn't held open, where whoever calls it can call again later.
	Callback time.Duration
	// Identity is how green is known; nil where the plan doesn't say, or green doesn't answer at the stage.
	Identity *Identity
	// Secrets are those that the checks and the identity name, and whoever runs them has to fetch.
	Secrets []secret.Wanted
	Checks  []*Check
	// Fingerprint changes with what the plan asks at the stage, not with how it is written.
	Fingerprint string
}

// Check is one check with what the plan says of it.
type Check struct {
	Name string
	Kind string
	At   strictyaml.Position
	// Timeout bounds one run, retries included.
	Timeout    time.Duration
	Retry      Retry
	Eventually *Eventually
	// For makes a check that has passed pass again and again.
	For *For
	// Warn: the check's outcome is told, and doesn't count.
	Warn bool
	// PassInconclusive: no answer counts as passed.
	PassInconclusive bool

	check.Check
}

// Stage gives what is asked at a stage, nil when nothing is. An unknown stage, the zero one, has the checks of the
// plan's top level; so has each stage at which green answers and that the plan doesn't name.
func (p *Plan) Stage(s lifecycle.Stage) *Stage {
	if stage, named := p.stages[s]; named {
		return stage
	}
	if s.GreenAnswers() {
		return p.anywhere
	}
	return nil
}

// Anywhere gives the checks of the plan's top level, nil when there are none.
func (p *Plan) Anywhere() *Stage { return p.anywhere }

// NeedsStage says that the plan can't be followed without knowing the stage: it has checks for some stages and none
// for all.
func (p *Plan) NeedsStage() bool { return p.anywhere == nil }

// Stages lists the stages that the plan names, sorted.
func (p *Plan) Stages() []lifecycle.Stage {
	names := make([]lifecycle.Stage, 0, len(p.stages))
	for s := range p.stages {
		names = append(names, s)
	}
	slices.Sort(names)
	return names
}

// Language is what a plan may hold besides the common keys.
type Language struct {
	// Kinds are the kinds of check.
	Kinds []check.Kind
	// Names are the names that {{ }} may hold besides vars.
	Names []string
	// Vars are set from outside, and win over the plan's own of the same name. What reads as a number or as true or
	// false is taken for one, unless the plan's own value is text.
	Vars map[string]string
}

// Parse reads a plan, and the files that it includes. The error is strictyaml.Problems: everything that is wrong, in the order
// of the file, and behind it what is wrong with those that it includes.
func (l Language) Parse(source Source) (*Plan, error) {
	root, err := strictyaml.Parse(source.Name, source.Text)
	if err != nil {
		return nil, err
	}
	vars, wrong := l.vars(root)
	secrets, wrongSecrets := l.secrets(root, vars)
	names := strictyaml.Names{Static: map[string]any{"vars": vars}, Later: append(slices.Clone(l.Names), secretNames(secrets)...)}
	dec := strictyaml.NewDecoder(names)
	includes := &includer{language: Language{Kinds: l.Kinds, Names: l.Names}, read: map[string]Source{}}
	file := file{kinds: l.Kinds, vars: vars, secrets: secrets, source: source, includes: includes}
	dec.Decode(root, &file)
	err = together(append(wrong, wrongSecrets...), dec.Err())
	if all := append(problemsOf(err), includes.problems...); len(all) > 0 {
		return nil, all
	}
	p := file.plan()
	p.Source, p.Files = source.Name, []Source{source}
	for _, name := range slices.Sorted(maps.Keys(includes.read)) {
		p.Files = append(p.Files, includes.read[name])
	}
	return p, nil
}

func problemsOf(err error) strictyaml.Problems {
	var problems strictyaml.Problems
	errors.As(err, &problems)
	return problems
}

// together puts problems that were found one after the other into the order of the file.
func together(first strictyaml.Problems, second error) error {
	var all strictyaml.Problems
	errors.As(second, &all)
	if all = append(all, first...); len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b strictyaml.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return all
}

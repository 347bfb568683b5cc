package doctor

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// planOf finds the function's plan: the one that was given, or what its settings have in themselves. A file in the function's
// zip can't be read from here.
func (x *examination) planOf(f *function) (plan.Source, error) {
	if len(x.Plan.Text) > 0 {
		return x.Plan, nil
	}
	setting := f.env(plan.EnvPlan)
	switch {
	case plan.IsRemote(setting):
		return plan.Source{}, errors.New(plan.EnvPlan + " names " + setting + ", in AWS")
	case setting != "" && !strings.ContainsAny(setting, "\n{") && !strings.Contains(setting, ": "):
		return plan.Source{}, errors.New(plan.EnvPlan + " names " + setting + ", in the function's zip")
	case setting != "":
		return plan.Source{Name: plan.EnvPlan, Text: []byte(setting)}, nil
	case f.env(plan.EnvALBURL) != "":
		return plan.Classic(f.env(plan.EnvALBURL), f.env(plan.EnvRoutes)), nil
	}
	return plan.Source{}, errors.New("it may be in the function's zip")
}

func (x *examination) judgePlan(f *function) area {
	a := area{name: "plan of " + f.name()}
	if !f.config.got() && len(x.Plan.Text) == 0 {
		return a
	}
	source, err := x.planOf(f)
	if err != nil {
		a.add(Skip, "plan", "name it with --plan", "the plan could not be read: %s", err)
		return a
	}
	p, err := x.Parse(source)
	if err != nil {
		a.fail("plan", "greenlight validate "+quoted(source.Name)+" shows all that is wrong, each at its place", "%s", firstProblem(err))
		return a
	}
	a.pass("plan", "%s is right", source.Name)
	x.judgeStages(&a, f, p)
	if f.config.got() {
		x.judgeTime(&a, f, p)
	}
	x.judgeSecrets(&a, f)
	return a
}

// firstProblem is the first of a plan's problems, in a line.
func firstProblem(err error) string {
	var problems strictyaml.Problems
	if errors.As(err, &problems) && len(problems) > 0 {
		return problems[0].String() + ": " + problems[0].Message
	}
	return err.Error()
}

// judgeStages compares the plan's stages with those at which the function is called.
func (x *examination) judgeStages(a *area, f *function, p *plan.Plan) {
	called := f.stages()
	if len(called) == 0 {
		return // that no hook calls it is told elsewhere
	}
	agree := true
	for _, s := range p.Stages() {
		if !slices.Contains(called, s) && !slices.Contains(x.stagesCalled(), s) {
			agree = false
			a.warn("plan-stages", addHook(f, s), "the plan has checks for %s, and no hook calls a function there: they are never run", s)
		}
	}
	for _, s := range slices.Compact(slices.Sorted(slices.Values(called))) {
		if p.Stage(s) != nil {
			continue
		}
		agree = false
		const text = "the function is called at %s, for which the plan has no checks: it passes"
		if holdsBack(p, called) {
			a.pass("plan-stages", text, s)
		} else {
			a.warn("plan-stages", "give the plan checks for "+string(s)+", or take the hook away", text, s)
		}
	}
	if agree {
		a.pass("plan-stages", "the plan has checks for all stages at which the function is called")
	}
}

// holdsBack says that the plan has checks of green for a stage that is called before customers reach it. Other stages may well have none: at
// BeforeInstall there is no green.
func holdsBack(p *plan.Plan, called []lifecycle.Stage) bool {
	return slices.ContainsFunc([]lifecycle.Stage{lifecycle.AfterAllowTestTraffic, lifecycle.BeforeAllowTraffic}, func(s lifecycle.Stage) bool {
		return slices.Contains(called, s) && p.Stage(s) != nil
	})
}

// addHook is what makes somebody call the function at a stage.
func addHook(f *function, s lifecycle.Stage) string {
	if f.byECS {
		return "add the stage to the lifecycleStages of the service's hook"
	}
	return "Hooks:\n  - " + string(s) + ": " + f.name()
}

// How long package hook lets an execution for CodeDeploy take over all its rounds, and how many rounds it lets one have.
const (
	codeDeployLimit  = 55 * time.Minute
	codeDeployRounds = 13
)

// longestTimeout is the most that a function can have.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const longestTimeout = 15 * time.Minute

// codeDeployTime is what an execution for CodeDeploy has: short rounds are used up before CodeDeploy's hour.
func (f *function) codeDeployTime() time.Duration {
	return min(codeDeployLimit, codeDeployRounds*f.forChecks())
}

// execution is what the gate would be asked to judge that begins then: over several calls, where the contract or the function's role allows
// them.
func (x *examination) execution(f *function, s lifecycle.Stage, asked *plan.Stage, begins time.Time) gate.Execution {
	e := gate.Execution{Stage: s, Asked: asked}
	switch {
	case f.byECS:
		e.CanSuspend, e.Until = true, begins.Add(hook.DefaultECSLimit)
	case x.mayHandOver(f):
		e.CanSuspend, e.Until = true, begins.Add(f.codeDeployTime())
	}
	return e
}

// asked are the stages at which the function is or will be called, each with what the plan asks there.
func (f *function) asked(p *plan.Plan) map[lifecycle.Stage]*plan.Stage {
	stages := f.stages()
	if len(stages) == 0 {
		stages = p.Stages()
	}
	if len(stages) == 0 {
		stages = []lifecycle.Stage{""}
	}
	asked := map[lifecycle.Stage]*plan.Stage{}
	for _, s := range stages {
		if p.Stage(s) != nil {
			asked[s] = p.Stage(s)
		}
	}
	return asked
}

// knownPlan is the function's plan where it can be read and is right, else nil.
func (x *examination) knownPlan(f *function) *plan.Plan {
	source, err := x.planOf(f)
	if err != nil {
		return nil
	}
	p, err := x.Parse(source)
	if err != nil {
		return nil
	}
	return p
}

// fitsOneCall says that the plan is known, and that its checks have time enough in one call at each stage.
func (x *examination) fitsOneCall(f *function) bool {
	p := x.knownPlan(f)
	if p == nil || !f.config.got() {
		return false
	}
	begins := time.Now()
	for s, asked := range f.asked(p) {
		if gate.Shortfall(gate.Execution{Stage: s, Asked: asked}, begins, f.forChecks()) != "" {
			return false
		}
	}
	return true
}

// judgeTime compares what the checks may take with the function's time-out.
func (x *examination) judgeTime(a *area, f *function, p *plan.Plan) {
	enough, begins, asked := true, time.Now(), f.asked(p)
	for _, s := range slices.Sorted(maps.Keys(asked)) {
		if short := gate.Shortfall(x.execution(f, s, asked[s], begins), begins, f.forChecks()); short != "" {
			enough = false
			remedy := "give the stage a budget, or its checks times, that fit"
			if f.timeout() < longestTimeout {
				remedy = f.configure("--timeout 900")
			}
			a.fail("plan-time", remedy, "%s", short)
		}
	}
	if enough {
		a.pass("plan-time", "the checks have time enough: %s in a call", shown(f.forChecks()))
	}
}

package doctor

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func (x *examination) judgePlan(f *function) area {
	a := area{name: "plan of " + f.name()}
	if !f.config.got() && len(x.Plan.Text) == 0 {
		return a
	}
	x.judgePlace(&a, f)
	switch known := f.plan; {
	case known.err != nil:
		a.fail("plan", "greenlight validate "+quoted(known.name)+" shows all that is wrong, each at its place", "%s", firstProblem(known.err))
	case known.plan == nil && permissionOf(known.unread) != "":
		if !notThere(known.unread) {
			a.skip("plan", "the plan "+known.at.String(), known.unread)
			if denied(known.unread) {
				a.findings[len(a.findings)-1].Text += "; without s3:ListBucket on the bucket S3 says the same of an object that isn't there"
			}
		}
	case known.plan == nil:
		remedy := "name it with --plan"
		if known.at != nil {
			remedy += " " + quoted(known.at.String())
		}
		a.add(Skip, "plan", remedy, "the plan could not be read: %s", known.unread)
	}
	p := f.plan.plan
	if p == nil {
		return a
	}
	a.pass("plan", "%s is right", f.plan.name)
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

// fitsOneCall says that the plan is known, and that its checks have time enough in one call at each stage.
func (x *examination) fitsOneCall(f *function) bool {
	p := f.plan.plan
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

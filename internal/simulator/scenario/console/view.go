package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// Deployment is a deployment as it is shown, be it CodeDeploy's or ECS's own.
type Deployment struct {
	ID string
	// By is who made it: in CodeDeploy's words, or ECS with its strategy.
	By     string
	Status string // in the words of who deploys
	Over   bool
	Events []Event
	// Message is why it failed, as who deploys puts it.
	Message string
	// Succeeded and Stopped tell a good end, and one that was asked for, from a failure.
	Succeeded, Stopped bool

	width int // of the names of its deployer's events or stages, in columns
}

// Event is a lifecycle event, a passage through a stage, or a hook of one.
type Event struct {
	Name string
	// At is the lifecycle event or stage that it is, or that a hook was called at.
	At       string
	Function string // the hook's, where there is one
	Status   string
	Failed   bool
	Message  string
	// Start and End are zero where it hasn't come to that.
	Start, End time.Time
}

// running says that the event's clock runs.
func (e Event) running() bool { return !e.Start.IsZero() && e.End.IsZero() }

// failedAt lists the events that failed.
func (d Deployment) failedAt() []Event {
	return slices.DeleteFunc(slices.Clone(d.Events), func(e Event) bool { return !e.Failed })
}

// rolledBack tells that ECS went back within the deployment.
func (d Deployment) rolledBack() bool { return d.Status == string(ecs.RollbackSuccessful) }

func codeDeployed(d codedeploy.Deployment) Deployment {
	view := Deployment{
		ID: d.ID, By: d.Creator, Status: string(d.Status), Over: d.Status.Ended(),
		Succeeded: d.Status == codedeploy.Succeeded, Stopped: d.Status == codedeploy.Stopped,
		width: eventsWidth,
	}
	if d.Error != nil {
		view.Message = d.Error.Error()
	}
	for _, e := range d.Events {
		view.Events = append(view.Events, codeDeployEvent(e))
	}
	return view
}

func codeDeployEvent(e codedeploy.LifecycleEvent) Event {
	return Event{
		Name: string(e.Name), At: string(e.Name), Function: e.Function, Status: string(e.Status), Failed: e.Status == codedeploy.EventFailed,
		Message: e.Message, Start: e.Start, End: e.End,
	}
}

// progress is a deployment as far as the timeline has told.
type progress struct {
	Deployment
	hooks []hookEvent
}

// hookEvent is a hook of ECS, below the passage during which it was first seen.
type hookEvent struct {
	id    string
	after int // how many passages there were
	event Event
}

// take brings the deployment up to date. It gives the event that has changed, nil where that is something else, and
// whether the entry was about a deployment at all.
func (p *progress) take(entry simulator.Entry) (changed *Event, about bool) {
	switch what := entry.What.(type) {
	case simulator.DeploymentChanged:
		p.Deployment = codeDeployed(what.Deployment)
	case simulator.EventChanged:
		if what.DeploymentID != p.ID {
			return nil, false
		}
		e := codeDeployEvent(what.Event)
		return p.set(e), true
	case simulator.ServiceDeploymentChanged:
		p.service(what.Deployment)
	case simulator.StageChanged:
		if shortID(what.DeploymentARN) != p.ID {
			return nil, false
		}
		return p.set(stageEvent(what.Stage)), true
	case simulator.HookChanged:
		if shortID(what.DeploymentARN) != p.ID {
			return nil, false
		}
		return p.hook(entry.Time, what.Hook), true
	default:
		return nil, false
	}
	return nil, true
}

// set replaces the event of that name, or adds it: ECS's passages are known when they begin.
func (p *progress) set(e Event) *Event {
	for i := range p.Events {
		if p.Events[i].Name == e.Name {
			p.Events[i] = e
			return &p.Events[i]
		}
	}
	p.Events = append(p.Events, e)
	return &p.Events[len(p.Events)-1]
}

// service takes a deployment of ECS. What it says of the stages is the whole; the hooks are what was seen of them.
func (p *progress) service(d ecs.Deployment) {
	if id := shortID(d.ARN); id != p.ID {
		*p = progress{Deployment: Deployment{ID: id}}
	}
	p.By = "ECS, " + string(d.Configuration.Strategy)
	p.Status, p.Message, p.Over = string(d.Status), d.StatusReason, d.Status.Ended()
	p.Succeeded = d.Status == ecs.Successful
	p.Stopped = d.Status == ecs.Stopped
	p.width = stagesWidth(d.Configuration.Strategy)
	p.Events = nil
	for i, run := range d.Stages {
		p.Events = append(p.Events, stageEvent(run))
		for _, h := range p.hooks {
			if h.after == i+1 {
				p.Events = append(p.Events, h.event)
			}
		}
	}
}

// eventsWidth is the width of the names of CodeDeploy's events.
const eventsWidth = 22

// stagesWidth is that of ECS's stages: one of them a rollback passes once more, and where traffic shifts in steps, the two
// around it are passed with each step's share.
func stagesWidth(strategy ecs.Strategy) int {
	runs := []ecs.StageRun{{Stage: ecs.ProductionTrafficShift, Rollback: true}}
	for _, stage := range ecs.Stages() {
		runs = append(runs, ecs.StageRun{Stage: stage})
	}
	if strategy != ecs.BlueGreen {
		runs = append(runs, ecs.StageRun{Stage: ecs.PreProductionTrafficShift, Percent: 10})
	}
	width := 0
	for _, run := range runs {
		width = max(width, len(stageEvent(run).Name))
	}
	return width
}

func stageEvent(run ecs.StageRun) Event {
	name := string(run.Stage)
	if run.Percent > 0 {
		name += fmt.Sprintf(" %g%%", run.Percent)
	}
	if run.Rollback {
		name += ", back"
	}
	return Event{
		Name: name, At: string(run.Stage), Status: string(run.Status), Failed: run.Status == ecs.StageFailed, Message: run.Reason, Start: run.Start, End: run.End,
	}
}

// hook takes what became of a hook. Its times are when that was seen.
func (p *progress) hook(at time.Time, run ecs.HookRun) *Event {
	i := slices.IndexFunc(p.hooks, func(h hookEvent) bool { return h.id == run.ID })
	if i < 0 {
		passages := 0
		for _, e := range p.Events {
			if !strings.HasPrefix(e.Name, hookIndent) {
				passages++
			}
		}
		i = len(p.hooks)
		name := hookIndent + cmp.Or(baseName(run.Function), "pause")
		for n, base := 2, name; slices.ContainsFunc(p.Events, func(e Event) bool { return e.Name == name }); n++ {
			name = fmt.Sprintf("%s (%d)", base, n)
		}
		p.hooks = append(p.hooks, hookEvent{run.ID, passages, Event{Name: name, At: string(run.Stage), Function: run.Function, Start: at}})
	}
	e := &p.hooks[i].event
	e.Status = string(run.Status)
	e.Failed = run.Status == ecs.HookFailed || run.Status == ecs.HookTimedOut
	if run.Status != ecs.HookInProgress && run.Status != ecs.HookAwaitingAction {
		e.End = at
	}
	if run.Calls > 1 {
		e.Message = fmt.Sprintf("%d calls", run.Calls)
	}
	return p.set(*e)
}

// hookIndent sets hooks off from the stages at which they run.
const hookIndent = "  "

// shortID is the last part of an ARN.
func shortID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

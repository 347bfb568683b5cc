package simulatortest

import (
	"fmt"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// Statuses of deployments and events, as CodeDeploy spells them. A deployment that Amazon ECS has rolled back is Failed.
const (
	Succeeded = "Succeeded"
	Failed    = "Failed"
	Stopped   = "Stopped"
	Skipped   = "Skipped" // events only
)

// Deployment is a deployment that is over.
type Deployment struct {
	ID     string
	Status string
	// Events are all lifecycle events, in order; of ECS, the passages through its stages.
	Events []Event
	// Error says why the deployment failed, as CodeDeploy does: HEALTH_CONSTRAINTS: …; empty when it succeeded.
	Error string
	// Rollback is the deployment that took it back; nil where there was none. ECS goes back within the deployment.
	Rollback *Deployment
}

// Event is what became of a lifecycle event, or of a passage through a stage of ECS.
type Event struct {
	Name   string
	Status string
	// Percent is the share of production's traffic that the new version has at the end of a passage through
	// PRODUCTION_TRAFFIC_SHIFT, and Rollback tells the passages back; of ECS only.
	Percent  float64
	Rollback bool
	// Start and End are zero for an event that was skipped.
	Start, End time.Time
	// Message is why the event failed.
	Message string
}

func newDeployment(d codedeploy.Deployment) Deployment {
	out := Deployment{ID: d.ID, Status: string(d.Status)}
	if d.Error != nil {
		out.Error = d.Error.Error()
	}
	for _, e := range d.Events {
		out.Events = append(out.Events, Event{Name: string(e.Name), Status: string(e.Status), Start: e.Start, End: e.End, Message: e.Message})
	}
	return out
}

func newServiceDeployment(d ecs.Deployment) Deployment {
	out := Deployment{ID: d.ARN[strings.LastIndexByte(d.ARN, '/')+1:], Status: Failed, Error: d.StatusReason}
	switch d.Status {
	case ecs.Successful:
		out.Status, out.Error = Succeeded, ""
	case ecs.Stopped:
		out.Status = Stopped
	}
	for _, run := range d.Stages {
		status := map[ecs.StageStatus]string{ecs.StageSucceeded: Succeeded, ecs.StageFailed: Failed}[run.Status]
		out.Events = append(out.Events, Event{
			Name: string(run.Stage), Status: status, Percent: run.Percent, Rollback: run.Rollback,
			Start: run.Start, End: run.End, Message: run.Reason,
		})
	}
	return out
}

// Event gives the first event of this name, the zero Event where there is none.
func (d Deployment) Event(name string) Event {
	for _, e := range d.Events {
		if e.Name == name {
			return e
		}
	}
	return Event{}
}

// String shows the deployment as CodeDeploy's console does, for a test's messages.
func (d Deployment) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", d.ID, d.Status)
	if d.Error != "" {
		fmt.Fprintf(&b, ": %s", d.Error)
	}
	for _, e := range d.Events {
		name := e.Name
		if e.Percent > 0 {
			name += fmt.Sprintf(" %g%%", e.Percent)
		}
		if e.Rollback {
			name += ", back"
		}
		fmt.Fprintf(&b, "\n  %-22s %s", name, e.Status)
		if e.Message != "" {
			fmt.Fprintf(&b, ": %s", e.Message)
		}
	}
	return b.String()
}

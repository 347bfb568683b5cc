package simulatortest

import (
	"fmt"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// Statuses of deployments and events, as CodeDeploy spells them.
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
	// Events are all lifecycle events, in order.
	Events []Event
	// Error says why the deployment failed, as CodeDeploy does: HEALTH_CONSTRAINTS: …; empty when it succeeded.
	Error string
	// Rollback is the deployment that took it back; nil where there was none.
	Rollback *Deployment
}

// Event is what became of a lifecycle event.
type Event struct {
	Name   string
	Status string
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

// Event gives the event of this name, the zero Event where there is none.
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
		fmt.Fprintf(&b, "\n  %-22s %s", e.Name, e.Status)
		if e.Message != "" {
			fmt.Fprintf(&b, ": %s", e.Message)
		}
	}
	return b.String()
}

package verify

import "time"

// Deployment is one that was made, as AWS and the gate's log show it.
type Deployment struct {
	ID      string  `json:"id"`
	Version Version `json:"version,omitempty"` // of a rollback none
	// Status is AWS's word for how it ended, and Why what AWS says to it.
	Status string        `json:"status"`
	Why    string        `json:"why,omitempty"`
	Took   time.Duration `json:"took_ns"`
	// Events are CodeDeploy's lifecycle events; ECS tells none.
	Events []Event `json:"events,omitempty"`
	// Executions are the calls of the gate.
	Executions []Execution `json:"executions"`
	// Rollback is CodeDeploy's, which is a deployment of its own.
	Rollback *Deployment `json:"rollback,omitempty"`
}

// Event is a lifecycle event of CodeDeploy's.
type Event struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

// event is the status of an event; empty where there is none of that name.
func (d Deployment) event(name string) string {
	for _, e := range d.Events {
		if e.Name == name {
			return e.Status
		}
	}
	return ""
}

// execution is the first call at a stage; nil where there was none.
func (d Deployment) execution(stage string) *Execution {
	for i := range d.Executions {
		if d.Executions[i].Stage == stage {
			return &d.Executions[i]
		}
	}
	return nil
}

// failed are the calls that said no.
func (d Deployment) failed() []Execution {
	var no []Execution
	for _, e := range d.Executions {
		if e.Status == "Failed" {
			no = append(no, e)
		}
	}
	return no
}

// The time that a deployment may take: an hour of a hook that never answers, and what comes before it and after.
const (
	deploymentEvery = 5 * time.Second
	deploymentIn    = 90 * time.Minute
)

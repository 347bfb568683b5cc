package codedeploy

import (
	"slices"
	"time"
)

// Event is a lifecycle event of a deployment; Lambda has a part of those that ECS has:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-ecs.
type Event string

// The lifecycle events of ECS, in the order in which they run.
const (
	BeforeInstall         Event = "BeforeInstall"
	Install               Event = "Install"
	AfterInstall          Event = "AfterInstall"
	AllowTestTraffic      Event = "AllowTestTraffic"
	AfterAllowTestTraffic Event = "AfterAllowTestTraffic"
	BeforeAllowTraffic    Event = "BeforeAllowTraffic"
	AllowTraffic          Event = "AllowTraffic"
	AfterAllowTraffic     Event = "AfterAllowTraffic"
)

// Events returns all lifecycle events of ECS in the order in which they run.
func Events() []Event {
	return []Event{
		BeforeInstall, Install, AfterInstall, AllowTestTraffic,
		AfterAllowTestTraffic, BeforeAllowTraffic, AllowTraffic, AfterAllowTraffic,
	}
}

// Hookable reports whether an AppSpec may name a function for the event. The others are
// CodeDeploy's own work.
func (e Event) Hookable() bool {
	return slices.Contains([]Event{BeforeInstall, AfterInstall, AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic}, e)
}

// EventStatus is the status of a lifecycle event:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_LifecycleEvent.html.
type EventStatus string

// The statuses of a lifecycle event.
const (
	EventPending    EventStatus = "Pending"
	EventInProgress EventStatus = "InProgress"
	EventSucceeded  EventStatus = "Succeeded"
	EventFailed     EventStatus = "Failed"
	EventSkipped    EventStatus = "Skipped"
)

// LifecycleEvent is what became of one event of one deployment.
type LifecycleEvent struct {
	Name   Event
	Status EventStatus
	// Function is the hook's function, empty where the AppSpec names none.
	Function string
	// Start and End are zero until the event has started and ended; a skipped event has neither.
	Start, End time.Time
	// ErrorCode and Message are the diagnostics of a failed event, in the words of
	// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_Diagnostics.html.
	ErrorCode, Message string
}

// Duration is how long the event took, 0 until it has ended.
func (e LifecycleEvent) Duration() time.Duration {
	if e.End.IsZero() {
		return 0
	}
	return e.End.Sub(e.Start)
}

// Status is the status of a deployment:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html.
type Status string

// The statuses that a deployment goes through here.
const (
	Created    Status = "Created"
	Queued     Status = "Queued" // behind another deployment of its group
	Ready      Status = "Ready"  // waits for ContinueDeployment
	InProgress Status = "InProgress"
	Succeeded  Status = "Succeeded"
	Failed     Status = "Failed"
	Stopped    Status = "Stopped"
)

// Ended reports whether the deployment is over.
func (s Status) Ended() bool { return s == Succeeded || s == Failed || s == Stopped }

// Who can have started a deployment.
const (
	CreatorUser     = "user"
	CreatorRollback = "codeDeployRollback"
)

// Deployment is a deployment as it stands at one moment.
type Deployment struct {
	ID, Application, Group, Description string
	Creator                             string
	Config                              string // name of the deployment configuration
	Status                              Status
	AppSpec                             AppSpec
	AutoRollback                        AutoRollback
	// Created, Started and Completed are zero until it has come to that.
	Created, Started, Completed time.Time
	Events                      []LifecycleEvent
	// Original serves production before the deployment. Replacement is green; it is nil
	// before Install has brought it up, and after a rollback has ended it. Both are nil on Lambda.
	Original, Replacement *TaskSet
	// Error says why the deployment failed or was stopped.
	Error *ErrorInformation
	// Rollback connects a deployment and its rollback, in both directions.
	Rollback *RollbackInfo
}

// Event returns the lifecycle event of that name.
func (d Deployment) Event(name Event) LifecycleEvent {
	for _, e := range d.Events {
		if e.Name == name {
			return e
		}
	}
	return LifecycleEvent{Name: name}
}

// copy returns a deployment that shares nothing with d that changes.
func (d Deployment) copy() Deployment {
	d.Events = slices.Clone(d.Events)
	return d
}

// ErrorInformation is why a deployment failed; the codes are those of
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html.
type ErrorInformation struct{ Code, Message string }

func (e *ErrorInformation) Error() string { return e.Code + ": " + e.Message }

// RollbackInfo is https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RollbackInfo.html.
type RollbackInfo struct {
	DeploymentID           string // the rollback of this deployment
	TriggeringDeploymentID string // the deployment that this one rolls back
	Message                string
}

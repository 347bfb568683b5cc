package ecs

import (
	"slices"
	"time"
)

// Status is the status of a service deployment:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html.
type Status string

// The statuses of a service deployment.
const (
	Pending            Status = "PENDING"
	InProgress         Status = "IN_PROGRESS"
	StopRequested      Status = "STOP_REQUESTED"
	Stopped            Status = "STOPPED"
	RollbackRequested  Status = "ROLLBACK_REQUESTED"
	RollbackInProgress Status = "ROLLBACK_IN_PROGRESS"
	RollbackSuccessful Status = "ROLLBACK_SUCCESSFUL"
	RollbackFailed     Status = "ROLLBACK_FAILED"
	Successful         Status = "SUCCESSFUL"
)

// Ended reports whether the deployment is over.
func (s Status) Ended() bool {
	return s == Successful || s == Stopped || s == RollbackSuccessful || s == RollbackFailed
}

// Revision is a service revision: a record of what is deployed. The wire calls its
// percentages requested weights, as they don't follow the rule when others change it.
type Revision struct {
	ARN            string
	TaskDefinition string
	TargetGroup    TargetGroup
	Created        time.Time
	Requested      int // tasks
	Running        int // tasks
	// TestWeight and ProductionWeight are percentages.
	TestWeight, ProductionWeight float64
}

// StageStatus is how far a stage has come.
type StageStatus string

// The statuses of a stage.
const (
	StageInProgress StageStatus = "IN_PROGRESS"
	StageSucceeded  StageStatus = "SUCCEEDED"
	StageFailed     StageStatus = "FAILED"
)

// StageRun is one passage through a stage. A stage that has nothing to do is passed all
// the same.
type StageRun struct {
	Stage Stage
	// Percent is the share of production traffic that green has at the end of a passage
	// through PRE_PRODUCTION_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT.
	Percent float64
	// Rollback tells the second passages of the shift stages from the first.
	Rollback bool
	Status   StageStatus
	Start    time.Time
	End      time.Time // zero until it has ended
	Reason   string    // why it failed
}

// HookStatus is the status of one run of a hook:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html.
type HookStatus string

// The statuses of a hook.
const (
	HookAwaitingAction HookStatus = "AWAITING_ACTION"
	HookInProgress     HookStatus = "IN_PROGRESS"
	HookSucceeded      HookStatus = "SUCCEEDED"
	HookFailed         HookStatus = "FAILED"
	HookTimedOut       HookStatus = "TIMED_OUT"
)

// HookRun is one run of a hook at a stage, which may take several calls of its function.
type HookRun struct {
	ID        string
	Type      TargetType
	Function  string // empty for a pause
	Stage     Stage
	Status    HookStatus
	Calls     int // of the function
	Expires   time.Time
	OnTimeout Action
}

// Rollback is why and to what a deployment goes back.
type Rollback struct {
	Reason      string
	Started     time.Time
	RevisionARN string // empty where there is nothing to go back to
}

// Deployment is a service deployment as it stands at one moment.
type Deployment struct {
	ARN, ServiceARN, ClusterARN string
	Status                      Status
	StatusReason                string
	Stage                       Stage // the current or last one
	Configuration               DeploymentConfiguration
	// Source serves production before the deployment; nil where the service is new.
	Source *Revision
	// Target is green.
	Target Revision
	// The times are zero until it has come to that. Stopped is set where it ended without a
	// rollback and without success.
	Created, Started, Finished, Stopped, Updated time.Time
	// Stages lists all passages so far.
	Stages []StageRun
	// Hooks are those of the current stage, or of the last one that had any.
	Hooks    []HookRun
	Rollback *Rollback
}

// copy returns a deployment that shares nothing with d that changes.
func (d Deployment) copy() Deployment {
	d.Stages, d.Hooks = slices.Clone(d.Stages), slices.Clone(d.Hooks)
	if d.Source != nil {
		source := *d.Source
		d.Source = &source
	}
	if d.Rollback != nil {
		rollback := *d.Rollback
		d.Rollback = &rollback
	}
	return d
}

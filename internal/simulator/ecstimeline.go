package simulator

import (
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// ServiceDeploymentChanged is a deployment by ECS that was created, began, moved traffic or tasks, or
// ended.
type ServiceDeploymentChanged struct{ Deployment ecs.Deployment }

// StageChanged is a passage through a lifecycle stage that began or ended. Stage, percent and rollback
// tell it from the others of its deployment.
type StageChanged struct {
	DeploymentARN string
	Stage         ecs.StageRun
}

// HookChanged is a hook of ECS that was called or has another status.
type HookChanged struct {
	DeploymentARN string
	Hook          ecs.HookRun
}

// HookNoticed is what ECS sent to EventBridge.
type HookNoticed struct{ ecs.Notice }

func (ServiceDeploymentChanged) happening() {}
func (StageChanged) happening()             {}
func (HookChanged) happening()              {}
func (HookNoticed) happening()              {}

// StageRow is one line of the table of a deployment by ECS.
type StageRow struct {
	ecs.StageRun
	Duration time.Duration // 0 while the stage hasn't ended
}

// StageTable returns the rows of a deployment by ECS, one for each passage through a stage so far.
func StageTable(d ecs.Deployment) []StageRow {
	rows := make([]StageRow, len(d.Stages))
	for i, run := range d.Stages {
		rows[i].StageRun = run
		if !run.End.IsZero() {
			rows[i].Duration = run.End.Sub(run.Start)
		}
	}
	return rows
}

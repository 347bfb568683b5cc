package scenario

import (
	"context"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// greenDefinition is the task definition of green where ECS deploys, and no AppSpec names one.
const greenDefinition = "green"

// Create starts the scenario's deployment and returns its id, or its ARN where ECS deploys. Its error is a
// [*codedeploy.APIError] or an [*ecs.APIError].
func (s *Scenario) Create(sim *simulator.Simulator) (id string, err error) {
	if s.config.ECS != nil {
		return sim.CreateServiceDeployment(greenDefinition)
	}
	return sim.Create(s.AppSpec)
}

// Wait returns how the deployment ended, once it and its rollback are over, and the customers of
// that moment have their answers.
func (s *Scenario) Wait(ctx context.Context, sim *simulator.Simulator, id string) (Outcome, error) {
	if s.config.ECS != nil {
		d, err := sim.WaitServiceDeployment(ctx, id)
		if err != nil {
			return Outcome{}, err
		}
		return serviceOutcome(d), sim.SettleTraffic(ctx)
	}
	o, err := sim.Wait(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	return outcome(o.Deployment), sim.SettleTraffic(ctx)
}

func outcome(d codedeploy.Deployment) Outcome {
	o := Outcome{Status: map[codedeploy.Status]string{codedeploy.Succeeded: Succeeded, codedeploy.Failed: Failed, codedeploy.Stopped: Stopped}[d.Status]}
	for _, e := range d.Events {
		if e.Status == codedeploy.EventFailed {
			o.FailedAt = append(o.FailedAt, string(e.Name))
		}
	}
	return o
}

// serviceOutcome is that of a deployment by ECS, which fails by being rolled back. One that was stopped may be rolled
// back as well.
func serviceOutcome(d ecs.Deployment) Outcome {
	o := Outcome{Status: Failed}
	switch d.Status {
	case ecs.Successful:
		o.Status = Succeeded
	case ecs.Stopped:
		o.Status = Stopped
	}
	for _, run := range d.Stages {
		if run.Status == ecs.StageFailed {
			o.FailedAt = append(o.FailedAt, string(run.Stage))
		}
	}
	return o
}

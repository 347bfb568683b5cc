package codedeploy

import (
	"errors"
	"fmt"
)

// findAlias gets hold of the alias that a deployment to Lambda shifts. A deployment that starts
// from another version than the alias's would shift more than its AppSpec says, so it fails before
// any hook is asked. AWS documents the error code alone:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ErrorInformation.html.
func (s *Service) findAlias(d *deployment) error {
	v := d.state.AppSpec.Lambda
	if v == nil {
		return nil
	}
	if s.config.Alias == nil {
		return aliasError(v, errors.New("there is no Lambda service"))
	}
	alias, err := s.config.Alias(v.Function, v.Alias)
	if err != nil {
		return aliasError(v, err)
	}
	// A rollback goes back from wherever the deployment came to.
	if current := alias.CurrentVersion(); d.state.Creator != CreatorRollback && current != v.CurrentVersion {
		return aliasError(v, fmt.Errorf("the AppSpec's CurrentVersion is %s, but the alias points to version %s", v.CurrentVersion, current))
	}
	s.change(d, nil, func(*Deployment) { d.alias = alias })
	return nil
}

// routeAlias gives the target version a percentage of the alias's invocations.
func (s *Service) routeAlias(d *deployment, percent int) error {
	v := d.state.AppSpec.Lambda
	if err := d.alias.Shift(v.TargetVersion, float64(percent)/100); err != nil {
		return aliasError(v, err)
	}
	return nil
}

func aliasError(v *FunctionVersions, err error) error {
	message := fmt.Sprintf("The alias %s of the Lambda function %s could not be updated: %v", v.Alias, v.Function, err)
	return &eventError{ErrorInformation: ErrorInformation{"INVALID_LAMBDA_CONFIGURATION", message}, diagnostics: "UnknownError"}
}

// lambdaTarget describes the function as a deployment's target; the caller holds the lock.
func (s *Service) lambdaTarget(d *deployment) *wireLambdaTarget {
	v := d.state.AppSpec.Lambda
	t := wireLambdaTarget{
		DeploymentID: d.state.ID, TargetID: d.targetID(), Status: targetStatus(d.state.Status),
		TargetARN: fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s:%s", s.config.Region, s.config.AccountID, v.Function, v.Alias),
		Function: wireFunction{
			Name: v.Function, Alias: v.Alias, CurrentVersion: v.CurrentVersion, TargetVersion: v.TargetVersion,
		},
	}
	t.LifecycleEvents, t.LastUpdatedAt = wireEventsOf(d.state)
	if d.alias != nil {
		t.Function.TargetWeight = 100 * d.alias.Weights()[v.TargetVersion]
	}
	return &t
}

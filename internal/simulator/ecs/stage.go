package ecs

import "slices"

// Stage is a lifecycle stage of a service deployment:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html#blue-green-deployment-stages.
type Stage string

// The lifecycle stages, in the order in which they run. A linear or canary deployment
// runs the two stages of the production shift once for each step.
const (
	ReconcileService           Stage = "RECONCILE_SERVICE"
	PreScaleUp                 Stage = "PRE_SCALE_UP"
	ScaleUp                    Stage = "SCALE_UP"
	PostScaleUp                Stage = "POST_SCALE_UP"
	TestTrafficShift           Stage = "TEST_TRAFFIC_SHIFT"
	PostTestTrafficShift       Stage = "POST_TEST_TRAFFIC_SHIFT"
	PreProductionTrafficShift  Stage = "PRE_PRODUCTION_TRAFFIC_SHIFT"
	ProductionTrafficShift     Stage = "PRODUCTION_TRAFFIC_SHIFT"
	PostProductionTrafficShift Stage = "POST_PRODUCTION_TRAFFIC_SHIFT"
	BakeTime                   Stage = "BAKE_TIME"
	CleanUp                    Stage = "CLEAN_UP"
)

// Stages returns all lifecycle stages in the order in which they run.
func Stages() []Stage {
	return []Stage{
		ReconcileService, PreScaleUp, ScaleUp, PostScaleUp, TestTrafficShift, PostTestTrafficShift,
		PreProductionTrafficShift, ProductionTrafficShift, PostProductionTrafficShift, BakeTime, CleanUp,
	}
}

// Hookable reports whether a hook of that type may be configured at the stage. Pause
// hooks may not be where a rollback passes, or it would wait for somebody:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html.
func (s Stage) Hookable(target TargetType) bool {
	switch s {
	case ScaleUp, BakeTime, CleanUp:
		return false
	case TestTrafficShift, ProductionTrafficShift:
		return target == TargetLambda
	}
	return slices.Contains(Stages(), s)
}

// Package lifecycle names the points of a deployment at which a hook can be called. CodeDeploy calls them lifecycle
// events, ECS lifecycle stages; where both have a name for the same point, it is one Stage here.
package lifecycle

import "slices"

// Stage is a point of a deployment. Its text is CodeDeploy's name where CodeDeploy has one, else ECS's. The zero
// Stage is an unknown one.
type Stage string

// The stages that can call a hook.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
const (
	ReconcileService       Stage = "RECONCILE_SERVICE"
	BeforeInstall          Stage = "BeforeInstall"
	AfterInstall           Stage = "AfterInstall"
	TestTrafficShift       Stage = "TEST_TRAFFIC_SHIFT"
	AfterAllowTestTraffic  Stage = "AfterAllowTestTraffic"
	BeforeAllowTraffic     Stage = "BeforeAllowTraffic"
	ProductionTrafficShift Stage = "PRODUCTION_TRAFFIC_SHIFT"
	AfterAllowTraffic      Stage = "AfterAllowTraffic"
	ValidateService        Stage = "ValidateService"
)

type named struct {
	stage Stage
	ecs   string // empty: ECS has no such stage
	// answers says that green takes requests at this stage, on the test listener or in production.
	answers bool
}

// stages is in the order of a deployment.
var stages = []named{
	{ReconcileService, "RECONCILE_SERVICE", false},
	{BeforeInstall, "PRE_SCALE_UP", false},
	{AfterInstall, "POST_SCALE_UP", false},
	{TestTrafficShift, "TEST_TRAFFIC_SHIFT", false},
	{AfterAllowTestTraffic, "POST_TEST_TRAFFIC_SHIFT", true},
	{BeforeAllowTraffic, "PRE_PRODUCTION_TRAFFIC_SHIFT", true},
	{ProductionTrafficShift, "PRODUCTION_TRAFFIC_SHIFT", true},
	{AfterAllowTraffic, "POST_PRODUCTION_TRAFFIC_SHIFT", true},
	{ValidateService, "", true},
}

// ParseStage finds the stage that CodeDeploy or ECS calls by this name.
func ParseStage(name string) (Stage, bool) {
	for _, s := range stages {
		if name == string(s.stage) || (name != "" && name == s.ecs) {
			return s.stage, true
		}
	}
	return "", false
}

// ECS is the name that Amazon ECS has for the stage, empty where it has none.
func (s Stage) ECS() string {
	for _, n := range stages {
		if n.stage == s {
			return n.ecs
		}
	}
	return ""
}

// GreenAnswers says whether green takes requests at this stage. At BeforeInstall it doesn't exist, at AfterInstall no
// listener leads to it. Of an unknown stage it is assumed: what is asked there will be asked, and no answer is never
// taken for a good one.
func (s Stage) GreenAnswers() bool {
	for _, n := range stages {
		if n.stage == s {
			return n.answers
		}
	}
	return true
}

// Names are all names of stages, CodeDeploy's and ECS's, in the order of a deployment.
func Names() []string {
	var names []string
	for _, s := range stages {
		names = append(names, string(s.stage))
		if s.ecs != "" {
			names = append(names, s.ecs)
		}
	}
	return slices.Compact(names)
}

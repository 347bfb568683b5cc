// Package migrate takes a service from CodeDeploy's blue/green deployments to Amazon ECS's own: it reads what CodeDeploy
// and the load balancer have, says what the service's configuration is to be, what has no counterpart, and what must be done
// by hand; and it proves in the simulator that a plan gives the same verdicts under both.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-codedeploy-to-ecs-bluegreen.html
package migrate

import (
	"time"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
)

// Source is a service as CodeDeploy deploys it. What isn't known is empty.
type Source struct {
	Application, Group string
	Cluster, Service   string
	AppSpec            appspec.Spec
	// Shift is how production traffic moves.
	Shift Shift
	// Termination is how long blue runs on after the shift.
	Termination time.Duration
	// Approval is how long a deployment waits for somebody to let traffic shift; zero: it doesn't wait.
	Approval time.Duration
	Rollback Rollback
	// Alarms are the names of those that stop a deployment.
	Alarms []string
	// IgnoresAlarmErrors says that a deployment goes on where the alarms can't be read.
	IgnoresAlarmErrors bool
	// Triggers are the names of the group's notices.
	Triggers []string
	Balancer Balancer
	// Tasks are the settings of the tasks that serve production, as ECS's API has them; a member is nil where it isn't known.
	Tasks Tasks
}

// Shift is a way to move traffic. The zero Shift moves it at once.
type Shift struct {
	// Name is the deployment configuration's.
	Name string
	// Canary and Linear exclude each other.
	Canary, Linear *Step
}

// Step is a share of production traffic, in percent, and the wait after it.
type Step struct {
	Percent int
	Wait    time.Duration
}

// Rollback says what sets off a rollback.
type Rollback struct{ OnFailure, OnStop, OnAlarm bool }

// Balancer is what the load balancer has.
type Balancer struct {
	// Live and Other are the ARNs, or the names where no more is known, of the target group with production traffic and of
	// the one that waits.
	Live, Other string
	// ProductionListener and TestListener are ARNs. Without a test listener the latter is empty.
	ProductionListener, TestListener string
	// ProductionRule and TestRule are the ARNs of the rules that lead to the target groups.
	ProductionRule, TestRule string
	// ProductionTargets and TestTargets are the ARNs of the target groups that the rules lead to.
	ProductionTargets, TestTargets []string
	// TestIsDefault says that the test listener's rule is its default one.
	TestIsDefault bool
}

// Tasks are settings of a service's tasks.
type Tasks struct {
	TaskDefinition  string
	PlatformVersion string
	Network         any
	Capacity        any
}

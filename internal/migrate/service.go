package migrate

import (
	"cmp"
	"slices"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// Service is the input of ECS's UpdateService that has ECS deploy the service itself.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
type Service struct {
	Cluster         string         `json:"cluster"`
	Service         string         `json:"service"`
	TaskDefinition  string         `json:"taskDefinition,omitempty"`
	Controller      Controller     `json:"deploymentController"`
	Deployment      Deployment     `json:"deploymentConfiguration"`
	LoadBalancers   []LoadBalancer `json:"loadBalancers"`
	Network         any            `json:"networkConfiguration,omitempty"`
	PlatformVersion string         `json:"platformVersion,omitempty"`
	Capacity        any            `json:"capacityProviderStrategy,omitempty"`
}

// Controller is who deploys.
type Controller struct {
	Type string `json:"type"`
}

// Deployment is how ECS deploys. Times are whole minutes.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
type Deployment struct {
	Strategy       string         `json:"strategy"`
	Bake           int            `json:"bakeTimeInMinutes"`
	Canary         *Canary        `json:"canaryConfiguration,omitempty"`
	Linear         *Linear        `json:"linearConfiguration,omitempty"`
	MaximumPercent int            `json:"maximumPercent"`
	MinimumPercent int            `json:"minimumHealthyPercent"`
	Breaker        CircuitBreaker `json:"deploymentCircuitBreaker"`
	Alarms         *Alarms        `json:"alarms,omitempty"`
	Hooks          []Hook         `json:"lifecycleHooks,omitempty"`
}

// Canary shifts a share of the traffic, in percent, and the rest after a wait.
type Canary struct {
	Percent int `json:"canaryPercent"`
	Bake    int `json:"canaryBakeTimeInMinutes"`
}

// Linear shifts equal shares of the traffic, in percent, with equal waits.
type Linear struct {
	Percent int `json:"stepPercent"`
	Bake    int `json:"stepBakeTimeInMinutes"`
}

// CircuitBreaker ends a deployment whose tasks don't come up.
type CircuitBreaker struct {
	Enable   bool `json:"enable"`
	Rollback bool `json:"rollback"`
}

// Alarms are those that end a deployment.
type Alarms struct {
	Names    []string `json:"alarmNames"`
	Enable   bool     `json:"enable"`
	Rollback bool     `json:"rollback"`
}

// Hook is a lifecycle hook: a function, or a pause.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
type Hook struct {
	Type    string      `json:"targetType,omitempty"`
	Target  string      `json:"hookTargetArn,omitempty"`
	Role    string      `json:"roleArn,omitempty"`
	Stages  []string    `json:"lifecycleStages"`
	Timeout HookTimeout `json:"timeoutConfiguration"`
}

// HookTimeout is how long a hook may take, and what is done then.
type HookTimeout struct {
	Minutes int    `json:"timeoutInMinutes"`
	Action  string `json:"action"`
}

// LoadBalancer is where the tasks are reached.
type LoadBalancer struct {
	TargetGroup   string   `json:"targetGroupArn"`
	ContainerName string   `json:"containerName"`
	ContainerPort int      `json:"containerPort"`
	Advanced      Advanced `json:"advancedConfiguration"`
}

// Advanced is what a blue/green deployment needs of the load balancer. On an Application Load Balancer the rules are rules,
// on a Network Load Balancer listeners.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
type Advanced struct {
	AlternateTargetGroup string `json:"alternateTargetGroupArn"`
	ProductionRule       string `json:"productionListenerRule"`
	TestRule             string `json:"testListenerRule,omitempty"`
	Role                 string `json:"roleArn"`
}

// Names are what is given by hand. What is empty stands in the configuration as a word in capitals, for the user to fill in.
type Names struct {
	// HookRole is the ARN of the role with which ECS calls hooks.
	HookRole string
	// BalancerRole is the ARN of the role with which ECS changes the load balancer's rules.
	BalancerRole string
	// FunctionPrefix is what the ARN of a function begins with, for one that the AppSpec gives by its name; such as
	// "arn:aws:lambda:eu-west-1:123456789012:function:".
	FunctionPrefix string
}

// Words that the user replaces.
const (
	wordCluster      = "CLUSTER"
	wordService      = "SERVICE"
	wordHookRole     = "HOOK_ROLE_ARN"
	wordBalancerRole = "LOAD_BALANCER_ROLE_ARN"
	wordFunctions    = "arn:aws:lambda:REGION:ACCOUNT:function:"
	wordLive         = "PRODUCTION_TARGET_GROUP_ARN"
	wordOther        = "OTHER_TARGET_GROUP_ARN"
	wordRule         = "PRODUCTION_LISTENER_RULE_ARN"
	wordTestRule     = "TEST_LISTENER_RULE_ARN"
	wordContainer    = "CONTAINER"
)

// Bounds of ECS's settings, in minutes.
const (
	maxBake    = 1440
	maxPause   = 20160
	codeDeploy = 60 // for which CodeDeploy waits for a hook
)

// NewService gives the service's configuration, with what a reader must know about it.
func NewService(from Source, names Names) (Service, []Note) {
	to := Service{
		Cluster: cmp.Or(from.Cluster, wordCluster), Service: cmp.Or(from.Service, wordService), TaskDefinition: from.Tasks.TaskDefinition,
		Controller: Controller{"ECS"}, Network: from.Tasks.Network, PlatformVersion: cmp.Or(from.Tasks.PlatformVersion, from.AppSpec.PlatformVersion),
		Capacity:      from.Tasks.Capacity,
		Deployment:    deployment(from, names),
		LoadBalancers: []LoadBalancer{loadBalancer(from, names)},
	}
	return to, notes(from, to)
}

func deployment(from Source, names Names) Deployment {
	d := Deployment{
		Strategy: "BLUE_GREEN", Bake: min(minutes(from.Termination), maxBake), MaximumPercent: 200, MinimumPercent: 100,
		Breaker: CircuitBreaker{Enable: true, Rollback: true},
		Hooks:   hooks(from.AppSpec.Hooks, names),
	}
	switch s := from.Shift; {
	case s.Canary != nil:
		d.Strategy, d.Canary = "CANARY", &Canary{s.Canary.Percent, min(minutes(s.Canary.Wait), maxBake)}
	case s.Linear != nil:
		d.Strategy, d.Linear = "LINEAR", &Linear{s.Linear.Percent, min(minutes(s.Linear.Wait), maxBake)}
	}
	if len(from.Alarms) > 0 {
		d.Alarms = &Alarms{Names: from.Alarms, Enable: true, Rollback: true}
	}
	if from.Approval > 0 {
		d.Hooks = append(d.Hooks, Hook{
			Type: "PAUSE", Stages: []string{lifecycle.AfterAllowTestTraffic.ECS()},
			Timeout: HookTimeout{min(minutes(from.Approval), maxPause), "ROLLBACK"},
		})
	}
	return d
}

// hooks are one for each function, at the stages that CodeDeploy calls it at.
func hooks(of []appspec.Hook, names Names) []Hook {
	var all []Hook
	for _, h := range of {
		stage, known := lifecycle.ParseStage(h.Event)
		if !known || stage.ECS() == "" || h.Function == "" {
			continue
		}
		target := h.Function
		if appspec.FunctionName(target) == target {
			target = cmp.Or(names.FunctionPrefix, wordFunctions) + target
		}
		i := slices.IndexFunc(all, func(known Hook) bool { return known.Target == target })
		if i < 0 {
			i = len(all)
			all = append(all, Hook{Target: target, Role: cmp.Or(names.HookRole, wordHookRole), Timeout: HookTimeout{codeDeploy, "ROLLBACK"}})
		}
		if !slices.Contains(all[i].Stages, stage.ECS()) {
			all[i].Stages = append(all[i].Stages, stage.ECS())
		}
	}
	for _, h := range all {
		slices.SortFunc(h.Stages, func(a, b string) int { return cmp.Compare(order(a), order(b)) })
	}
	return all
}

func order(stage string) int { return slices.Index(lifecycle.Names(), stage) }

func loadBalancer(from Source, names Names) LoadBalancer {
	b := from.Balancer
	to := LoadBalancer{
		TargetGroup: cmp.Or(b.Live, wordLive), ContainerName: cmp.Or(from.AppSpec.Container, wordContainer), ContainerPort: from.AppSpec.Port,
		Advanced: Advanced{
			AlternateTargetGroup: cmp.Or(b.Other, wordOther), ProductionRule: cmp.Or(b.ProductionRule, wordRule), TestRule: b.TestRule,
			Role: cmp.Or(names.BalancerRole, wordBalancerRole),
		},
	}
	if b.TestListener != "" {
		to.Advanced.TestRule = cmp.Or(b.TestRule, wordTestRule)
	}
	return to
}

// minutes rounds up: a shorter wait than before is never meant.
func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

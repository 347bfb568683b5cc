package ecs

import (
	"encoding/json"
	"fmt"
	"time"
)

// The shapes of the API, as far as they are filled here:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Types.html.

type wireLoadBalancer struct {
	TargetGroupARN string        `json:"targetGroupArn,omitempty"`
	ContainerName  string        `json:"containerName,omitempty"`
	ContainerPort  int           `json:"containerPort,omitempty"`
	Advanced       *wireAdvanced `json:"advancedConfiguration,omitempty"`
}

type wireAdvanced struct {
	AlternateARN   string `json:"alternateTargetGroupArn,omitempty"`
	ProductionRule string `json:"productionListenerRule,omitempty"`
	TestRule       string `json:"testListenerRule,omitempty"`
	RoleARN        string `json:"roleArn,omitempty"`
}

type wireConfiguration struct {
	Strategy        Strategy    `json:"strategy,omitempty"`
	BakeTimeMinutes int         `json:"bakeTimeInMinutes"`
	Hooks           []wireHook  `json:"lifecycleHooks"`
	Linear          *wireLinear `json:"linearConfiguration,omitempty"`
	Canary          *wireCanary `json:"canaryConfiguration,omitempty"`
	MaximumPercent  int         `json:"maximumPercent,omitempty"`
	MinimumHealthy  int         `json:"minimumHealthyPercent,omitempty"`

	wireSafeguards
}

// wireSafeguards are kept to be shown again: there are no alarms here, and a deployment whose tasks don't come up
// fails anyway.
type wireSafeguards struct {
	CircuitBreaker json.RawMessage `json:"deploymentCircuitBreaker,omitempty"`
	Alarms         json.RawMessage `json:"alarms,omitempty"`
}

type wireLinear struct {
	Percent     *float64 `json:"stepPercent,omitempty"`
	BakeMinutes *int     `json:"stepBakeTimeInMinutes,omitempty"`
}

type wireCanary struct {
	Percent     *float64 `json:"canaryPercent,omitempty"`
	BakeMinutes *int     `json:"canaryBakeTimeInMinutes,omitempty"`
}

type wireHook struct {
	Type     TargetType      `json:"targetType,omitempty"`
	Function string          `json:"hookTargetArn,omitempty"`
	Role     string          `json:"roleArn,omitempty"`
	Stages   []Stage         `json:"lifecycleStages"`
	Details  json.RawMessage `json:"hookDetails,omitempty"`
	Timeout  *wireTimeout    `json:"timeoutConfiguration,omitempty"`
}

type wireTimeout struct {
	Minutes *int   `json:"timeoutInMinutes,omitempty"`
	Action  Action `json:"action,omitempty"`
}

type wireHookDetail struct {
	ID            string     `json:"hookId"`
	Type          TargetType `json:"targetType"`
	TargetARN     string     `json:"targetArn,omitempty"`
	Status        HookStatus `json:"status"`
	ExpiresAt     float64    `json:"expiresAt"`
	TimeoutAction Action     `json:"timeoutAction"`
}

type wireRevisionSummary struct {
	ARN              string  `json:"arn"`
	Requested        int     `json:"requestedTaskCount"`
	Running          int     `json:"runningTaskCount"`
	Pending          int     `json:"pendingTaskCount"`
	TestWeight       float64 `json:"requestedTestTrafficWeight"`
	ProductionWeight float64 `json:"requestedProductionTrafficWeight"`
}

type wireRollback struct {
	Reason      string  `json:"reason"`
	StartedAt   float64 `json:"startedAt"`
	RevisionARN string  `json:"serviceRevisionArn,omitempty"`
}

type wireDeployment struct {
	ARN          string                `json:"serviceDeploymentArn"`
	ServiceARN   string                `json:"serviceArn"`
	ClusterARN   string                `json:"clusterArn"`
	CreatedAt    float64               `json:"createdAt"`
	StartedAt    float64               `json:"startedAt,omitempty"`
	FinishedAt   float64               `json:"finishedAt,omitempty"`
	StoppedAt    float64               `json:"stoppedAt,omitempty"`
	UpdatedAt    float64               `json:"updatedAt"`
	Sources      []wireRevisionSummary `json:"sourceServiceRevisions"`
	Target       wireRevisionSummary   `json:"targetServiceRevision"`
	Status       Status                `json:"status"`
	StatusReason string                `json:"statusReason,omitempty"`
	// Stage may be PRE_PRODUCTION_TRAFFIC_SHIFT, which the developer guide lists among the
	// stages and the API's enumeration doesn't.
	Stage         Stage             `json:"lifecycleStage,omitempty"`
	HookDetails   []wireHookDetail  `json:"lifecycleHookDetails"`
	Configuration wireConfiguration `json:"deploymentConfiguration"`
	Rollback      *wireRollback     `json:"rollback,omitempty"`
}

type wireDeploymentBrief struct {
	ARN          string  `json:"serviceDeploymentArn"`
	ServiceARN   string  `json:"serviceArn"`
	ClusterARN   string  `json:"clusterArn"`
	StartedAt    float64 `json:"startedAt,omitempty"`
	CreatedAt    float64 `json:"createdAt"`
	FinishedAt   float64 `json:"finishedAt,omitempty"`
	TargetARN    string  `json:"targetServiceRevisionArn"`
	Status       Status  `json:"status"`
	StatusReason string  `json:"statusReason,omitempty"`
}

type wireResolvedLoadBalancer struct {
	TargetGroupARN string `json:"targetGroupArn"`
	ProductionRule string `json:"productionListenerRule"`
}

type wireResolved struct {
	LoadBalancers []wireResolvedLoadBalancer `json:"loadBalancers"`
}

type wireRevision struct {
	ARN            string             `json:"serviceRevisionArn"`
	ServiceARN     string             `json:"serviceArn"`
	ClusterARN     string             `json:"clusterArn"`
	TaskDefinition string             `json:"taskDefinition"`
	LaunchType     string             `json:"launchType"`
	LoadBalancers  []wireLoadBalancer `json:"loadBalancers"`
	CreatedAt      float64            `json:"createdAt"`
	Resolved       wireResolved       `json:"resolvedConfiguration"`
	Images         []wireImage        `json:"containerImages"`

	PlatformVersion   string          `json:"platformVersion"`
	Network           json.RawMessage `json:"networkConfiguration,omitempty"`
	CapacityProviders json.RawMessage `json:"capacityProviderStrategy,omitempty"`
}

// wireImage is the image of a container. Nothing is pulled, so there is no digest.
type wireImage struct {
	Container string `json:"containerName"`
	Image     string `json:"image"`
}

type wireController struct {
	Type Controller `json:"type"`
}

type wireEvent struct {
	ID        string  `json:"id"`
	CreatedAt float64 `json:"createdAt"`
	Message   string  `json:"message"`
}

type wireScale struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

type wireTaskSet struct {
	ID             string             `json:"id"`
	ARN            string             `json:"taskSetArn"`
	ServiceARN     string             `json:"serviceArn"`
	ClusterARN     string             `json:"clusterArn"`
	StartedBy      string             `json:"startedBy,omitempty"`
	ExternalID     string             `json:"externalId,omitempty"`
	Status         TaskSetStatus      `json:"status"`
	TaskDefinition string             `json:"taskDefinition"`
	Desired        int                `json:"computedDesiredCount"`
	Pending        int                `json:"pendingCount"`
	Running        int                `json:"runningCount"`
	CreatedAt      float64            `json:"createdAt"`
	UpdatedAt      float64            `json:"updatedAt"`
	LaunchType     string             `json:"launchType"`
	LoadBalancers  []wireLoadBalancer `json:"loadBalancers"`
	Scale          wireScale          `json:"scale"`
	Stability      string             `json:"stabilityStatus"`
	StabilityAt    float64            `json:"stabilityStatusAt"`
}

type wireCurrentRevision struct {
	ARN       string `json:"arn"`
	Requested int    `json:"requestedTaskCount"`
	Running   int    `json:"runningTaskCount"`
	Pending   int    `json:"pendingTaskCount"`
}

type wireService struct {
	ARN               string                `json:"serviceArn"`
	Name              string                `json:"serviceName"`
	ClusterARN        string                `json:"clusterArn"`
	LoadBalancers     []wireLoadBalancer    `json:"loadBalancers"`
	Status            ServiceStatus         `json:"status"`
	DesiredCount      int                   `json:"desiredCount"`
	RunningCount      int                   `json:"runningCount"`
	PendingCount      int                   `json:"pendingCount"`
	TaskDefinition    string                `json:"taskDefinition"`
	Configuration     wireConfiguration     `json:"deploymentConfiguration"`
	TaskSets          []wireTaskSet         `json:"taskSets,omitempty"`
	Deployments       []wireRollout         `json:"deployments"`
	Events            []wireEvent           `json:"events"`
	CreatedAt         float64               `json:"createdAt"`
	CurrentDeployment string                `json:"currentServiceDeployment,omitempty"`
	CurrentRevisions  []wireCurrentRevision `json:"currentServiceRevisions"`
	Scheduling        string                `json:"schedulingStrategy"`
	Controller        wireController        `json:"deploymentController"`
	Tags              []wireTag             `json:"tags,omitempty"`
	wireServiceGiven
}

// wireRollout is a side of a service, which the API calls a deployment too.
type wireRollout struct {
	ID             string  `json:"id"`
	Status         string  `json:"status"`
	TaskDefinition string  `json:"taskDefinition"`
	DesiredCount   int     `json:"desiredCount"`
	PendingCount   int     `json:"pendingCount"`
	RunningCount   int     `json:"runningCount"`
	FailedTasks    int     `json:"failedTasks"`
	CreatedAt      float64 `json:"createdAt"`
	UpdatedAt      float64 `json:"updatedAt"`
	RolloutState   string  `json:"rolloutState"`
	LaunchType     string  `json:"launchType"`
}

type wireFailure struct {
	ARN    string `json:"arn"`
	Reason string `json:"reason"`
}

// missing is the failure of something that a request names and that isn't there.
func missing(arn string) wireFailure { return wireFailure{arn, "MISSING"} }

// rolling is the strategy that isn't simulated, and the default of AWS.
const rolling Strategy = "ROLLING"

// value reads a deployment configuration from a request.
func (w wireConfiguration) value() (DeploymentConfiguration, error) {
	if w.Strategy == "" || w.Strategy == rolling {
		return DeploymentConfiguration{}, refuse(InvalidParameter,
			"The simulated ECS has no rolling updates. It runs the strategies BLUE_GREEN, LINEAR and CANARY: set one in deploymentConfiguration.strategy; or leave deployments to CodeDeploy with deploymentController CODE_DEPLOY.")
	}
	c := DeploymentConfiguration{Strategy: w.Strategy, BakeTime: time.Duration(w.BakeTimeMinutes) * time.Minute, safeguards: w.wireSafeguards}
	if w.Linear != nil {
		c.Linear = stepsOf(w.Linear.Percent, w.Linear.BakeMinutes, Steps{DefaultLinearPercent, DefaultLinearBake})
	}
	if w.Canary != nil {
		c.Canary = stepsOf(w.Canary.Percent, w.Canary.BakeMinutes, Steps{DefaultCanaryPercent, DefaultCanaryBake})
	}
	for _, h := range w.Hooks {
		hook := Hook{Type: h.Type, Function: h.Function, Role: h.Role, Stages: h.Stages}
		var err error
		if hook.Details, err = detailsOf(h.Details); err != nil {
			return c, err
		}
		if t := h.Timeout; t != nil {
			hook.OnTimeout = t.Action
			if t.Minutes != nil {
				hook.Timeout = time.Duration(*t.Minutes) * time.Minute
				if *t.Minutes == 0 {
					return c, refuse(InvalidParameter, "timeoutInMinutes 0 of a hook is out of range: 1 or more.")
				}
			}
		}
		c.Hooks = append(c.Hooks, hook)
	}
	return c, nil
}

func stepsOf(percent *float64, minutes *int, steps Steps) *Steps {
	if percent != nil {
		steps.Percent = *percent
	}
	if minutes != nil {
		steps.Bake = time.Duration(*minutes) * time.Minute
	}
	return &steps
}

// detailsOf reads hookDetails, which CloudFormation hands over as a string that holds the
// JSON object.
func detailsOf(raw json.RawMessage) (json.RawMessage, error) {
	var text string
	if len(raw) == 0 || raw[0] != '"' {
		return raw, nil
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, refuse(SerializationFailed, "hookDetails can't be read: %v", err)
	}
	return json.RawMessage(text), nil
}

func wireConfigurationOf(c DeploymentConfiguration) wireConfiguration {
	w := wireConfiguration{
		Strategy: c.Strategy, BakeTimeMinutes: minutes(c.BakeTime), Hooks: []wireHook{}, MaximumPercent: 200, MinimumHealthy: 100,
		wireSafeguards: c.safeguards,
	}
	if c.Linear != nil {
		bake := minutes(c.Linear.Bake)
		w.Linear = &wireLinear{&c.Linear.Percent, &bake}
	}
	if c.Canary != nil {
		bake := minutes(c.Canary.Bake)
		w.Canary = &wireCanary{&c.Canary.Percent, &bake}
	}
	for _, h := range c.Hooks {
		timeout := minutes(h.Timeout)
		w.Hooks = append(w.Hooks, wireHook{h.Type, h.Function, h.Role, h.Stages, h.Details, &wireTimeout{&timeout, h.OnTimeout}})
	}
	return w
}

func minutes(d time.Duration) int { return int(d / time.Minute) }

func (svc *service) wireLoadBalancers() []wireLoadBalancer {
	d := svc.Service
	if d.Controller == ControllerCodeDeploy {
		group := d.TargetGroups[0]
		if primary := svc.primaryTaskSet(); primary != nil {
			group = primary.TargetGroup
		}
		return []wireLoadBalancer{{TargetGroupARN: group.ARN, ContainerName: d.ContainerName, ContainerPort: d.ContainerPort}}
	}
	advanced := &wireAdvanced{AlternateARN: d.TargetGroups[1].ARN, ProductionRule: d.Production.ARN(), RoleARN: d.Role}
	if d.Test != nil {
		advanced.TestRule = d.Test.ARN()
	}
	return []wireLoadBalancer{{d.TargetGroups[0].ARN, d.ContainerName, d.ContainerPort, advanced}}
}

func summaryOf(r Revision) wireRevisionSummary {
	return wireRevisionSummary{
		ARN: r.ARN, Requested: r.Requested, Running: r.Running, TestWeight: r.TestWeight, ProductionWeight: r.ProductionWeight,
	}
}

func wireDeploymentOf(s *Scheduler, d Deployment) wireDeployment {
	w := wireDeployment{
		ARN: d.ARN, ServiceARN: d.ServiceARN, ClusterARN: d.ClusterARN,
		CreatedAt: seconds(d.Created), StartedAt: seconds(d.Started), FinishedAt: seconds(d.Finished), StoppedAt: seconds(d.Stopped), UpdatedAt: seconds(d.Updated),
		Sources: []wireRevisionSummary{}, Target: summaryOf(d.Target), Status: d.Status, StatusReason: d.StatusReason, Stage: d.Stage,
		HookDetails: []wireHookDetail{}, Configuration: wireConfigurationOf(d.Configuration),
	}
	if d.Source != nil {
		w.Sources = append(w.Sources, summaryOf(*d.Source))
	}
	for _, h := range d.Hooks {
		w.HookDetails = append(w.HookDetails, wireHookDetail{h.ID, h.Type, s.functionARN(h.Function), h.Status, seconds(h.Expires), h.OnTimeout})
	}
	if r := d.Rollback; r != nil {
		w.Rollback = &wireRollback{r.Reason, seconds(r.Started), r.RevisionARN}
	}
	return w
}

// functionARN is the ARN of a function given by either.
func (s *Scheduler) functionARN(function string) string {
	if function == "" || len(function) > 4 && function[:4] == "arn:" {
		return function
	}
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.config.Region, s.config.AccountID, function)
}

package codedeploy

import (
	"cmp"
	"encoding/json"
)

// The shapes of the API, as far as they are filled here:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_Types.html.

type wireRevision struct {
	RevisionType   string       `json:"revisionType"`
	AppSpecContent *wireContent `json:"appSpecContent,omitempty"`
	String         *wireContent `json:"string,omitempty"`
}

type wireContent struct {
	Content string `json:"content,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
}

type wireAutoRollback struct {
	Enabled bool            `json:"enabled"`
	Events  []RollbackEvent `json:"events"`
}

type wireError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type wireRollbackInfo struct {
	DeploymentID           string `json:"rollbackDeploymentId,omitempty"`
	TriggeringDeploymentID string `json:"rollbackTriggeringDeploymentId,omitempty"`
	Message                string `json:"rollbackMessage,omitempty"`
}

type wireStyle struct {
	DeploymentType   string `json:"deploymentType"`
	DeploymentOption string `json:"deploymentOption"`
}

type wireName struct {
	Name string `json:"name"`
}

type wireRoute struct {
	ListenerARNs []string `json:"listenerArns"`
}

type wireGroupPair struct {
	TargetGroups     []wireName `json:"targetGroups"`
	ProdTrafficRoute wireRoute  `json:"prodTrafficRoute"`
	TestTrafficRoute *wireRoute `json:"testTrafficRoute,omitempty"`
}

type wireLoadBalancerInfo struct {
	TargetGroupPairs []wireGroupPair `json:"targetGroupPairInfoList"`
}

type wireBlueGreen struct {
	Terminate struct {
		Action      string `json:"action"`
		WaitMinutes int    `json:"terminationWaitTimeInMinutes"`
	} `json:"terminateBlueInstancesOnDeploymentSuccess"`
	Ready struct {
		ActionOnTimeout string `json:"actionOnTimeout"`
		WaitMinutes     int    `json:"waitTimeInMinutes"`
	} `json:"deploymentReadyOption"`
}

type wireOverview struct {
	Pending, InProgress, Succeeded, Failed, Skipped, Ready int
}

// wireOptions are what is kept of a request for a deployment to be shown again: they are of deployments to
// servers, but for the alarms, and nothing here sets those off.
type wireOptions struct {
	IgnoreStopFailures bool            `json:"ignoreApplicationStopFailures"`
	OutdatedOnly       bool            `json:"updateOutdatedInstancesOnly"`
	FileExists         string          `json:"fileExistsBehavior,omitempty"`
	OverrideAlarms     json.RawMessage `json:"overrideAlarmConfiguration,omitempty"`
}

type wireDeployment struct {
	ID               string                `json:"deploymentId"`
	Application      string                `json:"applicationName"`
	Group            string                `json:"deploymentGroupName"`
	Config           string                `json:"deploymentConfigName"`
	Description      string                `json:"description,omitempty"`
	Creator          string                `json:"creator"`
	Status           Status                `json:"status"`
	Platform         Platform              `json:"computePlatform"`
	Revision         wireRevision          `json:"revision"`
	PreviousRevision *wireRevision         `json:"previousRevision,omitempty"`
	CreateTime       float64               `json:"createTime"`
	StartTime        float64               `json:"startTime,omitempty"`
	CompleteTime     float64               `json:"completeTime,omitempty"`
	Style            wireStyle             `json:"deploymentStyle"`
	AutoRollback     wireAutoRollback      `json:"autoRollbackConfiguration"`
	BlueGreen        *wireBlueGreen        `json:"blueGreenDeploymentConfiguration,omitempty"`
	LoadBalancerInfo *wireLoadBalancerInfo `json:"loadBalancerInfo,omitempty"`
	Overview         wireOverview          `json:"deploymentOverview"`
	Error            *wireError            `json:"errorInformation,omitempty"`
	Rollback         *wireRollbackInfo     `json:"rollbackInfo,omitempty"`
	// TerminationWait says that the wait before the end of blue has begun.
	TerminationWait bool     `json:"instanceTerminationWaitTimeStarted"`
	Messages        []string `json:"deploymentStatusMessages"`
	wireOptions
}

type wireDiagnostics struct {
	ErrorCode  string `json:"errorCode"`
	ScriptName string `json:"scriptName"`
	Message    string `json:"message"`
	LogTail    string `json:"logTail"`
}

type wireLifecycleEvent struct {
	Name        Event            `json:"lifecycleEventName"`
	Status      EventStatus      `json:"status"`
	StartTime   float64          `json:"startTime,omitempty"`
	EndTime     float64          `json:"endTime,omitempty"`
	Diagnostics *wireDiagnostics `json:"diagnostics,omitempty"`
}

type wireTaskSet struct {
	Identifier    string   `json:"identifer"` //nolint:misspell // AWS's spelling
	DesiredCount  int      `json:"desiredCount"`
	PendingCount  int      `json:"pendingCount"`
	RunningCount  int      `json:"runningCount"`
	Status        string   `json:"status"`
	TrafficWeight float64  `json:"trafficWeight"`
	TargetGroup   wireName `json:"targetGroup"`
	Label         string   `json:"taskSetLabel"`
}

type wireECSTarget struct {
	DeploymentID    string               `json:"deploymentId"`
	TargetID        string               `json:"targetId"`
	TargetARN       string               `json:"targetArn"`
	Status          string               `json:"status"`
	LastUpdatedAt   float64              `json:"lastUpdatedAt"`
	LifecycleEvents []wireLifecycleEvent `json:"lifecycleEvents"`
	TaskSets        []wireTaskSet        `json:"taskSetsInfo"`
}

type wireFunction struct {
	Name           string  `json:"functionName"`
	Alias          string  `json:"functionAlias"`
	CurrentVersion string  `json:"currentVersion"`
	TargetVersion  string  `json:"targetVersion"`
	TargetWeight   float64 `json:"targetVersionWeight"` // percent
}

type wireLambdaTarget struct {
	DeploymentID    string               `json:"deploymentId"`
	TargetID        string               `json:"targetId"`
	TargetARN       string               `json:"targetArn"`
	Status          string               `json:"status"`
	LastUpdatedAt   float64              `json:"lastUpdatedAt"`
	LifecycleEvents []wireLifecycleEvent `json:"lifecycleEvents"`
	Function        wireFunction         `json:"lambdaFunctionInfo"`
}

type wireTarget struct {
	Type         string            `json:"deploymentTargetType"`
	ECSTarget    *wireECSTarget    `json:"ecsTarget,omitempty"`
	LambdaTarget *wireLambdaTarget `json:"lambdaTarget,omitempty"`
}

type wireGroup struct {
	Application      string                `json:"applicationName"`
	ID               string                `json:"deploymentGroupId"`
	Name             string                `json:"deploymentGroupName"`
	Config           string                `json:"deploymentConfigName"`
	Platform         Platform              `json:"computePlatform"`
	ServiceRoleARN   string                `json:"serviceRoleArn"`
	Style            wireStyle             `json:"deploymentStyle"`
	AutoRollback     wireAutoRollback      `json:"autoRollbackConfiguration"`
	BlueGreen        *wireBlueGreen        `json:"blueGreenDeploymentConfiguration,omitempty"`
	LoadBalancerInfo *wireLoadBalancerInfo `json:"loadBalancerInfo,omitempty"`
	ECSServices      []wireECSService      `json:"ecsServices,omitempty"`
	TargetRevision   *wireRevision         `json:"targetRevision,omitempty"`
	LastSuccessful   *wireLastDeployment   `json:"lastSuccessfulDeployment,omitempty"`
	LastAttempted    *wireLastDeployment   `json:"lastAttemptedDeployment,omitempty"`
	wireSurroundings
}

// wireSurroundings are what is kept of a group to be shown again: here there are no alarms, no topics and no
// servers that they could be about.
type wireSurroundings struct {
	Triggers         json.RawMessage `json:"triggerConfigurations,omitempty"`
	Alarms           json.RawMessage `json:"alarmConfiguration,omitempty"`
	OutdatedStrategy string          `json:"outdatedInstancesStrategy,omitempty"`
}

// merge takes over what is given.
func (w *wireSurroundings) merge(given wireSurroundings) {
	if given.Triggers != nil {
		w.Triggers = given.Triggers
	}
	if given.Alarms != nil {
		w.Alarms = given.Alarms
	}
	w.OutdatedStrategy = cmp.Or(given.OutdatedStrategy, w.OutdatedStrategy)
}

type wireECSService struct {
	Service string `json:"serviceName"`
	Cluster string `json:"clusterName"`
}

type wireLastDeployment struct {
	ID         string  `json:"deploymentId"`
	Status     Status  `json:"status"`
	CreateTime float64 `json:"createTime"`
	EndTime    float64 `json:"endTime,omitempty"`
}

package codedeploy

import (
	"errors"
	"fmt"
	"slices"
)

type putStatusInput struct {
	DeploymentID string `json:"deploymentId"`
	ExecutionID  string `json:"lifecycleEventHookExecutionId"`
	Status       string `json:"status"`
}

type putStatusOutput struct {
	ExecutionID string `json:"lifecycleEventHookExecutionId"`
}

func (s *Service) putStatus(in putStatusInput) (putStatusOutput, error) {
	return putStatusOutput{in.ExecutionID}, s.PutLifecycleEventHookExecutionStatus(in.DeploymentID, in.ExecutionID, in.Status)
}

type createDeploymentInput struct {
	Application  string            `json:"applicationName"`
	Group        string            `json:"deploymentGroupName"`
	Config       string            `json:"deploymentConfigName"`
	Description  string            `json:"description"`
	Revision     *wireRevision     `json:"revision"`
	AutoRollback *wireAutoRollback `json:"autoRollbackConfiguration"`
	wireOptions
}

type deploymentID struct {
	ID string `json:"deploymentId"`
}

func (s *Service) createDeployment(in createDeploymentInput) (deploymentID, error) {
	request := DeploymentRequest{Application: in.Application, Group: in.Group, Config: in.Config, Description: in.Description, options: in.wireOptions}
	if !slices.Contains([]string{"", "DISALLOW", "OVERWRITE", "RETAIN"}, in.FileExists) {
		return deploymentID{}, refuse(InvalidFileExistsBehavior, "The file exists behavior %q is not DISALLOW, OVERWRITE or RETAIN.", in.FileExists)
	}
	var err error
	if request.AppSpec, err = in.Revision.spec(); err != nil {
		return deploymentID{}, err
	}
	if in.AutoRollback != nil {
		if request.AutoRollback, err = in.AutoRollback.value(); err != nil {
			return deploymentID{}, err
		}
	}
	id, err := s.CreateDeployment(request)
	return deploymentID{id}, err
}

// Types of revisions that are taken:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_RevisionLocation.html.
const (
	typeAppSpec = "AppSpecContent"
	typeString  = "String"
)

// content returns the text of a revision, which may be given in two ways.
func (r *wireRevision) content() (wireContent, error) {
	switch {
	case r == nil:
		return wireContent{}, refuse(RevisionRequired, "A revision must be specified.")
	case r.RevisionType == typeAppSpec && r.AppSpecContent != nil:
		return *r.AppSpecContent, nil
	case r.RevisionType == typeString && r.String != nil:
		return *r.String, nil
	}
	return wireContent{}, refuse(InvalidRevision, "A revision of type %q with no content of that type: the simulated CodeDeploy takes AppSpecContent and String.", r.RevisionType)
}

func (a wireAutoRollback) value() (AutoRollback, error) {
	if !a.Enabled {
		return AutoRollback{}, nil
	}
	for _, event := range a.Events {
		if event != DeploymentFailure && event != DeploymentStopOnRequest && event != DeploymentStopOnAlarm {
			return nil, refuse(InvalidAutoRollbackConfiguration, "The rollback event %q is not %s, %s or %s.", event, DeploymentFailure, DeploymentStopOnRequest, DeploymentStopOnAlarm)
		}
	}
	return append(AutoRollback{}, a.Events...), nil
}

type stopDeploymentInput struct {
	ID           string `json:"deploymentId"`
	AutoRollback bool   `json:"autoRollbackEnabled"`
}

type stopDeploymentOutput struct {
	Status  string `json:"status"`
	Message string `json:"statusMessage"`
}

func (s *Service) stopDeployment(in stopDeploymentInput) (stopDeploymentOutput, error) {
	if err := s.StopDeployment(in.ID, in.AutoRollback); err != nil {
		return stopDeploymentOutput{}, err
	}
	return stopDeploymentOutput{"Pending", "No more events of the deployment will be started."}, nil
}

type getDeploymentOutput struct {
	Info wireDeployment `json:"deploymentInfo"`
}

func (s *Service) getDeployment(in deploymentID) (getDeploymentOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(in.ID)
	if err != nil {
		return getDeploymentOutput{}, err
	}
	return getDeploymentOutput{wireOf(d)}, nil
}

// wireOf describes a deployment; the caller holds the lock.
func wireOf(d *deployment) wireDeployment {
	info := wireDeployment{
		ID: d.state.ID, Application: d.state.Application, Group: d.state.Group, Config: d.state.Config,
		Description: d.state.Description, Creator: d.state.Creator, Status: d.state.Status, Platform: d.settings.Platform,
		Revision:     reference(d.state.AppSpec),
		CreateTime:   seconds(d.state.Created),
		StartTime:    seconds(d.state.Started),
		CompleteTime: seconds(d.state.Completed),
		Style:        blueGreenStyle(),
		AutoRollback: wireRollbackOf(d.state.AutoRollback),
		BlueGreen:    wireBlueGreenOf(d.settings), LoadBalancerInfo: wireLoadBalancerOf(d.settings),
		TerminationWait: d.terminating, Messages: []string{}, wireOptions: d.options,
	}
	if d.previous != nil {
		info.PreviousRevision = new(reference(*d.previous))
	}
	if e := d.state.Error; e != nil {
		info.Error = &wireError{e.Code, e.Message}
	}
	if r := d.state.Rollback; r != nil {
		info.Rollback = &wireRollbackInfo{r.DeploymentID, r.TriggeringDeploymentID, r.Message}
	}
	switch targetStatus(d.state.Status) { // the service is the one target
	case "Pending":
		info.Overview.Pending = 1
	case "InProgress":
		info.Overview.InProgress = 1
	case "Succeeded":
		info.Overview.Succeeded = 1
	case "Failed":
		info.Overview.Failed = 1
	case "Skipped":
		info.Overview.Skipped = 1
	case "Ready":
		info.Overview.Ready = 1
	}
	return info
}

// reference names a revision by its digest; GetApplicationRevision gives its content.
func reference(a AppSpec) wireRevision {
	if a.isString {
		return wireRevision{RevisionType: typeString, String: &wireContent{SHA256: a.SHA256()}}
	}
	return wireRevision{RevisionType: typeAppSpec, AppSpecContent: &wireContent{SHA256: a.SHA256()}}
}

func blueGreenStyle() wireStyle { return wireStyle{"BLUE_GREEN", "WITH_TRAFFIC_CONTROL"} }

func wireRollbackOf(a AutoRollback) wireAutoRollback {
	return wireAutoRollback{Enabled: len(a) > 0, Events: append([]RollbackEvent{}, a...)}
}

func wireBlueGreenOf(g Group) *wireBlueGreen {
	if g.Platform != PlatformECS {
		return nil
	}
	w := new(wireBlueGreen)
	w.Terminate.Action, w.Terminate.WaitMinutes = "TERMINATE", int(g.TerminationWait.Minutes())
	w.Ready.ActionOnTimeout, w.Ready.WaitMinutes = continueOnTimeout, int(g.RerouteWait.Minutes())
	if g.RerouteWait > 0 {
		w.Ready.ActionOnTimeout = stopOnTimeout
	}
	return w
}

// What becomes of a deployment that nobody continues:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html.
const (
	continueOnTimeout = "CONTINUE_DEPLOYMENT"
	stopOnTimeout     = "STOP_DEPLOYMENT"
)

func wireLoadBalancerOf(g Group) *wireLoadBalancerInfo {
	if g.Platform != PlatformECS {
		return nil
	}
	pair := wireGroupPair{
		TargetGroups:     []wireName{{g.TargetGroups[0]}, {g.TargetGroups[1]}},
		ProdTrafficRoute: wireRoute{[]string{g.Production.ARN()}},
	}
	if g.Test != nil {
		pair.TestTrafficRoute = &wireRoute{[]string{g.Test.ARN()}}
	}
	return &wireLoadBalancerInfo{[]wireGroupPair{pair}}
}

// targetStatus is the status of the service as the deployment's target:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ECSTarget.html.
func targetStatus(s Status) string {
	switch s {
	case Created, Queued:
		return "Pending"
	case Stopped:
		return "Skipped"
	}
	return string(s)
}

type listTargetsInput struct {
	deploymentID
	Filters map[string][]string `json:"targetFilters"`
}

type listTargetsOutput struct {
	IDs []string `json:"targetIds"`
}

// statusFilter names the one filter of targets that isn't of EC2:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeploymentTargets.html.
const statusFilter = "TargetStatus"

func (s *Service) listDeploymentTargets(in listTargetsInput) (listTargetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(in.ID)
	if err != nil {
		return listTargetsOutput{}, err
	}
	for name, statuses := range in.Filters {
		if name != statusFilter {
			return listTargetsOutput{}, refuse(InvalidTargetFilterName, "The target filter %q is not %s.", name, statusFilter)
		}
		if !slices.Contains(statuses, targetStatus(d.state.Status)) {
			return listTargetsOutput{[]string{}}, nil
		}
	}
	return listTargetsOutput{[]string{d.targetID()}}, nil
}

type batchTargetsInput struct {
	ID      string   `json:"deploymentId"`
	Targets []string `json:"targetIds"`
}

type batchTargetsOutput struct {
	Targets []wireTarget `json:"deploymentTargets"`
}

func (s *Service) batchGetDeploymentTargets(in batchTargetsInput) (batchTargetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(in.ID)
	if err != nil {
		return batchTargetsOutput{}, err
	}
	if len(in.Targets) == 0 {
		return batchTargetsOutput{}, refuse(DeploymentTargetIDRequired, "A deployment target ID must be specified.")
	}
	for _, id := range in.Targets {
		if id != d.targetID() {
			return batchTargetsOutput{}, refuse(DeploymentTargetDoesNotExist, "The deployment target %q is not one of deployment %s.", id, in.ID)
		}
	}
	return batchTargetsOutput{[]wireTarget{s.target(d)}}, nil
}

type getTargetInput struct {
	ID     string `json:"deploymentId"`
	Target string `json:"targetId"`
}

type getTargetOutput struct {
	Target wireTarget `json:"deploymentTarget"`
}

func (s *Service) getDeploymentTarget(in getTargetInput) (getTargetOutput, error) {
	var ids []string
	if in.Target != "" {
		ids = []string{in.Target}
	}
	all, err := s.batchGetDeploymentTargets(batchTargetsInput{in.ID, ids})
	if err != nil {
		return getTargetOutput{}, err
	}
	return getTargetOutput{all.Targets[0]}, nil
}

// target describes what a deployment goes to; the caller holds the lock.
func (s *Service) target(d *deployment) wireTarget {
	if d.settings.Platform == PlatformLambda {
		return wireTarget{Type: "LambdaTarget", LambdaTarget: s.lambdaTarget(d)}
	}
	return wireTarget{Type: "ECSTarget", ECSTarget: s.ecsTarget(d)}
}

// targetID names the one target: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentTargets.html.
func (d *deployment) targetID() string {
	if v := d.state.AppSpec.Lambda; v != nil {
		return v.Function
	}
	return d.settings.Cluster + ":" + d.settings.Service
}

// wireEventsOf describes a deployment's events, and tells when the last change was.
func wireEventsOf(d Deployment) (events []wireLifecycleEvent, updated float64) {
	updated = seconds(d.Created)
	for _, e := range d.Events {
		w := wireLifecycleEvent{Name: e.Name, Status: e.Status, StartTime: seconds(e.Start), EndTime: seconds(e.End)}
		if e.ErrorCode != "" {
			w.Diagnostics = &wireDiagnostics{ErrorCode: e.ErrorCode, Message: e.Message}
		}
		events = append(events, w)
		updated = max(updated, w.StartTime, w.EndTime)
	}
	return events, updated
}

// ecsTarget describes the service as a deployment's target; the caller holds the lock.
func (s *Service) ecsTarget(d *deployment) *wireECSTarget {
	g := d.settings
	t := wireECSTarget{
		DeploymentID: d.state.ID, TargetID: d.targetID(), Status: targetStatus(d.state.Status),
		TargetARN: fmt.Sprintf("arn:aws:ecs:%s:%s:service/%s/%s", s.config.Region, s.config.AccountID, g.Cluster, g.Service),
	}
	t.LifecycleEvents, t.LastUpdatedAt = wireEventsOf(d.state)
	weights := g.weights(g.Production)
	sum := 0
	for _, weight := range weights {
		sum += weight
	}
	for label, set := range map[string]*TaskSet{"Blue": d.state.Original, "Green": d.state.Replacement} {
		if set == nil {
			continue
		}
		shown := wireTaskSet{Identifier: set.ID, Status: d.group.taskSetStatus(set.ID), TargetGroup: wireName{set.TargetGroup}, Label: label}
		if shown.Status != draining { // its target group may be another's by now
			shown.DesiredCount, shown.RunningCount = set.Tasks, set.Tasks
			shown.TrafficWeight = 100 * float64(weights[set.TargetGroup]) / float64(max(sum, 1))
		}
		t.TaskSets = append(t.TaskSets, shown)
	}
	slices.SortFunc(t.TaskSets, func(a, b wireTaskSet) int { return len(a.Label) - len(b.Label) }) // Blue first
	return &t
}

// taskSetStatus is the status of a task set in its service:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html.
func (g *group) taskSetStatus(id string) string {
	switch {
	case g.primary.ID == id:
		return "PRIMARY"
	case g.other != nil && g.other.ID == id:
		return "ACTIVE"
	}
	return draining
}

// draining is the status of a task set that is ended.
const draining = "DRAINING"

type continueInput struct {
	ID   string   `json:"deploymentId"`
	Kind WaitType `json:"deploymentWaitType"`
}

func (s *Service) continueDeployment(in continueInput) (struct{}, error) {
	return struct{}{}, s.ContinueDeployment(in.ID, in.Kind)
}

// skipTerminationWait is ContinueDeployment's predecessor, which has another code for a deployment that isn't in the wait:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_SkipWaitTimeForInstanceTermination.html.
func (s *Service) skipTerminationWait(in deploymentID) (struct{}, error) {
	err := s.ContinueDeployment(in.ID, TerminationWait)
	if refused := new(APIError); errors.As(err, &refused) && refused.Code == DeploymentIsNotInReadyState {
		err = refuse(DeploymentNotStarted, "%s", refused.Message)
	}
	return struct{}{}, err
}

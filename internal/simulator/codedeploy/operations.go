package codedeploy

import (
	"crypto/sha256"
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
}

type deploymentID struct {
	ID string `json:"deploymentId"`
}

func (s *Service) createDeployment(in createDeploymentInput) (deploymentID, error) {
	request := DeploymentRequest{Application: in.Application, Group: in.Group, Config: in.Config, Description: in.Description}
	content, err := in.Revision.content()
	if err != nil {
		return deploymentID{}, err
	}
	if request.AppSpec, err = ParseAppSpec(content.Content); err != nil {
		return deploymentID{}, refuse(InvalidRevision, "%v", err)
	}
	if sum := request.AppSpec.SHA256(); content.SHA256 != "" && content.SHA256 != sum {
		return deploymentID{}, refuse(InvalidRevision, "The AppSpec's SHA-256 is %s, not %s.", sum, content.SHA256)
	}
	if in.AutoRollback != nil {
		if request.AutoRollback, err = in.AutoRollback.value(); err != nil {
			return deploymentID{}, err
		}
	}
	id, err := s.CreateDeployment(request)
	return deploymentID{id}, err
}

// content returns the text of a revision, which may be given in two ways.
func (r *wireRevision) content() (wireContent, error) {
	switch {
	case r == nil:
		return wireContent{}, refuse(RevisionRequired, "A revision must be specified.")
	case r.RevisionType == "AppSpecContent" && r.AppSpecContent != nil:
		return *r.AppSpecContent, nil
	case r.RevisionType == "String" && r.String != nil:
		return *r.String, nil
	}
	return wireContent{}, refuse(InvalidRevision, "A revision of type %q with no content of that type: the simulated CodeDeploy takes AppSpecContent and String.", r.RevisionType)
}

func (a wireAutoRollback) value() (AutoRollback, error) {
	if !a.Enabled {
		return AutoRollback{}, nil
	}
	for _, event := range a.Events {
		if event != DeploymentFailure && event != DeploymentStopOnRequest {
			return nil, refuse(InvalidAutoRollbackConfiguration, "The rollback event %q is not %s or %s.", event, DeploymentFailure, DeploymentStopOnRequest)
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
		Description: d.state.Description, Creator: d.state.Creator, Status: d.state.Status, Platform: "ECS",
		Revision:     reference(d.state.AppSpec),
		CreateTime:   seconds(d.state.Created),
		StartTime:    seconds(d.state.Started),
		CompleteTime: seconds(d.state.Completed),
		Style:        blueGreenStyle(),
		AutoRollback: wireRollbackOf(d.state.AutoRollback),
		BlueGreen:    wireBlueGreenOf(d.group.Group), LoadBalancerInfo: wireLoadBalancerOf(d.group.Group),
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
	}
	return info
}

// reference names a revision by its digest; GetApplicationRevision gives its content.
func reference(a AppSpec) wireRevision {
	return wireRevision{RevisionType: "AppSpecContent", AppSpecContent: &wireContent{SHA256: a.SHA256()}}
}

func blueGreenStyle() wireStyle { return wireStyle{"BLUE_GREEN", "WITH_TRAFFIC_CONTROL"} }

func wireRollbackOf(a AutoRollback) wireAutoRollback {
	return wireAutoRollback{Enabled: len(a) > 0, Events: append([]RollbackEvent{}, a...)}
}

func wireBlueGreenOf(g Group) wireBlueGreen {
	var w wireBlueGreen
	w.Terminate.Action, w.Terminate.WaitMinutes = "TERMINATE", int(g.TerminationWait.Minutes())
	w.Ready.ActionOnTimeout = "CONTINUE_DEPLOYMENT"
	return w
}

func wireLoadBalancerOf(g Group) wireLoadBalancerInfo {
	pair := wireGroupPair{
		TargetGroups:     []wireName{{g.TargetGroups[0]}, {g.TargetGroups[1]}},
		ProdTrafficRoute: wireRoute{[]string{g.Production.ARN()}},
	}
	if g.Test != nil {
		pair.TestTrafficRoute = &wireRoute{[]string{g.Test.ARN()}}
	}
	return wireLoadBalancerInfo{[]wireGroupPair{pair}}
}

// targetStatus is the status of the service as the deployment's target:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ECSTarget.html.
func targetStatus(s Status) string {
	switch s {
	case Created:
		return "Pending"
	case Stopped:
		return "Skipped"
	}
	return string(s)
}

type listTargetsOutput struct {
	IDs []string `json:"targetIds"`
}

func (s *Service) listDeploymentTargets(in deploymentID) (listTargetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.find(in.ID)
	if err != nil {
		return listTargetsOutput{}, err
	}
	return listTargetsOutput{[]string{d.group.targetID()}}, nil
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
		if id != d.group.targetID() {
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

// target describes the service as a deployment's target; the caller holds the lock.
func (s *Service) target(d *deployment) wireTarget {
	g := d.group.Group
	t := wireECSTarget{
		DeploymentID: d.state.ID, TargetID: g.targetID(), Status: targetStatus(d.state.Status),
		TargetARN:     fmt.Sprintf("arn:aws:ecs:%s:%s:service/%s/%s", s.config.Region, s.config.AccountID, g.Cluster, g.Service),
		LastUpdatedAt: seconds(d.state.Created),
	}
	for _, e := range d.state.Events {
		w := wireLifecycleEvent{Name: e.Name, Status: e.Status, StartTime: seconds(e.Start), EndTime: seconds(e.End)}
		if e.ErrorCode != "" {
			w.Diagnostics = &wireDiagnostics{ErrorCode: e.ErrorCode, Message: e.Message}
		}
		t.LifecycleEvents = append(t.LifecycleEvents, w)
		t.LastUpdatedAt = max(t.LastUpdatedAt, w.StartTime, w.EndTime)
	}
	weights := g.Production.Weights()
	sum := 0
	for _, weight := range weights {
		sum += weight
	}
	for label, set := range map[string]*TaskSet{"Blue": d.state.Original, "Green": d.state.Replacement} {
		if set == nil {
			continue
		}
		t.TaskSets = append(t.TaskSets, wireTaskSet{
			Identifier: set.ID, DesiredCount: set.Tasks, RunningCount: set.Tasks, Status: d.group.taskSetStatus(set.ID),
			TrafficWeight: 100 * float64(weights[set.TargetGroup]) / float64(max(sum, 1)),
			TargetGroup:   wireName{set.TargetGroup}, Label: label,
		})
	}
	slices.SortFunc(t.TaskSets, func(a, b wireTaskSet) int { return len(a.Label) - len(b.Label) }) // Blue first
	return wireTarget{"ECSTarget", t}
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
	return "DRAINING"
}

type getGroupInput struct {
	Application string `json:"applicationName"`
	Group       string `json:"deploymentGroupName"`
}

type getGroupOutput struct {
	Info wireGroup `json:"deploymentGroupInfo"`
}

func (s *Service) getDeploymentGroup(in getGroupInput) (getGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findGroup(in.Application, in.Group)
	if err != nil {
		return getGroupOutput{}, err
	}
	info := wireGroup{
		Application: g.Application, Name: g.Name, ID: groupID(g.Application, g.Name),
		Config: g.Config.Name, Platform: "ECS",
		ServiceRoleARN: fmt.Sprintf("arn:aws:iam::%s:role/CodeDeployServiceRole", s.config.AccountID),
		Style:          blueGreenStyle(), AutoRollback: wireRollbackOf(g.AutoRollback),
		BlueGreen: wireBlueGreenOf(g.Group), LoadBalancerInfo: wireLoadBalancerOf(g.Group),
		ECSServices:    []wireECSService{{g.Service, g.Cluster}},
		LastSuccessful: lastDeployment(g.successful), LastAttempted: lastDeployment(g.attempted),
	}
	if g.successful != nil {
		revision := reference(g.successful.AppSpec)
		info.TargetRevision = &revision
	}
	return getGroupOutput{info}, nil
}

// groupID is a UUID that a group keeps: it is made of the group's names.
func groupID(application, name string) string {
	b := sha256.Sum256([]byte(application + "\x00" + name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func lastDeployment(d *Deployment) *wireLastDeployment {
	if d == nil {
		return nil
	}
	return &wireLastDeployment{d.ID, d.Status, seconds(d.Created), seconds(d.Completed)}
}

type getRevisionInput struct {
	Application string        `json:"applicationName"`
	Revision    *wireRevision `json:"revision"`
}

type getRevisionOutput struct {
	Application string       `json:"applicationName"`
	Revision    wireRevision `json:"revision"`
	Info        struct {
		Groups []string `json:"deploymentGroups"`
	} `json:"revisionInfo"`
}

// getApplicationRevision finds the content of an AppSpec by its digest.
func (s *Service) getApplicationRevision(in getRevisionInput) (getRevisionOutput, error) {
	asked, err := in.Revision.content()
	if err != nil {
		return getRevisionOutput{}, err
	}
	if in.Application == "" {
		return getRevisionOutput{}, refuse(ApplicationNameRequired, "An application name must be specified.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deployments {
		spec := d.state.AppSpec
		if d.state.Application != in.Application || asked.SHA256 != spec.SHA256() {
			continue
		}
		out := getRevisionOutput{Application: in.Application, Revision: reference(spec)}
		out.Revision.AppSpecContent.Content = spec.Content()
		out.Info.Groups = []string{d.state.Group}
		return out, nil
	}
	return getRevisionOutput{}, refuse(RevisionDoesNotExist, "Application %s has no revision with the SHA-256 %q.", in.Application, asked.SHA256)
}

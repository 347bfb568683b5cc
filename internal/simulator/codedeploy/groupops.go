package codedeploy

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"
)

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
	return getGroupOutput{s.wireGroupOf(g)}, nil
}

// wireGroupOf describes a group; the caller holds the lock.
func (s *Service) wireGroupOf(g *group) wireGroup {
	info := wireGroup{
		Application: g.Application, Name: g.Name, ID: g.id,
		Config: g.Config.Name, Platform: g.Platform,
		ServiceRoleARN: cmp.Or(g.ServiceRole, fmt.Sprintf("arn:aws:iam::%s:role/CodeDeployServiceRole", s.config.AccountID)),
		Style:          blueGreenStyle(), AutoRollback: wireRollbackOf(g.AutoRollback),
		BlueGreen: wireBlueGreenOf(g.Group), LoadBalancerInfo: wireLoadBalancerOf(g.Group),
		LastSuccessful: lastDeployment(g.successful), LastAttempted: lastDeployment(g.attempted),
	}
	info.wireSurroundings = g.shown
	if g.Platform == PlatformECS {
		info.ECSServices = []wireECSService{{g.Service, g.Cluster}}
	}
	if g.successful != nil {
		revision := reference(g.successful.AppSpec)
		info.TargetRevision = &revision
	}
	return info
}

// madeID is a UUID that is made of the names that something was created with.
func madeID(application, name string) string {
	b := sha256.Sum256([]byte(application + "\x00" + name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func lastDeployment(d *Deployment) *wireLastDeployment {
	if d == nil {
		return nil
	}
	return &wireLastDeployment{d.ID, d.Status, seconds(d.Created), seconds(d.Completed)}
}

// maxNames is how many names one request may ask for:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentGroups.html.
const maxNames = 100

type batchGroupsInput struct {
	Application string   `json:"applicationName"`
	Groups      []string `json:"deploymentGroupNames"`
}

type batchGroupsOutput struct {
	Infos []wireGroup `json:"deploymentGroupsInfo"`
	Error string      `json:"errorMessage,omitempty"`
}

// batchGetDeploymentGroups tells of groups that don't exist in the answer.
func (s *Service) batchGetDeploymentGroups(in batchGroupsInput) (batchGroupsOutput, error) {
	out := batchGroupsOutput{Infos: []wireGroup{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.findApplication(in.Application); err != nil {
		return out, err
	}
	switch {
	case len(in.Groups) == 0:
		return out, refuse(DeploymentGroupNameRequired, "A deployment group name must be specified.")
	case len(in.Groups) > maxNames:
		return out, refuse(BatchLimitExceeded, "%d deployment groups were asked for; the limit is %d.", len(in.Groups), maxNames)
	}
	for _, name := range in.Groups {
		g, err := s.findGroup(in.Application, name)
		if err != nil {
			out.Error = err.Error()
			continue
		}
		out.Infos = append(out.Infos, s.wireGroupOf(g))
	}
	return out, nil
}

type listGroupsInput struct {
	Application string `json:"applicationName"`
	nextToken
}

type listGroupsOutput struct {
	Application string   `json:"applicationName"`
	Groups      []string `json:"deploymentGroups"`
	nextToken
}

func (s *Service) listDeploymentGroups(in listGroupsInput) (listGroupsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := listGroupsOutput{Application: in.Application}
	if _, err := s.findApplication(in.Application); err != nil {
		return out, err
	}
	var names []string
	for _, g := range s.groups {
		if g.Application == in.Application {
			names = append(names, g.Name)
		}
	}
	var err error
	out.Groups, out.NextToken, err = page(names, in.NextToken)
	return out, err
}

type deleteGroupOutput struct {
	Hooks []string `json:"hooksNotCleanedUp"` // of Auto Scaling, which no group here has
}

// deleteDeploymentGroup removes a group. One that doesn't exist is no error.
func (s *Service) deleteDeploymentGroup(in getGroupInput) (deleteGroupOutput, error) {
	out := deleteGroupOutput{[]string{}}
	switch {
	case in.Application == "":
		return out, refuse(ApplicationNameRequired, "An application name must be specified.")
	case in.Group == "":
		return out, refuse(DeploymentGroupNameRequired, "A deployment group name must be specified.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleteGroups(func(g *group) bool { return g.Application == in.Application && g.Name == in.Group })
	return out, nil
}

// groupSettings is what CreateDeploymentGroup and UpdateDeploymentGroup say of a group.
type groupSettings struct {
	Config       string                `json:"deploymentConfigName"`
	ServiceRole  string                `json:"serviceRoleArn"`
	AutoRollback *wireAutoRollback     `json:"autoRollbackConfiguration"`
	Style        *wireStyle            `json:"deploymentStyle"`
	BlueGreen    *wireBlueGreen        `json:"blueGreenDeploymentConfiguration"`
	LoadBalancer *wireLoadBalancerInfo `json:"loadBalancerInfo"`
	ECSServices  []wireECSService      `json:"ecsServices"`
	wireSurroundings
}

type createGroupInput struct {
	Application string    `json:"applicationName"`
	Group       string    `json:"deploymentGroupName"`
	Tags        []wireTag `json:"tags"`
	groupSettings
}

type createGroupOutput struct {
	ID string `json:"deploymentGroupId"`
}

func (s *Service) createDeploymentGroup(in createGroupInput) (createGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.findApplication(in.Application)
	if err != nil {
		return createGroupOutput{}, err
	}
	if err := checkGroupName(in.Group); err != nil {
		return createGroupOutput{}, err
	}
	if _, err := s.findGroup(a.name, in.Group); err == nil {
		return createGroupOutput{}, refuse(DeploymentGroupAlreadyExists, "Application %s has a deployment group %s already.", a.name, in.Group)
	}
	if in.ServiceRole == "" {
		return createGroupOutput{}, refuse(RoleRequired, "A service role must be specified.")
	}
	if a.platform == PlatformECS && in.ECSServices == nil {
		return createGroupOutput{}, refuse(InvalidECSService, "A deployment group for ECS needs one ECS service.")
	}
	if a.platform == PlatformECS && in.LoadBalancer == nil {
		return createGroupOutput{}, refuse(InvalidLoadBalancerInfo, "A deployment group for ECS needs a load balancer.")
	}
	g := Group{Application: a.name, Name: in.Group, Platform: a.platform}
	if err := s.apply(in.groupSettings, &g); err != nil {
		return createGroupOutput{}, err
	}
	if err := checkTags(in.Tags); err != nil {
		return createGroupOutput{}, err
	}
	if err := s.addShown(g, in.wireSurroundings); err != nil {
		return createGroupOutput{}, err
	}
	s.tags[s.groupARN(a.name, in.Group)] = in.Tags
	return createGroupOutput{madeID(a.name, in.Group)}, nil
}

type updateGroupInput struct {
	Application string `json:"applicationName"`
	Group       string `json:"currentDeploymentGroupName"`
	New         string `json:"newDeploymentGroupName"`
	groupSettings
}

// updateDeploymentGroup changes what is given. Deployments that there are keep what they were
// created with.
func (s *Service) updateDeploymentGroup(in updateGroupInput) (deleteGroupOutput, error) {
	out := deleteGroupOutput{[]string{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findGroup(in.Application, in.Group)
	if err != nil {
		return out, err
	}
	changed := g.Group
	changed.Primary = g.primary
	if name := in.New; name != "" && name != in.Group {
		if err := checkGroupName(name); err != nil {
			return out, err
		}
		if _, err := s.findGroup(in.Application, name); err == nil {
			return out, refuse(DeploymentGroupAlreadyExists, "Deployment group %s can't be renamed: application %s has %s already.", in.Group, in.Application, name)
		}
		changed.Name = name
	}
	if err := s.apply(in.groupSettings, &changed); err != nil {
		return out, err
	}
	if changed, err = changed.normalize(); err != nil {
		return out, refuse(InvalidInput, "%v", err)
	}
	if moved := changed.Primary != g.primary; moved && g.active != nil {
		return out, refuse(InvalidECSService, "Deployment group %s can't be moved to another service while deployment %s is in progress.", g.Name, g.active.state.ID)
	} else if moved {
		g.other = nil
	}
	s.moveTags(s.groupARN(g.Application, g.Name), s.groupARN(changed.Application, changed.Name))
	g.Group, g.primary = changed, changed.Primary
	g.shown.merge(in.wireSurroundings)
	return out, nil
}

func checkGroupName(name string) error {
	switch {
	case name == "":
		return refuse(DeploymentGroupNameRequired, "A deployment group name must be specified.")
	case len(name) > maxName:
		return refuse(InvalidDeploymentGroupName, "The deployment group name is longer than %d characters.", maxName)
	}
	return nil
}

// apply sets what is given; the caller holds the lock.
func (s *Service) apply(in groupSettings, g *Group) error {
	g.ServiceRole = cmp.Or(in.ServiceRole, g.ServiceRole)
	if in.Config != "" {
		c, err := s.configFor(&group{Group: *g}, in.Config)
		if err != nil {
			return err
		}
		g.Config = c
	}
	if in.AutoRollback != nil {
		rollback, err := in.AutoRollback.value()
		if err != nil {
			return err
		}
		g.AutoRollback = rollback
	}
	if in.Style != nil && *in.Style != blueGreenStyle() {
		return refuse(InvalidDeploymentStyle, "The deployment style is %s %s: deployments to %s are BLUE_GREEN WITH_TRAFFIC_CONTROL.", in.Style.DeploymentType, in.Style.DeploymentOption, g.Platform)
	}
	if g.Platform != PlatformECS {
		return nil
	}
	return errors.Join(in.BlueGreen.apply(g), s.applyLoadBalancer(in.LoadBalancer, g), s.applyService(in.ECSServices, g))
}

// apply sets the waits of a blue/green deployment:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BlueGreenDeploymentConfiguration.html.
func (w *wireBlueGreen) apply(g *Group) error {
	if w == nil {
		return nil
	}
	reroute, termination := w.Ready.WaitMinutes, w.Terminate.WaitMinutes
	switch {
	case !slices.Contains([]string{"", "TERMINATE"}, w.Terminate.Action):
		return refuse(InvalidBlueGreenConfiguration, "The action %q is not one of ECS, where the original task set is always ended: TERMINATE.", w.Terminate.Action)
	case !slices.Contains([]string{"", continueOnTimeout, stopOnTimeout}, w.Ready.ActionOnTimeout):
		return refuse(InvalidBlueGreenConfiguration, "The action on timeout %q is not %s or %s.", w.Ready.ActionOnTimeout, continueOnTimeout, stopOnTimeout)
	case w.Ready.ActionOnTimeout == stopOnTimeout && reroute <= 0:
		return refuse(InvalidBlueGreenConfiguration, "The action %s needs a waitTimeInMinutes of at least 1.", stopOnTimeout)
	case termination < 0 || max(reroute, termination) > int(maxShift.Minutes()):
		return refuse(InvalidBlueGreenConfiguration, "The waits of %d and %d minutes are not between 0 and %d.", reroute, termination, int(maxShift.Minutes()))
	}
	g.TerminationWait, g.RerouteWait = time.Duration(termination)*time.Minute, 0
	if w.Ready.ActionOnTimeout == stopOnTimeout {
		g.RerouteWait = time.Duration(reroute) * time.Minute
	}
	return nil
}

// applyLoadBalancer sets the pair of target groups and the listeners:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TargetGroupPairInfo.html.
func (s *Service) applyLoadBalancer(w *wireLoadBalancerInfo, g *Group) error {
	if w == nil {
		return nil
	}
	if len(w.TargetGroupPairs) != 1 || len(w.TargetGroupPairs[0].TargetGroups) != 2 || len(w.TargetGroupPairs[0].ProdTrafficRoute.ListenerARNs) != 1 {
		return refuse(InvalidTargetGroupPair, "A load balancer for ECS has one pair of two target groups, with one production listener.")
	}
	pair := w.TargetGroupPairs[0]
	production, err := s.listener(pair.ProdTrafficRoute)
	if err != nil {
		return err
	}
	var test Listener
	if pair.TestTrafficRoute != nil && len(pair.TestTrafficRoute.ListenerARNs) > 0 {
		if test, err = s.listener(*pair.TestTrafficRoute); err != nil {
			return err
		}
	}
	g.TargetGroups = [2]string{pair.TargetGroups[0].Name, pair.TargetGroups[1].Name}
	g.Production, g.Test = production, test
	return nil
}

func (s *Service) listener(route wireRoute) (Listener, error) {
	if s.config.Listener == nil {
		return nil, refuse(InvalidLoadBalancerInfo, "There is no load balancer to look listeners up in.")
	}
	l, err := s.config.Listener(route.ListenerARNs[0])
	if err != nil {
		return nil, refuse(InvalidLoadBalancerInfo, "The listener %s could not be found: %v", route.ListenerARNs[0], err)
	}
	return l, nil
}

// applyService sets the ECS service, and with it the task set that is primary now.
func (s *Service) applyService(services []wireECSService, g *Group) error {
	if services == nil {
		return nil
	}
	if len(services) != 1 {
		return refuse(InvalidECSService, "A deployment group for ECS has one service, not %d.", len(services))
	}
	if s.config.PrimaryTaskSet == nil {
		return refuse(InvalidECSService, "There is no ECS to look services up in.")
	}
	cluster, service := cmp.Or(services[0].Cluster, "default"), services[0].Service
	if cluster == g.Cluster && service == g.Service {
		return nil
	}
	for _, other := range s.groups {
		if other.Platform == PlatformECS && other.Cluster == cluster && other.Service == service {
			return refuse(ECSServiceMappingLimitExceeded, "The ECS service %s is in deployment group %s of application %s already. A service can be in one group only.", service, other.Name, other.Application)
		}
	}
	primary, err := s.config.PrimaryTaskSet(cluster, service)
	if err != nil {
		return refuse(InvalidECSService, "The ECS service %s of cluster %s could not be found: %v", service, cluster, err)
	}
	g.Cluster, g.Service, g.Primary = cluster, service, primary
	return nil
}

package ecs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// TargetGroup is a target group of the load balancer.
type TargetGroup struct{ Name, ARN string }

// Controller is who deploys a service:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentController.html.
type Controller string

// The controllers that are simulated.
const (
	ControllerECS        Controller = "ECS"
	ControllerCodeDeploy Controller = "CODE_DEPLOY"
)

// Service is the definition of an ECS service:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html.
type Service struct {
	Cluster        string // default "default"
	Name           string
	TaskDefinition string
	DesiredCount   int // tasks; default 1
	// Controller is who deploys it; default [ControllerECS]. With [ControllerCodeDeploy] the service has
	// task sets, the first of which starts in the first target group; the other one, the rules and
	// Deployment are not looked at.
	Controller Controller
	// TargetGroups is the pair between which revisions alternate: the target group and the
	// alternate target group. A new service starts in the first.
	TargetGroups  [2]TargetGroup
	ContainerName string
	ContainerPort int
	// Production and Test are the rules whose weights move. Without Test there is no test
	// traffic; the stages of its shift are gone through all the same.
	Production, Test Rule
	// Role is the ARN of the role by which ECS moves them; it is shown and nothing else.
	Role       string
	Deployment DeploymentConfiguration

	given wireServiceGiven
}

// service is a service with what runs of it; all is guarded by the scheduler's lock.
type service struct {
	Service
	arn, clusterARN string
	created         time.Time
	status          ServiceStatus
	events          []ServiceEvent // the newest first
	taskSets        []*taskSet     // where CodeDeploy deploys it
	// production serves; nil before the first deployment has succeeded.
	production *revision
	// leftover are revisions with tasks that a stopped deployment left behind.
	leftover    []*revision
	active      *deployment // the newest, until it is over
	deployments []*deployment
}

// revision is a service revision with the handle of its tasks, empty while it has none.
type revision struct {
	Revision
	tasks string
}

func (d Service) normalize() (Service, error) {
	d.Cluster = cmp.Or(d.Cluster, "default")
	d.DesiredCount = cmp.Or(d.DesiredCount, 1)
	d.Controller = cmp.Or(d.Controller, ControllerECS)
	var errs []error
	if d.Name == "" {
		errs = append(errs, errors.New("a service needs a name"))
	}
	if d.TaskDefinition == "" {
		errs = append(errs, errors.New("a service needs a task definition"))
	}
	if d.DesiredCount < 0 {
		errs = append(errs, fmt.Errorf("its desired count %d is below 0", d.DesiredCount))
	}
	switch d.Controller {
	case ControllerECS:
		errs = append(errs, d.validateRules())
		var err error
		d.Deployment, err = d.Deployment.normalize()
		errs = append(errs, err)
	case ControllerCodeDeploy:
		if d.TargetGroups[0].Name == "" {
			errs = append(errs, errors.New("it needs a target group"))
		}
	default:
		return d, d.unknownController()
	}
	if err := errors.Join(errs...); err != nil {
		return d, refuse(InvalidParameter, "%v", err)
	}
	return d, nil
}

func (d Service) unknownController() error {
	return refuse(InvalidParameter, "The simulated ECS has the deployment controllers %s and %s, not %s.", ControllerECS, ControllerCodeDeploy, d.Controller)
}

// validateRules checks what traffic is moved by.
func (d Service) validateRules() error {
	var errs []error
	if one, two := d.TargetGroups[0].Name, d.TargetGroups[1].Name; one == "" || two == "" || one == two {
		errs = append(errs, fmt.Errorf("it needs two target groups, not %q and %q", one, two))
	}
	if d.Production == nil {
		errs = append(errs, errors.New("it needs a production listener rule"))
	} else if d.Test != nil && d.Test.ARN() == d.Production.ARN() {
		errs = append(errs, fmt.Errorf("The following rules cannot be used as both production and test listener rules: %s", d.Test.ARN()))
	}
	return errors.Join(errs...)
}

// CreateService adds a service and starts the deployment that brings it up, whose ARN it
// returns. One that CodeDeploy deploys starts its first task set, and has no deployment: the ARN
// is empty. Its errors are [*APIError]s.
func (s *Scheduler) CreateService(definition Service) (deploymentARN string, err error) {
	return s.create(definition, "")
}

// AdoptService adds a service whose tasks run and serve production already, in the first
// of its target groups; tasks is their handle for [Tasks]. There is no deployment. Its
// errors are [*APIError]s.
func (s *Scheduler) AdoptService(definition Service, tasks string) error {
	_, err := s.create(definition, tasks)
	return err
}

func (s *Scheduler) create(definition Service, tasks string) (deploymentARN string, err error) {
	wrap := func(err error) error { return fmt.Errorf("creating service %q: %w", definition.Name, err) }
	if definition, err = definition.normalize(); err != nil {
		return "", wrap(err)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return "", wrap(refuse(ServerError, "%v", errClosed))
	}
	if err := s.makeRoom(definition); err != nil {
		s.mu.Unlock()
		return "", wrap(err)
	}
	svc := &service{
		Service: definition, status: ServiceActive, created: s.config.Clock.Now(),
		arn: s.arn("service", definition.Cluster, definition.Name), clusterARN: s.arn("cluster", definition.Cluster),
	}
	s.services = append(s.services, svc)
	if definition.Controller == ControllerCodeDeploy {
		s.bringUp(svc, tasks)
		s.mu.Unlock()
		return "", nil
	}
	if tasks != "" {
		svc.production = s.newRevision(svc, definition.TaskDefinition)
		svc.production.tasks, svc.production.Running = tasks, definition.DesiredCount
		svc.production.TestWeight, svc.production.ProductionWeight = 100, 100
		s.mu.Unlock()
		return "", nil
	}
	d := s.register(svc)
	s.mu.Unlock()
	s.start(d)
	return d.state.ARN, nil
}

// makeRoom forgets a service of that name that is no more; the caller holds the lock.
func (s *Scheduler) makeRoom(definition Service) error {
	existing, _ := s.findService(definition.Cluster, definition.Name)
	switch {
	case existing == nil:
		return nil
	case existing.status == ServiceDraining:
		return refuse(InvalidParameter, "Unable to Start a service that is still Draining.")
	case existing.status == ServiceActive:
		return refuse(InvalidParameter, "Creation of service was not idempotent.")
	}
	s.forgetService(existing)
	s.services = slices.DeleteFunc(s.services, func(svc *service) bool { return svc == existing })
	return nil
}

// forgetService drops what is known of a service beside itself; the caller holds the lock.
func (s *Scheduler) forgetService(svc *service) {
	for _, d := range svc.deployments {
		delete(s.deployments, d.state.ARN)
	}
	delete(s.tags, svc.arn)
}

// bringUp gives a service that CodeDeploy deploys its first task set, started or to be started; the
// caller holds the lock.
func (s *Scheduler) bringUp(svc *service, tasks string) {
	set := s.addTaskSet(svc, TaskSetPrimary, svc.TaskDefinition, svc.TargetGroups[0])
	if tasks != "" {
		set.tasks, set.Running = tasks, set.Desired
		set.started.Fire()
		return
	}
	s.running.Add(1)
	done := clock.Work(s.config.Clock)
	go func() {
		defer s.running.Done()
		defer done()
		_ = s.startTaskSet(s.ctx, set) // the service's events tell of it
	}()
}

// Update is what an update changes of a service; what is zero stays as it is.
type Update struct {
	TaskDefinition string
	DesiredCount   int
	Deployment     *DeploymentConfiguration
	given          wireServiceGiven
	// Force starts a deployment even though nothing changes that needs one.
	Force bool
}

// UpdateService changes a service, given by its name or ARN, and starts a deployment where
// the task definition changes or one is forced; deploymentARN is empty otherwise. A deployment
// that still runs is stopped for it, and the new one begins by reconciling what that left
// behind. Its errors are [*APIError]s.
func (s *Scheduler) UpdateService(cluster, name string, u Update) (deploymentARN string, err error) {
	d, err := s.update(cluster, name, u)
	if err != nil {
		return "", fmt.Errorf("updating service %q: %w", name, err)
	}
	if d == nil {
		return "", nil
	}
	if d.previous != nil {
		s.requestStop(d.previous, StopRequested, &stop{reason: "A new service deployment was started."})
	}
	s.start(d)
	return d.state.ARN, nil
}

// update changes the definition and registers the deployment, nil where none is needed.
func (s *Scheduler) update(cluster, name string, u Update) (*deployment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.activeService(cluster, name)
	if err != nil {
		return nil, err
	}
	if err := u.validateFor(svc.Controller); err != nil {
		return nil, err
	}
	if s.closed {
		return nil, refuse(ServerError, "%v", errClosed)
	}
	changed := svc.Service
	changed.TaskDefinition = cmp.Or(u.TaskDefinition, changed.TaskDefinition)
	changed.DesiredCount = cmp.Or(u.DesiredCount, changed.DesiredCount)
	if u.Deployment != nil {
		changed.Deployment = *u.Deployment
	}
	changed.given.merge(u.given)
	if changed, err = changed.normalize(); err != nil {
		return nil, err
	}
	deploys := u.Force || changed.TaskDefinition != svc.TaskDefinition
	svc.Service = changed
	if !deploys {
		return nil, nil
	}
	return s.register(svc), nil
}

// validateFor refuses what only CodeDeploy may change.
func (u Update) validateFor(c Controller) error {
	const instead = "on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
	switch {
	case c != ControllerCodeDeploy:
		return nil
	case u.TaskDefinition != "":
		return refuse(InvalidParameter, "Unable to update task definition "+instead)
	case u.Force:
		return refuse(InvalidParameter, "Cannot force a new deployment "+instead)
	case u.Deployment != nil:
		return refuse(InvalidParameter, "Unable to update the deployment strategy "+instead)
	}
	return nil
}

// activeService looks up a service that isn't being deleted; the caller holds the lock.
func (s *Scheduler) activeService(cluster, name string) (*service, error) {
	svc, err := s.findService(cluster, name)
	if err == nil && svc.status != ServiceActive {
		err = refuse(ServiceNotActive, "Service was not ACTIVE.")
	}
	if err != nil {
		return nil, err
	}
	return svc, nil
}

// findService looks a service up by name or ARN; the caller holds the lock.
func (s *Scheduler) findService(cluster, name string) (*service, error) {
	cluster = cmp.Or(shortName(cluster), "default")
	if parts := strings.Split(name, "/"); len(parts) == 3 { // arn:…:service/cluster/name
		cluster, name = parts[1], parts[2]
	}
	i := slices.IndexFunc(s.services, func(svc *service) bool { return svc.Cluster == cluster && svc.Name == name })
	switch {
	case name == "":
		return nil, refuse(InvalidParameter, "Service name must not be empty.")
	case i >= 0:
		return s.services[i], nil
	case !slices.Contains(s.clusterNames(), cluster):
		return nil, refuse(ClusterNotFound, "Cluster not found.")
	}
	return nil, refuse(ServiceNotFound, "Service not found.")
}

// otherThan returns the target group that isn't of that name.
func (d Service) otherThan(name string) TargetGroup {
	if d.TargetGroups[0].Name == name {
		return d.TargetGroups[1]
	}
	return d.TargetGroups[0]
}

// newRevision makes a revision of the service in its first target group; the caller holds
// the lock.
func (s *Scheduler) newRevision(svc *service, taskDefinition string) *revision {
	return &revision{Revision: Revision{
		ARN: s.arn("service-revision", svc.Cluster, svc.Name, newRevisionID()), TaskDefinition: taskDefinition,
		TargetGroup: svc.TargetGroups[0], Created: s.config.Clock.Now(), Requested: svc.DesiredCount,
	}}
}

// register makes a new deployment the service's active one; the caller holds the lock and
// starts it afterwards.
func (s *Scheduler) register(svc *service) *deployment {
	now := s.config.Clock.Now()
	d := &deployment{
		service: svc, definition: svc.Service, previous: svc.active,
		source: svc.production, target: s.newRevision(svc, svc.TaskDefinition), over: clock.NewSignal(s.config.Clock),
		state: Deployment{
			ARN: s.arn("service-deployment", svc.Cluster, svc.Name, newDeploymentID()), ServiceARN: svc.arn, ClusterARN: svc.clusterARN,
			Status: Pending, Configuration: svc.Deployment, Created: now, Updated: now,
		},
	}
	d.ctx, d.cancel = context.WithCancelCause(s.ctx)
	svc.active = d
	svc.deployments = append(svc.deployments, d)
	s.deployments[d.state.ARN] = d
	s.running.Add(1)
	return d
}

// forget drops the oldest deployments that are over; the caller holds the lock.
func (s *Scheduler) forget(svc *service) {
	surplus := -s.config.KeepDeployments
	for _, d := range svc.deployments {
		if d.state.Status.Ended() {
			surplus++
		}
	}
	svc.deployments = slices.DeleteFunc(svc.deployments, func(d *deployment) bool {
		if surplus <= 0 || !d.state.Status.Ended() {
			return false
		}
		surplus--
		delete(s.deployments, d.state.ARN)
		return true
	})
}

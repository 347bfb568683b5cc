package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// FunctionAlias is an alias that CodeDeploy shifts from one version of a function to another, as
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html has it.
type FunctionAlias struct{ Function, Name string }

// String is the form in which invocations name it.
func (a FunctionAlias) String() string { return a.Function + ":" + a.Name }

// AliasChanged is an alias that was created, or sends invocations elsewhere than before.
type AliasChanged struct {
	FunctionAlias
	Weights map[string]float64 // by version, 0 to 1, together 1
}

// InvocationsCounted are the invocations of the deployed alias since the start, taken before a
// deployment or the alias changed.
type InvocationsCounted struct {
	Alias  FunctionAlias
	Counts []InvocationCount
}

func (AliasChanged) happening()       {}
func (InvocationsCounted) happening() {}

// InvocationCount is how many invocations of the deployed alias a version got.
type InvocationCount struct {
	Version string // empty for those that no version ran, as they were throttled
	// Invocations have ended; Errors are those of them that ended in a function's error, or didn't run.
	Invocations, Errors int
}

// invocations counts those of the deployed alias.
type invocations struct {
	mu        sync.Mutex
	byVersion map[string]InvocationCount
}

func (i *invocations) add(version string, failed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.byVersion == nil {
		i.byVersion = map[string]InvocationCount{}
	}
	c := i.byVersion[version]
	c.Version = version
	c.Invocations++
	if failed {
		c.Errors++
	}
	i.byVersion[version] = c
}

// counts are in the order of the versions.
func (i *invocations) counts() []InvocationCount {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.SortedFunc(maps.Values(i.byVersion), func(a, b InvocationCount) int {
		return cmp.Or(cmp.Compare(len(a.Version), len(b.Version)), strings.Compare(a.Version, b.Version))
	})
}

// Invocations counts the invocations of the deployed alias so far, by version; none without one.
func (s *Simulator) Invocations() []InvocationCount { return s.invocations.counts() }

// Alias is the deployed alias; nil where an ECS service is deployed.
func (s *Simulator) Alias() *FunctionAlias { return s.config.Alias }

// invoked takes a run of a function. Those of the deployed alias are the customers', of whom there may be many: they are
// counted, and the timeline has the others.
func (s *Simulator) invoked(i lambda.Invocation) {
	if a := s.config.Alias; a != nil && i.Function == a.Function && i.Qualifier == a.Name {
		s.invocations.add(i.Version, i.Result.FunctionError != "")
		return
	}
	s.timeline.add(FunctionInvoked{i})
}

func (s *Simulator) aliasRerouted(a lambda.AliasConfig) {
	changed := FunctionAlias{a.Function, a.Name}
	s.countTraffic()
	s.timeline.add(AliasChanged{changed, a.Weights()})
	if s.config.Alias != nil && *s.config.Alias == changed {
		s.customers.Load().rerouted()
	}
}

// createLambdaGroup makes a deployment group for functions, which has neither service nor listeners.
func (s *Simulator) createLambdaGroup() error {
	return s.deploys.CreateGroup(codedeploy.Group{
		Application: s.config.Application, Name: s.config.Group, Platform: codedeploy.PlatformLambda,
		Config: s.config.Deployment, AutoRollback: s.config.AutoRollback,
		HookTimeout: s.config.HookTimeout, RollbackHooks: s.config.RollbackHooks, Queue: s.config.Queue,
	})
}

// noTasks answers who wants to run a service all the same, over ECS's API.
func noTasks(context.Context, string) (Task, error) {
	return Task{}, errors.New("the scenario deploys an alias, and runs no services")
}

// errNoAlias answers who wants versions in a scenario that deploys an ECS service.
var errNoAlias = errors.New("the scenario deploys an ECS service, not an alias")

// CreateAlias publishes versions of the function that is deployed, by their numbers, and points its alias to one of
// them. Their names and environments are as in [Simulator.CreateFunction]; the name may be left out.
func (s *Simulator) CreateAlias(current int, versions map[int]lambda.Function) error {
	if s.config.Alias == nil {
		return errNoAlias
	}
	for i, number := range slices.Sorted(maps.Keys(versions)) {
		f := s.deployed(versions[number])
		put := s.functions.Update
		if i == 0 {
			put = s.functions.Create
		}
		if err := put(f); err != nil {
			return err
		}
		if _, err := s.functions.PublishAs(f.Name, number, ""); err != nil {
			return err
		}
	}
	_, err := s.functions.CreateAlias(lambda.AliasConfig{
		Function: s.config.Alias.Function, Name: s.config.Alias.Name, Version: strconv.Itoa(current),
	})
	return err
}

// PublishVersion publishes a further version of the function that is deployed, as [Simulator.CreateAlias] does, and
// returns its number.
func (s *Simulator) PublishVersion(f lambda.Function) (number string, err error) {
	if s.config.Alias == nil {
		return "", errNoAlias
	}
	f = s.deployed(f)
	if err := s.functions.Update(f); err != nil {
		return "", err
	}
	v, err := s.functions.Publish(f.Name, "")
	return v.Number, err
}

// DeployVersion shifts the alias from the version that it points to now to another, and waits for the end, and for that
// of the rollback where there is one.
func (s *Simulator) DeployVersion(ctx context.Context, target string, hooks map[codedeploy.Event]string) (Outcome, error) {
	if s.config.Alias == nil {
		return Outcome{}, errNoAlias
	}
	alias, err := s.functions.Alias(s.config.Alias.Function, s.config.Alias.Name)
	if err != nil {
		return Outcome{}, fmt.Errorf("deploying version %s: %w", target, err)
	}
	return s.Deploy(ctx, codedeploy.AppSpec{Hooks: hooks, Lambda: &codedeploy.FunctionVersions{
		Function: s.config.Alias.Function, Alias: s.config.Alias.Name,
		CurrentVersion: alias.CurrentVersion(), TargetVersion: target,
	}})
}

// deployed makes f a version of the function that is deployed.
func (s *Simulator) deployed(f lambda.Function) lambda.Function {
	f.Name = s.config.Alias.Function
	return f
}

// InvokeAlias invokes the alias that is deployed and waits for the answer. An error means that no version ran.
func (s *Simulator) InvokeAlias(ctx context.Context, payload []byte) (lambda.Result, error) {
	if s.config.Alias == nil {
		return lambda.Result{}, errNoAlias
	}
	result, err := s.functions.Invoke(ctx, s.config.Alias.String(), payload)
	if err != nil && ctx.Err() == nil {
		s.invocations.add("", true)
	}
	return result, err
}

// Package scenario reads what a simulated deployment is to be: one strict YAML file that names the AppSpec, the two
// sides, the hooks' functions, how fast time runs, what goes wrong on the way and how the deployment is expected to
// end. [Parse] shows everything that is wrong with a file at once, each with its place; [Scenario.Start] brings the
// simulator up as the file says.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Scenario is a scenario that was read. Its fields may be changed before [Scenario.Start].
type Scenario struct {
	// AppSpec is what is deployed.
	AppSpec codedeploy.AppSpec
	// Speed is how fast the simulated waits pass.
	Speed Speed
	// Expect is how the deployment is to end.
	Expect Expectation

	config      simulator.Config
	healthCheck elb.HealthCheck
	blue, green upstream
	versions    []function // blue and green where a function is deployed
	functions   []function
	customers   *simulator.Customers // nil for nobody
	faults      []simulator.Fault
}

// function is a Lambda function whose environment may name addresses that are known once the simulator runs.
type function struct {
	lambda.Function
	env strictyaml.Map[strictyaml.Text]
}

// Host is the process in which a scenario runs.
type Host struct {
	// Environ is the environment of the upstreams' commands, as os.Environ gives it. Functions don't get it: they have
	// what Lambda gives and what the scenario sets.
	Environ []string
	// Output takes each line that a side's command writes; nil discards them. It is called by several goroutines and
	// must not block.
	Output func(side, line string)
	// Logs receives the functions' log lines. It must not block.
	Logs func(lambda.LogLine)
	// Page makes what browsers see that come to the AWS endpoint; nil: nothing.
	Page func(*simulator.Simulator) http.Handler
}

// blueDefinition is the task definition of what serves production at the start. A scenario says where it answers, not
// what it is called.
const blueDefinition = "blue"

// Start brings the simulator up: blue serves production, the functions are there, the faults are in place, and customers
// come. ctx bounds
// the start alone. The caller closes the simulator.
func (s *Scenario) Start(ctx context.Context, host Host) (*simulator.Simulator, error) {
	config := s.config
	var err error
	if config.Clock, err = s.Speed.clock(); err != nil {
		return nil, err
	}
	config.HealthCheck = s.health()
	config.Logs, config.Page, config.Control = host.Logs, host.Page, control
	config.Blue = blueDefinition
	if s.AppSpec.TaskDefinition == blueDefinition {
		config.Blue += ", live"
	}
	config.Tasks = func(ctx context.Context, definition string) (simulator.Task, error) {
		if definition == config.Blue {
			return s.blue.start(ctx, host, "blue")
		}
		return s.green.start(ctx, host, "green")
	}
	sim, err := simulator.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := s.furnish(ctx, sim); err != nil {
		return nil, errors.Join(err, sim.Close())
	}
	return sim, nil
}

// furnish gives the simulator what needs its addresses: functions, faults of them, and customers.
func (s *Scenario) furnish(ctx context.Context, sim *simulator.Simulator) error {
	for _, f := range s.functions {
		made, err := f.expand(sim)
		if err != nil {
			return err
		}
		if err := sim.CreateFunction(made); err != nil {
			return err
		}
	}
	if err := s.createAlias(sim); err != nil {
		return err
	}
	for _, fault := range s.faults {
		if err := sim.Inject(fault); err != nil {
			return err
		}
	}
	if s.customers == nil {
		return nil
	}
	return sim.SendTraffic(ctx, *s.customers)
}

// realInterval is the real time between two health checks where the scenario sets no interval: half a minute, which is
// AWS's default, is long for who watches.
const realInterval = 500 * time.Millisecond

func (s *Scenario) health() elb.HealthCheck {
	check := s.healthCheck
	if check.Interval == 0 && s.Speed != Instant {
		check.Interval = time.Duration(float64(realInterval) * float64(s.Speed))
	}
	return check
}

// Names that the environment of a function may hold between {{ and }}.
const (
	nameProduction = "listeners.production"
	nameTest       = "listeners.test"
	nameAuthority  = "listeners.ca"
	nameEndpoint   = "aws.endpoint"
)

// expand gives the function with the addresses that its environment names.
func (f function) expand(sim *simulator.Simulator) (lambda.Function, error) {
	addresses := map[string]string{nameProduction: sim.ProductionURL(), nameTest: sim.TestURL(), nameAuthority: sim.CertificateAuthority(), nameEndpoint: sim.EndpointURL()}
	lookup := func(name string) (any, error) {
		if addresses[name] == "" { // what the scenario lacks was found when the file was read
			return nil, errors.New("the scenario has no such listener")
		}
		return addresses[name], nil
	}
	made := f.Function
	made.Env = make(map[string]string, len(f.env))
	for _, entry := range f.env {
		value, err := entry.Value.Expand(lookup)
		if err != nil {
			return made, fmt.Errorf("setting %s of function %s: %w", entry.Key, f.Name, err)
		}
		made.Env[entry.Key] = value
	}
	return made, nil
}

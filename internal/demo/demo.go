// Package demo shows greenlight at work on one machine: a shop behind a load balancer is deployed twice by the
// simulator, once well and once badly, and each of CodeDeploy's hooks is a Lambda invocation of the binary itself.
package demo

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

//go:embed greenlight.yaml
var planText string

// Demo is what the demo needs.
type Demo struct {
	// Binary is the greenlight that serves the hooks.
	Binary string
	// Arguments and Env are given to it besides what Lambda gives; empty but in tests.
	Arguments []string
	Env       map[string]string
	Out       io.Writer
	// Color marks what is good and bad by colour.
	Color bool
}

// limit bounds the whole demo: it takes a few seconds.
const limit = time.Minute

// enough is how many customers must have come by before the demo says what they met.
const enough = 100

// hooks are the events that call a function, one function for each.
func hooks() []codedeploy.Event {
	var events []codedeploy.Event
	for _, e := range codedeploy.Events() {
		if e.Hookable() {
			events = append(events, e)
		}
	}
	return events
}

// functionName begins as the managed policies of CodeDeploy's role want it:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html.
func functionName(e codedeploy.Event) string { return "CodeDeployHook_" + string(e) }

// Run shows a good deployment, then a bad one. The error is the demo's own: that it could not be shown, or that it
// didn't show what it should.
func (d Demo) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	logs := newLogs()
	sim, err := simulator.Start(ctx, simulator.Config{
		Application: "shop", Group: "shop-production", Blue: liveVersion,
		Tasks:        startShop,
		HealthCheck:  elb.HealthCheck{Path: "/health", Interval: 50 * time.Millisecond, HealthyThreshold: 2},
		AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure},
		HookTimeout:  limit,
		Logs:         logs.add,
	})
	if err != nil {
		return err
	}
	err = d.show(ctx, sim, logs)
	if closing := sim.Close(); err == nil {
		err = closing
	}
	return err
}

func (d Demo) show(ctx context.Context, sim *simulator.Simulator, logs *logs) error {
	if err := d.createFunctions(sim); err != nil {
		return err
	}
	visits := startCustomers(ctx, sim.ProductionURL())
	defer visits.leave()
	d.introduce(sim)

	good, err := d.deploy(ctx, sim, visits, goodVersion)
	if err != nil {
		return err
	}
	if good.Deployment.Status != codedeploy.Succeeded {
		return fmt.Errorf("the good version was refused: %s", logs.reason(ctx, good.Deployment.ID))
	}
	if err := visits.await(ctx, enough); err != nil {
		return err
	}
	d.praise(good, visits)

	bad, err := d.deploy(ctx, sim, visits, badVersion)
	if err != nil {
		return err
	}
	if bad.Deployment.Status != codedeploy.Failed || bad.Rollback == nil {
		return fmt.Errorf("the bad version was not refused: its deployment is %s", bad.Deployment.Status)
	}
	if err := visits.await(ctx, enough); err != nil {
		return err
	}
	met := d.explain(bad, visits, logs.reason(ctx, bad.Deployment.ID))
	if met > 0 {
		return fmt.Errorf("customers met the bad version %d times", met)
	}
	d.suggest()
	return nil
}

// createFunctions makes the binary a hook for each event: before traffic moves it looks at the test listener, after
// that at the production listener.
func (d Demo) createFunctions(sim *simulator.Simulator) error {
	for _, event := range hooks() {
		green := sim.TestURL()
		if event == codedeploy.AfterAllowTraffic {
			green = sim.ProductionURL()
		}
		env := map[string]string{"GREENLIGHT_PLAN": planText, "GREENLIGHT_STAGE": string(event), "ALB_URL": green}
		for name, value := range d.Env {
			env[name] = value
		}
		err := sim.CreateFunction(lambda.Function{
			Name: functionName(event), Command: append([]string{d.Binary}, d.Arguments...),
			Env: env, Timeout: 30 * time.Second, MemoryMB: 512,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d Demo) deploy(ctx context.Context, sim *simulator.Simulator, visits *customers, version string) (simulator.Outcome, error) {
	visits.seen() // what came before belongs to no deployment
	spec := codedeploy.AppSpec{TaskDefinition: version, Hooks: map[codedeploy.Event]string{}}
	for _, event := range hooks() {
		spec.Hooks[event] = functionName(event)
	}
	outcome, err := sim.Deploy(ctx, spec)
	if err != nil {
		return outcome, fmt.Errorf("deploying %s: %w", version, err)
	}
	return outcome, nil
}

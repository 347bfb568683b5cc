package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

const hookName = "CodeDeployHook_bench"

// plan is what the hook does at each event: one request to the test listener.
const plan = `version: 1
checks:
  - name: health
    http: GET /
`

// simulate starts a simulator at instant speed, with the hook where it isn't empty. A version of the service is a
// server in this process, so that what is measured is the simulator.
func simulate(ctx context.Context, hook string) (*simulator.Simulator, error) {
	s, err := simulator.Start(ctx, simulator.Config{Tasks: startTask, Blue: "blue", Clock: clock.Instant()})
	if err != nil || hook == "" {
		return s, err
	}
	if err := s.CreateFunction(lambda.Function{
		Name: hookName, Command: []string{hook}, Timeout: 30 * time.Second,
		Env: map[string]string{"GREENLIGHT_PLAN": plan + "green: " + s.TestURL() + "\n"},
	}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func startTask(context.Context, string) (simulator.Task, error) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return simulator.Task{URL: server.URL, Stop: func() error { server.Close(); return nil }}, nil
}

// spec deploys another version, with the hook at each event or none.
func spec(version string, hooked bool) codedeploy.AppSpec {
	a := codedeploy.AppSpec{TaskDefinition: version}
	if hooked {
		a.Hooks = map[codedeploy.Event]string{}
		for _, event := range []codedeploy.Event{
			codedeploy.BeforeInstall, codedeploy.AfterInstall, codedeploy.AfterAllowTestTraffic, codedeploy.BeforeAllowTraffic, codedeploy.AfterAllowTraffic,
		} {
			a.Hooks[event] = hookName
		}
	}
	return a
}

// appSpec is the same as people write it.
func appSpec(taskDefinition string, hooked bool) (string, error) {
	type container struct {
		ContainerName string
		ContainerPort int
	}
	type properties struct {
		TaskDefinition   string
		LoadBalancerInfo container
	}
	type service struct {
		Type       string
		Properties properties
	}
	var hooks []map[codedeploy.Event]string
	for event, function := range spec(taskDefinition, hooked).Hooks {
		hooks = append(hooks, map[codedeploy.Event]string{event: function})
	}
	text, err := json.Marshal(map[string]any{
		"version": 0.0, "Hooks": hooks,
		"Resources": []map[string]service{{"TargetService": {"AWS::ECS::Service", properties{taskDefinition, container{"app", 80}}}}},
	})
	return string(text), err
}

// deploy runs a deployment, which must succeed.
func deploy(ctx context.Context, s *simulator.Simulator, a codedeploy.AppSpec) error {
	outcome, err := s.Deploy(ctx, a)
	if err != nil {
		return err
	}
	return succeeded(outcome)
}

func succeeded(outcome simulator.Outcome) error {
	if d := outcome.Deployment; d.Status != codedeploy.Succeeded {
		var said strings.Builder
		for _, e := range d.Events {
			fmt.Fprintf(&said, "; %s %s %s", e.Name, e.Status, e.Message)
		}
		return fmt.Errorf("deployment %s is %s: %w%s", d.ID, d.Status, d.Error, said.String())
	}
	return nil
}

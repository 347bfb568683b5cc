package ecs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// rule is a rule that remembers what green's target group was given.
type rule struct {
	arn string
	mu  sync.Mutex
	now map[string]int
	all []map[string]int
	err error
}

func (r *rule) ARN() string { return r.arn }

func (r *rule) SetWeights(weights map[string]int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	r.now = maps.Clone(weights)
	r.all = append(r.all, r.now)
	return nil
}

// history lists the weights of tg-2, in the order in which they were set.
func (r *rule) history() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []string{}
	for _, weights := range r.all {
		list = append(list, fmt.Sprintf("%d:%d", weights["tg-1"], weights["tg-2"]))
	}
	return list
}

// tasks starts nothing.
type tasks struct {
	mu      sync.Mutex
	count   int
	running map[string]string // task definition and target group by id
	err     error
	stopErr error
	hang    bool
	held    chan struct{} // where it isn't nil, Stop waits for it
}

func (c *tasks) Start(ctx context.Context, taskDefinition, targetGroup string, count int) (string, error) {
	if c.hang {
		<-ctx.Done()
		return "", fmt.Errorf("waiting for health: %w", context.Cause(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return "", c.err
	}
	c.count++
	id := fmt.Sprintf("tasks-%d", c.count)
	c.running[id] = fmt.Sprintf("%d %s in %s", count, taskDefinition, targetGroup)
	return id, nil
}

func (c *tasks) Stop(_ context.Context, id string) error {
	if c.held != nil {
		<-c.held
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopErr != nil {
		return c.stopErr
	}
	if _, runs := c.running[id]; !runs {
		return fmt.Errorf("no tasks %s", id)
	}
	delete(c.running, id)
	return nil
}

func (c *tasks) list() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Values(c.running))
}

// call is an event as a function receives it.
type call struct {
	Function    string `json:"-"`
	After       time.Duration
	ExecutionID string    `json:"executionId"`
	Stage       ecs.Stage `json:"lifecycleStage"`
	ResourceARN string    `json:"resourceArn"`
	Details     struct {
		ServiceARN string             `json:"serviceArn"`
		Target     string             `json:"targetServiceRevisionArn"`
		Test       map[string]float64 `json:"testTrafficWeights"`
		Production map[string]float64 `json:"productionTrafficWeights"`
	} `json:"executionDetails"`
	HookDetails map[string]any `json:"hookDetails"`
}

const succeeded, failed = `{"hookStatus":"SUCCEEDED"}`, `{"hookStatus":"FAILED"}`

// world is a service with all that surrounds it.
type world struct {
	*ecs.Scheduler
	tasks            *tasks
	production, test *rule
	began            time.Time
	// function is the behaviour of all functions: an answer, or an error of the invocation.
	function func(ctx context.Context, c call) (string, error)

	mu      sync.Mutex
	calls   []call
	changes []ecs.Change
	notices []ecs.Notice
}

// setup is what a test changes of a world.
type setup struct {
	config   func(*ecs.Config)
	service  func(*ecs.Service)
	function func(ctx context.Context, c call) (string, error)
	creates  bool // the service isn't there yet
}

func hook(stages ...ecs.Stage) ecs.Hook { return ecs.Hook{Function: "hook", Stages: stages} }

func everyStage() []ecs.Stage {
	return slices.DeleteFunc(ecs.Stages(), func(s ecs.Stage) bool { return !s.Hookable(ecs.TargetLambda) })
}

func newWorld(t *testing.T, set setup) *world {
	t.Helper()
	w := &world{
		tasks:      &tasks{running: map[string]string{"blue": "1 shop:1 in tg-1"}},
		production: &rule{arn: "arn:production"}, test: &rule{arn: "arn:test"},
		began: time.Now(), function: set.function,
	}
	if w.function == nil {
		w.function = func(context.Context, call) (string, error) { return succeeded, nil }
	}
	config := ecs.Config{
		Tasks: w.tasks, Invoke: w.invoke,
		Changed: func(c ecs.Change) { w.mu.Lock(); defer w.mu.Unlock(); w.changes = append(w.changes, c) },
		Notify:  func(n ecs.Notice) { w.mu.Lock(); defer w.mu.Unlock(); w.notices = append(w.notices, n) },
	}
	if set.config != nil {
		set.config(&config)
	}
	w.Scheduler = ecs.New(config)
	t.Cleanup(w.Close)
	service := w.definition()
	if set.service != nil {
		set.service(&service)
	}
	var err error
	if set.creates {
		clear(w.tasks.running)
		_, err = w.CreateService(service)
	} else {
		err = w.AdoptService(service, "blue")
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) definition() ecs.Service {
	return ecs.Service{
		Cluster: "cluster", Name: "shop", TaskDefinition: "shop:1",
		TargetGroups: [2]ecs.TargetGroup{{Name: "tg-1", ARN: "arn:tg-1"}, {Name: "tg-2", ARN: "arn:tg-2"}},
		Production:   w.production, Test: w.test,
		Deployment: ecs.DeploymentConfiguration{Hooks: []ecs.Hook{hook(everyStage()...)}},
	}
}

func (w *world) invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	c := call{Function: function, After: time.Since(w.began)}
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	answer, err := w.function(ctx, c)
	return []byte(answer), err
}

func (w *world) update(t *testing.T) string {
	t.Helper()
	arn, err := w.UpdateService("cluster", "shop", ecs.Update{TaskDefinition: "shop:2"})
	if err != nil || arn == "" {
		t.Fatalf("updating: %q, %v", arn, err)
	}
	return arn
}

func (w *world) wait(t *testing.T, arn string) ecs.Deployment {
	t.Helper()
	d, err := w.Wait(t.Context(), arn)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) deploy(t *testing.T) ecs.Deployment {
	t.Helper()
	return w.wait(t, w.update(t))
}

// only is the newest deployment.
func (w *world) newest(t *testing.T) ecs.Deployment {
	t.Helper()
	list, err := w.Deployments("cluster", "shop")
	if err != nil || len(list) == 0 {
		t.Fatalf("got %d deployments, %v", len(list), err)
	}
	return list[0]
}

func (w *world) called() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

func (w *world) noticed() []ecs.Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.notices)
}

// told lists the calls as "STAGE test production", with weights as green/blue.
func (w *world) told() []string {
	list := []string{}
	for _, c := range w.called() {
		list = append(list, strings.TrimRight(fmt.Sprintf("%s %s %s", c.Stage, pair(c, c.Details.Test), pair(c, c.Details.Production)), " "))
	}
	return list
}

func pair(c call, weights map[string]float64) string {
	if len(weights) == 0 {
		return "-"
	}
	blue := "none"
	for arn, weight := range weights {
		if arn != c.Details.Target {
			blue = fmt.Sprint(weight)
		}
	}
	return fmt.Sprintf("%v/%s", weights[c.Details.Target], blue)
}

// failAt is a function that fails at these stages, in both directions or forward only.
func failAt(stages ...ecs.Stage) func(context.Context, call) (string, error) {
	return func(_ context.Context, c call) (string, error) {
		if slices.Contains(stages, c.Stage) {
			return failed, nil
		}
		return succeeded, nil
	}
}

// inBubble runs a test with fake time.
func inBubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func passed(d ecs.Deployment) []ecs.Stage {
	var list []ecs.Stage
	for _, run := range d.Stages {
		list = append(list, run.Stage)
	}
	return list
}

func code(err error) string {
	if said := new(ecs.APIError); errors.As(err, &said) {
		return said.Code
	}
	return ""
}

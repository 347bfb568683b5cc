//go:build unix

package ecs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// The test binary is the hooks' bootstrap too: this variable holds the URL that a hook asks.
const hookVariable = "TEST_HOOK"

func TestMain(m *testing.M) {
	if url := os.Getenv(hookVariable); url != "" {
		runHook(url)
		return
	}
	goleak.VerifyTestMain(m)
}

// runHook is a hook of the plainest kind: it looks twice at /health, with a call in
// between that asks for another one, and answers what it saw. It crashes where the answer
// is neither yes nor no.
func runHook(url string) {
	runtime := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		resp, err := http.Get(runtime + "next") //nolint:noctx // a process of its own, which is killed
		if err != nil {
			os.Exit(90)
		}
		var event struct {
			HookDetails map[string]any `json:"hookDetails"`
		}
		err = json.NewDecoder(resp.Body).Decode(&event)
		_ = resp.Body.Close()
		if err != nil {
			os.Exit(91)
		}
		id := resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
		resp, err = http.Post(runtime+id+"/response", "application/json", bytes.NewBufferString(look(url, event.HookDetails["seen"] == true))) //nolint:noctx // as above
		if err != nil {
			os.Exit(92)
		}
		_ = resp.Body.Close()
	}
}

func look(url string, again bool) (answer string) {
	resp, err := http.Get(url + "/health") //nolint:noctx // as above
	if err != nil {
		os.Exit(93)
	}
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusTeapot:
		os.Exit(94)
	case resp.StatusCode != http.StatusOK:
		return failed
	case !again:
		return `{"hookStatus":"IN_PROGRESS","callBackDelay":5,"hookDetails":{"seen":true}}`
	}
	return succeeded
}

// hurried is a clock that skips short waits and never comes to the end of long ones.
type hurried struct{}

func (hurried) Now() time.Time { return time.Now() }

func (hurried) After(d time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	if d <= time.Minute {
		c <- time.Now()
	}
	return c
}

// servers runs tasks as real servers behind real target groups.
type servers struct {
	groups map[string]*elb.TargetGroup

	mu      sync.Mutex
	count   int
	running map[string]func(context.Context) error // how to end them
	names   map[string]string
}

func (s *servers) Start(ctx context.Context, taskDefinition, targetGroup string, _ int) (string, error) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/health":
		case strings.Contains(taskDefinition, "sick"):
			w.WriteHeader(http.StatusInternalServerError)
		case strings.Contains(taskDefinition, "odd"):
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, taskDefinition)
	}))
	group := s.groups[targetGroup]
	if err := group.Register(server.URL); err != nil {
		server.Close()
		return "", err
	}
	end := func(ctx context.Context) error {
		err := group.Deregister(ctx, server.URL)
		server.Close()
		return err
	}
	if err := group.WaitHealthy(ctx, server.URL); err != nil {
		return "", errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	id := fmt.Sprint(s.count)
	s.running[id], s.names[id] = end, taskDefinition
	return id, nil
}

func (s *servers) Stop(ctx context.Context, id string) error {
	s.mu.Lock()
	end := s.running[id]
	delete(s.running, id)
	delete(s.names, id)
	s.mu.Unlock()
	return end(ctx)
}

func (s *servers) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, name := range s.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// stack is a service with real sockets and real processes.
type stack struct {
	scheduler  *ecs.Scheduler
	servers    *servers
	production *elb.Listener
	test       *elb.Listener

	mu      sync.Mutex
	answers []string // of the functions
}

func newStack(t *testing.T) *stack {
	t.Helper()
	balancer := elb.New(elb.Config{})
	t.Cleanup(balancer.Close)
	s := &stack{servers: &servers{groups: map[string]*elb.TargetGroup{}, running: map[string]func(context.Context) error{}, names: map[string]string{}}}
	t.Cleanup(func() {
		for id := range s.servers.running {
			if err := s.servers.Stop(context.Background(), id); err != nil {
				t.Error(err)
			}
		}
	})
	for _, name := range []string{"tg-1", "tg-2"} {
		group, err := balancer.CreateTargetGroup(elb.TargetGroupConfig{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		s.servers.groups[name] = group
	}
	listen := func(name string) *elb.Listener {
		l, err := balancer.CreateListener(elb.ListenerConfig{Name: name, Weights: map[string]int{"tg-1": 100, "tg-2": 0}})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	s.production, s.test = listen("production"), listen("test")
	functions := lambda.New(lambda.Config{})
	t.Cleanup(functions.Close)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := functions.Create(lambda.Function{
		Name: "hook", Command: []string{self}, Timeout: time.Minute, Env: map[string]string{hookVariable: s.test.URL()},
	}); err != nil {
		t.Fatal(err)
	}
	s.scheduler = ecs.New(ecs.Config{
		Tasks: s.servers, Clock: hurried{}, CreationHooks: ecs.CreationNone,
		Invoke: func(ctx context.Context, function string, payload []byte) ([]byte, error) {
			result, err := functions.Invoke(ctx, function, payload)
			s.mu.Lock()
			s.answers = append(s.answers, string(result.Payload))
			s.mu.Unlock()
			return result.Payload, err
		},
	})
	t.Cleanup(s.scheduler.Close)
	return s
}

func (s *stack) wait(t *testing.T, arn string, err error) ecs.Deployment {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.scheduler.Wait(t.Context(), arn)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestRealHooksDecideOverRealTraffic(t *testing.T) {
	s := newStack(t)
	arn, err := s.scheduler.CreateService(ecs.Service{
		Name: "shop", TaskDefinition: "shop:1",
		TargetGroups: [2]ecs.TargetGroup{{Name: "tg-1"}, {Name: "tg-2"}}, Production: s.production, Test: s.test,
		Deployment: ecs.DeploymentConfiguration{Strategy: ecs.Canary, Canary: &ecs.Steps{Percent: 5, Bake: time.Second}, Hooks: []ecs.Hook{hook(ecs.PostTestTrafficShift)}},
	})
	if d := s.wait(t, arn, err); d.Status != ecs.Successful {
		t.Fatalf("creating the service: %s: %s", d.Status, d.StatusReason)
	}
	tests := []struct {
		why, release string
		status       ecs.Status
		reason       string
		serves       string
		answers      int // of the hook
	}{
		{"a good release goes to production", "shop:2", ecs.Successful, "", "shop:2", 2},
		{
			"a sick one is seen on the test listener and goes no further", "shop:3 sick", ecs.RollbackSuccessful,
			"Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook target hook returned FAILED status.", "shop:2", 1,
		},
		{
			"a hook that crashes fails closed", "shop:4 odd", ecs.RollbackSuccessful,
			"Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. ECS was unable to parse the response from hook due to HookStatus must not be null", "shop:2", 1,
		},
		{"and the next good one goes through", "shop:5", ecs.Successful, "", "shop:5", 2},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s.answers = nil
			arn, err := s.scheduler.UpdateService("", "shop", ecs.Update{TaskDefinition: test.release})
			d := s.wait(t, arn, err)
			if d.Status != test.status || d.StatusReason != test.reason {
				t.Errorf("got %s: %s", d.Status, d.StatusReason)
			}
			for name, url := range map[string]string{"production": s.production.URL(), "test": s.test.URL()} {
				if got := get(t, url); got != test.serves {
					t.Errorf("%s serves %q", name, got)
				}
			}
			if diff := cmp.Diff([]string{test.serves}, s.servers.list()); diff != "" {
				t.Errorf("what runs (-want +got):\n%s", diff)
			}
			if len(s.answers) != test.answers {
				t.Errorf("the hook answered %q", s.answers)
			}
		})
	}
}

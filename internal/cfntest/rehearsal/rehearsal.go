// Package rehearsal deploys what a CloudFormation template describes in tests: the simulator has the template's listeners, groups and
// hooks, the packaged function is behind them with the template's role, and a good and a bad version are deployed.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// Run builds the function as it is packaged, for this machine's processor, says where it is, and runs the tests. It gives the exit code.
func Run(m interface{ Run() int }, bootstrap *string) int {
	code, err := built(m, bootstrap)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func built(m interface{ Run() int }, bootstrap *string) (code int, err error) {
	folder, err := os.MkdirTemp("", "greenlight-rehearsal-")
	if err != nil {
		return 0, fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	*bootstrap = filepath.Join(folder, "bootstrap")
	if err := bundle.Build(context.Background(), runtime.GOARCH, "test", *bootstrap); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// Stage is what a rehearsal is made of.
type Stage struct {
	World cfntest.World
	// Role is the function's, in the template: what it doesn't allow is denied.
	Role *cfntest.Resource
	// Region and Account are the stack's.
	Region, Account string
	// Gate gives the function that the hooks call its program and its plan.
	Gate func(*lambda.Function)
}

// Rehearsal is a running simulator.
type Rehearsal struct {
	*simulator.Simulator
	world cfntest.World
	guard *guard

	mu   sync.Mutex
	logs []string
}

// Start brings the simulator up. It ends with the test.
func Start(t *testing.T, stage Stage) *Rehearsal {
	t.Helper()
	w := stage.World
	r := &Rehearsal{world: w}
	w.Config.Clock = clock.Instant()
	w.Config.HealthCheck.Interval = 20 * time.Millisecond // of real time
	w.Config.Logs = func(l lambda.LogLine) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.logs = append(r.logs, l.Text)
	}
	if w.Config.Alias == nil {
		w.Config.Blue, w.Config.Tasks = TaskDefinition("1"), version
	}
	var err error
	if r.Simulator, err = simulator.Start(t.Context(), w.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Logf("the functions wrote:\n%s", strings.Join(r.logs, "\n"))
		}
	})
	r.guard = newGuard(t, stage.Role, doctor.Place{
		Region: stage.Region, Account: stage.Account,
		Application: w.Config.Application, Group: w.Config.Group, Cluster: w.Config.Cluster, Service: w.Config.Service,
	}, r.EndpointURL())
	if len(w.Functions) != 1 {
		t.Fatalf("the hooks call %d functions, and the gate was expected alone", len(w.Functions))
	}
	gate := w.Functions[0]
	stage.Gate(&gate)
	gate.Env["AWS_ENDPOINT_URL"] = r.guard.URL
	if err := r.CreateFunction(gate); err != nil {
		t.Fatal(err)
	}
	return r
}

// TaskDefinition is that of a version of the service: 1 is live at the start, 2 is good, 3 is bad.
func TaskDefinition(version string) string {
	return "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:" + version
}

// HealthPath is where every version is well: the load balancer must ask for it, or it finds the bad one ill itself.
const HealthPath = "/health"

// version starts a task. Version 3 is healthy, and its pages are broken: the load balancer is content with it, a plan must not be.
func version(ctx context.Context, taskDefinition string) (simulator.Task, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return simulator.Task{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(taskDefinition, ":3") && r.URL.Path != HealthPath {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = fmt.Fprintln(w, taskDefinition)
	})}
	go func() { _ = server.Serve(l) }()
	return simulator.Task{URL: "http://" + l.Addr().String(), Stop: server.Close}, nil
}

// says fails the test where no line of the log has all of these. A function goes on writing when it has reported.
func (r *Rehearsal) says(t *testing.T, all ...string) {
	t.Helper()
	if err := r.SettleFunctions(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.logs, func(line string) bool {
		return !slices.ContainsFunc(all, func(part string) bool { return !strings.Contains(line, part) })
	}) {
		t.Errorf("no line of the log says why: %q", all)
	}
}

// production is the answer of the production listener.
func (r *Rehearsal) production(t *testing.T) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ProductionURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body string
	if _, err := fmt.Fscan(answer.Body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

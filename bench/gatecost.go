package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/report"
)

// stageSizes are the stages, by their number of checks, that are held against the same requests made bare.
var stageSizes = []int{1, 10, 100}

// manyChecks is a stage that keeps all places taken for as long as it lasts.
const manyChecks = 1000

const (
	// mostAdded is what the gate may add to the last of stageSizes, in ms.
	mostAdded = 3
	// bareThen is what the requests of that stage took made bare, in ms, on the machine that the limit was set on.
	bareThen = 5.1
	// mostOfBare is how long a stage of manyChecks may take, of its requests made bare.
	mostOfBare = 1.3
)

// gateCosts is what a stage took with the gate, and what its requests took without, in ms, round by round.
type gateCosts struct {
	checks     int
	gate, bare sample
}

// gateCost measures what the gate adds to the requests of a stage, from the event to the status. Both sides run in
// this process, with the whole CPU, and every request over a connection of its own.
func (o options) gateCost(ctx context.Context, _ lineup, out io.Writer) ([]judged, error) {
	sink, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a place for the log: %w", err)
	}
	defer func() { _ = sink.Close() }()
	var all []gateCosts
	for _, checks := range stageSizes {
		costs, err := o.measureGate(ctx, checks, o.rounds, slog.New(slog.NewJSONHandler(sink, nil)))
		if err != nil {
			return nil, err
		}
		all = append(all, costs)
	}
	// A stage of a thousand takes as long as ten of a hundred: a few of them are enough.
	many, err := o.measureGate(ctx, manyChecks, max(o.rounds/4, 1), slog.New(slog.NewJSONHandler(sink, nil)))
	if err != nil {
		return nil, err
	}
	writeGateCosts(out, append(all, many))
	last := all[len(all)-1]
	return []judged{
		{fmt.Sprintf("added by the gate to a stage of %d checks", last.checks), "ms", mostAdded, last.gate.less(last.bare).median(), last.bare.median() / bareThen},
		{fmt.Sprintf("stage of %d checks, of its requests made bare", many.checks), times, mostOfBare, many.gate.over(many.bare).median(), 0},
	}, nil
}

func (o options) measureGate(ctx context.Context, checks, rounds int, log *slog.Logger) (gateCosts, error) {
	stage, err := newStageHook(o.cloud.greenHost, checks, log)
	if err != nil {
		return gateCosts{}, err
	}
	url := "http://" + o.cloud.greenHost + "/health"
	costs := gateCosts{checks: checks}
	sides := []struct {
		run  func() (time.Duration, error)
		into *sample
	}{
		{func() (time.Duration, error) { return stage.run(ctx) }, &costs.gate},
		{func() (time.Duration, error) { return bare(ctx, url, checks) }, &costs.bare},
	}
	fmt.Fprintf(o.progress, "bench: stage of %d checks, and bare: %d rounds\n", checks, rounds)
	for round := range rounds + 1 {
		for turn := range sides {
			side := sides[(round+turn)%len(sides)]
			runtime.GC() // neither side clears up after the other
			took, err := side.run()
			if err != nil {
				return costs, err
			}
			if round > 0 { // the first warms up
				side.into.add(took)
			}
		}
	}
	return costs, nil
}

// stageHook is greenlight's hook, put together as its command does, with a clock where CodeDeploy would be.
type stageHook struct {
	handler  *hook.Handler
	runs     int
	reported time.Time
	status   hook.Status
	reason   string
}

func newStageHook(green string, checks int, log *slog.Logger) (*stageHook, error) {
	p, err := plan.Language{Kinds: registry.Kinds(registry.Environment{Network: httpcheck.System()})}.Parse(stagePlan(green, checks))
	if err != nil {
		return nil, fmt.Errorf("reading a plan of %d checks: %w", checks, err)
	}
	s := &stageHook{}
	s.handler = hook.New(decider{stage: p.Anywhere(), green: "http://" + green, tell: func(reason string) { s.reason = reason }},
		hook.WithLogger(log),
		hook.WithReporter(hook.ReporterFunc(func(_ context.Context, _ hook.Execution, status hook.Status) error {
			s.reported, s.status = time.Now(), status
			return nil
		})))
	return s, nil
}

func stagePlan(green string, checks int) plan.Source {
	var text strings.Builder
	fmt.Fprintf(&text, "version: 1\ngreen: http://%s\nchecks:\n", green)
	for i := range checks {
		fmt.Fprintf(&text, "  - name: check %d\n    http: GET /health\n", i+1)
	}
	return plan.Source{Name: "bench", Text: []byte(text.String())}
}

// run gives the time from an event to its status.
func (s *stageHook) run(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.runs++
	event, err := json.Marshal(map[string]string{
		"DeploymentId": "d-BENCH0001", "LifecycleEventHookExecutionId": "execution " + strconv.Itoa(s.runs),
	})
	if err != nil {
		return 0, fmt.Errorf("making an event: %w", err)
	}
	received := time.Now()
	if _, err := s.handler.Invoke(ctx, event); err != nil {
		return 0, fmt.Errorf("running a stage: %w", err)
	}
	if s.status != hook.Succeeded {
		return 0, fmt.Errorf("running a stage: %s was reported of a green that is healthy: %s", s.status, s.reason)
	}
	return s.reported.Sub(received), nil
}

// decider gives the gate's verdict of one stage.
type decider struct {
	stage *plan.Stage
	green string
	tell  func(reason string)
}

// Decide runs the stage's checks.
func (d decider) Decide(ctx context.Context, e hook.Execution) hook.Verdict {
	logger := hook.Logger(ctx)
	v := gate.Run(ctx, gate.Execution{
		DeploymentID: e.DeploymentID, Asked: d.stage,
		Scope: check.Scope{Green: check.Side{URL: d.green}, UserAgent: "greenlight/bench", Logger: logger},
		Observe: func(e gate.Event) {
			if e.Report != nil {
				report.LogCheck(ctx, logger, *e.Report)
			}
		},
	})
	d.tell(v.Reason)
	if v.Succeeded {
		return hook.Verdict{Status: hook.Succeeded, Reason: v.Reason}
	}
	return hook.Verdict{Status: hook.Failed, Reason: v.Reason}
}

func writeGateCosts(out io.Writer, all []gateCosts) {
	fmt.Fprintf(out, "### The gate's own cost\n\nMilliseconds from the event to the status over a stage of `GET` checks, against the same requests made bare, as many\n"+
		"side by side, in turns: **median** (quartiles; extremes). What the gate adds is the median of the rounds' differences, and the ratio\n"+
		"that of their quotients.\n\n")
	t := table{head: []string{"checks", "rounds", "with the gate, ms", "bare, ms", "added, ms", "ratio"}}
	for _, c := range all {
		t.add(strconv.Itoa(c.checks), strconv.Itoa(len(c.gate)), spread(c.gate), spread(c.bare),
			fmt.Sprintf("%.2f", c.gate.less(c.bare).median()), fmt.Sprintf("%.2f×", c.gate.over(c.bare).median()))
	}
	t.writeTo(out)
}

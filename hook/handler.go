package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Handler is a lifecycle hook as Lambda invokes it. It implements the Handler interface
// of aws-lambda-go, and is safe for concurrent use.
type Handler struct {
	decider  Decider
	reporter Reporter
	relay    relay
	logger   *slog.Logger
	config   func() (aws.Config, error)
	reserve  time.Duration
	// connections are opened ahead of the first event.
	connections int
	ecsLimit    time.Duration
	memory      *memory
	jitter      func(bound time.Duration) time.Duration
}

// New makes a handler that asks d for verdicts. It does no I/O: the AWS configuration is
// loaded with the first report, or by [Start] and [Serve] before the first event.
func New(d Decider, opts ...Option) *Handler {
	h := &Handler{
		decider: d, config: environmentConfig(), reserve: DefaultReserve, ecsLimit: DefaultECSLimit, connections: 1,
		memory: newMemory(remembered), jitter: fullJitter,
	}
	for _, opt := range opts {
		opt(h)
	}
	if h.logger == nil {
		h.logger = NewLogger(os.Stderr, os.Getenv("LOG_LEVEL"))
	}
	if h.reporter == nil {
		h.reporter = newConfiguredReporter(h.config)
	}
	if h.relay == nil {
		h.relay = newSelfInvoker(h.config, os.Getenv)
	}
	return h
}

// Invoke handles one event: it has the execution decided, unless it has been already, and
// answers as its contract asks.
//
// What it returns for Amazon ECS is the answer, and never an error. CodeDeploy and EventBridge
// ignore what a hook returns; for tests and people who invoke it by hand, that is the verdict as
// JSON: {"status": "Failed", "reason": "…"}. For them it returns an error, and Lambda then runs
// the event again, only if no verdict could be given: an [*EventError] for a payload without ids,
// a [*ReportError] if CodeDeploy or ECS could not be told, and others where the context ended first.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, wrong := parseEvent(payload)
	switch {
	case wrong == nil && e.Contract == ECS, wrong != nil && wrong.kind == ecsEvent:
		return h.answerECS(ctx, e, wrong), nil
	case wrong != nil && wrong.kind == otherNotice:
		h.logger.LogAttrs(ctx, slog.LevelInfo, "nothing to answer", slog.String("notice", wrong.Problem))
		return []byte("null"), nil
	case wrong != nil && e.ID == "":
		h.logger.LogAttrs(ctx, slog.LevelError, "no verdict", slog.String("error", wrong.Error()))
		return nil, wrong
	}
	return h.report(ctx, e, wrong)
}

// report has e decided, and reports the verdict.
func (h *Handler) report(ctx context.Context, e event, wrong *EventError) ([]byte, error) {
	ctx = h.logging(ctx, e)
	b := newBudget(ctx, h.reserve)
	e.begin(time.Now(), h.ecsLimit, h.relay.reaches(ctx))

	v, repeated, err := h.verdict(ctx, b, e, wrong)
	if err != nil {
		Logger(ctx).LogAttrs(ctx, slog.LevelError, "no verdict", slog.String("error", err.Error()))
		return nil, err
	}
	if v.Status == InProgress {
		logAnswer(ctx, e.Execution, v, repeated)
	} else {
		d := h.deliver(ctx, b, e.Execution, v.Status)
		logVerdict(ctx, v, repeated, d)
		if d.err != nil {
			return nil, &ReportError{Execution: e.Execution, Verdict: v, Attempts: d.attempts, Err: d.err}
		}
	}
	return encode(struct {
		Status Status `json:"status"`
		Reason string `json:"reason"`
	}{v.Status, v.Reason}), nil
}

// verdict decides the execution, or waits for and repeats the verdict that it has been given. An
// event that is wrong is Failed. A verdict of InProgress for CodeDeploy, or a pause, has been handed
// over to the next invocation.
func (h *Handler) verdict(ctx context.Context, b budget, e event, wrong *EventError) (v Verdict, repeated bool, err error) {
	if wrong != nil {
		// Not remembered: which round this is may be what can't be read.
		return failed("%v", wrong).settled(e.Execution), false, nil
	}
	if b.isSpent() || ctx.Err() != nil {
		// Not decided, and so not remembered: the next run has time to do it properly.
		return Verdict{}, false, errors.New("decide the execution: the context had ended, or the function's deadline had come, before it began")
	}
	m, first := h.memory.claim(e.key())
	if first {
		v := decide(ctx, h.decider, b, e)
		switch {
		case v.Status != InProgress:
		case e.Contract == ECS:
			// ECS asks again with what it was answered. If that got lost, it is not to be told
			// for ever that the first round is still in progress.
			h.memory.forget(e.key())
		default:
			v = h.handOver(ctx, b, e, v)
		}
		m.settle(v)
		return v, false, nil
	}
	ctx, cancel := b.working(ctx)
	defer cancel()
	select {
	case <-m.done:
		return m.verdict, true, nil
	case <-ctx.Done():
		return Verdict{}, true, fmt.Errorf("repeat the verdict: another invocation of this execution is still deciding it: %w", ctx.Err())
	}
}

func (h *Handler) deliver(ctx context.Context, b budget, e Execution, s Status) delivery {
	ctx, cancel := b.reporting(ctx)
	defer cancel()
	return h.courier(b).deliver(ctx, "report", func(ctx context.Context) error { return h.reporter.Report(ctx, e, s) })
}

// handOver has the next invocation go on with e, which v asks for. Where it can't be, v is Failed.
func (h *Handler) handOver(ctx context.Context, b budget, e event, v Verdict) Verdict {
	ctx, cancel := b.handingOver(ctx)
	defer cancel()
	payload := e.handedOver(v, time.Now())
	d := h.courier(b).deliver(ctx, "hand-over", func(ctx context.Context) error { return h.relay.invoke(ctx, payload) })
	if d.err != nil {
		return failed("the hook has to be asked again, but couldn't be handed over to its next invocation: %v; so far: %s", d.err, v.Reason).settled(e.Execution)
	}
	return v
}

func (h *Handler) courier(b budget) courier {
	return courier{limit: max(b.share(), minAttempt), maxWait: b.share(), jitter: h.jitter}
}

// logging returns a context with the execution's logger.
func (h *Handler) logging(ctx context.Context, e event) context.Context {
	logger := h.logger.With(slog.String("deployment", e.DeploymentID), slog.String("execution", e.ID))
	if e.Round > 0 {
		logger = logger.With(slog.Int("round", e.Round))
	}
	return withLogger(ctx, logger)
}

// encode returns v as JSON. Its values are of this package, and can be encoded.
func encode(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // answers are read by people
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// logVerdict writes the last line of an invocation that came to a verdict and reported it.
func logVerdict(ctx context.Context, v Verdict, repeated bool, d delivery) {
	level := levelOf(v)
	attrs := []slog.Attr{
		slog.String("status", string(v.Status)),
		slog.String("reason", v.Reason),
		slog.Bool("delivered", d.err == nil),
		slog.Int("attempts", d.attempts),
	}
	if d.completed {
		attrs = append(attrs, slog.Bool("already_completed", true))
	}
	if repeated {
		attrs = append(attrs, slog.Bool("repeated", true))
	}
	if d.err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", oneLine(d.err.Error())))
	}
	Logger(ctx).LogAttrs(ctx, level, "verdict", append(attrs, v.Attrs...)...)
}

// logAnswer writes the last line of an invocation that reports nothing: its verdict is what it
// returns, or it has come to none yet.
func logAnswer(ctx context.Context, e Execution, v Verdict, repeated bool) {
	message := "verdict"
	attrs := []slog.Attr{slog.String("status", string(v.Status)), slog.String("reason", v.Reason)}
	if v.Status == InProgress {
		message = "in progress"
		attrs = append(attrs, slog.Int("next_round", e.Round+1), slog.String("after", v.After.String()), slog.Time("deadline", e.Deadline))
	}
	if repeated {
		attrs = append(attrs, slog.Bool("repeated", true))
	}
	Logger(ctx).LogAttrs(ctx, levelOf(v), message, append(attrs, v.Attrs...)...)
}

func levelOf(v Verdict) slog.Level {
	if v.Status == Failed {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// A Handler is a lifecycle hook as Lambda invokes it. It implements the Handler interface
// of aws-lambda-go, and is safe for concurrent use.
type Handler struct {
	decider  Decider
	reporter Reporter
	logger   *slog.Logger
	reserve  time.Duration
	memory   *memory
	jitter   func(bound time.Duration) time.Duration
}

// New makes a handler that asks d for verdicts. It does no I/O: the AWS configuration is
// loaded with the first report, or by [Start] and [Serve] before the first event.
func New(d Decider, opts ...Option) *Handler {
	h := &Handler{decider: d, reserve: DefaultReserve, memory: newMemory(remembered), jitter: fullJitter}
	for _, opt := range opts {
		opt(h)
	}
	if h.logger == nil {
		h.logger = newLogger(os.Stderr, os.Getenv("LOG_LEVEL"))
	}
	if h.reporter == nil {
		h.reporter = newEnvironmentReporter()
	}
	return h
}

// Invoke handles one event: it has the execution decided, unless it has been already, and
// reports the verdict. CodeDeploy ignores what a hook returns; for tests and people who
// invoke it by hand, that is the verdict as JSON: {"status": "Failed", "reason": "…"}.
//
// It returns an error, and Lambda then runs the event again, only if no verdict could be
// given: an [*EventError] for a payload without ids, a [*ReportError] if CodeDeploy could not
// be told, and others where the context ended first.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := ParseExecution(payload)
	if err != nil {
		h.logger.LogAttrs(ctx, slog.LevelError, "no verdict", slog.String("error", err.Error()))
		return nil, err
	}
	logger := h.logger.With(slog.String("deployment", e.DeploymentID), slog.String("execution", e.ID))
	ctx = withLogger(ctx, logger)
	b := newBudget(ctx, h.reserve)

	v, repeated, err := h.verdict(ctx, b, e)
	if err != nil {
		logger.LogAttrs(ctx, slog.LevelError, "no verdict", slog.String("error", err.Error()))
		return nil, err
	}
	d := h.deliver(ctx, b, e, v.Status)
	logVerdict(ctx, v, repeated, d)
	if d.err != nil {
		return nil, &ReportError{Execution: e, Verdict: v, Attempts: d.attempts, Err: d.err}
	}
	return json.Marshal(struct {
		Status Status `json:"status"`
		Reason string `json:"reason"`
	}{v.Status, v.Reason})
}

// verdict decides the execution, or waits for and repeats the verdict that it has been given.
func (h *Handler) verdict(ctx context.Context, b budget, e Execution) (v Verdict, repeated bool, err error) {
	if b.isSpent() || ctx.Err() != nil {
		// Not decided, and so not remembered: the next run has time to do it properly.
		return Verdict{}, false, errors.New("decide the execution: the context had ended, or the function's deadline had come, before it began")
	}
	m, first := h.memory.claim(keyOf(e))
	if first {
		m.settle(decide(ctx, h.decider, b, e))
		return m.verdict, false, nil
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
	return courier{
		reporter: h.reporter,
		limit:    max(b.share(), minAttempt),
		maxWait:  b.share(),
		jitter:   h.jitter,
	}.deliver(ctx, e, s)
}

// logVerdict writes the last line of an invocation that came to a verdict.
func logVerdict(ctx context.Context, v Verdict, repeated bool, d delivery) {
	level := slog.LevelInfo
	if v.Status == Failed {
		level = slog.LevelWarn
	}
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

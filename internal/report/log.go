package report

import (
	"context"
	"log/slog"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// Attrs are what a log's line about a verdict says of it besides its reason, and whether it has succeeded. What was found
// has a line of its own, before the checks'.
func Attrs(v check.Verdict) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("outcome", v.Outcome.String()), slog.Int("checks", v.CountChecks(all)), slog.Int64("duration_ms", v.Duration.Milliseconds()),
	}
	for _, a := range []slog.Attr{slog.String("stage", string(v.Stage)), slog.String("rule", v.Rule)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	return attrs
}

func all(check.Report) bool { return true }

// LogCheck writes what came of a check as one line: at info level when it passed or doesn't count, else as an error.
func LogCheck(ctx context.Context, logger *slog.Logger, r check.Report) {
	level, outcome := slog.LevelInfo, r.Outcome.String()
	switch {
	case r.Cancelled:
		outcome = "cancelled"
	case r.Outcome == check.Passed:
	case r.Warn || r.Outcome == check.Inconclusive && r.PassInconclusive:
		level = slog.LevelWarn
	default:
		level = slog.LevelError
	}
	if r.Warning != "" {
		level = max(level, slog.LevelWarn)
	}
	attrs := []slog.Attr{
		slog.String("check", r.Name), slog.String("kind", r.Kind), slog.String("outcome", outcome),
		slog.Float64("duration_ms", float64(r.Duration.Round(time.Microsecond))/float64(time.Millisecond)),
	}
	if r.Reason != "" {
		attrs = append(attrs, slog.String("reason", r.Reason))
	}
	if r.Warning != "" {
		attrs = append(attrs, slog.String("warning", r.Warning))
	}
	if r.Attempts > 1 {
		attrs = append(attrs, slog.Int("attempts", r.Attempts), slog.Int("runs", r.Runs))
	}
	if at := r.Position.String(); at != "" {
		attrs = append(attrs, slog.String("at", at))
	}
	logger.LogAttrs(ctx, level, "check", attrs...)
}

package report

import (
	"context"
	"log/slog"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

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
	attrs := []slog.Attr{
		slog.String("check", r.Name), slog.String("kind", r.Kind), slog.String("outcome", outcome),
		slog.Float64("duration_ms", float64(r.Duration.Round(time.Microsecond))/float64(time.Millisecond)),
	}
	if r.Reason != "" {
		attrs = append(attrs, slog.String("reason", r.Reason))
	}
	if r.Attempts > 1 {
		attrs = append(attrs, slog.Int("attempts", r.Attempts), slog.Int("runs", r.Runs))
	}
	if at := r.Position.String(); at != "" {
		attrs = append(attrs, slog.String("at", at))
	}
	logger.LogAttrs(ctx, level, "check", attrs...)
}

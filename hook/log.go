package hook

import (
	"context"
	"io"
	"log/slog"
	"strings"
)

type loggerKey struct{}

// Logger returns the logger of the execution that ctx belongs to: each of its lines has
// the attributes deployment and execution. Outside an execution it is slog's default.
func Logger(ctx context.Context) *slog.Logger {
	if l, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return l
	}
	return slog.Default()
}

func withLogger(ctx context.Context, l *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, l)
}

// NewLogger returns the logger of a hook that runs in Lambda: JSON lines from the named
// level up. They have no time and no source, since Lambda adds its own time to each line.
// An unknown level is info, and a first line says so. It is what a [Handler] has without [WithLogger], for
// those who wrap it.
func NewLogger(w io.Writer, level string) *slog.Logger {
	threshold, known := parseLevel(level)
	l := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: threshold,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	if !known {
		l.Warn("LOG_LEVEL is not one of debug, info, warn, error: info is used", slog.String("found", cut(level, 40)))
	}
	return l
}

func parseLevel(name string) (level slog.Level, known bool) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "debug":
		return slog.LevelDebug, true
	case "", "info":
		return slog.LevelInfo, true
	case "warn":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	default:
		return slog.LevelInfo, false
	}
}

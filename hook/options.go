package hook

import (
	"log/slog"
	"time"
)

// An Option changes a default of a [Handler].
type Option func(*Handler)

// WithReserve sets the time that is kept for the report; 0 or less is [DefaultReserve]. It is
// never more than half of the function's timeout, as seen when the invocation starts.
func WithReserve(d time.Duration) Option {
	return func(h *Handler) {
		if d <= 0 {
			d = DefaultReserve
		}
		h.reserve = d
	}
}

// WithLogger sets the logger. The default writes JSON lines to standard error, from the level
// that the environment's LOG_LEVEL names (debug, info, warn, error; default info), without a
// time or source of their own, since Lambda adds the time.
func WithLogger(l *slog.Logger) Option {
	return func(h *Handler) { h.logger = l }
}

// WithReporter sets what puts the status. The default is CodeDeploy, in the account and region
// that the environment gives, and through AWS_ENDPOINT_URL_CODEDEPLOY or AWS_ENDPOINT_URL
// where they are set.
func WithReporter(r Reporter) Option {
	return func(h *Handler) { h.reporter = r }
}

package hook

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// WithConfig sets the AWS configuration by which verdicts are reported and the function invokes
// itself. The default is [LambdaConfig] of the process's environment.
func WithConfig(cfg aws.Config) Option {
	_, cfg.HTTPClient = warmClient(cfg.HTTPClient)
	return func(h *Handler) { h.config = func() (aws.Config, error) { return cfg, nil } }
}

// WithReporter sets what puts the status. The default is a [CodeDeployReporter], and an
// [ECSReporter] for pauses, by the configuration of WithConfig.
func WithReporter(r Reporter) Option {
	return func(h *Handler) { h.reporter = r }
}

// WithConnections sets how many connections to CodeDeploy [Start] opens before the first event; less than 1 is 1, the
// default, which the first report goes over. It is as many as the decider's own first calls to CodeDeploy that are
// made side by side, by clients with the HTTP client of the same configuration: each that finds no connection opens one
// with the processor's share of an event, which takes a function of 128 MB some 30 ms.
func WithConnections(n int) Option {
	return func(h *Handler) { h.connections = max(n, 1) }
}

// WithECSLimit sets how long an execution for Amazon ECS may take over all its rounds; 0 or less is
// [DefaultECSLimit]. It is best less than the timeoutConfiguration of the hook in the service's
// definition: when that is over, ECS does what it says without waiting for an answer. For a pause it
// matters only where its notice doesn't say when the pause ends.
func WithECSLimit(d time.Duration) Option {
	return func(h *Handler) {
		if d <= 0 {
			d = DefaultECSLimit
		}
		h.ecsLimit = d
	}
}

// WithHandOver sets how an execution is handed over to the next invocation: invoke gets the payload for
// it, and returns when it is sure to be invoked. Like a report it is tried again, unless the error
// has a method RetryableError() bool that returns false. The default is an asynchronous
// invocation of the function that the process runs in, under the alias or version that it was
// invoked by; nil is none, so that an execution has one round.
func WithHandOver(invoke func(ctx context.Context, payload []byte) error) Option {
	return func(h *Handler) { h.relay = relayFunc(invoke) }
}

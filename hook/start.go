package hook

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// warmTime bounds what is paid before the first event. Where CodeDeploy can't be reached
// in this time, the start goes on, and the first report connects by itself.
const warmTime = time.Second

// Start runs f as a Lambda function that is a lifecycle hook. It never returns:
// outside Lambda, where AWS_LAMBDA_RUNTIME_API isn't set, it ends the process with a message
// that says so.
func Start(f Func, opts ...Option) {
	Serve(f, opts...)
}

// Serve is [Start] for deciders that give a reason with a success, or attributes for the log.
func Serve(d Decider, opts ...Option) {
	h := New(d, opts...)
	h.prepare()
	lambda.Start(h)
}

// prepare pays before the first event what the first report would have to pay: the AWS
// configuration, the client, the root certificates and TLS connections to CodeDeploy.
// Lambda gives the whole CPU during init, and memory/1769 of one afterwards, so that the
// same work takes a function of 128 MB some 15 ms here and 270 ms there.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
func (h *Handler) prepare() {
	w, ok := h.reporter.(interface {
		warm(ctx context.Context, connections int) error
	})
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), warmTime)
	defer cancel()
	if err := w.warm(ctx, h.connections); err != nil {
		h.logger.LogAttrs(ctx, slog.LevelDebug, "no connection before the first event", slog.String("error", oneLine(err.Error())))
	}
}

package hook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// handedOver is the payload for the invocation that goes on with e: the event as it came, with
// the progress beside. A version of the function that doesn't know of rounds takes it for a
// duplicate of the event, which it is.
func (e event) handedOver(v Verdict, now time.Time) []byte {
	p := e.next(v)
	if v.After > 0 {
		p.NotBefore = now.Add(v.After)
	}
	fields := maps.Clone(e.fields)
	fields[memberKey] = encode(p)
	return encode(fields)
}

// A relay invokes the function again.
type relay interface {
	reaches(ctx context.Context) bool // whether it knows which function that is
	invoke(ctx context.Context, payload []byte) error
}

// A relayFunc is a function of the caller's as a relay; nil reaches nobody.
type relayFunc func(ctx context.Context, payload []byte) error

func (f relayFunc) reaches(context.Context) bool                     { return f != nil }
func (f relayFunc) invoke(ctx context.Context, payload []byte) error { return f(ctx, payload) }

// A selfInvoker invokes the function that it runs in.
type selfInvoker struct {
	config func() (aws.Config, error)
	env    func(string) string
}

func newSelfInvoker(config func() (aws.Config, error), env func(string) string) selfInvoker {
	return selfInvoker{config: config, env: env}
}

func (s selfInvoker) reaches(ctx context.Context) bool {
	name, _ := s.self(ctx)
	return name != ""
}

// self returns the name of the running function, and the alias or version that it was invoked by:
// the next invocation is to run the same code. Outside Lambda there is no name.
func (s selfInvoker) self(ctx context.Context) (name, qualifier string) {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		// arn:aws:lambda:REGION:ACCOUNT:function:NAME, and :QUALIFIER where one was named.
		// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
		if parts := strings.Split(lc.InvokedFunctionArn, ":"); len(parts) >= 7 {
			return parts[6], strings.Join(parts[7:], ":")
		}
	}
	return s.env("AWS_LAMBDA_FUNCTION_NAME"), s.env("AWS_LAMBDA_FUNCTION_VERSION")
}

// invoke puts payload into the queue of the function's asynchronous invocations.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (s selfInvoker) invoke(ctx context.Context, payload []byte) error {
	cfg, err := s.config()
	if err != nil {
		return err
	}
	name, qualifier := s.self(ctx)
	if name == "" {
		return &unsentError{errors.New("AWS_LAMBDA_FUNCTION_NAME is not set: the function doesn't know its own name")}
	}
	query := url.Values{}
	if qualifier != "" {
		query.Set("Qualifier", qualifier)
	}
	header := http.Header{"Content-Type": {"application/json"}, "X-Amz-Invocation-Type": {"Event"}}
	// What AWS's SDKs send along as well: it continues the trace, and lets Lambda count the
	// invocations that follow on each other.
	if trace, ok := ctx.Value("x-amzn-trace-id").(string); ok && trace != "" {
		header.Set("X-Amzn-Trace-Id", trace)
	}
	_, err = newCaller(cfg, lambdaService).post(ctx, "/2015-03-31/functions/"+url.PathEscape(name)+"/invocations", query, header, payload)
	if err != nil {
		return fmt.Errorf("invoke %s: %w", cut(name, 80), err)
	}
	return nil
}

package scenariocheck

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// The waits between attempts are those of the gate.
const (
	firstDelay = 100 * time.Millisecond
	maxDelay   = time.Second
)

// ask makes the request of a step, again while nothing answers and it may be made again. It gives the last exchange, how many
// there were, and why the one before wasn't the last.
func (r *run) ask(ctx context.Context, s *step) (x httpcheck.Exchange, attempts int, before string) {
	delay := firstDelay
	var spreadingSince time.Time
	for {
		earlier := x
		x = s.asks.Exchange(ctx, r.scope, r.session)
		attempts++
		r.note(s, x)
		if x.Retry == check.RetrySpreading && spreadingSince.IsZero() {
			spreadingSince = time.Now()
		}
		switch {
		case attempts > 1 && ctx.Err() != nil && x.Outcome == check.Inconclusive:
			return earlier, attempts - 1, before // cut off by the end of the time: the attempt before says more
		case !s.again(x), !spreadingSince.IsZero() && time.Since(spreadingSince) >= check.SpreadingWindow, !wait(ctx, delay):
			return x, attempts, before
		}
		before = x.Reason
		delay = min(2*delay, maxDelay)
	}
}

// again says whether asking again may change an exchange, and can't do anything twice.
func (s *step) again(x httpcheck.Exchange) bool {
	switch x.Retry {
	case check.RetryNoAnswer:
		return s.mayAsk(x.Reached)
	case check.RetrySpreading:
		// A load balancer's 503 says that it has no target, so that none got the request; 502 and 504 are about one that did.
		//
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
		return s.mayAsk(lastStatus(x) != http.StatusServiceUnavailable)
	}
	return false
}

func lastStatus(x httpcheck.Exchange) int {
	if len(x.Requests) == 0 {
		return 0
	}
	return x.Requests[len(x.Requests)-1].Status
}

// wait waits before the next attempt; it gives false where the time would be up before there was one.
func wait(ctx context.Context, delay time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= delay {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// note keeps the requests for the report, each with its step.
func (r *run) note(s *step, x httpcheck.Exchange) {
	for _, request := range x.Requests {
		request.Step = s.title
		r.requests = append(r.requests, request)
	}
}

// show keeps what was said in a step that didn't go well, and writes it to the log.
func (r *run) show(ctx context.Context, x httpcheck.Exchange) {
	said := x.Transcript()
	if said == nil {
		return
	}
	last := &r.requests[len(r.requests)-1]
	last.Transcript = said
	r.scope.Logger.LogAttrs(ctx, slog.LevelDebug, "exchange",
		slog.String("step", last.Step), slog.String("method", last.Method), slog.String("url", last.URL), slog.Int("status", last.Status),
		message("request", said.RequestHeaders, said.RequestBody), message("answer", said.AnswerHeaders, said.AnswerBody))
}

func message(group string, all []check.Header, body string) slog.Attr {
	attrs := make([]any, 0, len(all)+1)
	for _, h := range all {
		attrs = append(attrs, slog.String(h.Name, h.Value))
	}
	if body != "" {
		attrs = append(attrs, slog.String("body", body))
	}
	return slog.Group(group, attrs...)
}

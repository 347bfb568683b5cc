package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// riePath is where a Runtime Interface Emulator takes events:
// https://docs.aws.amazon.com/lambda/latest/dg/images-test.html.
const riePath = "/2015-03-31/functions/function/invocations"

// remote is a runtime that somebody else keeps running at a URL. Killing it only breaks
// the request off; what happens at the other end is out of reach.
type remote struct {
	url    string
	read   func(remoteAnswer) *answer
	client *http.Client
	broken atomic.Pointer[string] // why it can't be used any more
}

// remoteAnswer is an HTTP answer, of whatever status.
type remoteAnswer struct {
	code   int
	status string // such as 502 Bad Gateway
	body   []byte
}

func newRemote(url string, read func(remoteAnswer) *answer) *remote {
	// A transport of its own, without the proxy of the developer's shell, which could not
	// reach the developer's own machine.
	return &remote{url: url, read: read, client: &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (*remote) init(context.Context) error { return nil }
func (*remote) memoryMB() int              { return 0 }
func (r *remote) alive() bool              { return r.broken.Load() == nil }

func (r *remote) kill() {
	killed := "Runtime exited with error: signal: killed"
	r.broken.CompareAndSwap(nil, &killed)
}

func (r *remote) close() { r.client.CloseIdleConnections() }

func (r *remote) exitReason() string {
	if why := r.broken.Load(); why != nil {
		return *why
	}
	return "Runtime exited without providing a reason"
}

// serve posts the event. The headers of the Runtime API go with it, so that a webhook can
// know what a function knows.
func (r *remote) serve(ctx context.Context, inv *invocation) (*answer, error) {
	// An answer may be there before the transport has told that the request went out.
	delivered := sync.OnceFunc(inv.delivered)
	asked, err := http.NewRequestWithContext(
		httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(i httptrace.WroteRequestInfo) {
				if i.Err == nil {
					delivered()
				}
			},
		}), http.MethodPost, r.url, bytes.NewReader(inv.payload))
	if err != nil {
		return nil, fmt.Errorf("posting the event: %w", err)
	}
	setInvocationHeader(asked.Header, inv)
	asked.Header.Set("X-Amzn-Trace-Id", inv.traceID)
	got, err := r.post(asked)
	if err == nil {
		delivered()
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		why := fmt.Sprintf("the runtime at %s gave no answer: %v", r.url, err)
		r.broken.CompareAndSwap(nil, &why)
		return nil, errExited
	}
	if len(got.body) > maxPayload {
		return &answer{payload: tooLarge(), failed: true}, nil
	}
	return r.read(got), nil
}

// post sends the request and reads one byte more than an answer may have.
func (r *remote) post(asked *http.Request) (remoteAnswer, error) {
	response, err := r.client.Do(asked)
	if err != nil {
		return remoteAnswer{}, errors.Unwrap(err) // without the URL, which the caller names
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPayload+1))
	return remoteAnswer{response.StatusCode, response.Status, body}, err
}

// answerOfRIE reads what an emulator answers. It marks a function error in no way (the
// status is 200), so that an object with both members of Lambda's error object is taken for
// one; and it tells of a timeout in plain text.
func answerOfRIE(got remoteAnswer) *answer {
	switch {
	case got.code != http.StatusOK:
		return &answer{failed: true, payload: asError("Runtime.ExitError",
			"the Runtime Interface Emulator answered "+got.status, got.body)}
	case bytes.HasPrefix(got.body, []byte("Task timed out after")):
		return &answer{failed: true, payload: functionError("Sandbox.Timedout", string(got.body))}
	}
	return &answer{payload: got.body, failed: isErrorObject(got.body)}
}

// answerOfWebhook reads what a webhook answers: a result where the status is 2xx, and an
// error otherwise. No body is the result null.
func answerOfWebhook(got remoteAnswer) *answer {
	body := got.body
	if got.code < 200 || got.code > 299 {
		return &answer{failed: true, payload: asError("Webhook.Status", "the webhook answered "+got.status, body)}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("null")
	}
	if !json.Valid(body) { // a caller of Lambda may count on JSON
		body, _ = json.Marshal(string(body))
	}
	return &answer{payload: body}
}

// asError is the body, where it is an error object already, and otherwise one that quotes
// its beginning.
func asError(kind, message string, body []byte) []byte {
	if isErrorObject(body) {
		return body
	}
	const quoted = 200
	if text := bytes.TrimSpace(body); len(text) > 0 && utf8.Valid(text) {
		message += ": " + string(text[:min(len(text), quoted)])
	}
	return functionError(kind, message)
}

func isErrorObject(body []byte) bool {
	var said struct {
		Type    *string `json:"errorType"`
		Message *string `json:"errorMessage"`
	}
	return json.Unmarshal(body, &said) == nil && said.Type != nil && said.Message != nil
}

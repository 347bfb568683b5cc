package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// apiVersion is the path prefix of the Runtime API.
const apiVersion = "/2018-06-01/runtime"

// runtimeAPI is the Lambda Runtime API of one sandbox
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). Its handlers speak to
// the process; the sandbox speaks to the handlers through the channels.
type runtimeAPI struct {
	server *http.Server
	addr   string
	served sync.WaitGroup

	// next carries each call of …/invocation/next: the sandbox answers it by sending the
	// invocation into the call.
	next chan chan<- *invocation
	// initError carries the report of a runtime that could not initialise.
	initError chan answer

	mu       sync.Mutex
	current  *invocation
	answered *answer
}

func newRuntimeAPI(ctx context.Context) (*runtimeAPI, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the Runtime API: %w", err)
	}
	api := &runtimeAPI{
		addr:      listener.Addr().String(),
		next:      make(chan chan<- *invocation),
		initError: make(chan answer, 1),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+apiVersion+"/invocation/next", api.serveNext)
	mux.HandleFunc("POST "+apiVersion+"/invocation/{id}/response", api.serveResponse)
	mux.HandleFunc("POST "+apiVersion+"/invocation/{id}/error", api.serveError)
	mux.HandleFunc("POST "+apiVersion+"/init/error", api.serveInitError)
	api.server = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // a killed process breaks its connections: no news
	}
	api.served.Go(func() { _ = api.server.Serve(listener) })
	return api, nil
}

func (api *runtimeAPI) close() {
	_ = api.server.Close()
	api.served.Wait()
}

// begin makes inv the invocation that may be answered.
func (api *runtimeAPI) begin(inv *invocation) {
	api.mu.Lock()
	defer api.mu.Unlock()
	api.current, api.answered = inv, nil
}

// end returns the answer to the current invocation, nil where none was posted.
func (api *runtimeAPI) end() *answer {
	api.mu.Lock()
	defer api.mu.Unlock()
	a := api.answered
	api.current, api.answered = nil, nil
	return a
}

// unanswered tells whether the runtime owes an answer.
func (api *runtimeAPI) unanswered() bool {
	api.mu.Lock()
	defer api.mu.Unlock()
	return api.current != nil && api.answered == nil
}

func (api *runtimeAPI) serveNext(w http.ResponseWriter, r *http.Request) {
	if api.unanswered() {
		refuse(w, http.StatusForbidden, "InvalidStateTransition",
			"the runtime asked for the next invocation before it answered the current one")
		return
	}
	call := make(chan *invocation)
	select {
	case api.next <- call:
	case <-r.Context().Done():
		return
	}
	select {
	case inv := <-call:
		writeInvocation(w, inv)
	case <-r.Context().Done():
	}
}

func writeInvocation(w http.ResponseWriter, inv *invocation) {
	w.Header().Set("Content-Length", strconv.Itoa(len(inv.payload)))
	setInvocationHeader(w.Header(), inv)
	_, _ = w.Write(inv.payload)
}

// setInvocationHeader tells what a runtime has to know of an invocation beside its event.
func setInvocationHeader(h http.Header, inv *invocation) {
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.requestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
	h.Set("Lambda-Runtime-Trace-Id", inv.traceID)
}

func (api *runtimeAPI) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := readLimited(w, r)
	if exceeded := new(http.MaxBytesError); errors.As(err, &exceeded) {
		api.answer(w, r.PathValue("id"), answer{payload: tooLarge(), failed: true}, func() {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the answer is larger than 6 MB")
		})
		return
	}
	if err != nil {
		return // the runtime went away while it sent
	}
	api.answer(w, r.PathValue("id"), answer{payload: body}, func() { accept(w) })
}

func (api *runtimeAPI) serveError(w http.ResponseWriter, r *http.Request) {
	body, err := readLimited(w, r)
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the error is larger than 6 MB")
		return
	}
	failure := answer{payload: errorPayload(r.Header, body), failed: true}
	api.answer(w, r.PathValue("id"), failure, func() { accept(w) })
}

func (api *runtimeAPI) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := readLimited(w, r)
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the error is larger than 6 MB")
		return
	}
	select {
	case api.initError <- answer{payload: errorPayload(r.Header, body), failed: true}:
		accept(w)
	default:
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the init error is already known")
	}
}

// answer keeps a for the current invocation and calls accepted, or refuses it.
func (api *runtimeAPI) answer(w http.ResponseWriter, id string, a answer, accepted func()) {
	api.mu.Lock()
	known := api.current != nil && api.current.requestID == id
	repeated := known && api.answered != nil
	if known && !repeated {
		api.answered = &a
	}
	api.mu.Unlock()
	switch {
	case !known:
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	case repeated:
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "this invocation is already answered")
	default:
		accepted()
	}
}

func readLimited(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
}

// errorPayload is what the caller sees of an error that the runtime reported. The header
// gives the type where the body has none.
func errorPayload(h http.Header, body []byte) []byte {
	var said struct {
		Type string `json:"errorType"`
	}
	if json.Unmarshal(body, &said) == nil && said.Type != "" {
		return body
	}
	kind := h.Get("Lambda-Runtime-Function-Error-Type")
	if kind == "" {
		kind = "Runtime.Unknown"
	}
	return functionError(kind, string(body))
}

// tooLarge is the error of an answer over the bound.
func tooLarge() []byte {
	return functionError("Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayload))
}

// functionError is the payload of a failed invocation.
func functionError(kind, message string) []byte {
	payload, _ := json.Marshal(struct { // two strings always marshal
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, message})
	return payload
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(functionError(kind, message))
}

// hand gives inv to the runtime through call, or through a later call where the runtime
// dropped the first one while it was idle.
func (api *runtimeAPI) hand(ctx context.Context, call chan<- *invocation, inv *invocation, exited <-chan struct{}) error {
	api.begin(inv)
	for {
		select {
		case call <- inv:
			return nil
		case call = <-api.next:
		case <-exited:
			return errExited
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Package lambda is the Lambda service: it runs functions in child processes that speak
// the Lambda Runtime API, whatever language they are written in.
//
// A function's process lives in a sandbox, with a Runtime API on loopback for itself
// alone and an environment that holds what Lambda gives and nothing else. A sandbox serves
// one invocation at a time and is kept for the next one (a warm start); an invocation that
// finds no idle sandbox gets a new one (a cold start). At the function's timeout the
// process is killed with everything that it started. Asynchronous invocations that fail
// are tried twice more. Output goes to the log, between START, END and REPORT lines.
package lambda

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// What Lambda does when nothing else is said.
const (
	// version is the version that an unqualified name invokes.
	version = "$LATEST"
	// initTimeout ends the init phase. Lambda then starts it over, as part of the invocation:
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib.
	initTimeout = 10 * time.Second
)

// DefaultRetryDelays are the waits before an asynchronous event is tried again after a
// function error: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
func DefaultRetryDelays() []time.Duration { return []time.Duration{time.Minute, 2 * time.Minute} }

// Config says where the service is and who hears of it. The zero value works.
type Config struct {
	Region    string // default us-east-1
	AccountID string // default 123456789012
	// Clock keeps the waits between tries of an asynchronous event. Timeouts of functions,
	// which are real processes, keep real time.
	Clock clock.Clock
	// RetryDelays are the waits before each further try of a failed asynchronous event,
	// nil for [DefaultRetryDelays]; empty means a single try.
	RetryDelays []time.Duration
	// Logs receives each log line, one call at a time for each sandbox, in order. All lines
	// of an invocation have arrived when it ends. Logs must not block.
	Logs func(LogLine)
	// Invoked is told of each finished run of a function. It must not block.
	Invoked func(Invocation)
}

// Result is the answer to an invocation, in the terms of
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
type Result struct {
	RequestID string
	// Payload is what the function returned, or the error as JSON with errorType and
	// errorMessage.
	Payload []byte
	// FunctionError is empty on success. "Unhandled" says that the runtime or Lambda
	// reported an error, which Payload describes.
	FunctionError string
}

// Err is nil where the function succeeded, and otherwise tells what its error says.
func (r Result) Err() error {
	if r.FunctionError == "" {
		return nil
	}
	var said struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal(r.Payload, &said); err != nil {
		return fmt.Errorf("function error: %s", r.Payload)
	}
	return fmt.Errorf("function error %s: %s", said.Type, said.Message)
}

// Invocation is one finished run of a function.
type Invocation struct {
	Function string
	Attempt  int // 1 for the first; more only where an asynchronous event is tried again
	Cold     bool
	Init     time.Duration // the init phase of a cold start
	Duration time.Duration // without Init
	Start    time.Time     // when the function was given the event
	Result   Result
}

// APIError is an error that Lambda answers a request with, such as
// ResourceNotFoundException.
type APIError struct{ Code, Message string }

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Service is a Lambda service with its functions. Close it.
type Service struct {
	config Config
	ctx    context.Context
	cancel context.CancelCauseFunc

	running sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	functions map[string]Function
	idle      map[string][]*sandbox
}

// New returns a service without functions.
func New(config Config) *Service {
	if config.Region == "" {
		config.Region = "us-east-1"
	}
	if config.AccountID == "" {
		config.AccountID = "123456789012"
	}
	if config.Clock == nil {
		config.Clock = clock.Real()
	}
	if config.RetryDelays == nil {
		config.RetryDelays = DefaultRetryDelays()
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Service{
		config: config, ctx: ctx, cancel: cancel,
		functions: map[string]Function{}, idle: map[string][]*sandbox{},
	}
}

// Create adds a function. It starts no process: the first invocation does.
func (s *Service) Create(fn Function) error {
	fn, err := fn.normalize()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.functions[fn.Name]; exists {
		return fmt.Errorf("creating function %q: %w", fn.Name,
			&APIError{"ResourceConflictException", "Function already exist: " + fn.Name})
	}
	s.functions[fn.Name] = fn
	return nil
}

// ARN is the name's full form.
func (s *Service) ARN(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.config.Region, s.config.AccountID, name)
}

// Invoke runs a function, given by its name or ARN, and waits for its answer. An error
// means that the function didn't run ([*APIError]), or that ctx ended before it had
// finished, which doesn't stop it. How the function itself failed is in the result.
func (s *Service) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	fn, err := s.accept(name, payload)
	if err != nil {
		return Result{}, err
	}
	done := make(chan Result, 1)
	go func() {
		defer s.running.Done()
		done <- s.run(fn, newRequestID(), payload, 1)
	}()
	select {
	case result := <-done:
		return result, nil
	case <-ctx.Done():
		return Result{}, fmt.Errorf("invoking %s: %w", fn.Name, ctx.Err())
	}
}

// InvokeAsync queues an event for a function, given by its name or ARN, and returns the
// id of the request, which all tries share. An error ([*APIError]) means that the event
// wasn't accepted.
func (s *Service) InvokeAsync(name string, payload []byte) (requestID string, err error) {
	fn, err := s.accept(name, payload)
	if err != nil {
		return "", err
	}
	requestID = newRequestID()
	go func() {
		defer s.running.Done()
		s.deliver(fn, requestID, payload)
	}()
	return requestID, nil
}

// deliver tries an event until the function succeeds or no try is left.
func (s *Service) deliver(fn Function, requestID string, payload []byte) {
	for attempt := 1; ; attempt++ {
		result := s.run(fn, requestID, payload, attempt)
		if result.FunctionError == "" || attempt > len(s.config.RetryDelays) {
			return
		}
		select {
		case <-s.config.Clock.After(s.config.RetryDelays[attempt-1]):
		case <-s.ctx.Done():
			return
		}
	}
}

// accept checks a request and counts it as running.
func (s *Service) accept(name string, payload []byte) (Function, error) {
	refuse := func(code, message string) error {
		return fmt.Errorf("invoking %q: %w", name, &APIError{code, message})
	}
	if len(payload) > maxPayload {
		return Function{}, refuse("RequestTooLargeException",
			fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(payload), maxPayload))
	}
	if !json.Valid(payload) {
		return Function{}, refuse("InvalidRequestContentException", "Could not parse request body into json: it is not a JSON value")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Function{}, refuse("ServiceException", errClosed.Error())
	}
	fn, known := s.functions[baseName(name)]
	if !known {
		return Function{}, refuse("ResourceNotFoundException", "Function not found: "+s.ARN(baseName(name)))
	}
	s.running.Add(1)
	return fn, nil
}

// baseName takes the function's name out of an ARN or a qualified name.
func baseName(name string) string {
	if _, rest, isARN := strings.Cut(name, ":function:"); isARN {
		name = rest
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}

// Close kills all functions and returns when nothing of them is left.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel(errClosed)
	s.running.Wait()
	s.mu.Lock()
	idle := s.idle
	s.idle = map[string][]*sandbox{}
	s.mu.Unlock()
	for _, sandboxes := range idle {
		for _, sb := range sandboxes {
			sb.close()
		}
	}
}

// newRequestID is a random UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// logStream names a sandbox as Lambda names its log streams.
func logStream(t time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return t.UTC().Format("2006/01/02") + "/[" + version + "]" + hex.EncodeToString(b[:])
}

// traceID is a tracing header that asks for no sample.
func traceID(t time.Time) string {
	var b [20]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", t.Unix(), b[:12], b[12:])
}

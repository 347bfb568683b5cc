// Package lambda is the Lambda service: it runs functions in child processes that speak
// the Lambda Runtime API, whatever language they are written in.
//
// A function's process lives in a sandbox, with a Runtime API on loopback for itself
// alone and an environment that holds what Lambda gives and nothing else. A sandbox serves
// one invocation at a time and is kept for the next one (a warm start); an invocation that
// finds no idle sandbox gets a new one (a cold start). At the function's timeout the
// process is killed with everything that it started. Asynchronous invocations that fail
// are tried twice more. Output goes to the log, between START, END and REPORT lines.
// In place of a process, a Runtime Interface Emulator or a webhook may run a function.
//
// A function's $LATEST can be published as a version, aliases name versions, and an alias
// with two of them shares the invocations out by weight, which is what a deployment moves.
// [Service.Endpoint] is the part of Lambda's API that people's tools need for all this, and
// [Service.Inject] has invocations go wrong.
package lambda

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// What Lambda does when nothing else is said.
const (
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
	// Environment is what every function's environment begins with, where it isn't nil; the function's own wins.
	Environment func() map[string]string
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
	// Rerouted is told of each alias that was created, or that shares invocations out otherwise than
	// before. It must not block, and not call the service.
	Rerouted func(AliasConfig)
	// Undelivered is told of each asynchronous event that was accepted and is given up without
	// a run. It must not block.
	Undelivered func(Undelivered)
	// Random decides which version of an alias gets an invocation, by a number in [0, 1),
	// one for each invocation that there is a choice for. It must be safe for concurrent use.
	// The default is that of package math/rand/v2.
	Random func() float64
	// HistoryBytes bounds the memory of [Service.Logs] and that of [Service.Invocations],
	// about; default [DefaultHistoryBytes].
	HistoryBytes int
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
	// Version is the version that ran.
	Version string
	// Log is the end of the run's log, at most 4 KB of it.
	Log []byte
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
	// Qualifier is how the caller named the version: its number, an alias, or empty for $LATEST.
	Qualifier string
	Version   string // $LATEST or a number
	Attempt   int    // 1 for the first; more only where an asynchronous event is tried again
	Cold      bool
	Init      time.Duration // the init phase of a cold start
	Duration  time.Duration // without Init
	Start     time.Time     // when the function was given the event
	Result    Result
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
	busy    busy

	mu        sync.Mutex
	closed    bool
	functions map[string]*function
	idle      map[*version][]*sandbox
	codeDirs  map[string]int64 // of deployment packages, with the sizes of what is in them, in bytes
	codeSize  int64            // of all

	invocations history[Invocation]
	lines       history[LogLine]
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
	if config.Random == nil {
		config.Random = rand.Float64
	}
	if config.HistoryBytes == 0 {
		config.HistoryBytes = DefaultHistoryBytes
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Service{
		config: config, ctx: ctx, cancel: cancel,
		functions: map[string]*function{}, codeDirs: map[string]int64{}, idle: map[*version][]*sandbox{},
		invocations: history[Invocation]{limit: config.HistoryBytes, size: func(i Invocation) int {
			return len(i.Result.Payload) + len(i.Result.Log)
		}},
		lines: history[LogLine]{limit: config.HistoryBytes, size: func(l LogLine) int { return len(l.Text) }},
	}
}

// Invoke runs a function, given by its name or ARN with or without a version or an alias,
// and waits for its answer. An error means that the function didn't run ([*APIError]), or
// that ctx ended before it had finished, which doesn't stop it. How the function itself
// failed is in the result.
func (s *Service) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	r, err := s.accept(name, payload)
	if err != nil {
		return Result{}, err
	}
	fault := s.takeFault(r.function)
	if err := fault.refusal(); err != nil {
		s.done()
		return Result{}, fmt.Errorf("invoking %q: %w", name, err)
	}
	type outcome struct {
		result Result
		err    error
	}
	done := make(chan outcome, 1)
	working := clock.Work(s.config.Clock)
	go func() {
		defer s.done()
		defer working()
		result, err := s.run(r, 1, fault)
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, fmt.Errorf("invoking %s: %w", r.name(), ctx.Err())
	}
}

// InvokeAsync queues an event for a function, given as in [Service.Invoke], and returns the
// id of the request, which all tries share. An error ([*APIError]) means that the event
// wasn't accepted.
func (s *Service) InvokeAsync(name string, payload []byte) (requestID string, err error) {
	r, err := s.accept(name, payload)
	if err != nil {
		return "", err
	}
	working := clock.Work(s.config.Clock)
	go func() {
		defer s.done()
		defer working()
		s.deliver(r, false)
	}()
	return r.requestID, nil
}

// done ends what accept began.
func (s *Service) done() {
	s.busy.end()
	s.running.Done()
}

// accept checks a request and counts it as running.
func (s *Service) accept(name string, payload []byte) (request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.requestLocked(name, payload)
	if err != nil {
		return r, fmt.Errorf("invoking %q: %w", name, err)
	}
	s.running.Add(1)
	s.busy.begin()
	return r, nil
}

// DryRun finds whether [Service.Invoke] would run the function. Its error is an
// [*APIError].
func (s *Service) DryRun(name string, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.requestLocked(name, payload); err != nil {
		return fmt.Errorf("trying to invoke %q: %w", name, err)
	}
	return nil
}

func (s *Service) requestLocked(name string, payload []byte) (request, error) {
	if len(payload) > maxPayload {
		return request{}, &APIError{
			"RequestTooLargeException",
			fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(payload), maxPayload),
		}
	}
	if !json.Valid(payload) {
		return request{}, &APIError{"InvalidRequestContentException", "Could not parse request body into json: it is not a JSON value"}
	}
	if s.closed {
		return request{}, &APIError{"ServiceException", errClosed.Error()}
	}
	f, err := s.functionLocked(name)
	if err != nil {
		return request{}, err
	}
	_, qualifier := splitName(name)
	if _, err := s.resolveLocked(f, qualifier, func() float64 { return 1 }); err != nil {
		return request{}, err
	}
	return request{f, qualifier, newRequestID(), payload}, nil
}

// Close kills all functions and returns when nothing of them is left, nor of the code that was sent over the API.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel(errClosed)
	s.running.Wait()
	s.mu.Lock()
	idle, folders := s.idle, s.codeDirs
	s.idle, s.codeDirs = map[*version][]*sandbox{}, map[string]int64{}
	s.mu.Unlock()
	for _, sandboxes := range idle {
		for _, sb := range sandboxes {
			sb.close()
		}
	}
	for dir := range folders {
		_ = os.RemoveAll(dir) // what stays is in the system's folder for temporary files
	}
}

// newRequestID is a random UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = cryptorand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// logStream names a sandbox as Lambda names its log streams.
func logStream(t time.Time, number string) string {
	var b [16]byte
	_, _ = cryptorand.Read(b[:])
	return t.UTC().Format("2006/01/02") + "/[" + number + "]" + hex.EncodeToString(b[:])
}

// traceID is a tracing header that asks for no sample.
func traceID(t time.Time) string {
	var b [20]byte
	_, _ = cryptorand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", t.Unix(), b[:12], b[12:])
}

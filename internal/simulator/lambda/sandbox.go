package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// sandbox is one execution environment: a child process with a Runtime API of its own,
// which runs one invocation at a time. See
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
type sandbox struct {
	fn     Function
	stream string
	sink   func(LogLine)
	api    *runtimeAPI
	log    *logPipe
	cmd    *exec.Cmd

	// call is the runtime's open question for the next invocation, once it is idle.
	call chan<- *invocation
	// current is the request id that log lines belong to; only the log's reader touches it.
	current string

	exited  chan struct{}
	exitErr error // how the process ended; valid once exited is closed
}

// spawn starts the function's process. The sandbox is the caller's to close.
func (s *Service) spawn(fn Function) (*sandbox, error) {
	sb := &sandbox{fn: fn, stream: logStream(time.Now()), sink: s.config.Logs, exited: make(chan struct{})}
	var err error
	if sb.api, err = newRuntimeAPI(s.ctx); err != nil {
		return nil, fmt.Errorf("starting a sandbox of %s: %w", fn.Name, err)
	}
	if sb.log, err = newLogPipe(func(text string) { sb.emit(text, false) }); err != nil {
		sb.api.close()
		return nil, fmt.Errorf("starting a sandbox of %s: %w", fn.Name, err)
	}
	sb.cmd = exec.CommandContext(s.ctx, fn.Command[0], fn.Command[1:]...)
	sb.cmd.Cancel = func() error { killGroup(sb.cmd); return nil }
	sb.cmd.Dir = fn.Dir
	sb.cmd.Env = s.environment(fn, sb.stream, sb.api.addr)
	sb.cmd.Stdout, sb.cmd.Stderr = sb.log.w, sb.log.w
	ownGroup(sb.cmd)
	sb.platform("INIT_START Runtime Version: " + strings.Replace(fn.Runtime, ".", ":", 1))
	if err := sb.cmd.Start(); err != nil {
		sb.api.close()
		sb.log.close()
		return nil, fmt.Errorf("starting a sandbox of %s: %w", fn.Name, err)
	}
	go func() {
		sb.exitErr = sb.cmd.Wait()
		killGroup(sb.cmd) // what the process left behind
		close(sb.exited)
	}()
	return sb, nil
}

// alive reports whether the process still runs.
func (sb *sandbox) alive() bool {
	select {
	case <-sb.exited:
		return false
	default:
		return true
	}
}

// close ends the process with all that it started and waits until nothing of it is left.
func (sb *sandbox) close() {
	if sb.alive() {
		killGroup(sb.cmd)
	}
	<-sb.exited
	sb.api.close()
	sb.log.close()
}

// init waits until the runtime asks for its first invocation. Its error is errExited, the
// cause of ctx's end, or what the runtime reported itself.
func (sb *sandbox) init(ctx context.Context) error {
	select {
	case sb.call = <-sb.api.next:
		return nil
	case a := <-sb.api.initError:
		return &initFailure{payload: a.payload}
	case <-sb.exited:
		// The report of an init error comes just before the exit that it explains.
		select {
		case a := <-sb.api.initError:
			return &initFailure{payload: a.payload}
		default:
			return errExited
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// initFailure is an error that the runtime reported to …/init/error.
type initFailure struct{ payload []byte }

func (f *initFailure) Error() string {
	return "the runtime reported an init error: " + string(f.payload)
}

// kind is the error's type, which the Runtime API has made sure of.
func (f *initFailure) kind() string {
	var said struct {
		Type string `json:"errorType"`
	}
	_ = json.Unmarshal(f.payload, &said)
	return said.Type
}

// serve has the runtime run inv and waits until it is done with it: until it asks for the
// next one. Without an error the sandbox is idle again. There may be an answer beside an
// error, where the runtime broke after it had answered.
func (sb *sandbox) serve(ctx context.Context, inv *invocation) (*answer, error) {
	err := sb.api.hand(ctx, sb.call, inv, sb.exited)
	if err == nil {
		select {
		case sb.call = <-sb.api.next:
		case <-sb.exited:
			err = errExited
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	a := sb.api.end()
	if err == nil && a == nil {
		err = errors.New("the runtime asked for another invocation while it had one to answer")
	}
	return a, err
}

// platform writes lines of Lambda's own into the log, in their place.
func (sb *sandbox) platform(lines ...string) {
	sb.log.then(func() {
		for _, line := range lines {
			sb.emit(line, true)
		}
	})
}

// attribute makes the lines from here on belong to the request.
func (sb *sandbox) attribute(requestID string) {
	sb.log.then(func() { sb.current = requestID })
}

func (sb *sandbox) emit(text string, platform bool) {
	if sb.sink == nil {
		return
	}
	sb.sink(LogLine{
		Time: time.Now(), Function: sb.fn.Name, Stream: sb.stream,
		RequestID: sb.current, Platform: platform, Text: text,
	})
}

package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// process is a runtime in a child process, with a Runtime API of its own.
type process struct {
	api *runtimeAPI
	cmd *exec.Cmd

	// call is the open question for the next invocation, once the process is idle.
	call chan<- *invocation

	exited  chan struct{}
	exitErr error // how the process ended; valid once exited is closed
}

// newProcess starts the function's command in the environment of sb.
func (s *Service) newProcess(sb *sandbox) (*process, error) {
	fn := sb.version.Function
	api, err := newRuntimeAPI(s.ctx)
	if err != nil {
		return nil, err
	}
	p := &process{api: api, exited: make(chan struct{})}
	p.cmd = exec.CommandContext(s.ctx, fn.Command[0], fn.Command[1:]...)
	p.cmd.Cancel = func() error { killGroup(p.cmd); return nil }
	p.cmd.Dir = fn.Dir
	p.cmd.Env = s.environment(fn, sb.version.Number, sb.stream, api.addr)
	p.cmd.Stdout, p.cmd.Stderr = sb.log.w, sb.log.w
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		api.close()
		return nil, err
	}
	go func() {
		p.exitErr = p.cmd.Wait()
		killGroup(p.cmd) // what the process left behind
		close(p.exited)
	}()
	return p, nil
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill ends the process with all that it started.
func (p *process) kill() {
	if p.alive() {
		killGroup(p.cmd)
	}
	<-p.exited
}

func (p *process) close() { p.api.close() }

func (p *process) memoryMB() int { return peakMemoryMB(p.cmd.Process.Pid) }

func (p *process) init(ctx context.Context) error {
	select {
	case p.call = <-p.api.next:
		return nil
	case a := <-p.api.initError:
		return &initFailure{payload: a.payload}
	case <-p.exited:
		// The report of an init error comes just before the exit that it explains.
		select {
		case a := <-p.api.initError:
			return &initFailure{payload: a.payload}
		default:
			return errExited
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// serve is done when the runtime asks for the next invocation.
func (p *process) serve(ctx context.Context, inv *invocation) (*answer, error) {
	if inv.doomed { // given the event, it might be quicker than the signal
		p.kill()
		inv.delivered()
		return nil, context.Cause(ctx)
	}
	err := p.api.hand(ctx, p.call, inv, p.exited)
	if err == nil {
		inv.delivered()
		select {
		case p.call = <-p.api.next:
		case <-p.exited:
			err = errExited
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	a := p.api.end()
	if err == nil && a == nil {
		err = errors.New("the runtime asked for another invocation while it had one to answer")
	}
	return a, err
}

// exitReason describes the end of a bootstrap as Lambda does.
func (p *process) exitReason() string {
	exit := new(exec.ExitError)
	if !errors.As(p.exitErr, &exit) {
		return "Runtime exited without providing a reason"
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "Runtime exited with error: signal: " + status.Signal().String()
	}
	return fmt.Sprintf("Runtime exited with error: exit status %d", exit.ExitCode())
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

package lambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// run runs one invocation from START to REPORT. An error means that there is no such
// version any more.
func (s *Service) run(r request, attempt int, fault Fault) (Result, error) {
	s.mu.Lock()
	v, err := s.resolveLocked(r.function, r.qualifier, s.config.Random)
	turn := r.function.turn
	s.mu.Unlock()
	if err != nil {
		return Result{}, fmt.Errorf("invoking %q: %w", r.name(), err)
	}
	if turn != nil {
		turn <- struct{}{} // never for long: each turn has the function's timeout
		defer func() { <-turn }()
	}
	done := Invocation{Function: r.function.name, Qualifier: r.qualifier, Version: v.Number, Attempt: attempt, Start: time.Now()}
	done.Result = s.invoke(r, v, fault, &done)
	done.Result.RequestID, done.Result.Version = r.requestID, v.Number
	s.invoked(done)
	return done.Result, nil
}

func (s *Service) invoke(r request, v *version, fault Fault, done *Invocation) Result {
	sb := s.takeIdle(v)
	initErr := error(nil)
	if sb == nil {
		done.Cold = true
		var err error
		if sb, initErr, err = s.coldStart(r.function, v, fault.ColdStart, done); err != nil {
			return Result{
				FunctionError: "Unhandled",
				Payload:       functionError("Runtime.InvalidEntrypoint", "RequestId: "+r.requestID+" Error: "+err.Error()),
			}
		}
	}
	sb.attribute(r.requestID)
	sb.platform("START RequestId: " + r.requestID + " Version: " + v.Number)
	done.Start = time.Now()
	ctx, cancel := context.WithDeadlineCause(s.ctx, done.Start.Add(v.Function.Timeout), errTimeout)
	defer cancel()
	ctx, delivered, stop := fault.killer(ctx)
	defer stop()

	err := initErr
	if initErr != nil {
		// The first init has failed outside of the invocation; this one counts.
		err = sb.init(ctx)
	}
	var a *answer
	if err == nil {
		a, err = sb.serve(ctx, &invocation{
			requestID: r.requestID, arn: s.ARN(r.name()), payload: r.payload,
			deadline: done.Start.Add(v.Function.Timeout), traceID: traceID(done.Start), delivered: delivered,
			doomed: fault.Killed && fault.KillAfter == 0,
		})
	}
	if wasKilled(ctx) {
		a, err = nil, errKilled
	}
	return s.finish(sb, r.requestID, a, err, done)
}

// coldStart brings up a sandbox. initErr says that its init has still to happen, because
// a first one failed.
func (s *Service) coldStart(f *function, v *version, delay time.Duration, done *Invocation) (sb *sandbox, initErr, err error) {
	if delay > 0 {
		s.wait(delay)
	}
	if sb, err = s.spawn(f, v); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(s.ctx, initTimeout, errTimeout)
	defer cancel()
	began := time.Now()
	initErr = sb.init(ctx)
	done.Init = delay + time.Since(began)
	if initErr == nil {
		return sb, nil, nil
	}
	status := "error"
	if errors.Is(initErr, errTimeout) {
		status = "timeout"
	}
	sb.platform(fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: init\tStatus: %s", milliseconds(done.Init), status))
	sb.close()
	if sb, err = s.spawn(f, v); err != nil {
		return nil, nil, err
	}
	return sb, initErr, nil
}

// finish turns what came of an invocation into its result, writes the END and REPORT
// lines, and keeps the sandbox or ends it.
func (s *Service) finish(sb *sandbox, requestID string, a *answer, err error, done *Invocation) Result {
	done.Duration = time.Since(done.Start)
	memory := sb.memoryMB()
	if err != nil {
		sb.kill()
	}
	fn := sb.version.Function
	if errors.Is(err, errKilled) {
		memory = fn.MemoryMB // what Lambda shows of a function that exceeded it
	}
	result, suffix := Result{}, ""
	if err != nil {
		f := sb.fail(requestID, err, fn.Timeout)
		result.Payload, result.FunctionError = f.payload, "Unhandled"
		sb.platform(f.log...)
		suffix = "\tStatus: " + f.status
		if f.status == "error" {
			suffix += "\tError Type: " + f.kind
		}
	}
	if a != nil { // it was accepted, whatever came after it
		result.Payload, result.FunctionError = a.payload, ""
		if a.failed {
			result.FunctionError = "Unhandled"
		}
	}
	sb.platform("END RequestId: "+requestID, reportLine(requestID, fn, done, memory)+suffix)
	sb.log.then(func() { result.Log = bytes.Clone(sb.tail) })
	sb.attribute("")
	sb.log.flush()
	if err != nil {
		sb.close()
	} else {
		s.keepIdle(sb)
	}
	return result
}

func reportLine(requestID string, fn Function, done *Invocation, memoryMB int) string {
	fields := []string{
		"REPORT RequestId: " + requestID,
		"Duration: " + milliseconds(done.Duration) + " ms",
		fmt.Sprintf("Billed Duration: %d ms", int64(math.Ceil(float64(done.Duration)/float64(time.Millisecond)))),
		fmt.Sprintf("Memory Size: %d MB", fn.MemoryMB),
	}
	if memoryMB > 0 {
		fields = append(fields, fmt.Sprintf("Max Memory Used: %d MB", memoryMB))
	}
	if done.Cold {
		fields = append(fields, "Init Duration: "+milliseconds(done.Init)+" ms")
	}
	return strings.Join(fields, "\t")
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

// takeIdle returns a warm sandbox, nil where there is none. The one that was used last
// comes first, so that what isn't needed stays cold.
func (s *Service) takeIdle(v *version) *sandbox {
	for {
		s.mu.Lock()
		idle := s.idle[v]
		if len(idle) == 0 {
			s.mu.Unlock()
			return nil
		}
		sb := idle[len(idle)-1]
		s.idle[v] = idle[:len(idle)-1]
		s.mu.Unlock()
		if sb.alive() {
			return sb
		}
		sb.close() // it died in its sleep
	}
}

// keepIdle keeps a sandbox for the next invocation, unless $LATEST was updated while it ran.
func (s *Service) keepIdle(sb *sandbox) {
	s.mu.Lock()
	current := sb.function.version(sb.version.Number) == sb.version
	if current {
		s.idle[sb.version] = append(s.idle[sb.version], sb)
	}
	s.mu.Unlock()
	if !current {
		sb.close()
	}
}

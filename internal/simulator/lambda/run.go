package lambda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// run runs one invocation from START to REPORT.
func (s *Service) run(fn Function, requestID string, payload []byte, attempt int) Result {
	done := Invocation{Function: fn.Name, Attempt: attempt, Start: time.Now()}
	done.Result = s.invoke(fn, requestID, payload, &done)
	if s.config.Invoked != nil {
		s.config.Invoked(done)
	}
	return done.Result
}

func (s *Service) invoke(fn Function, requestID string, payload []byte, done *Invocation) Result {
	sb := s.takeIdle(fn.Name)
	initErr := error(nil)
	if sb == nil {
		done.Cold = true
		var err error
		if sb, initErr, err = s.coldStart(fn, done); err != nil {
			return Result{
				RequestID: requestID, FunctionError: "Unhandled",
				Payload: functionError("Runtime.InvalidEntrypoint", "RequestId: "+requestID+" Error: "+err.Error()),
			}
		}
	}
	sb.attribute(requestID)
	sb.platform("START RequestId: " + requestID + " Version: " + version)
	done.Start = time.Now()
	ctx, cancel := context.WithDeadlineCause(s.ctx, done.Start.Add(fn.Timeout), errTimeout)
	defer cancel()

	err := initErr
	if initErr != nil {
		// The first init has failed outside of the invocation; this one counts.
		err = sb.init(ctx)
	}
	var a *answer
	if err == nil {
		a, err = sb.serve(ctx, &invocation{
			requestID: requestID, arn: s.ARN(fn.Name), payload: payload,
			deadline: done.Start.Add(fn.Timeout), traceID: traceID(done.Start),
		})
	}
	return s.finish(sb, requestID, a, err, done)
}

// coldStart brings up a sandbox. initErr says that its init has still to happen, because
// a first one failed.
func (s *Service) coldStart(fn Function, done *Invocation) (sb *sandbox, initErr, err error) {
	if sb, err = s.spawn(fn); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(s.ctx, initTimeout, errTimeout)
	defer cancel()
	began := time.Now()
	initErr = sb.init(ctx)
	done.Init = time.Since(began)
	if initErr == nil {
		return sb, nil, nil
	}
	status := "error"
	if errors.Is(initErr, errTimeout) {
		status = "timeout"
	}
	sb.platform(fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: init\tStatus: %s", milliseconds(done.Init), status))
	sb.close()
	if sb, err = s.spawn(fn); err != nil {
		return nil, nil, err
	}
	return sb, initErr, nil
}

// finish turns what came of an invocation into its result, writes the END and REPORT
// lines, and keeps the sandbox or ends it.
func (s *Service) finish(sb *sandbox, requestID string, a *answer, err error, done *Invocation) Result {
	done.Duration = time.Since(done.Start)
	memory := peakMemoryMB(sb.cmd.Process.Pid)
	if err != nil && sb.alive() {
		killGroup(sb.cmd)
		<-sb.exited
	}
	result, suffix := Result{RequestID: requestID}, ""
	if err != nil {
		f := sb.fail(requestID, err, sb.fn.Timeout)
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
	sb.platform("END RequestId: "+requestID, reportLine(requestID, sb.fn, done, memory)+suffix)
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
func (s *Service) takeIdle(name string) *sandbox {
	for {
		s.mu.Lock()
		idle := s.idle[name]
		if len(idle) == 0 {
			s.mu.Unlock()
			return nil
		}
		sb := idle[len(idle)-1]
		s.idle[name] = idle[:len(idle)-1]
		s.mu.Unlock()
		if sb.alive() {
			return sb
		}
		sb.close() // it died in its sleep
	}
}

func (s *Service) keepIdle(sb *sandbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle[sb.fn.Name] = append(s.idle[sb.fn.Name], sb)
}

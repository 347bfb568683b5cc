package lambda

import (
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// request is one event for a function.
type request struct {
	function  *function
	qualifier string // as the caller wrote it, empty for $LATEST
	requestID string
	payload   []byte
}

func (r request) name() string { return qualify(r.function.name, r.qualifier) }

// Undelivered is an asynchronous event that was accepted and that no function will see.
type Undelivered struct {
	Function  string
	RequestID string
	Reason    string
}

// How the queue of asynchronous events deals with throttling:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
const (
	maxEventAge      = 6 * time.Hour
	firstThrottleGap = time.Second
	maxThrottleGap   = 5 * time.Minute
)

// deliver tries an event until the function succeeds or no try is left.
func (s *Service) deliver(r request, duplicate bool) {
	age, gap := time.Duration(0), firstThrottleGap
	for attempt := 1; ; {
		fault := s.takeFault(r.function)
		if fault.Duplicated && !duplicate {
			duplicate = true
			done := clock.Work(s.config.Clock)
			s.busy.begin()
			s.running.Go(func() {
				defer s.busy.end()
				defer done()
				s.deliver(r, true)
			})
		}
		var wait time.Duration
		switch {
		case fault.Lost:
			s.dropped(r, "it was lost")
			return
		case fault.Throttled && age >= maxEventAge:
			s.dropped(r, "the function was throttled for "+maxEventAge.String())
			return
		case fault.Throttled:
			wait = gap
			age, gap = age+wait, min(2*gap, maxThrottleGap)
		default:
			result, err := s.run(r, attempt, fault)
			if err != nil {
				s.dropped(r, err.Error())
				return
			}
			if result.FunctionError == "" || attempt > len(s.config.RetryDelays) {
				return
			}
			wait = s.config.RetryDelays[attempt-1]
			attempt++
		}
		s.busy.end() // until it is tried again
		again := s.wait(wait)
		s.busy.begin()
		if !again {
			return
		}
	}
}

// wait passes simulated time. It reports false where the service was closed meanwhile.
func (s *Service) wait(d time.Duration) bool {
	over, stop := clock.Timer(s.config.Clock, d)
	defer stop()
	defer clock.Rest(s.config.Clock)()
	select {
	case <-over:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (s *Service) dropped(r request, reason string) {
	if s.config.Undelivered != nil {
		s.config.Undelivered(Undelivered{r.function.name, r.requestID, reason})
	}
}

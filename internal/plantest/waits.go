package plantest

import (
	"time"

	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// How waits are shortened. A check that is asked again and again is asked as often as the longest script of answers needs,
// and a few times more; never more often than the plan has it asked. It is the number of runs that ends it, not a time: a case
// ends in the same way on a machine that is busy.
const (
	// spareRuns are those after the last scripted answer.
	spareRuns = 3
	// betweenRuns is the time from one run to the next, beside what the slowest answer takes.
	betweenRuns = 50 * time.Millisecond
	// beyondAnswers is how much longer than the slowest answer a check waits in a case in which one doesn't come.
	beyondAnswers = time.Second
	// retryDelay is the wait before a check is asked again that got no answer.
	retryDelay = 10 * time.Millisecond
)

// waits are what a script needs.
type waits struct {
	longest int           // the number of answers of the longest script
	slowest time.Duration // of all answers
	silent  bool          // some never come
}

func waitsOf(sides ...side) waits {
	var w waits
	for _, s := range sides {
		for _, r := range s.rules {
			answers := r.answers()
			w.longest = max(w.longest, len(answers))
			for _, a := range answers {
				w.slowest = max(w.slowest, time.Duration(a.After))
				w.silent = w.silent || a.Error == failTimeout
			}
		}
	}
	return w
}

// shorten makes a stage's checks wait no longer than they need.
func (w waits) shorten(s *plan.Stage) {
	for _, c := range s.Checks {
		w.shortenCheck(c, 1)
	}
	if s.Identity != nil {
		w.shortenCheck(s.Identity.Check, s.Identity.Consecutive)
	}
}

func (w waits) shortenCheck(c *plan.Check, consecutive int) {
	if w.silent {
		c.Timeout = min(c.Timeout, w.slowest+beyondAnswers)
	}
	c.Retry.Delay = min(c.Retry.Delay, retryDelay)
	if most := w.longest + spareRuns; c.Retry.Attempts == 0 || c.Retry.Attempts > most {
		c.Retry.Attempts = most
	}
	if e := c.Eventually; e != nil {
		runs, every := w.repeated(e.Within, e.Every, consecutive)
		c.Eventually = &plan.Eventually{Within: e.Within, Every: every, Runs: runs}
	}
	if f := c.For; f != nil {
		runs, every := w.repeated(f.Lasting, f.Every, 0)
		c.For = &plan.For{Lasting: min(f.Lasting, time.Duration(runs)*every), Every: every, Runs: runs + 1}
	}
}

// repeated gives how many runs the script needs, of those that the plan has time for, and the time from one to the next.
func (w waits) repeated(lasts, every time.Duration, consecutive int) (runs int, between time.Duration) {
	runs = max(min(int(lasts/max(every, 1)), w.longest+consecutive+spareRuns), 1)
	if between = betweenRuns + w.slowest; time.Duration(runs)*between >= lasts {
		between = every
	}
	return runs, between
}

package gate

import (
	"context"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// stage is the asking of a stage's checks, as far as one call takes it.
type stage struct {
	Execution
	since time.Time // when the first call began
	// before and after show that green is green.
	before, checks, after []*run
	budgetEnd             time.Time // zero where there is no budget
	end                   time.Time // when nothing may be asked any more, whatever the number of calls; zero: never
	round                 round
	observing             sync.Mutex // one observation at a time
}

func newStage(e Execution, now time.Time) *stage {
	s := &stage{Execution: e, since: now}
	if e.Asked == nil {
		return s
	}
	s.before = s.showing("")
	s.checks = make([]*run, len(e.Asked.Checks))
	for i, c := range e.Asked.Checks {
		s.checks[i] = &run{stage: s, check: c, consecutive: 1}
	}
	s.after = s.showing(afterwards)
	return s
}

// all are the runs in the order in which they are asked and reported.
func (s *stage) all() []*run {
	all := make([]*run, 0, len(s.before)+len(s.checks)+len(s.after))
	return append(append(append(all, s.before...), s.checks...), s.after...)
}

func (s *stage) judge(ctx context.Context) check.Verdict {
	if len(s.Resume) > 0 {
		if err := s.resume(s.Resume); err != nil {
			return check.Refused(err.Error())
		}
	}
	deadline, _ := ctx.Deadline() // zero: there is none
	if shortfall := s.shortfall(time.Now(), deadline); shortfall != "" {
		return check.Refused(shortfall)
	}
	bound, cancel := s.bound(ctx)
	defer cancel()
	if s.Prepare != nil {
		scope, err := s.Prepare(bound, s.Scope)
		if err != nil {
			return check.Refused(s.Scope.Masked(strictyaml.OneLine(err.Error())))
		}
		s.Scope = scope
	}
	if v, decided := s.run(bound); decided {
		return v
	}
	return s.suspended()
}

// bound gives the context that ends with the time for the stage.
func (s *stage) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, has := ctx.Deadline()
	if has && !s.CanSuspend {
		s.end = deadline
	}
	if s.CanSuspend {
		s.round.open(deadline, s.CallsBack, s.Asked.Callback)
	}
	cancel := func() {}
	if !s.Until.IsZero() {
		s.end = earlier(s.end, s.Until)
		ctx, cancel = context.WithDeadline(ctx, s.Until)
	}
	if s.Asked.Budget > 0 {
		s.budgetEnd = s.since.Add(s.Asked.Budget)
		s.end = earlier(s.end, s.budgetEnd)
		outer := cancel
		var inner context.CancelFunc
		ctx, inner = context.WithDeadlineCause(ctx, s.budgetEnd, errBudget{s.Asked.Budget})
		cancel = func() { inner(); outer() }
	}
	return ctx, cancel
}

// earlier gives the first of two times; a zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// run asks what is still to be asked, as far as this call goes. It gives false where that isn't all.
func (s *stage) run(ctx context.Context) (check.Verdict, bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unlessShown := func(r check.Report) {
		if r.Outcome != check.Passed {
			cancel(errUnproven)
		}
	}
	s.ask(ctx, s.before, 1, unlessShown)
	s.ask(ctx, s.checks, s.limit(), func(r check.Report) {
		if !s.Asked.KeepGoing && counts(r) && r.Outcome == check.Failed {
			cancel(errOver)
		}
	})
	if s.unfinished(ctx, s.before) || s.unfinished(ctx, s.checks) {
		return check.Verdict{}, false
	}
	// What has failed has failed, whoever answered.
	v := decide(s.reports())
	if !v.Succeeded || len(s.after) == 0 {
		return v, true
	}
	s.ask(ctx, s.after, 1, unlessShown)
	if s.unfinished(ctx, s.after) {
		return check.Verdict{}, false
	}
	return decide(s.reports()), true
}

// limit is how many checks run at once.
func (s *stage) limit() int {
	if s.Asked.Serial {
		return 1
	}
	return MaxSideBySide
}

// ask runs what isn't over yet, so many at once, and tells of each report.
func (s *stage) ask(ctx context.Context, runs []*run, limit int, told func(check.Report)) {
	s.round.expect(len(runs)-finished(runs), limit)
	var running sync.WaitGroup
	places := make(chan struct{}, limit)
	for _, r := range runs {
		if r.report != nil {
			continue
		}
		places <- struct{}{}
		switch {
		case ctx.Err() != nil:
			s.finish(r, notRun(ctx, r.check))
		case s.round.starts(r):
			// Observed here, and not where it runs, so that checks are told in the order of the plan.
			s.observe(Event{Check: r.check, Resumed: r.resumed()})
			running.Go(func() {
				defer func() { <-places }()
				if report, over := r.advance(ctx); over {
					s.finish(r, report)
					told(report)
					s.round.stops()
				}
			})
			continue
		}
		<-places
	}
	running.Wait()
}

func (s *stage) finish(r *run, report check.Report) {
	r.report = &report
	s.observe(Event{Check: r.check, Report: &report})
}

// unfinished says that something is left to another call. Where there will be none, it is reported as it stands.
func (s *stage) unfinished(ctx context.Context, runs []*run) bool {
	for _, r := range runs {
		switch {
		case r.report != nil:
		case ctx.Err() == nil:
			return true
		default:
			s.finish(r, r.givenUp(ctx))
		}
	}
	return false
}

func finished(runs []*run) int {
	n := 0
	for _, r := range runs {
		if r.report != nil {
			n++
		}
	}
	return n
}

// reports are those of what is over.
func (s *stage) reports() []check.Report {
	reports := make([]check.Report, 0, len(s.checks))
	for _, r := range s.all() {
		if r.report != nil {
			reports = append(reports, *r.report)
		}
	}
	return reports
}

func (s *stage) observe(e Event) {
	if s.Observe == nil {
		return
	}
	s.observing.Lock()
	defer s.observing.Unlock()
	s.Observe(e)
}

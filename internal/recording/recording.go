// Package recording keeps what green and blue answer while a plan is run, and writes it as cases for package plantest: a plan
// that passed against a good version has then a file in which somebody changes an answer, to see that the gate says no.
//
// Secrets aren't written. What is written is tried before: the cases make the plan pass, or the checks that they can't answer
// have their results in the place of answers, which is told.
package recording

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/secret"
)

// MaxBody is how much of a body is written, in bytes: 64 KiB. A file of cases has 1 MiB at most, and nobody changes by hand what
// is longer.
const MaxBody = 64 << 10

// MaxRuns is how many runs of one check are written, the first ones and the last: what a version answered while it came up tells
// little by the fifth time.
const MaxRuns = 5

// Run is what is recorded of.
type Run struct {
	Plan  *plan.Plan
	Stage lifecycle.Stage
	// Green and Blue are the base URLs at which they answer; empty where that isn't known.
	Green, Blue string
	// Vars are the plan's variables that were set from outside.
	Vars map[string]string
	// Mask masks the plan's secrets.
	Mask func(string) string
}

// Recording hears the checks of one run. It is safe for concurrent use.
type Recording struct {
	run   Run
	sides []side
	text  string // of the plan, and of what it includes

	mu      sync.Mutex
	watched []*watched
	serial  bool
	names   map[string]any // that were looked up
	// derived are the secrets that came of the plan's: tokens that were given for them. named are what an answer calls one.
	derived, named secret.Masker
	unreached      int
}

// side is one of the versions.
type side struct {
	name string
	base *url.URL
}

// New begins a recording.
func New(r Run) *Recording {
	rec := &Recording{run: r, names: map[string]any{}}
	if r.Mask == nil {
		rec.run.Mask = func(text string) string { return text }
	}
	for _, s := range []struct{ name, url string }{{"green", r.Green}, {"blue", r.Blue}} {
		if base, err := url.Parse(s.url); err == nil && s.url != "" {
			rec.sides = append(rec.sides, side{s.name, base})
		}
	}
	var text strings.Builder
	for _, f := range r.Plan.Files {
		text.Write(f.Text)
		text.WriteByte('\n')
	}
	rec.text = text.String()
	for name, value := range r.Vars {
		if isSecret(name) {
			rec.derived.Add(value)
		}
	}
	return rec
}

// watched is a check that is heard.
type watched struct {
	check    *plan.Check
	identity bool
	runs     int // of all
	last     int // of those that are kept
	left     int // how many of the others answered otherwise
	asked    []exchange
	// elsewhere is somebody whom it asked, and for whom no case can answer.
	elsewhere string
}

// exchange is a request with what came of it.
type exchange struct {
	run            int
	side           string
	method, target string
	answer         answer
}

// answer is what came of a request.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	size    int  // of the body, as far as it was read
	more    bool // it is longer than that
	coding  string
	failure string // in place of all others: reset, closed or timeout
}

// isLonger says that a body has more than so many bytes.
func (a answer) isLonger(bytes int) bool { return a.more || a.size > bytes }

// Watch has the checks of a stage heard, as they are run from now on.
func (r *Recording) Watch(s *plan.Stage) {
	r.serial = s.Serial
	if s.Identity != nil {
		r.watch(s.Identity.Check, true)
	}
	for _, c := range s.Checks {
		r.watch(c, false)
	}
}

func (r *Recording) watch(c *plan.Check, identity bool) {
	own := *c
	w := &watched{check: &own, identity: identity, last: 1}
	r.watched = append(r.watched, w)
	one := heard{c.Check, r, w}
	if _, cleans := c.Check.(check.Cleaner); cleans {
		c.Check = heardCleaner{one}
	} else {
		c.Check = one
	}
}

// heard is a check whose runs are recorded.
type heard struct {
	check.Check
	recording *Recording
	of        *watched
}

// Run runs the check.
func (h heard) Run(ctx context.Context, scope check.Scope) check.Result {
	r := h.recording
	r.mu.Lock()
	scope.Recorder = &listener{recording: r, of: h.of, run: r.begin(h.of)}
	r.mu.Unlock()
	if lookup := scope.Lookup; lookup != nil {
		scope.Lookup = func(name string) (any, error) {
			value, err := lookup(name)
			if err == nil {
				r.mu.Lock()
				r.names[name] = value
				r.mu.Unlock()
			}
			return value, err
		}
	}
	return h.Check.Run(ctx, scope)
}

// begin begins a run. The one before it isn't kept where the same was said in it as before that, or where there are many.
func (r *Recording) begin(w *watched) int {
	ofRun := func(run int) (all []exchange) {
		for _, e := range w.asked {
			if e.run == run {
				all = append(all, e)
			}
		}
		return all
	}
	w.runs++
	before, one := ofRun(w.last-1), ofRun(w.last)
	alike := slices.EqualFunc(before, one, func(a, b exchange) bool {
		return a.side == b.side && a.method == b.method && a.target == b.target && r.same(a.answer, b.answer)
	})
	switch {
	case len(one) > 0 && !alike && w.last < MaxRuns:
		w.last++
		return w.last
	case len(one) > 0 && !alike:
		w.left++
	}
	w.asked = slices.DeleteFunc(w.asked, func(e exchange) bool { return e.run == w.last })
	return w.last
}

// heardCleaner is a heard check that cleans up.
type heardCleaner struct{ heard }

// CleanupTime is that of the check.
func (h heardCleaner) CleanupTime() time.Duration {
	return h.Check.(check.Cleaner).CleanupTime() //nolint:forcetypeassert // it is what makes it one
}

// listener hears one run of a check.
type listener struct {
	recording *Recording
	of        *watched
	run       int
	tainted   bool // the last request carried a secret
}

// Exchanged keeps an exchange. What made no connection is nobody's answer.
func (l *listener) Exchanged(e check.Exchange) {
	r := l.recording
	r.mu.Lock()
	defer r.mu.Unlock()
	l.tainted = r.carriesSecret(e)
	r.learn(e, l.tainted)
	failed := failureOf(e)
	switch {
	case e.Answer == nil && !e.Reached:
		r.unreached++
		return
	case failed == "" && e.Err != nil:
		return // cancelled, which says nothing of an answer
	}
	name, target, known := r.place(e.Request.URL)
	if !known {
		l.of.elsewhere = network.Origin(e.Request.URL)
		return
	}
	kept := exchange{run: l.run, side: name, method: e.Request.Method, target: target, answer: answer{failure: failed}}
	if failed == "" {
		kept.answer = answer{
			status: e.Answer.StatusCode, header: r.kept(e.Answer.Header, e.Coding), body: slices.Clone(e.Body[:min(len(e.Body), MaxBody)]),
			size: len(e.Body), more: e.Cut, coding: e.Coding,
		}
	}
	l.of.asked = append(l.of.asked, kept)
}

// Captured learns a secret where one was given for another.
func (l *listener) Captured(_ string, value any) {
	if !l.tainted {
		return
	}
	r := l.recording
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range leaves(value) {
		if !r.inPlan(text) {
			r.derived.Add(text)
		}
	}
}

// failureOf says what there was in place of a whole answer; empty where there was one, or the asking was cancelled.
func failureOf(e check.Exchange) string {
	switch err := e.Err; {
	case err == nil, errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	}
	return "closed"
}

// place finds which version a URL is of, and the request's target from its base URL on.
func (r *Recording) place(u *url.URL) (name, target string, known bool) {
	best := -1
	for _, s := range r.sides {
		base := strings.TrimSuffix(s.base.EscapedPath(), "/")
		path := u.EscapedPath()
		rest, below := strings.CutPrefix(path, base)
		below = below && (rest == "" || rest[0] == '/')
		length := len(base)
		if !below {
			rest, length = path, 0 // of the same server, as a redirect may be
		}
		if network.SameOrigin(u, s.base) && length > best {
			name, target, known, best = s.name, rest, true, length
		}
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	return name, target, known
}

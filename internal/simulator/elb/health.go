package elb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// HealthCheck says how a target group finds out which targets are healthy. Zero values
// are replaced by the defaults of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html.
type HealthCheck struct {
	Path     string        // of the GET request; default /
	Interval time.Duration // between checks of one target; default 30 s
	Timeout  time.Duration // of one check; default 5 s
	// HealthyThreshold is how many checks in a row an unhealthy target must pass to be
	// healthy again, default 5. A target that was just registered must pass one.
	HealthyThreshold int
	// UnhealthyThreshold is how many checks in a row a target must fail to become unhealthy;
	// default 2.
	UnhealthyThreshold int
	// Matcher lists the status codes of a healthy target: codes and ranges, such as
	// "200-399" or "200,204"; default 200.
	Matcher string
}

// WithDefaults fills the defaults in, and refuses what a target group would refuse.
func (h HealthCheck) WithDefaults() (HealthCheck, error) {
	h, _, err := h.normalize()
	return h, err
}

func (h HealthCheck) normalize() (HealthCheck, matcher, error) {
	h.Path = cmp.Or(h.Path, "/")
	h.Interval = cmp.Or(h.Interval, 30*time.Second)
	h.Timeout = cmp.Or(h.Timeout, 5*time.Second)
	h.HealthyThreshold = cmp.Or(h.HealthyThreshold, 5)
	h.UnhealthyThreshold = cmp.Or(h.UnhealthyThreshold, 2)
	h.Matcher = cmp.Or(h.Matcher, "200")
	if !strings.HasPrefix(h.Path, "/") {
		return h, nil, fmt.Errorf("health check path %q does not start with a slash", h.Path)
	}
	if h.Interval < 0 || h.Timeout < 0 || h.HealthyThreshold < 0 || h.UnhealthyThreshold < 0 {
		return h, nil, fmt.Errorf("the health check's times and thresholds must be above 0: %+v", h)
	}
	codes, err := parseMatcher(h.Matcher)
	return h, codes, err
}

// matcher is a list of ranges of status codes, both ends included.
type matcher [][2]int

// parseMatcher reads a list such as "200,300-399".
func parseMatcher(text string) (matcher, error) {
	var m matcher
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		from, errFrom := strconv.ParseUint(low, 10, 16)
		to, errTo := strconv.ParseUint(high, 10, 16)
		if errFrom != nil || errTo != nil || from < 200 || to > 499 || from > to {
			return nil, fmt.Errorf("health check matcher %q: %q is neither a status code nor a range of them from 200 to 499, such as 200-399", text, part)
		}
		m = append(m, [2]int{int(from), int(to)})
	}
	return m, nil
}

func (m matcher) match(status int) bool {
	for _, r := range m {
		if r[0] <= status && status <= r[1] {
			return true
		}
	}
	return false
}

// Health is the state of a target, in the words of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-states.
type Health string

// The states of a target.
const (
	Initial   Health = "initial"
	Healthy   Health = "healthy"
	Unhealthy Health = "unhealthy"
)

// checkUntil checks the target again and again until ctx ends.
func (g *TargetGroup) checkUntil(ctx context.Context, t *target) {
	for {
		problem, connected := g.check(ctx, t)
		if ctx.Err() != nil {
			return
		}
		g.judge(t, problem)
		if !connected && g.awaitStart(ctx, t) {
			continue
		}
		if !g.awaitCheck(ctx, t) {
			return
		}
	}
}

// How a target that is being started is waited for, in real time: as long as it doesn't listen, it
// is looked at again soon, so that a clock that leaps doesn't run ahead of it.
const (
	startPatience = 10 * time.Second
	startInterval = 5 * time.Millisecond
)

// awaitStart gives a target that is being started real time, on a clock that leaps. It reports
// whether the target is to be checked again now.
func (g *TargetGroup) awaitStart(ctx context.Context, t *target) bool {
	if !clock.Leaps(g.lb.config.Clock) || time.Since(t.registered) > startPatience {
		return false
	}
	select {
	case <-time.After(startInterval):
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitCheck passes the time until the target is checked again; false means that ctx has ended.
// Only while somebody waits for the target to be healthy a clock may leap to the next check.
func (g *TargetGroup) awaitCheck(ctx context.Context, t *target) bool {
	c, began := g.lb.config.Clock, g.lb.config.Clock.Now()
	interval := g.HealthCheck().Interval
	for wait := interval; ; wait = interval - c.Now().Sub(began) {
		g.mu.Lock()
		awaited, waiting := g.waiting > 0 && t.health != Healthy, g.waitingChanged
		g.mu.Unlock()
		timer := clock.BackgroundTimer
		if awaited {
			timer = clock.Timer
		}
		due, stop := timer(c, wait)
		changed, resume := waiting.Wait()
		if !clock.Leaps(c) {
			changed = nil // it makes no difference
		}
		again := false
		select {
		case <-due:
		case <-changed:
			again = true
		case <-ctx.Done():
		}
		resume()
		stop()
		if !again {
			return ctx.Err() == nil
		}
	}
}

// await says that somebody waits for a target to be healthy, until done is called.
func (g *TargetGroup) await() (done func()) {
	add := func(n int) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waiting += n
		g.waitingChanged.Fire()
		g.waitingChanged = clock.NewSignal(g.lb.config.Clock)
	}
	add(1)
	return func() { add(-1) }
}

// check asks the target once and returns what is wrong with it, empty when all is well, and
// whether it listens at all.
func (g *TargetGroup) check(ctx context.Context, t *target) (problem string, connected bool) {
	fault := g.checkFault()
	if fault.Unhealthy {
		return checkFailed, true
	}
	g.mu.Lock()
	health, codes := g.health, g.codes
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, health.Timeout)
	defer cancel()
	if err := fault.meet(ctx, health.Timeout); err != nil {
		return problemOf(err), true
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+health.Path, http.NoBody)
	if err != nil {
		return err.Error(), true
	}
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	resp, err := g.lb.checks.RoundTrip(req)
	if err != nil {
		dial := new(net.OpError)
		return problemOf(err), !errors.As(err, &dial) || dial.Op != "dial"
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
	if !codes.match(resp.StatusCode) {
		return fmt.Sprintf(checkMismatch+"[%d]", resp.StatusCode), true
	}
	return "", true
}

// What the API says of unhealthy targets, in the words of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-reason-codes.
const (
	checkFailed   = "Health checks failed"
	checkMismatch = "Health checks failed with these codes: "
	checkTimeout  = "Request timed out"
)

// problemOf tells what an error of a health check means.
func problemOf(err error) string {
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return checkTimeout
	}
	return err.Error()
}

// judge counts a check's outcome and changes the target's state at the thresholds.
func (g *TargetGroup) judge(t *target, problem string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if problem == "" {
		t.passed, t.failed = t.passed+1, 0
	} else {
		t.passed, t.failed = 0, t.failed+1
	}
	before := t.health
	switch {
	case t.failed >= g.health.UnhealthyThreshold:
		t.health = Unhealthy
	case t.health == Initial && t.passed > 0, t.passed >= g.health.HealthyThreshold:
		t.health = Healthy
	}
	t.problem = problem
	if t.health != before {
		g.recount()
		g.change()
	}
}

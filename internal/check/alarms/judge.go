package alarmscheck

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/unread"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// The states of an alarm.
const (
	stateOK           = "OK"
	stateAlarm        = "ALARM"
	stateInsufficient = "INSUFFICIENT_DATA"
)

// judging collects what is wrong with alarms.
type judging struct {
	missing missing
	began   time.Time // the execution
	false   []string
	open    []string
}

// now judges the state that an alarm is in.
func (j *judging) now(a alarm) {
	switch a.State {
	case stateOK:
		if a.Evaluation != "" {
			j.lacking(a.Name + " is OK, but not by all of its data (" + a.Evaluation + ")")
		}
	case stateAlarm:
		j.false = append(j.false, a.Name+" is in ALARM"+j.since(a)+because(a))
	case stateInsufficient:
		j.lacking(a.Name + " has INSUFFICIENT_DATA" + because(a))
	default:
		j.open = append(j.open, fmt.Sprintf("%s is in the state %s, which isn't known", a.Name, expect.Quote(a.State)))
	}
}

// lacking notes what missing makes of too little data.
func (j *judging) lacking(what string) {
	switch j.missing {
	case missingPass:
	case missingFail:
		j.false = append(j.false, what)
	default:
		j.open = append(j.open, what)
	}
}

// since says since when an alarm is in ALARM, and that it isn't these checks' time that brought it there.
func (j *judging) since(a alarm) string {
	at := a.changed()
	switch {
	case at.IsZero():
		return ""
	case !j.began.IsZero() && at.Before(j.began):
		return fmt.Sprintf(" since %s, %s before these checks began", at.Format(time.RFC3339), strictyaml.Duration(j.began.Sub(at).Round(time.Second)))
	}
	return " since " + at.Format(time.RFC3339)
}

func because(a alarm) string {
	if a.Reason == "" {
		return ""
	}
	return ": " + expect.Quote(strings.Join(strings.Fields(a.Reason), " "))
}

// meanwhile looks for alarms that went off and recovered since the check first passed.
func (j *judging) meanwhile(ctx context.Context, r reading, all []alarm, held time.Time) *check.Result {
	for _, a := range all {
		if a.State == stateAlarm || !a.changed().After(held) {
			continue
		}
		changes, err := r.changes(ctx, a.Name, held)
		if err != nil {
			result := unread.Result("what "+a.Name+" was before it became "+a.State+" at "+a.changed().Format(time.RFC3339), actionHistory, err)
			return result
		}
		j.recovered(a, changes)
	}
	return nil
}

// recovered judges what an alarm was before. One whose change isn't in its history may have been in any state.
func (j *judging) recovered(a alarm, changes []change) {
	lacked := false
	for _, c := range changes {
		if c.from == stateAlarm || c.to == stateAlarm {
			j.false = append(j.false, fmt.Sprintf("%s was in ALARM meanwhile, and is %s since %s", a.Name, a.State, a.changed().Format(time.RFC3339)))
			return
		}
		if c.to != stateOK || c.from != stateOK {
			lacked = true
		}
	}
	switch {
	case lacked:
		j.lacking(fmt.Sprintf("%s had INSUFFICIENT_DATA meanwhile, and is %s since %s", a.Name, a.State, a.changed().Format(time.RFC3339)))
	case len(changes) == 0:
		j.open = append(j.open, fmt.Sprintf("%s became %s at %s, and its history doesn't say what it was before", a.Name, a.State, a.changed().Format(time.RFC3339)))
	}
}

// result is what came of it all: what is wrong weighs more than what can't be judged.
func (j *judging) result(alarms int) check.Result {
	switch {
	case len(j.false) > 0:
		return check.Result{Outcome: check.Failed, Reason: first(j.false, alarms)}
	case len(j.open) > 0:
		return check.Result{Outcome: check.Inconclusive, Reason: first(j.open, alarms)}
	}
	return check.Result{Outcome: check.Passed}
}

// first tells the first few, and of how many alarms.
func first(all []string, alarms int) string {
	const most = 3
	text := strings.Join(all[:min(most, len(all))], "; ")
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf("; and %d more of %d alarms", more, alarms)
	}
	return text
}

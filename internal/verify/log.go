package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// logQuery and logPage are what is sent to FilterLogEvents, and what is read of its answer.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
type (
	logQuery struct {
		Group string `json:"logGroupName"`
		// From is in milliseconds since 1970.
		From int64  `json:"startTime"`
		Next string `json:"nextToken,omitempty"`
	}
	logPage struct {
		Events []struct {
			Message string `json:"message"`
		} `json:"events"`
		Next string `json:"nextToken"`
	}
)

// Execution is one call of the gate, as its log has it.
type Execution struct {
	// ID is the execution's, of a hook or of a stage. CodeDeploy's are secret: who has one can answer for the hook.
	ID string `json:"-"`
	// Stage is named as CodeDeploy names it; StageFrom is who told it, after how many reads.
	Stage      string `json:"stage,omitempty"`
	StageFrom  string `json:"stage_from,omitempty"`
	StageReads int    `json:"stage_reads,omitempty"`
	Found      string `json:"found,omitempty"`
	// Proofs are why green was taken for green, before and after the checks.
	Proofs []string `json:"proofs,omitempty"`
	// Status is the verdict; empty where none was logged.
	Status string `json:"status,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// line is one of the gate's log.
type line struct {
	Message    string `json:"msg"`
	Deployment string `json:"deployment"`
	Execution  string `json:"execution"`
	Stage      string `json:"stage"`
	StageFrom  string `json:"stage_from"`
	StageReads int    `json:"stage_reads"`
	Found      string `json:"found"`
	Kind       string `json:"kind"`
	Status     string `json:"status"`
	Reason     string `json:"reason"`
}

// executions are those of a deployment, or with "" of all, in the order in which they began.
func executions(messages []string, deployment string) []Execution {
	var all []*Execution
	byID := map[string]*Execution{}
	for _, message := range messages {
		var l line
		if !strings.HasPrefix(message, "{") || json.Unmarshal([]byte(message), &l) != nil || l.Execution == "" || deployment != "" && l.Deployment != deployment {
			continue // what Lambda itself writes is no JSON, or of another kind
		}
		e := byID[l.Execution]
		if e == nil {
			e = &Execution{ID: l.Execution}
			byID[l.Execution] = e
			all = append(all, e)
		}
		if l.Stage != "" {
			e.Stage = l.Stage
		}
		switch {
		case l.Message == "found":
			e.Found, e.StageFrom, e.StageReads = l.Found, l.StageFrom, l.StageReads
		case l.Message == "verdict":
			e.Status, e.Reason = l.Status, l.Reason
		case l.Kind == "proof":
			e.Proofs = append(e.Proofs, l.Reason)
		}
	}
	of := make([]Execution, len(all))
	for i, e := range all {
		of[i] = *e
	}
	return of
}

// CloudWatch shows a line some seconds after it was written.
const (
	logEvery = 5 * time.Second
	logIn    = 3 * time.Minute
)

// readLog reads the executions of a deployment until they are enough, and two reads gave the same. Where they don't become enough in time, what is there is
// given: that is a finding, and not the end.
func (v *Verification) readLog(ctx context.Context, group string, since time.Time, deployment string, enough func([]Execution) bool) ([]Execution, error) {
	var last []Execution
	began, reads := v.Clock.Now(), 0
	err := v.poll(ctx, "the log of "+deployment, logEvery, 2*logIn, func() (bool, error) {
		messages, err := v.messages(ctx, group, since)
		if err != nil {
			return false, err
		}
		now := executions(messages, deployment)
		settled := reads > 0 && len(now) == len(last) && enough(now)
		last, reads = now, reads+1
		return settled || v.Clock.Now().Sub(began) >= logIn, nil
	})
	return last, err
}

func (v *Verification) messages(ctx context.Context, group string, since time.Time) ([]string, error) {
	const askew = 10 * time.Minute // this machine's clock may be, and lines are told apart by their deployment
	var all []string
	query := logQuery{Group: group, From: since.Add(-askew).UnixMilli()}
	for asked := map[string]bool{}; ; {
		page, err := v.Account.filterLog(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("reading the log group %s: %w", group, err)
		}
		for _, e := range page.Events {
			all = append(all, strings.TrimSpace(e.Message))
		}
		if query.Next = page.Next; query.Next == "" || asked[query.Next] {
			return all, nil
		}
		asked[query.Next] = true
	}
}

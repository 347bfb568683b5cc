// Package unread gives the results of checks that couldn't read from AWS what they judge: there is no answer then, and it
// says why, and what to do.
package unread

import (
	"context"
	"errors"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
)

// Result is that of a call that failed. Reading says what was being read, action is the IAM action that it takes.
func Result(reading, action string, err error) *check.Result {
	if errors.Is(err, context.Canceled) {
		return &check.Result{Outcome: check.Inconclusive, Reason: "cancelled before there was an answer"}
	}
	r := &check.Result{Outcome: check.Inconclusive, Reason: fmt.Sprintf("could not read %s (%s): %s", reading, action, awscall.Plain(err))}
	switch {
	case awscall.IsDenied(err):
		r.Reason += ": allow " + action + " to the function's role"
	case awscall.IsPassing(err):
		r.Retry = check.RetryNoAnswer
	}
	return r
}

// Settings is the result where the AWS settings can't be read.
func Settings(err error) *check.Result {
	return &check.Result{Outcome: check.Inconclusive, Reason: "reading the AWS settings: " + err.Error()}
}

// Name is the result where a {{ name }} has no value, or one that is of no use.
func Name(err error) *check.Result {
	return &check.Result{Outcome: check.Inconclusive, Reason: err.Error()}
}

package deployment

import (
	"errors"
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
)

// A ReadError says that something of the deployment couldn't be read, which IAM action reading it takes, and what to do.
type ReadError struct {
	// Reading is what was being read.
	Reading string
	// Action is IAM's, such as "codedeploy:GetDeployment".
	Action string
	// Remedy is what to set instead; empty where only the reading itself would help.
	Remedy string
	Err    error
}

func (e *ReadError) Error() string {
	var advice []string
	if e.Denied() {
		advice = append(advice, "allow "+e.Action+" to the function's role")
	} else if e.passing() {
		advice = append(advice, "see that the function has a way to the service, and is not throttled")
	}
	if e.Remedy != "" {
		advice = append(advice, e.Remedy)
	}
	text := fmt.Sprintf("read %s (%s): %s", e.Reading, e.Action, awscall.Plain(e.Err))
	if len(advice) > 0 {
		text += ": " + strings.Join(advice, ", or ")
	}
	return text
}

func (e *ReadError) Unwrap() error { return e.Err }

// Denied says that IAM refused the read, so that only another policy helps.
func (e *ReadError) Denied() bool { return awscall.IsDenied(e.Err) }

// passing says that the same read may well succeed later.
func (e *ReadError) passing() bool {
	var missing *missingError
	return !errors.As(e.Err, &missing) && awscall.IsPassing(e.Err)
}

// answerError says that AWS answered, and what is needed isn't in the answer.
type answerError struct{ reading, missing, remedy string }

func (e *answerError) Error() string {
	return fmt.Sprintf("read %s: the answer has no %s: %s", e.reading, e.missing, e.remedy)
}

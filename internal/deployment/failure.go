package deployment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

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
	text := fmt.Sprintf("read %s (%s): %s", e.Reading, e.Action, plain(e.Err))
	if len(advice) > 0 {
		text += ": " + strings.Join(advice, ", or ")
	}
	return text
}

func (e *ReadError) Unwrap() error { return e.Err }

// Denied says that IAM refused the read, so that only another policy helps.
func (e *ReadError) Denied() bool {
	var api smithy.APIError
	return errors.As(e.Err, &api) && slices.Contains([]string{
		"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException",
	}, api.ErrorCode())
}

// passing says that the same read may well succeed later.
func (e *ReadError) passing() bool {
	var api smithy.APIError
	var missing *missingError
	switch {
	case errors.As(e.Err, &missing):
		return false
	case !errors.As(e.Err, &api) || api.ErrorCode() == "":
		return true // there was no answer
	}
	return awscall.NewRetryer().IsErrorRetryable(e.Err)
}

// plain is an error's text without what the SDK wraps it in: operation, HTTP status and request id.
func plain(err error) string {
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && api.ErrorMessage() != "":
		return api.ErrorCode() + ": " + strings.TrimSuffix(strings.Join(strings.Fields(api.ErrorMessage()), " "), ".")
	case errors.As(err, &api) && api.ErrorCode() != "":
		return api.ErrorCode()
	}
	var sent *smithy.OperationError
	if errors.As(err, &sent) && sent.Err != nil {
		err = sent.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return cmp.Or(strings.Join(strings.Fields(err.Error()), " "), "no reason was given")
}

// answerError says that AWS answered, and what is needed isn't in the answer.
type answerError struct{ reading, missing, remedy string }

func (e *answerError) Error() string {
	return fmt.Sprintf("read %s: the answer has no %s: %s", e.reading, e.missing, e.remedy)
}

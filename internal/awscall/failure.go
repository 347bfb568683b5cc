package awscall

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// IsDenied says of an error that IAM refused the call, so that only another policy helps.
func IsDenied(err error) bool {
	return HasCode(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException")
}

// HasCode says that the service gave one of the codes.
func HasCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}

// IsPassing says that the same call may well succeed later: there was no answer, or one that the SDK would retry.
func IsPassing(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() == "" {
		return true
	}
	return NewRetryer().IsErrorRetryable(err)
}

// Plain is an error's text without what the SDK wraps it in: operation, HTTP status and request id.
func Plain(err error) string {
	var api smithy.APIError
	var unanswered *Error
	if errors.As(err, &unanswered) && unanswered.Err != nil {
		err = unanswered.Err
	}
	switch {
	case errors.As(err, &api) && api.ErrorMessage() != "":
		return oneLine(api.ErrorCode()) + ": " + strings.TrimSuffix(oneLine(api.ErrorMessage()), ".")
	case errors.As(err, &api) && api.ErrorCode() != "":
		return oneLine(api.ErrorCode())
	}
	var sent *smithy.OperationError
	if errors.As(err, &sent) && sent.Err != nil {
		err = sent.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return cmp.Or(oneLine(err.Error()), "no reason was given")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

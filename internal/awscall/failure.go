package awscall

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// HasCode says that a service answered an error with one of these codes.
func HasCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}

// Denied says that IAM refused the call, so that only another policy helps.
func Denied(err error) bool {
	return HasCode(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationErrorException")
}

// Passing says that the same call may well succeed later: nothing answered, or the service was throttled or in trouble.
func Passing(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() == "" {
		return true
	}
	var own *Error
	if errors.As(err, &own) && own.Status == 0 {
		return true
	}
	return NewRetryer().IsErrorRetryable(err)
}

// Plain is an error's text on one line, without what is wrapped around it: operation, HTTP status and request id.
func Plain(err error) string {
	var api smithy.APIError
	var own *Error
	answered := errors.As(err, &api) && (!errors.As(err, &own) || own.Err == nil)
	switch {
	case answered && api.ErrorMessage() != "":
		return api.ErrorCode() + ": " + strings.TrimSuffix(strings.Join(strings.Fields(api.ErrorMessage()), " "), ".")
	case answered && api.ErrorCode() != "":
		return api.ErrorCode()
	}
	var sent *smithy.OperationError
	switch {
	case errors.As(err, &sent) && sent.Err != nil:
		err = sent.Err
	case own != nil && own.Err != nil:
		err = own.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return cmp.Or(strings.Join(strings.Fields(err.Error()), " "), "no reason was given")
}

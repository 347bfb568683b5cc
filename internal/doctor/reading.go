package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// reading is one answer of AWS, or why there is none.
type reading[T any] struct {
	of  T
	err error
}

// got says that there is an answer.
func (r reading[T]) got() bool { return r.err == nil }

// readingOf makes a call that takes the IAM action permission.
func readingOf[In, Out any](ctx context.Context, permission string, call func(context.Context, In) (Out, error), in In) reading[Out] {
	out, err := call(ctx, in)
	if err != nil {
		err = &unread{permission: permission, err: err}
	}
	return reading[Out]{of: out, err: err}
}

// errUnasked is the error of what wasn't asked for, because nothing said what to ask.
var errUnasked = errors.New("nothing says which one")

// unread is why something couldn't be read.
type unread struct {
	permission string
	err        error
}

func (u *unread) Error() string { return u.permission + ": " + reason(u.err) }

func (u *unread) Unwrap() error { return u.err }

// reason says in a line why a call failed: what the service answered, without the request's ids.
func reason(err error) string {
	var answered smithy.APIError
	if errors.As(err, &answered) {
		text := answered.ErrorCode()
		if message := strings.Join(strings.Fields(answered.ErrorMessage()), " "); message != "" {
			text += ": " + message
		}
		return text
	}
	var status *smithyhttp.ResponseError
	if errors.As(err, &status) && status.Response != nil {
		return fmt.Sprintf("the endpoint answered HTTP status %d", status.HTTPStatusCode())
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// permissionOf is the IAM action that reading something took, empty where the error isn't of reading.
func permissionOf(err error) string {
	if u := new(unread); errors.As(err, &u) {
		return u.permission
	}
	return ""
}

// missingPermission is the IAM action that the caller lacks, empty where the failure is another.
func missingPermission(err error) string {
	var u *unread
	if !errors.As(err, &u) || !denied(u.err) {
		return ""
	}
	return u.permission
}

// denied says that AWS refused the call for want of a permission. Services spell it in several ways.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func denied(err error) bool {
	var answered smithy.APIError
	if !errors.As(err, &answered) {
		return false
	}
	switch answered.ErrorCode() {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "UnauthorizedException", "AuthorizationError":
		return true
	}
	return false
}

// notThere says that AWS knows no such thing.
func notThere(err error) bool {
	var answered smithy.APIError
	if !errors.As(err, &answered) {
		return false
	}
	switch code := answered.ErrorCode(); code {
	case "NoSuchEntity", "NoSuchKey", "NoSuchBucket", "InvalidSubnetID.NotFound", "InvalidGroup.NotFound":
		return true
	default:
		return strings.HasSuffix(code, "NotFound") || strings.HasSuffix(code, "NotFoundException") ||
			strings.HasSuffix(code, "DoesNotExistException")
	}
}

// sideBySide runs the functions at once, and waits for all.
func sideBySide(work ...func()) {
	var all sync.WaitGroup
	for _, w := range work {
		all.Go(w)
	}
	all.Wait()
}

package hook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A fate is what an attempt's error makes of a report.
type fate int

const (
	delivered fate = iota // CodeDeploy took the status
	completed             // it had one already: done as well
	transient             // worth another attempt
	final                 // would be refused again
)

// alreadyCompleted is the answer to a second report, also to one that repeats a report
// whose answer was lost, and to a report after the deployment was stopped.
const alreadyCompleted = "LifecycleEventAlreadyCompletedException"

// refusals are the other documented errors of the operation. Each says that this request
// is wrong, which another attempt doesn't change.
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html
var refusals = []string{
	"DeploymentDoesNotExistException",
	"DeploymentIdRequiredException",
	"InvalidDeploymentIdException",
	"InvalidLifecycleEventHookExecutionIdException",
	"InvalidLifecycleEventHookExecutionStatusException",
	"UnsupportedActionForDeploymentTypeException",
}

// noCode is what the SDK calls an error answer that carries no code. CodeDeploy's always
// do, so such an answer comes from something in between.
const noCode = "UnknownError"

func judge(err error) fate {
	if err == nil {
		return delivered
	}
	// The SDK says so of a wrong clock, which it corrects for the next attempt.
	if opinion, ok := errors.AsType[interface {
		error
		RetryableError() bool
	}](err); ok {
		if opinion.RetryableError() {
			return transient
		}
		return final
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return judgeAnswer(api, statusOf(err))
	}
	if _, ok := errors.AsType[*smithy.OperationError](err); ok && !wasSent(err) {
		return final
	}
	return transient
}

// judgeAnswer judges an error that the service answered with.
func judgeAnswer(api smithy.APIError, status int) fate {
	code := api.ErrorCode()
	switch {
	case code == alreadyCompleted:
		return completed
	case slices.Contains(refusals, code):
		return final
	case code == noCode, status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout,
		api.ErrorFault() == smithy.FaultServer:
		return transient
	}
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	_, timedOut := retry.DefaultRetryableErrorCodes[code]
	if throttled || timedOut {
		return transient
	}
	return final
}

// wasSent reports whether an error of the SDK, which isn't an answer of the service, comes
// from the network or from an answer that couldn't be read. What is left never gets
// anywhere: no credentials, no region, an endpoint that is no URL.
func wasSent(err error) bool {
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return statusOf(err) != 0 || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// statusOf returns the HTTP status of the answer that an error of the SDK is about, or 0.
func statusOf(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// explained adds to a final error what to do about it, where the error itself doesn't say.
func explained(err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch api.ErrorCode() {
	case "AccessDeniedException", "AccessDenied":
		// https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
		return fmt.Errorf("the function's role must allow codedeploy:PutLifecycleEventHookExecutionStatus"+
			" on arn:aws:codedeploy:REGION:ACCOUNT:deploymentgroup:APPLICATION/GROUP: %w", err)
	case "DeploymentDoesNotExistException":
		return fmt.Errorf("the deployment is unknown in the region and account that the function reports to: %w", err)
	default:
		return err
	}
}

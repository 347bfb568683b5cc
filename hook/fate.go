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

// A fate is what an attempt's error makes of a report, or of a hand-over.
type fate int

const (
	delivered fate = iota // CodeDeploy or ECS took the status
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
	if _, ok := errors.AsType[*endedError](err); ok {
		return completed
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

// statusOf returns the HTTP status of the answer that an error is about, or 0.
func statusOf(err error) int {
	if response, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err); ok {
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
		return fmt.Errorf("the function's role must allow %s: %w", permissionFor(err), err)
	case "DeploymentDoesNotExistException", "ServiceDeploymentNotFoundException":
		return fmt.Errorf("the deployment is unknown in the region and account that the function reports to: %w", err)
	case "RecursiveInvocationException":
		return fmt.Errorf("set the function's recursive loop detection to allow it to invoke itself: %w", err)
	default:
		return err
	}
}

// permissionFor names the permission that a refused call needs, and on what.
//   - https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
//   - https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
func permissionFor(err error) string {
	call, ok := errors.AsType[*callError](err)
	switch {
	case ok && call.service == ecsService:
		return "ecs:ContinueServiceDeployment and ecs:DescribeServiceDeployments on arn:aws:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/*"
	case ok && call.service == lambdaService:
		return "lambda:InvokeFunction on the function itself"
	default:
		return "codedeploy:PutLifecycleEventHookExecutionStatus on arn:aws:codedeploy:REGION:ACCOUNT:deploymentgroup:APPLICATION/GROUP"
	}
}

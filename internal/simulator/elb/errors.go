package elb

import (
	"errors"
	"fmt"
)

// errClosed is what a closed load balancer answers its callers.
var errClosed = errors.New("the load balancer is closed")

// Codes of the errors that the API has for these cases, among
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html#API_CreateRule_Errors and its siblings.
const (
	CodeDuplicateListener    = "DuplicateListener"
	CodeDuplicateTargetGroup = "DuplicateTargetGroupName"
	CodeInvalidAction        = "InvalidLoadBalancerAction"
	CodeInvalidConfiguration = "InvalidConfigurationRequest"
	CodeInvalidTarget        = "InvalidTarget"
	CodeListenerNotFound     = "ListenerNotFound"
	CodeNotPermitted         = "OperationNotPermitted"
	CodePriorityInUse        = "PriorityInUse"
	CodeResourceInUse        = "ResourceInUse"
	CodeRuleNotFound         = "RuleNotFound"
	CodeTargetGroupNotFound  = "TargetGroupNotFound"
	CodeValidation           = "ValidationError"
)

// Error is what the load balancer refuses, with the code that its API has for it.
type Error struct {
	Code    string // one of the Code constants
	Message string
}

func (e *Error) Error() string { return e.Message }

func errorf(code, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

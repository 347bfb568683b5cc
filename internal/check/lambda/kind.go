// Package lambdacheck is the lambda kind of check: it invokes a version of a Lambda function, the new one of the deployment
// unless the plan names another, waits for what it returns, and judges that.
//
// That the function ran is no proof that it is right: an error of the function is an answer of its own, with HTTP's status 200.
// And an answer proves nothing of a version that didn't give it: the one that Lambda says it executed must be the one that was
// asked for.
package lambdacheck

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/unread"
)

// DefaultTimeout is what a check has where its plan sets no timeout. A new version starts cold, for which Lambda gives it 10 s.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const DefaultTimeout = 15 * time.Second

const actionInvoke = "lambda:InvokeFunction"

// Kind is the kind of check that this package holds. Its checks call AWS with the configuration that is given when they first
// need it.
func Kind(config func() (aws.Config, error)) check.Kind {
	return check.Kind{
		Key: "lambda", Timeout: DefaultTimeout,
		New: func() check.Check { return &Check{config: config} },
		Actions: []check.Action{
			{Name: actionInvoke, Resource: "arn:PARTITION:lambda:REGION:ACCOUNT:function:*", Why: "invoke the version that is to be checked"},
		},
	}
}

// Check is one invocation, and what is expected of its answer.
type Check struct {
	// Invocation says what is invoked, and with what.
	Invocation Invocation `yaml:"lambda,required"`
	// Expect is what must be true of the answer. An error of the function is wrong unless it says otherwise.
	Expect Expect `yaml:"expect"`

	config func() (aws.Config, error)
}

// Title names the function, as the plan has it.
func (c *Check) Title() string {
	title := "invoke green's function"
	if !c.Invocation.Function.IsZero() {
		title = "invoke " + c.Invocation.Function.String()
	}
	if !c.Invocation.Qualifier.IsZero() {
		title += ":" + c.Invocation.Qualifier.String()
	}
	return title
}

// Run asks once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	call, err := c.Invocation.call(scope.Lookup)
	if err != nil {
		return *unread.Name(err)
	}
	cfg, err := c.config()
	if err != nil {
		return *unread.Settings(err)
	}
	if call.region != "" {
		cfg.Region = call.region
	}
	header := map[string][]string{"Content-Type": {"application/json"}, "X-Amz-Invocation-Type": {"RequestResponse"}}
	if call.context != "" {
		header["X-Amz-Client-Context"] = []string{call.context}
	}
	if c.Expect.Log != nil {
		header["X-Amz-Log-Type"] = []string{"Tail"}
	}
	began := time.Now()
	got, err := awscall.New(cfg, awscall.Lambda).Post(ctx, "Invoke", call.path(), header, call.payload)
	took := time.Since(began)
	if err != nil {
		return uninvoked(call, err)
	}
	request := check.Request{
		Method: "INVOKE", URL: call.String(), Status: got.Status, Size: int64(len(got.Body)), Timings: check.Timings{Total: took},
	}
	result := c.Expect.judge(ctx, call, answered(got, took), scope)
	result.Requests = []check.Request{request}
	return result
}

// broken are the errors by which Lambda says that it can't run this version at all, as it is configured: what was deployed is
// wrong. Those that it gives while a function gets ready, or when it is throttled, aren't among them.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
var broken = []string{
	"ResourceNotFoundException", "NoPublishedVersionException", "InvalidRuntimeException", "InvalidZipFileException",
	"InvalidSecurityGroupIDException", "InvalidSubnetIDException", "KMSAccessDeniedException", "KMSDisabledException",
	"KMSInvalidStateException", "KMSNotFoundException", "EFSMountFailureException", "SnapStartException",
	"RuntimeVersionDeletedException", "CodeArtifactUserDeletedException", "CodeArtifactUserFailedException",
}

// uninvoked is the result where the function gave no answer.
func uninvoked(call call, err error) check.Result {
	if awscall.HasCode(err, broken...) {
		return check.Result{Outcome: check.Failed, Reason: call.String() + " can't be invoked: " + awscall.Plain(err)}
	}
	return *unread.Result("the answer of "+call.String(), actionInvoke, err)
}

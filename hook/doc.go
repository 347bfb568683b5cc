// Package hook turns a Go function into a complete AWS CodeDeploy lifecycle
// hook.
//
// CodeDeploy invokes a hook asynchronously, hands it two ids, and then waits, for
// an hour, for one call: PutLifecycleEventHookExecutionStatus with Succeeded or
// Failed. What the function returns is ignored. A hook that crashes, runs out of
// time or loses that call leaves the deployment hanging for the hour. This
// package exists so that there is always an answer: it reads the event, runs the
// function under a context that ends early enough to report, turns errors, panics
// and overlong runs into Failed with a reason, and repeats the report until
// CodeDeploy has it or the Lambda deadline is reached. Only when the report cannot
// be delivered does the invocation end in an error, so that Lambda runs it again.
// That run, like every duplicate of an event, repeats the verdict that was given
// before and does not ask the function a second time.
//
// A whole hook is one call:
//
//	func main() {
//		hook.Start(func(ctx context.Context, e hook.Execution) error {
//			return smokeTest(ctx)
//		})
//	}
//
// [Func] is the simple way to decide; a [Decider] can give a reason with a success
// and add attributes to the log line. [New] makes the same hook without Lambda,
// for tests.
//
// Three things are beyond any Go package. A panic in a goroutine which the
// function started itself ends the process, because only that goroutine could
// recover it. So do os.Exit, log.Fatal and the runtime's fatal errors (concurrent
// map writes, memory exhausted). And a function that ignores its context cannot be
// stopped: it is no longer waited for, but keeps running while the sandbox lives.
//
// The contract is described on these pages:
//   - https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
//   - https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
package hook

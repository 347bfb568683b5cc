// Package hook turns a Go function into a complete lifecycle hook of AWS CodeDeploy and of
// Amazon ECS.
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
// Amazon ECS invokes a hook synchronously, and what the function returns is the
// answer. Once a payload is known for ECS's there always is one: whatever goes wrong is
// FAILED with a reason, never a function error, of which ECS would tell nothing. At a
// pause ECS waits for ContinueServiceDeployment; a hook that EventBridge invokes
// with ECS's notice of the pause makes that call as it makes CodeDeploy's.
//
// A whole hook, for all three, is one call:
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
// # More than one invocation
//
// A decider that needs longer than the function may run gives [InProgress], with what the next
// round has to know of this one. ECS is answered IN_PROGRESS and asks again; the state travels
// in the hookDetails, under the key "greenlight". For CodeDeploy, and at a pause, the function
// invokes itself asynchronously, with the state in the event; its role must allow
// lambda:InvokeFunction on the function. All rounds together end within 55 minutes for
// CodeDeploy, before a pause does, and within [DefaultECSLimit] for ECS ([WithECSLimit]); and
// a function invokes itself twelve times at most, since Lambda stops what goes on
// for longer as an endless loop.
//
// A hand-over that fails is a reported Failed. Once Lambda has taken it, it runs the next round, again if
// that ends in an error, and in rare cases twice. A round that comes twice to the same sandbox is
// decided and handed over once; in two sandboxes, two chains of rounds decide, and the
// first report counts. Where Lambda loses a hand-over altogether, nothing is left that could
// notice: another delivery of the original event, to another sandbox, begins anew, and without
// one CodeDeploy fails the event at its hour, or the pause ends by its own timeout.
//
// # What can't be promised
//
// Three things are beyond any Go package. A panic in a goroutine which the
// function started itself ends the process, because only that goroutine could
// recover it. So do os.Exit, log.Fatal and the runtime's fatal errors (concurrent
// map writes, memory exhausted). And a function that ignores its context cannot be
// stopped: it is no longer waited for, but keeps running while the sandbox lives.
//
// The contracts are described on these pages:
//   - https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
//   - https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
package hook

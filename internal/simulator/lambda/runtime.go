package lambda

import (
	"context"
	"errors"
	"time"
)

// runtime runs a function's code, one invocation at a time. It is what may stand in a
// sandbox: a child process, a Runtime Interface Emulator, or a webhook.
type runtime interface {
	// init waits until the runtime can take its first invocation. Its error is errExited,
	// the cause of ctx's end, or an *initFailure.
	init(ctx context.Context) error
	// serve has the runtime run inv and waits until it is done with it. Without an error it
	// can take the next one. There may be an answer beside an error, where the runtime broke
	// after it had answered.
	serve(ctx context.Context, inv *invocation) (*answer, error)
	// alive reports whether it can still take an invocation.
	alive() bool
	// kill ends what runs, and returns when it has ended.
	kill()
	// exitReason says in Lambda's words how it ended. Only after it has.
	exitReason() string
	// memoryMB is the peak of resident memory in MB, 0 where that isn't known.
	memoryMB() int
	// close gives back what is left, after kill.
	close()
}

// invocation is one run of a function in one sandbox.
type invocation struct {
	requestID string
	arn       string
	payload   []byte
	deadline  time.Time
	traceID   string
	// delivered is called once the runtime has been given the event.
	delivered func()
	// doomed: the runtime is to be killed before it can do anything about the event.
	doomed bool
}

// answer is what a runtime answered: a result, or an error that it reported.
type answer struct {
	payload []byte
	failed  bool
}

// newRuntime makes what runs the function's code and writes into the log of sb. The runtime
// is the caller's to kill and close.
func (s *Service) newRuntime(sb *sandbox) (runtime, error) {
	switch fn := sb.version.Function; {
	case fn.RIE != "":
		return newRemote(fn.RIE+riePath, answerOfRIE), nil
	case fn.Webhook != "":
		return newRemote(fn.Webhook, answerOfWebhook), nil
	case len(fn.Command) > 0:
		return s.newProcess(sb)
	}
	return nil, errors.New("the function has no code")
}

package hook

import (
	"context"
	"encoding/json"
	"maps"
	"time"
)

// ecsReserve is kept from the function's timeout for the answer to ECS, which needs no call.
const ecsReserve = 2 * time.Second

// An ecsAnswer is what Amazon ECS takes from a hook's function. The reason is not of its
// contract: it is for whoever reads the answer, in a trace or after invoking the function by hand.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html#hook-status-values
type ecsAnswer struct {
	Status  string                     `json:"hookStatus"`
	Delay   int64                      `json:"callBackDelay,omitempty"` // seconds
	Details map[string]json.RawMessage `json:"hookDetails,omitempty"`
	Reason  string                     `json:"reason,omitempty"`
}

var ecsStatuses = map[Status]string{Succeeded: "SUCCEEDED", Failed: "FAILED", InProgress: "IN_PROGRESS"}

// answerECS answers an event of Amazon ECS. There always is an answer: of a function that ends
// in an error ECS tells nothing but that "HookStatus must not be null".
func (h *Handler) answerECS(ctx context.Context, e event, wrong *EventError) (answer []byte) {
	e.begin(time.Now(), h.ecsLimit, false)
	v := failed("the hook ended without a verdict")
	// The log's handler is the caller's, and may panic. What was decided before stands.
	defer func() {
		if p := recover(); p != nil {
			if v.Status == Failed {
				v = failed("%s (panic: %v)", v.Reason, p).settled(e.Execution)
			}
			answer = e.answer(v)
		}
	}()
	ctx = h.logging(ctx, e)
	v, repeated := h.decideECS(ctx, e, wrong)
	answer = e.answer(v)
	logAnswer(ctx, e.Execution, v, repeated)
	return answer
}

// decideECS is verdict, with Failed in place of an error.
func (h *Handler) decideECS(ctx context.Context, e event, wrong *EventError) (v Verdict, repeated bool) {
	v, repeated, err := h.verdict(ctx, newBudget(ctx, min(h.reserve, ecsReserve)), e, wrong)
	if err != nil {
		return failed("%v", err).settled(e.Execution), repeated
	}
	return v, repeated
}

// answer is v as ECS takes it. With IN_PROGRESS it gives back the hookDetails, whether ECS
// merges them with its own, as is documented, or not.
func (e event) answer(v Verdict) []byte {
	a := ecsAnswer{Status: ecsStatuses[v.Status], Reason: v.Reason}
	if v.Status == InProgress {
		a.Delay = max(1, int64((v.After+time.Second-1)/time.Second))
		a.Details = map[string]json.RawMessage{}
		maps.Copy(a.Details, e.ECS.Details)
		a.Details[memberKey] = encode(e.next(v))
	}
	return encode(a)
}

// detailsSize is about how many bytes the hookDetails have that an answer gives back.
func (e Execution) detailsSize() (size int) {
	if e.ECS == nil {
		return 0
	}
	for key, value := range e.ECS.Details {
		size += len(key) + len(value)
	}
	return size
}

package check

import (
	"fmt"
	"slices"
	"time"
)

// Outcome is how a check ended. The order is that of gravity: the worst of several is the largest.
type Outcome int

const (
	// Passed: it answered, and every expectation is true.
	Passed Outcome = iota
	// Inconclusive: there was no answer to judge.
	Inconclusive
	// Failed: it answered, and wrongly.
	Failed
)

// String gives the word that reports use.
func (o Outcome) String() string {
	switch o {
	case Passed:
		return "passed"
	case Inconclusive:
		return "inconclusive"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// Retry says whether asking again could change a Result.
type Retry int

const (
	// RetryNever: there was an answer. A wrong answer is never retried away.
	RetryNever Retry = iota
	// RetryNoAnswer: nothing answered: DNS, connect, TLS handshake, reset. Retried within the check's timeout.
	RetryNoAnswer
	// RetrySpreading: the load balancer itself answered 502, 503 or 504, as it does while its rules spread. Retried
	// for a short time (SpreadingWindow), then it stands.
	RetrySpreading
)

// SpreadingWindow is how long a load balancer's own 502, 503 or 504 is taken for rules that still spread, within the
// check's timeout. After it, it is green's answer.
const SpreadingWindow = 10 * time.Second

// Result is what came of asking once.
type Result struct {
	Outcome Outcome
	// Reason says on one line what was expected and what was seen. When passed it is empty, or says what had to be asked
	// again on the way.
	Reason string
	Retry  Retry
	// Warning says on one line what went wrong beside the outcome, which it doesn't change; empty where nothing did.
	Warning string
	// Requests are what was sent, in order, redirects included.
	Requests []Request
}

// Masked is the result with the secrets in its texts masked; mask is nil where there are none.
func (r Result) Masked(mask func(string) string) Result {
	if mask == nil {
		return r
	}
	r.Reason, r.Warning = mask(r.Reason), mask(r.Warning)
	r.Requests = slices.Clone(r.Requests)
	for i, q := range r.Requests {
		q.Step, q.Method, q.URL, q.Remote, q.Err = mask(q.Step), mask(q.Method), mask(q.URL), mask(q.Remote), mask(q.Err)
		if q.Transcript != nil {
			q.Transcript = q.Transcript.masked(mask)
		}
		r.Requests[i] = q
	}
	return r
}

// Request is one exchange with a server, for reports and the debug log.
type Request struct {
	Step    string // of a scenario, to which the request belongs: "step 2 of 4"
	Method  string
	URL     string
	Remote  string // address that answered
	Status  int    // 0: no answer
	Size    int64  // of the body, in bytes, as far as it was read
	Timings Timings
	Err     string // why there was no whole answer
	// Transcript is what was said, where it is worth reading; nil elsewhere.
	Transcript *Transcript
}

// Transcript is what was said in an exchange, for people: bodies and long values are cut, secrets masked.
type Transcript struct {
	RequestHeaders []Header
	RequestBody    string
	AnswerHeaders  []Header // none where no answer came
	AnswerBody     string
}

func (t Transcript) masked(mask func(string) string) *Transcript {
	return &Transcript{
		RequestHeaders: maskedHeaders(t.RequestHeaders, mask), RequestBody: mask(t.RequestBody),
		AnswerHeaders: maskedHeaders(t.AnswerHeaders, mask), AnswerBody: mask(t.AnswerBody),
	}
}

func maskedHeaders(headers []Header, mask func(string) string) []Header {
	headers = slices.Clone(headers)
	for i, h := range headers {
		headers[i] = Header{mask(h.Name), mask(h.Value)}
	}
	return headers
}

// Header is one header, its lines joined.
type Header struct{ Name, Value string }

// Timings are the parts of a request's time. A part that didn't happen, such as DNS for an address, is 0.
type Timings struct {
	DNS       time.Duration
	Connect   time.Duration
	TLS       time.Duration
	FirstByte time.Duration // from the start to the answer's first byte
	Total     time.Duration // from the start to the last byte read
}

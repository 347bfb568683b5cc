package lambdacheck

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Expect is what a plan expects of a function's answer. All of it must be true.
type Expect struct {
	// Status is the statusCode of the payload, which functions behind an API, a function URL or a load balancer give.
	Status *expect.Status `yaml:"status"`
	// Error is how the function failed, by Lambda's word: Unhandled, or Handled. Without it the function may not fail.
	Error *expect.Text `yaml:"error"`
	// Version is the one that was executed. A version that is asked for by its number must be executed in any case.
	Version *expect.Text `yaml:"version"`
	// Duration is the time of the whole call, a cold start included.
	Duration *expect.Duration `yaml:"duration"`
	// Payload compares what the function returned as text.
	Payload *expect.Text `yaml:"payload"`
	// JSON is JSON path → literal or comparison.
	JSON expect.JSON `yaml:"json"`
	// Size is that of the payload.
	Size *expect.Size `yaml:"size"`
	// Log compares the end of the invocation's log, up to 4 KB of it.
	Log *expect.Text `yaml:"log"`
	// Assert is an expression, or a list of them, over body (the payload), duration in milliseconds, size in bytes, and vars.
	Assert expect.Assert `yaml:"assert"`
}

// Validate refuses assertions over what an invocation doesn't have.
func (e *Expect) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	at, _ := n.Get("assert")
	for _, member := range []string{"status", "headers"} {
		if e.Assert.Uses(member) {
			d.Problem(at, "assert: an invocation has no %s of its own: look into the payload, as in body.%s", member, map[string]string{"status": "statusCode", "headers": "headers"}[member])
		}
	}
}

// answer is what came of an invocation.
type answer struct {
	payload []byte
	took    time.Duration
	// failure and version are Lambda's words; each empty where it has none.
	failure, version string
	// log is the end of the log; hasLog is false where none came that could be read.
	log    string
	hasLog bool
}

func answered(got awscall.Answer, took time.Duration) answer {
	a := answer{
		payload: got.Body, took: took,
		failure: got.Header.Get("X-Amz-Function-Error"), version: got.Header.Get("X-Amz-Executed-Version"),
	}
	if tail := got.Header.Get("X-Amz-Log-Result"); tail != "" {
		text, err := base64.StdEncoding.DecodeString(tail)
		a.log, a.hasLog = string(text), err == nil
	}
	if got.Status != http.StatusOK {
		a.failure = fmt.Sprintf("status %d of the call, which stands for no answer", got.Status)
	}
	return a
}

// judging collects what is false of an answer, and what can't be judged.
type judging struct {
	*Expect
	answer
	lookup strictyaml.Lookup
	masked func(string) string
	false  []string
	open   []string
}

func (j *judging) add(err error, all ...*expect.Mismatch) {
	if err != nil {
		j.open = append(j.open, err.Error())
	}
	for _, m := range all {
		if m != nil {
			j.false = append(j.false, m.String())
		}
	}
}

func (e *Expect) judge(ctx context.Context, c call, a answer, scope check.Scope) check.Result {
	lookup := scope.Lookup
	j := &judging{Expect: e, answer: a, lookup: lookup, masked: scope.Masked}
	j.judgeError()
	j.judgeVersion(c)
	if e.Duration != nil {
		m, err := e.Duration.Judge(a.took, lookup)
		j.add(err, m)
	}
	if e.Size != nil {
		m, err := e.Size.Judge(int64(len(a.payload)), lookup)
		j.add(err, m)
	}
	if len(j.false) == 0 { // what a function that failed returned is its error, which is told
		j.judgePayload(ctx)
	}
	j.judgeLog()
	prefix := c.String() + ": "
	switch {
	case len(j.false) > 0:
		return check.Result{Outcome: check.Failed, Reason: prefix + reason(j.false)}
	case len(j.open) > 0:
		return check.Result{Outcome: check.Inconclusive, Reason: prefix + reason(j.open)}
	}
	return check.Result{Outcome: check.Passed}
}

// judgeError takes a function's error for wrong, unless that is what is expected.
func (j *judging) judgeError() {
	switch {
	case j.Error != nil && j.failure == "":
		m, err := j.Error.Missing("the function's error", j.lookup)
		j.add(err, m)
	case j.Error != nil:
		m, err := j.Error.Judge("the function's error", j.failure, j.lookup)
		j.add(err, m)
	case j.failure != "":
		j.false = append(j.false, "the function failed ("+j.failure+")"+j.failed())
	}
}

// failed is the function's own word for why it failed.
//
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
func (j *judging) failed() string {
	doc, _ := expect.ParseJSON(j.payload)
	said, _ := doc.(map[string]any)
	kind, _ := said["errorType"].(string)
	message, _ := said["errorMessage"].(string)
	switch {
	case kind != "" && message != "":
		return ": " + kind + ": " + expect.Quote(j.masked(message))
	case kind+message != "":
		return ": " + expect.Quote(j.masked(kind+message))
	case len(j.payload) == 0:
		return ""
	}
	return ": " + expect.Quote(j.masked(string(j.payload)))
}

// judgeVersion holds the version that was executed against the one that was asked for.
func (j *judging) judgeVersion(c call) {
	asked := c.version()
	switch {
	case asked == "" && j.Version == nil:
	case j.version == "":
		j.open = append(j.open, "Lambda doesn't say which version it executed")
	case asked != "" && j.version != asked:
		j.false = append(j.false, fmt.Sprintf("the version %s was executed, and %s was asked for", j.version, asked))
	case j.Version != nil:
		m, err := j.Version.Judge("the executed version", j.version, j.lookup)
		j.add(err, m)
	}
}

// judgePayload judges what the function returned.
func (j *judging) judgePayload(ctx context.Context) {
	if j.Payload != nil {
		m, err := j.Payload.Judge("payload", string(j.payload), j.lookup)
		j.add(err, m)
	}
	if j.Status == nil && len(j.JSON) == 0 && len(j.Assert) == 0 {
		return
	}
	doc, notJSON := expect.ParseJSON(j.payload)
	switch {
	case j.Status == nil && len(j.JSON) == 0:
	case notJSON != nil:
		j.false = append(j.false, fmt.Sprintf("payload is not JSON (%s): %s, expected JSON", notJSON, expect.Quote(j.masked(string(j.payload)))))
	default:
		j.judgeStatus(doc)
		all, err := j.JSON.Judge(doc, j.lookup)
		j.add(err, all...)
	}
	body := expect.BodyValue(j.payload, "application/json", doc, notJSON)
	all, err := j.Assert.Judge(ctx, expect.Answer{Duration: j.took, Body: body, Size: int64(len(j.payload))}, j.lookup)
	j.add(err, all...)
}

func (j *judging) judgeStatus(doc any) {
	if j.Status == nil {
		return
	}
	said, _ := doc.(map[string]any)
	code, ok := said["statusCode"].(int64)
	if !ok || code < 0 || code > math.MaxInt32 {
		got := "missing"
		if value, there := said["statusCode"]; there {
			text, err := json.Marshal(value)
			if err != nil {
				text = []byte("a value") // can't be: it was read from JSON
			}
			got = string(text) + ", which is no status"
		}
		j.false = append(j.false, "statusCode of the payload is "+got)
		return
	}
	j.add(nil, j.Status.Judge(int(code)))
}

func (j *judging) judgeLog() {
	switch {
	case j.Log == nil:
	case !j.hasLog:
		j.open = append(j.open, "Lambda gave no log of the invocation that could be read")
	default:
		m, err := j.Log.Judge("the end of the log", j.log, j.lookup)
		j.add(err, m)
	}
}

// reason tells the first few.
func reason(all []string) string {
	const most = 3
	text := strings.Join(all[:min(most, len(all))], "; ")
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

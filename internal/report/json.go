package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// document is the verdict as programs read it. It is an interface of its own: fields are added, never renamed.
type document struct {
	Outcome    string          `json:"outcome"`
	Succeeded  bool            `json:"succeeded"`
	Reason     string          `json:"reason"`
	Rule       string          `json:"rule,omitempty"`
	Stage      string          `json:"stage,omitempty"`
	Deployment string          `json:"deployment,omitempty"`
	Found      string          `json:"found,omitempty"`
	InProgress *inProgress     `json:"in_progress,omitempty"` // set where there is no verdict yet
	Started    time.Time       `json:"started"`
	Duration   milliseconds    `json:"duration_ms"`
	Checks     []checkDocument `json:"checks"`
}

// inProgress is an execution that goes on in another call.
type inProgress struct {
	After milliseconds `json:"after_ms"`
}

type checkDocument struct {
	Name             string            `json:"name"`
	Kind             string            `json:"kind"`
	At               string            `json:"at,omitempty"` // file:line:column
	Outcome          string            `json:"outcome"`
	Reason           string            `json:"reason,omitempty"`
	Warning          string            `json:"warning,omitempty"`
	Warn             bool              `json:"warn,omitempty"`
	PassInconclusive bool              `json:"pass_inconclusive,omitempty"`
	Cancelled        bool              `json:"cancelled,omitempty"`
	Runs             int               `json:"runs"`
	Attempts         int               `json:"attempts"`
	Started          time.Time         `json:"started"`
	Duration         milliseconds      `json:"duration_ms"`
	Requests         []requestDocument `json:"requests,omitempty"`
}

type requestDocument struct {
	Step      string       `json:"step,omitempty"`
	Method    string       `json:"method"`
	URL       string       `json:"url"`
	Remote    string       `json:"remote,omitempty"`
	Status    int          `json:"status,omitempty"`
	Size      int64        `json:"size"`
	DNS       milliseconds `json:"dns_ms"`
	Connect   milliseconds `json:"connect_ms"`
	TLS       milliseconds `json:"tls_ms"`
	FirstByte milliseconds `json:"first_byte_ms"`
	Total     milliseconds `json:"total_ms"`
	Err       string       `json:"error,omitempty"`
	// What was said, where it is worth reading.
	Request *messageDocument `json:"request,omitempty"`
	Answer  *messageDocument `json:"answer,omitempty"`
}

type messageDocument struct {
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body,omitempty"`
}

// milliseconds writes a duration as a number of milliseconds, to the microsecond.
type milliseconds time.Duration

func (d milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(float64(d)/float64(time.Microsecond)) / 1000)
}

// JSON writes a verdict as one document.
func JSON(out io.Writer, v check.Verdict) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(newDocument(v)); err != nil {
		return fmt.Errorf("writing the verdict as JSON: %w", err)
	}
	return nil
}

func newDocument(v check.Verdict) document {
	doc := document{
		Outcome: v.Outcome.String(), Succeeded: v.Succeeded, Reason: v.Reason, Rule: v.Rule, Stage: string(v.Stage),
		Deployment: v.Deployment, Found: v.Found, Started: v.Started, Duration: milliseconds(v.Duration), Checks: []checkDocument{},
	}
	if v.Suspended != nil {
		doc.InProgress = &inProgress{After: milliseconds(v.Suspended.After)}
	}
	for _, r := range v.Checks {
		doc.Checks = append(doc.Checks, newCheckDocument(r))
	}
	return doc
}

func newCheckDocument(r check.Report) checkDocument {
	doc := checkDocument{
		Name: r.Name, Kind: r.Kind, At: r.Position.String(), Outcome: r.Outcome.String(), Reason: r.Reason, Warning: r.Warning, Warn: r.Warn,
		PassInconclusive: r.PassInconclusive, Cancelled: r.Cancelled, Runs: r.Runs, Attempts: r.Attempts,
		Started: r.Started, Duration: milliseconds(r.Duration),
	}
	for _, q := range r.Requests {
		doc.Requests = append(doc.Requests, newRequestDocument(q))
	}
	return doc
}

func newRequestDocument(q check.Request) requestDocument {
	doc := requestDocument{
		Step: q.Step, Method: q.Method, URL: q.URL, Remote: q.Remote, Status: q.Status, Size: q.Size, Err: q.Err,
		DNS: milliseconds(q.Timings.DNS), Connect: milliseconds(q.Timings.Connect), TLS: milliseconds(q.Timings.TLS),
		FirstByte: milliseconds(q.Timings.FirstByte), Total: milliseconds(q.Timings.Total),
	}
	if said := q.Transcript; said != nil {
		doc.Request = newMessageDocument(said.RequestHeaders, said.RequestBody)
		if q.Status != 0 {
			doc.Answer = newMessageDocument(said.AnswerHeaders, said.AnswerBody)
		}
	}
	return doc
}

func newMessageDocument(headers []check.Header, body string) *messageDocument {
	doc := &messageDocument{Headers: make(map[string]string, len(headers)), Body: body}
	for _, h := range headers {
		doc.Headers[h.Name] = h.Value
	}
	return doc
}

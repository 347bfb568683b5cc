package console

import (
	"encoding/json"
	"io"
	"math"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// JSON writes one JSON object a line for each happening, told apart by their type: deployment, event (of CodeDeploy, a
// stage of ECS, or a hook), notice, weights, invocation, traffic, and outcome as the last.
type JSON struct {
	sides      Sides
	deployment progress
	encoder    *json.Encoder
	err        error
}

// NewJSON makes a Printer of JSON lines.
func NewJSON(out io.Writer, sides Sides) *JSON {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &JSON{sides: sides, encoder: encoder}
}

// Err is the first error of writing.
func (j *JSON) Err() error { return j.err }

// jsonLine is one line. Which fields it has depends on its type.
type jsonLine struct {
	Time       *time.Time         `json:"time,omitempty"`
	Type       string             `json:"type"`
	Deployment string             `json:"deployment,omitempty"`
	Creator    string             `json:"creator,omitempty"`
	Event      string             `json:"event,omitempty"`
	Function   string             `json:"function,omitempty"`
	Status     string             `json:"status,omitempty"`
	DurationMS *float64           `json:"duration_ms,omitempty"`
	Message    string             `json:"message,omitempty"`
	Notice     *ecs.Notice        `json:"notice,omitempty"`
	Listener   string             `json:"listener,omitempty"`
	Alias      string             `json:"alias,omitempty"`
	Weights    map[string]float64 `json:"weights,omitempty"`
	Attempt    int                `json:"attempt,omitempty"`
	Cold       *bool              `json:"cold,omitempty"`
	Requests   []jsonShare        `json:"requests,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	Log        []string           `json:"log,omitempty"`
	Rollback   string             `json:"rollback,omitempty"`
	AsExpected *bool              `json:"as_expected,omitempty"`
	Unexpected string             `json:"unexpected,omitempty"`
}

type jsonShare struct {
	Listener string `json:"listener,omitempty"`
	Alias    string `json:"alias,omitempty"`
	Side     string `json:"side"`
	Requests int    `json:"requests"`
	Failed   int    `json:"failed,omitempty"`
}

// Happened writes the entry.
func (j *JSON) Happened(entry simulator.Entry) {
	line := jsonLine{Time: &entry.Time}
	switch what := entry.What.(type) {
	case simulator.DeploymentChanged, simulator.EventChanged, simulator.ServiceDeploymentChanged, simulator.StageChanged, simulator.HookChanged:
		event, about := j.deployment.take(entry)
		if !about {
			return
		}
		d := j.deployment.Deployment
		line.Type, line.Deployment, line.Creator, line.Status, line.Message = "deployment", d.ID, d.By, d.Status, d.Message
		if event != nil {
			line.event(*event)
		}
	case simulator.HookNoticed:
		line.Type, line.Deployment, line.Notice = "notice", shortID(what.Detail.DeploymentARN), &what.Notice
	case simulator.WeightsChanged:
		line.Type, line.Listener, line.Weights = "weights", what.Listener, map[string]float64{}
		for group, weight := range what.Weights {
			line.Weights[side(j.sides, group)] = float64(weight)
		}
	case simulator.AliasChanged:
		line.Type, line.Function, line.Alias, line.Weights = "weights", what.Function, what.Name, map[string]float64{}
		for number, weight := range what.Weights {
			line.Weights[version(number)] = math.Round(1e6*weight) / 1e4 // percent, as those of listeners
		}
	case simulator.FunctionInvoked:
		line.Type, line.Function, line.Attempt, line.Cold = "invocation", what.Function, what.Attempt, &what.Cold
		line.DurationMS = milliseconds(what.Duration)
		if err := what.Result.Err(); err != nil {
			line.Message = err.Error()
		}
	case simulator.TrafficCounted:
		line.Type, line.Requests = "traffic", jsonShares(shares(j.sides, what.Counts))
	case simulator.InvocationsCounted:
		line.Type, line.Requests = "traffic", jsonShares(invocationShares(what.Alias.Name, what.Counts))
	default:
		return
	}
	j.write(line)
}

// event makes it the line of an event.
func (l *jsonLine) event(e Event) {
	l.Type, l.Creator, l.Event, l.Function, l.Status, l.Message = "event", "", strings.TrimSpace(e.Name), e.Function, e.Status, e.Message
	if !e.End.IsZero() {
		l.DurationMS = milliseconds(e.End.Sub(e.Start))
	}
}

// Tick writes nothing.
func (j *JSON) Tick() {}

// Ended writes the outcome.
func (j *JSON) Ended(end End) {
	d := end.Deployment
	expected := end.Unexpected == nil
	line := jsonLine{
		Type: "outcome", Deployment: d.ID, Status: d.Status, Reason: end.Reason, Log: end.Log,
		Requests: jsonShares(end.Traffic), AsExpected: &expected,
	}
	for _, e := range d.failedAt() {
		line.Event, line.Message = strings.TrimSpace(e.Name), e.Message
	}
	if end.Rollback != nil {
		line.Rollback = end.Rollback.ID
	}
	if end.Unexpected != nil {
		line.Unexpected = end.Unexpected.Error()
	}
	j.write(line)
}

func (j *JSON) write(line jsonLine) {
	if err := j.encoder.Encode(line); j.err == nil {
		j.err = err
	}
}

func jsonShares(list []Share) []jsonShare {
	out := make([]jsonShare, len(list))
	for i, s := range list {
		out[i] = jsonShare(s)
	}
	return out
}

func milliseconds(d time.Duration) *float64 {
	ms := float64(d.Microseconds()) / 1000
	return &ms
}

package alarmscheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/unread"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// alarm is what is needed of one, of whatever sort it is.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_CompositeAlarm.html
type alarm struct {
	Name   string `json:"AlarmName"`
	State  string `json:"StateValue"`
	Reason string `json:"StateReason"`
	// Updated changes with the reason too, Transitioned with the state alone.
	Updated      awscall.Time `json:"StateUpdatedTimestamp"`
	Transitioned awscall.Time `json:"StateTransitionedTimestamp"`
	// Evaluation says that the state isn't made of all data; empty where it is.
	Evaluation string `json:"EvaluationState"`
}

// changed is when the alarm got its state, or later.
func (a alarm) changed() time.Time {
	if a.Transitioned.IsZero() {
		return a.Updated.Time
	}
	return a.Transitioned.Time
}

type describeAlarms struct {
	Names  []string `json:"AlarmNames,omitempty"`
	Prefix string   `json:"AlarmNamePrefix,omitempty"`
	Types  []string `json:"AlarmTypes"`
	Most   int      `json:"MaxRecords"`
	Next   string   `json:"NextToken,omitempty"`
}

type describedAlarms struct {
	Metric    []alarm `json:"MetricAlarms"`
	Composite []alarm `json:"CompositeAlarms"`
	Log       []alarm `json:"LogAlarms"`
	Next      string  `json:"NextToken"`
}

// alarmTypes are all sorts: without them a call gives alarms of metrics alone.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
var alarmTypes = []string{"MetricAlarm", "CompositeAlarm", "LogAlarm"}

const (
	// pageSize is the most alarms that a page has, and the most names that a call takes.
	pageSize = 100
	// maxPages bounds what is read: 5000 alarms are as many as an account has by default.
	maxPages = 50
)

// reading asks for alarms.
type reading struct{ alarms, tagged *awscall.Client }

// selected are the alarms that are chosen. That one isn't there is an answer, and a wrong one.
func (r reading) selected(ctx context.Context, c chosen) ([]alarm, *check.Result) {
	if c.tags != nil {
		names, err := r.withTags(ctx, c.tags)
		if err != nil {
			return nil, unread.Result("the alarms with these tags", actionTagged, err)
		}
		if len(names) == 0 {
			return nil, failed("no alarm has %s", tagList(c.tags))
		}
		c.names = names
	}
	if c.prefix != "" {
		all, err := r.described(ctx, describeAlarms{Prefix: c.prefix})
		switch {
		case err != nil:
			return nil, unread.Result("alarms", actionAlarms, err)
		case len(all) == 0:
			return nil, failed("there is no alarm whose name begins with %s", expect.Quote(c.prefix))
		}
		return all, nil
	}
	var all []alarm
	for names := range slices.Chunk(c.names, pageSize) {
		some, err := r.described(ctx, describeAlarms{Names: names})
		if err != nil {
			return nil, unread.Result("alarms", actionAlarms, err)
		}
		all = append(all, some...)
	}
	switch {
	case c.tags == nil:
	case len(all) == 0:
		return nil, failed("no alarm has %s", tagList(c.tags))
	default:
		return all, nil // what is deleted keeps its tags for a while
	}
	for _, name := range c.names {
		if !slices.ContainsFunc(all, func(a alarm) bool { return a.Name == name }) {
			return nil, r.unknown(ctx, name)
		}
	}
	return all, nil
}

func failed(format string, args ...any) *check.Result {
	return &check.Result{Outcome: check.Failed, Reason: fmt.Sprintf(format, args...)}
}

// unknown says that there is no such alarm, and which may be meant.
func (r reading) unknown(ctx context.Context, name string) *check.Result {
	all, err := r.described(ctx, describeAlarms{})
	if err != nil {
		return failed("there is no alarm %s", expect.Quote(name))
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	text := strictyaml.Unknown("alarm", name, names)
	const most = 10
	if len(names) > most && !strings.HasSuffix(text, "?") {
		text = strictyaml.Unknown("alarm", name, nil) // none is near, and all are too many to tell
	}
	return failed("%s", text)
}

// described reads all pages. A region that has no alarms of logs yet refuses to be asked for them.
func (r reading) described(ctx context.Context, in describeAlarms) ([]alarm, error) {
	in.Types, in.Most = alarmTypes, pageSize
	all, err := r.pages(ctx, in)
	if awscall.HasCode(err, "ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterValueException") {
		in.Types = alarmTypes[:2]
		return r.pages(ctx, in)
	}
	return all, err
}

func (r reading) pages(ctx context.Context, in describeAlarms) ([]alarm, error) {
	var all []alarm
	for range maxPages {
		var page describedAlarms
		if err := r.alarms.Call(ctx, "DescribeAlarms", in, &page); err != nil {
			return nil, err
		}
		all = slices.Concat(all, page.Metric, page.Composite, page.Log)
		if in.Next = page.Next; in.Next == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("there are more than %d of them", maxPages*pageSize)
}

// withTags are the names of the alarms that have all of the tags.
//
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (r reading) withTags(ctx context.Context, tags []tag) ([]string, error) {
	type filter struct {
		Key    string
		Values []string
	}
	var in struct {
		TagFilters          []filter
		ResourceTypeFilters []string
		PaginationToken     string `json:",omitempty"`
	}
	for _, t := range tags {
		in.TagFilters = append(in.TagFilters, filter{t.key, []string{t.value}})
	}
	in.ResourceTypeFilters = []string{"cloudwatch:alarm"}
	var names []string
	for range maxPages {
		var page struct {
			PaginationToken        string
			ResourceTagMappingList []struct{ ResourceARN string }
		}
		if err := r.tagged.Call(ctx, "GetResources", in, &page); err != nil {
			return nil, err
		}
		for _, resource := range page.ResourceTagMappingList {
			_, name, ok := strings.Cut(resource.ResourceARN, ":alarm:")
			if !ok {
				return nil, fmt.Errorf("the answer has %s, which is no alarm", expect.Quote(resource.ResourceARN))
			}
			names = append(names, name)
		}
		if in.PaginationToken = page.PaginationToken; in.PaginationToken == "" {
			return names, nil
		}
	}
	return nil, fmt.Errorf("there are more than %d pages of them", maxPages)
}

func tagList(tags []tag) string {
	parts := make([]string, len(tags))
	for i, t := range tags {
		parts[i] = "the tag " + t.key + " with the value " + expect.Quote(t.value)
	}
	return strings.Join(parts, " and ")
}

// A change is one of an alarm's state.
type change struct {
	at       time.Time
	from, to string
}

// errUnreadable: a history whose form isn't known says nothing.
var errUnreadable = errors.New("the history of the alarm can't be read")

// changes are those of an alarm's state since a time.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
func (r reading) changes(ctx context.Context, name string, since time.Time) ([]change, error) {
	in := struct {
		AlarmName       string
		AlarmTypes      []string
		HistoryItemType string
		StartDate       awscall.Time
		ScanBy          string
		MaxRecords      int
		NextToken       string `json:",omitempty"`
	}{name, alarmTypes, "StateUpdate", awscall.Time{Time: since}, "TimestampAscending", pageSize, ""}
	var all []change
	for range maxPages {
		var page struct {
			AlarmHistoryItems []struct {
				Timestamp   awscall.Time
				HistoryData string
			}
			NextToken string
		}
		err := r.alarms.Call(ctx, "DescribeAlarmHistory", in, &page)
		if len(in.AlarmTypes) == len(alarmTypes) && awscall.HasCode(err, "ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterValueException") {
			in.AlarmTypes = alarmTypes[:2]
			err = r.alarms.Call(ctx, "DescribeAlarmHistory", in, &page)
		}
		if err != nil {
			return nil, err
		}
		for _, item := range page.AlarmHistoryItems {
			c, err := readChange(item.HistoryData)
			if err != nil {
				return nil, err
			}
			c.at = item.Timestamp.Time
			all = append(all, c)
		}
		if in.NextToken = page.NextToken; in.NextToken == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("its history has more than %d pages", maxPages)
}

// readChange reads what an item of the history says of the states.
func readChange(data string) (change, error) {
	type state struct {
		Value string `json:"stateValue"`
	}
	var said struct {
		Old state `json:"oldState"`
		New state `json:"newState"`
	}
	if err := json.Unmarshal([]byte(data), &said); err != nil || said.New.Value == "" {
		return change{}, errUnreadable
	}
	return change{from: said.Old.Value, to: said.New.Value}, nil
}

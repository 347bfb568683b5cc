package alarmscheck_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	alarmscheck "github.com/greenlight-deploy/greenlight/internal/check/alarms"
	"github.com/greenlight-deploy/greenlight/internal/check/kindtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// began is when the execution did, in these tests.
var began = time.Date(2026, time.November, 25, 12, 0, 0, 0, time.UTC)

// account is CloudWatch with these alarms.
type account struct {
	metric, composite, log []alarm
	// noLogAlarms: the region doesn't know them yet.
	noLogAlarms bool
	tagged      []string
	history     string
}

type alarm struct {
	name, state string
	// after is when it got its state, since began; none where it is told by neither time.
	after time.Duration
	told  bool
	more  string
}

func (a alarm) String() string {
	text := `{"AlarmName":"` + a.name + `"`
	if a.state != "" {
		text += `,"StateValue":"` + a.state + `"`
	}
	if a.told {
		text += fmt.Sprintf(`,"StateTransitionedTimestamp":%d`, began.Add(a.after).Unix())
	}
	return text + a.more + "}"
}

func ok(name string) alarm { return alarm{name: name, state: "OK", after: -time.Hour, told: true} }

// reply serves pages of one alarm each.
func (a account) reply(c kindtest.Call) kindtest.Reply {
	switch c.Operation {
	case "GetResources":
		text := `{"PaginationToken":"","ResourceTagMappingList":[`
		for i, name := range a.tagged {
			if i > 0 {
				text += ","
			}
			text += `{"ResourceARN":"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:` + name + `"}`
		}
		return kindtest.Reply{Body: text + "]}"}
	case "DescribeAlarmHistory":
		return kindtest.Reply{Body: a.history}
	}
	var in struct {
		AlarmNames      []string
		AlarmNamePrefix string
		AlarmTypes      []string
		NextToken       string
	}
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return kindtest.Refused(400, "SerializationException", err.Error())
	}
	asks := func(kind string) bool { return strings.Contains(strings.Join(in.AlarmTypes, " "), kind) }
	if a.noLogAlarms && asks("LogAlarm") {
		return kindtest.Refused(400, "ValidationError", "1 validation error detected: Value '[…, LogAlarm]' at 'alarmTypes' failed to satisfy constraint")
	}
	var texts []string
	for kind, alarms := range map[string][]alarm{"MetricAlarm": a.metric, "CompositeAlarm": a.composite, "LogAlarm": a.log} {
		for _, one := range alarms {
			named := len(in.AlarmNames) == 0 || strings.Contains(" "+strings.Join(in.AlarmNames, " ")+" ", " "+one.name+" ")
			if asks(kind) && named && strings.HasPrefix(one.name, in.AlarmNamePrefix) {
				texts = append(texts, `"`+kind+`s":[`+one.String()+"]")
			}
		}
	}
	if len(texts) == 0 {
		return kindtest.Reply{Body: "{}"}
	}
	page := 0
	if in.NextToken != "" {
		if _, err := fmt.Sscan(in.NextToken, &page); err != nil || page >= len(texts) {
			return kindtest.Refused(400, "InvalidNextToken", in.NextToken)
		}
	}
	// A mapping has no order, and pages must: they are asked for one after the other, within one call of reply each.
	return kindtest.Reply{Body: "{" + sorted(texts)[page] + next(page, len(texts)) + "}"}
}

func sorted(texts []string) []string {
	for i := range texts {
		for j := i; j > 0 && texts[j] < texts[j-1]; j-- {
			texts[j], texts[j-1] = texts[j-1], texts[j]
		}
	}
	return texts
}

func next(page, pages int) string {
	if page+1 == pages {
		return ""
	}
	return fmt.Sprintf(`,"NextToken":"%d"`, page+1)
}

func TestAlarmsMustBeOK(t *testing.T) {
	alarming := alarm{name: "shop-5xx", state: "ALARM", after: time.Minute, told: true, more: `,"StateReason":"Threshold Crossed: 1 datapoint"`}
	tests := []struct {
		why, src string
		account  account
		want     string
	}{
		{"it is", "alarms: shop-5xx", account{metric: []alarm{ok("shop-5xx")}}, "passed"},
		{"several are, on several pages", "alarms: [a, b, c]", account{metric: []alarm{ok("a"), ok("b"), ok("c"), ok("d")}}, "passed"},
		{"of all sorts", "alarms: [a, b, c]", account{metric: []alarm{ok("a")}, composite: []alarm{ok("b")}, log: []alarm{ok("c")}}, "passed"},
		{"also where there are none of logs yet", "alarms: [a, b]", account{metric: []alarm{ok("a")}, composite: []alarm{ok("b")}, noLogAlarms: true}, "passed"},
		{
			"one is in ALARM", "alarms: [a, shop-5xx]",
			account{metric: []alarm{ok("a"), alarming}},
			`failed: shop-5xx is in ALARM since 2026-11-25T12:01:00Z: "Threshold Crossed: 1 datapoint"`,
		},
		{
			"a composite one is", "alarms: [a, shop-5xx]",
			account{metric: []alarm{ok("a")}, composite: []alarm{alarming}},
			`failed: shop-5xx is in ALARM since 2026-11-25T12:01:00Z: "Threshold Crossed: 1 datapoint"`,
		},
		{
			"one was in ALARM before all this began", "alarms: a",
			account{metric: []alarm{{name: "a", state: "ALARM", after: -2 * time.Hour, told: true}}},
			"failed: a is in ALARM since 2026-11-25T10:00:00Z, 2h before these checks began",
		},
		{"since when isn't told", "alarms: a", account{metric: []alarm{{name: "a", state: "ALARM"}}}, "failed: a is in ALARM"},
		{
			"the first few of many", "alarms: {prefix: a}", account{metric: []alarm{
				{name: "a1", state: "ALARM"}, {name: "a2", state: "ALARM"}, {name: "a3", state: "ALARM"}, {name: "a4", state: "ALARM"}, ok("a5"),
			}}, "failed: a1 is in ALARM; a2 is in ALARM; a3 is in ALARM; and 1 more of 5 alarms",
		},

		{"it isn't there, and a near one is", "alarms: shop-5x", account{metric: []alarm{ok("shop-5xx"), ok("b")}}, `failed: unknown alarm "shop-5x": did you mean "shop-5xx"?`},
		{"it isn't there, and nothing near", "alarms: cart", account{metric: []alarm{ok("shop-5xx")}}, `failed: unknown alarm "cart": valid here: shop-5xx`},
		{"there is none at all", "alarms: cart", account{}, `failed: unknown alarm "cart"`},
		{"a prefix", "alarms: {prefix: shop-}", account{metric: []alarm{ok("shop-5xx"), {name: "cart", state: "ALARM"}}}, "passed"},
		{"a prefix of none", "alarms: {prefix: shop-}", account{metric: []alarm{ok("cart")}}, `failed: there is no alarm whose name begins with "shop-"`},
		{"a prefix with a name", "alarms: {prefix: \"shop-{{ green.version }}\"}", account{metric: []alarm{ok("shop-7-5xx")}}, "passed"},
		{"a tag", "alarms: {tags: {service: shop}}", account{metric: []alarm{ok("a"), {name: "b", state: "ALARM"}}, tagged: []string{"a"}}, "passed"},
		{"a tag of one in ALARM", "alarms: {tags: {service: shop}}", account{metric: []alarm{ok("a"), {name: "b", state: "ALARM"}}, tagged: []string{"a", "b"}}, "failed: b is in ALARM"},
		{"a tag of none", "alarms: {tags: {service: shop, tier: web}}", account{metric: []alarm{ok("a")}}, `failed: no alarm has the tag service with the value "shop" and the tag tier with the value "web"`},
		{"a tag that a deleted one still has", "alarms: {tags: {service: shop}}", account{metric: []alarm{ok("a")}, tagged: []string{"a", "deleted"}}, "passed"},
		{"a tag that deleted ones alone still have", "alarms: {tags: {service: shop}}", account{metric: []alarm{ok("a")}, tagged: []string{"deleted"}}, `failed: no alarm has the tag service with the value "shop"`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, tt.account.reply)
			if got := kindtest.Ask(t, alarmscheck.Kind(peer.Config(t)), tt.src, check.Scope{Began: began}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestAnAlarmWithoutEnoughDataNeverPassesUnlessThePlanSaysSo(t *testing.T) {
	insufficient := alarm{name: "a", state: "INSUFFICIENT_DATA", told: true, more: `,"StateReason":"no datapoints"`}
	tests := []struct {
		why     string
		alarm   alarm
		missing string
		want    string
	}{
		{"it has too little", insufficient, "", `inconclusive: a has INSUFFICIENT_DATA: "no datapoints"`},
		{"and that is said to be wrong", insufficient, "fail", `failed: a has INSUFFICIENT_DATA: "no datapoints"`},
		{"or to be right", insufficient, "pass", "passed"},
		{"it is OK by a part of its data", alarm{name: "a", state: "OK", more: `,"EvaluationState":"PARTIAL_DATA"`}, "", "inconclusive: a is OK, but not by all of its data (PARTIAL_DATA)"},
		{"and that is said to be right", alarm{name: "a", state: "OK", more: `,"EvaluationState":"PARTIAL_DATA"`}, "pass", "passed"},
		{"its state is absent", alarm{name: "a"}, "pass", `inconclusive: a is in the state "", which isn't known`},
		{"its state is null", alarm{name: "a", more: `,"StateValue":null`}, "pass", `inconclusive: a is in the state "", which isn't known`},
		{"its state is one that isn't known", alarm{name: "a", state: "DAZED"}, "pass", `inconclusive: a is in the state "DAZED", which isn't known`},
		{
			"its state has another type",
			alarm{name: "a", more: `,"StateValue":0`},
			"pass",
			"inconclusive, to be retried: could not read alarms (cloudwatch:DescribeAlarms): DescribeAlarms: read the answer: json: cannot unmarshal number",
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, account{metric: []alarm{tt.alarm}}.reply)
			src := "alarms: a"
			if tt.missing != "" {
				src += "\nmissing: " + tt.missing
			}
			got := kindtest.Ask(t, alarmscheck.Kind(peer.Config(t)), src, check.Scope{Began: began})
			if got, _, _ = strings.Cut(got, " into Go struct"); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

// changed is an item of an alarm's history, as CloudWatch writes it.
func changed(from, to string) string {
	data, err := json.Marshal(map[string]any{"version": "1.0", "oldState": map[string]string{"stateValue": from}, "newState": map[string]string{"stateValue": to}})
	if err != nil {
		panic(err) // texts can be written
	}
	item, err := json.Marshal(map[string]any{"AlarmName": "a", "Timestamp": began.Unix(), "HistoryItemType": "StateUpdate", "HistoryData": string(data)})
	if err != nil {
		panic(err) // texts can be written
	}
	return string(item)
}

func history(items ...string) string {
	return `{"AlarmHistoryItems":[` + strings.Join(items, ",") + `]}`
}

func TestAnAlarmThatWentOffBetweenTwoRunsIsFound(t *testing.T) {
	recovered := alarm{name: "a", state: "OK", after: 3 * time.Minute, told: true}
	tests := []struct {
		why     string
		alarm   alarm
		held    time.Duration // since began; negative: it isn't held
		history string
		missing string
		want    string
	}{
		{"it was OK all the time", ok("a"), 0, history(), "", "passed"},
		{"it recovered before the check first passed", recovered, 4 * time.Minute, history(), "", "passed"},
		{"nothing is held", recovered, -1, history(changed("ALARM", "OK")), "", "passed"},
		{"it was in ALARM", recovered, 0, history(changed("OK", "ALARM"), changed("ALARM", "OK")), "", "failed: a was in ALARM meanwhile, and is OK since 2026-11-25T12:03:00Z"},
		{"it lacked data", recovered, 0, history(changed("OK", "INSUFFICIENT_DATA"), changed("INSUFFICIENT_DATA", "OK")), "", "inconclusive: a had INSUFFICIENT_DATA meanwhile, and is OK since 2026-11-25T12:03:00Z"},
		{"and that is said to be right", recovered, 0, history(changed("INSUFFICIENT_DATA", "OK")), "pass", "passed"},
		{
			"it lacks data now, and was in ALARM",
			alarm{name: "a", state: "INSUFFICIENT_DATA", after: 3 * time.Minute, told: true},
			0,
			history(changed("OK", "ALARM"), changed("ALARM", "INSUFFICIENT_DATA")), "pass", "failed: a was in ALARM meanwhile, and is INSUFFICIENT_DATA since 2026-11-25T12:03:00Z",
		},
		{"its history doesn't say", recovered, 0, history(), "", "inconclusive: a became OK at 2026-11-25T12:03:00Z, and its history doesn't say what it was before"},
		{
			"its history has no end", recovered, 0, `{"AlarmHistoryItems":[],"NextToken":"more"}`, "",
			"inconclusive, to be retried: could not read what a was before it became OK at 2026-11-25T12:03:00Z (cloudwatch:DescribeAlarmHistory): its history has more than 50 pages",
		},
		{
			"its history can't be read", recovered, 0, `{"AlarmHistoryItems":[{"HistoryData":"none"}]}`, "",
			"inconclusive, to be retried: could not read what a was before it became OK at 2026-11-25T12:03:00Z (cloudwatch:DescribeAlarmHistory): the history of the alarm can't be read",
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, account{metric: []alarm{tt.alarm}, history: tt.history}.reply)
			scope := check.Scope{Began: began}
			if tt.held >= 0 {
				scope.Held = began.Add(tt.held)
			}
			src := "alarms: a"
			if tt.missing != "" {
				src += "\nmissing: " + tt.missing
			}
			if got := kindtest.Ask(t, alarmscheck.Kind(peer.Config(t)), src, scope); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestWhatKeepsAlarmsFromBeingReadIsToldWithWhatToDo(t *testing.T) {
	for operation, want := range map[string]string{
		"DescribeAlarms": "inconclusive: could not read alarms (cloudwatch:DescribeAlarms): AccessDenied: no: allow cloudwatch:DescribeAlarms to the function's role",
		"GetResources":   "inconclusive: could not read the alarms with these tags (tag:GetResources): AccessDenied: no: allow tag:GetResources to the function's role",
	} {
		peer := kindtest.Serve(t, func(c kindtest.Call) kindtest.Reply {
			if c.Operation != operation {
				t.Errorf("it asked %s", c.Operation)
			}
			return kindtest.Refused(400, "AccessDenied", "no")
		})
		src := map[string]string{"DescribeAlarms": "alarms: a", "GetResources": "alarms: {tags: {a: b}}"}[operation]
		if got := kindtest.Ask(t, alarmscheck.Kind(peer.Config(t)), src, check.Scope{}); got != want {
			t.Errorf("got\n%s, want\n%s", got, want)
		}
	}
	nobody := alarmscheck.Kind(func() (aws.Config, error) { return aws.Config{}, errors.New("no region") })
	for src, want := range map[string]string{
		"alarms: a":                     "inconclusive: reading the AWS settings: no region",
		`alarms: ["{{ green.image }}"]`: "inconclusive: reading the AWS settings: no region",
	} {
		if got := kindtest.Ask(t, nobody, src, check.Scope{}); got != want {
			t.Errorf("%s: got %s, want %s", src, got, want)
		}
	}
}

func TestAlarmsOfAnotherRegionAreReadThere(t *testing.T) {
	peer := kindtest.Serve(t, account{metric: []alarm{ok("a")}}.reply)
	if got := kindtest.Ask(t, alarmscheck.Kind(peer.Config(t)), "alarms: {names: [a], region: us-east-1}", check.Scope{}); got != "passed" {
		t.Error(got)
	}
	if signed := peer.Asked()[0].Header.Get("Authorization"); !strings.Contains(signed, "/us-east-1/monitoring/") {
		t.Errorf("it was signed by %s", signed)
	}
}

func TestWhatIsWrongWithACheckOfAlarmsIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"alarms: []", "plan.yaml:1:9: alarms: the list is empty"},
		{"alarms: ''", "plan.yaml:1:9: alarms: the name of an alarm is empty"},
		{"alarms: {}", "plan.yaml:1:9: alarms: no alarm is chosen: write names, prefix or tags"},
		{"alarms: {region: eu-west-1}", "plan.yaml:1:9: alarms: no alarm is chosen: write names, prefix or tags"},
		{"alarms: {prefix: ''}", "plan.yaml:1:18: alarms: prefix: it is empty: write what the names begin with"},
		{"alarms: {tags: {}}", "plan.yaml:1:16: alarms: tags: no tag is given"},
		{"alarms: {names: a, prefix: b}", "plan.yaml:1:20: alarms: prefix: the alarms are chosen by names already: write one of names, prefix and tags"},
		{"alarms: a\nmissing: 0", "plan.yaml:2:10: missing: expected fail, inconclusive, pass, found the number 0"},
		{"alarms: a\nexpect: {}", `plan.yaml:2:1: unknown key "expect": valid here: alarms, missing`},
	} {
		t.Run(tt.src, func(t *testing.T) {
			if _, err := kindtest.Decode(alarmscheck.Kind(nil), tt.src); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestACheckOfAlarmsIsCalledByWhatChoosesThem(t *testing.T) {
	for src, want := range map[string]string{
		"alarms: [a, b]": "alarms a, b", "alarms: [a, b, c, d]": "alarms a, b, c, …", "alarms: {prefix: shop-}": "alarms shop-*",
		"alarms: {tags: {service: shop}}": "alarms tagged service=shop",
	} {
		c, err := kindtest.Decode(alarmscheck.Kind(nil), src)
		if err != nil || c.Title() != want {
			t.Errorf("%s is called %q (%v), want %q", src, c.Title(), err, want)
		}
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(history(changed("OK", "ALARM"), changed("ALARM", "OK")))
	f.Add(`{"AlarmHistoryItems":[{"Timestamp":1795649449.947,"HistoryData":"{\"newState\":{\"stateValue\":\"OK\"}}"}]}`)
	f.Add(`{"AlarmHistoryItems":null}`)
	var reply string
	peer := kindtest.Serve(f, func(c kindtest.Call) kindtest.Reply {
		if c.Operation == "DescribeAlarmHistory" {
			return kindtest.Reply{Body: reply}
		}
		return account{metric: []alarm{{name: "a", state: "OK", after: time.Minute, told: true}}}.reply(c)
	})
	kind := alarmscheck.Kind(peer.Config(f))
	f.Fuzz(func(t *testing.T, text string) {
		reply = text
		got := kindtest.Ask(t, kind, "alarms: a", check.Scope{Began: began, Held: began})
		if got == "passed" && !json.Valid([]byte(text)) {
			t.Errorf("it passed by a history that is no JSON: %s", text)
		}
	})
}

// FuzzAlarms: whatever is answered of the alarms, they are OK only where it says so. The seeds are an answer of moto, and the form of
// CloudWatch's own.
func FuzzAlarms(f *testing.F) {
	f.Add(`{"CompositeAlarms": [], "MetricAlarms": [{"AlarmName": "a", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a", "AlarmConfigurationUpdatedTimestamp": 1796080788.654, "ActionsEnabled": true, "OKActions": [], "AlarmActions": [], ` +
		`"InsufficientDataActions": [], "StateValue": "ALARM", "StateReason": "it rings", "StateUpdatedTimestamp": 1796080788.66, "MetricName": "errors", "Namespace": "shop", "Statistic": "Sum", "Dimensions": [], "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "Metrics": []}]}`)
	f.Add(`{"MetricAlarms":[{"AlarmName":"a","StateValue":"OK","StateUpdatedTimestamp":1795649449.947}],"CompositeAlarms":[{"AlarmName":"a","StateValue":"OK"}]}`)
	f.Add(`{"MetricAlarms":[{"AlarmName":"a","StateValue":"INSUFFICIENT_DATA","StateReasonData":"{}"}],"NextToken":"again"}`)
	f.Add(`{"MetricAlarms":null}`)
	var reply string
	peer := kindtest.Serve(f, func(c kindtest.Call) kindtest.Reply {
		if c.Operation == "DescribeAlarms" {
			return kindtest.Reply{Body: reply}
		}
		return kindtest.Reply{Body: history()}
	})
	kind := alarmscheck.Kind(peer.Config(f))
	f.Fuzz(func(t *testing.T, text string) {
		reply = text
		got := kindtest.Ask(t, kind, "alarms: a", check.Scope{Began: began, Held: began})
		if got == "passed" && !saysOK(text) || strings.ContainsAny(got, "\r\n") {
			t.Errorf("of %q it says %q", text, got)
		}
	})
}

// saysOK: what is read by its name in any case, and whose text may be escaped.
func saysOK(text string) bool {
	return json.Valid([]byte(text)) && (strings.Contains(text, "OK") || strings.Contains(text, `\u`))
}

package cloudwatchcheck_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	cloudwatchcheck "github.com/greenlight-deploy/greenlight/internal/check/cloudwatch"
	"github.com/greenlight-deploy/greenlight/internal/check/kindtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is 12:10:30, so that the newest full minute that is a minute old is 12:08.
var now = time.Date(2026, time.November, 25, 12, 10, 30, 0, time.UTC)

func kind(t testing.TB, peer *kindtest.Peer) check.Kind {
	return cloudwatchcheck.Kind(peer.Config(t), func() time.Time { return now })
}

// The three minutes of over: 3m, 12:06 to 12:08, as an answer has them.
const (
	minutes = "1795608360,1795608420,1795608480"
	metric  = "cloudwatch: {namespace: AWS/ApplicationELB, metric: HTTPCode_Target_5XX_Count, stat: Sum}\nover: 3m\n"
	errors5 = metric + "expect: {value: <= 5}"
)

func result(label, times, values, more string) string {
	return fmt.Sprintf(`{"Id":"result","Label":%q,"Timestamps":[%s],"Values":[%s],"StatusCode":"Complete"%s}`, label, times, values, more)
}

func answer(results ...string) string {
	return `{"MetricDataResults":[` + strings.Join(results, ",") + `]}`
}

func TestAMetricIsJudgedOverTheNewestFullMinutes(t *testing.T) {
	tests := []struct{ why, src, body, want string }{
		{"few enough", errors5, answer(result("x", minutes, "1,2,2", "")), "passed"},
		{"too many", errors5, answer(result("x", minutes, "1,2,3", "")), "failed: sum of HTTPCode_Target_5XX_Count Sum over 3m is 6, expected <= 5"},
		{"in any order", errors5, answer(result("x", "1795608480,1795608360,1795608420", "3,1,2", "")), "failed: sum of HTTPCode_Target_5XX_Count Sum over 3m is 6, expected <= 5"},
		{"no datapoints", errors5, answer(result("x", "", "", "")), "inconclusive: HTTPCode_Target_5XX_Count Sum has no data from 12:06:00Z to 12:09:00Z"},
		{"no datapoints are none at all", metric + "missing: 0\nexpect: {value: <= 5}", answer(result("x", "", "", "")), "passed"},
		{"and gaps are", metric + "missing: 0\nexpect: {value: <= 5}", answer(result("x", "1795608480", "6", "")), "failed: sum of HTTPCode_Target_5XX_Count Sum over 3m is 6, expected <= 5"},
		{"a gap", errors5, answer(result("x", "1795608360,1795608480", "1,2", "")), "inconclusive: HTTPCode_Target_5XX_Count Sum has data for 2 of the 3 steps from 12:06:00Z to 12:09:00Z"},
		{"what is no part of the window is none of it", errors5, answer(result("x", "1795608300,1795608540", "1,2", "")), "inconclusive: HTTPCode_Target_5XX_Count Sum has no data from 12:06:00Z to 12:09:00Z"},
		{"NaN", errors5, answer(result("x", minutes, `1,"NaN",2`, "")), "inconclusive: HTTPCode_Target_5XX_Count Sum has data for 2 of the 3 steps from 12:06:00Z to 12:09:00Z (there is NaN, which is not a number that can be compared)"},
		{"an infinity", errors5, answer(result("x", minutes, `1,"-Infinity",2`, "")), "inconclusive: HTTPCode_Target_5XX_Count Sum has data for 2 of the 3 steps from 12:06:00Z to 12:09:00Z (there is -Inf, which is not a number that can be compared)"},
		{"null", errors5, answer(result("x", minutes, `1,null,2`, "")), "inconclusive: HTTPCode_Target_5XX_Count Sum has data for 2 of the 3 steps from 12:06:00Z to 12:09:00Z (there is NaN, which is not a number that can be compared)"},
		{"no results", errors5, answer(), "inconclusive: there is no data: the query found no series"},
		{"results of null", errors5, `{"MetricDataResults":null}`, "inconclusive: there is no data: the query found no series"},
		{"nothing", errors5, `{}`, "inconclusive: there is no data: the query found no series"},
		{"a result of another query", errors5, `{"MetricDataResults":[{"Id":"m1","Timestamps":[],"Values":[],"StatusCode":"Complete"}]}`, "inconclusive: there is no data: the query found no series"},
		{"a part of the data", errors5, strings.Replace(answer(result("x", minutes, "1,1,1", "")), "Complete", "PartialData", 1), `inconclusive, to be retried: the data of HTTPCode_Target_5XX_Count Sum isn't all there: its status is "PartialData"`},
		{"trouble", errors5, strings.Replace(answer(result("x", minutes, "1,1,1", `,"Messages":[{"Code":"InternalError","Value":"try again"}]`)), "Complete", "InternalError", 1), `inconclusive, to be retried: the data of HTTPCode_Target_5XX_Count Sum isn't all there: its status is "InternalError" (InternalError: try again)`},
		{"no status", errors5, strings.Replace(answer(result("x", minutes, "1,1,1", "")), `"Complete"`, "null", 1), `inconclusive, to be retried: the data of HTTPCode_Target_5XX_Count Sum isn't all there: its status is ""`},
		{"forbidden", errors5, strings.Replace(answer(result("x", "", "", "")), "Complete", "Forbidden", 1), "inconclusive: CloudWatch doesn't give HTTPCode_Target_5XX_Count Sum to this role: allow cloudwatch:GetMetricData, and for another account's metrics cross-account observability"},
		{"not as many values as times", errors5, answer(result("x", minutes, "1,1", "")), "inconclusive, to be retried: the data of HTTPCode_Target_5XX_Count Sum can't be read: it has 3 times and 2 values"},
		{"more than it found", errors5, `{"Messages":[{"Code":"MaxMetricsExceeded","Value":"only 500"}],"MetricDataResults":[` + result("x", minutes, "1,1,1", "") + `]}`, "inconclusive, to be retried: the answer isn't all that there is: MaxMetricsExceeded: only 500"},
		{"what is said of it stands behind the reason", errors5, answer(result("x", minutes, "9,9,9", `,"Messages":[{"Code":"ArithmeticError","Value":"dropped"}]`)), "failed: sum of HTTPCode_Target_5XX_Count Sum over 3m is 27, expected <= 5 (ArithmeticError: dropped)"},
		{"each of several series", "cloudwatch: {expression: SEARCH('x')}\nover: 3m\nexpect: {value: < 5}", answer(result("a", minutes, "1,1,1", ""), result("b", minutes, "1,7,1", "")), "failed: b at 12:07:00Z is 7, expected < 5"},
		{"no series where one is expected", "cloudwatch: {expression: SEARCH('x')}\nexpect: {series: 1}", answer(), "failed: the number of series is 0, expected 1"},
		{"an average", "cloudwatch: {namespace: n, metric: m, stat: Average}\nover: 3m\nexpect: {value: 2}", answer(result("x", minutes, "1,2,3", "")), "passed"},
		{"the least", "cloudwatch: {namespace: n, metric: m, stat: Minimum}\nover: 3m\nexpect: {value: 1}", answer(result("x", minutes, "1,2,3", "")), "passed"},
		{"each of a percentile", "cloudwatch: {namespace: n, metric: m, stat: p99}\nover: 3m\nexpect: {value: < 0.3}", answer(result("x", minutes, "0.1,0.2,0.31", "")), "failed: m p99 at 12:08:00Z is 0.31, expected < 0.3"},
		{"one minute where nothing is said", "cloudwatch: {namespace: n, metric: m, stat: p99}\nexpect: {value: < 0.3}", answer(result("x", "1795608480", "0.31", "")), "failed: m p99 is 0.31, expected < 0.3"},
		{"fresh ones aren't there yet", metric + "fresh: true\nexpect: {value: <= 5}", answer(), "inconclusive: the checks began at 12:08:10Z, and 3m of data since then there are at 12:13:00Z: eventually waits for them"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: tt.body} })
			scope := check.Scope{Began: now.Add(-140 * time.Second)}
			if got := kindtest.Ask(t, kind(t, peer), tt.src, scope); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestTheQueryIsTheModels(t *testing.T) {
	const window = `"StartTime":1795608360,"EndTime":1795608540,"ScanBy":"TimestampAscending"`
	tests := []struct{ why, src, want string }{
		{
			"a metric, whose target group and load balancer are named as CloudWatch does",
			`cloudwatch: {namespace: AWS/ApplicationELB, metric: RequestCount, stat: Sum, dimensions: {TargetGroup: "{{ green.target_group_arn }}", LoadBalancer: "{{ load_balancer_arn }}"}}`,
			`{"MetricDataQueries":[{"Id":"result","MetricStat":{"Metric":{"Namespace":"AWS/ApplicationELB","MetricName":"RequestCount","Dimensions":[{"Name":"TargetGroup","Value":"targetgroup/shop-2/2222222222222222"},{"Name":"LoadBalancer","Value":"app/shop/3333333333333333"}]},"Period":60,"Stat":"Sum"},"ReturnData":true}],` + window + `}`,
		},
		{
			"of another account, in a unit, by the half minute",
			`cloudwatch: {namespace: n, metric: m, stat: p99.9, unit: Seconds, account: "111111111111", period: 30s}`,
			`{"MetricDataQueries":[{"Id":"result","MetricStat":{"Metric":{"Namespace":"n","MetricName":"m"},"Period":30,"Stat":"p99.9","Unit":"Seconds"},"AccountId":"111111111111","ReturnData":true}],"StartTime":1795608390,"EndTime":1795608570,"ScanBy":"TimestampAscending"}`,
		},
		{
			"an expression over metrics of its own",
			`cloudwatch: {expression: 100*errors/all, metrics: {errors: {namespace: n, metric: e, stat: Sum}, all: {namespace: n, metric: a, stat: Sum}}}`,
			`{"MetricDataQueries":[{"Id":"result","Expression":"100*errors/all","Period":60,"ReturnData":true},` +
				`{"Id":"errors","MetricStat":{"Metric":{"Namespace":"n","MetricName":"e"},"Period":60,"Stat":"Sum"},"ReturnData":false},` +
				`{"Id":"all","MetricStat":{"Metric":{"Namespace":"n","MetricName":"a"},"Period":60,"Stat":"Sum"},"ReturnData":false}],` + window + `}`,
		},
		{
			"Metrics Insights, with a value that stays one",
			`cloudwatch: {expression: "SELECT MAX(CPUUtilization) FROM SCHEMA(\"AWS/ECS\", ServiceName) WHERE Version = '{{ green.version }}'"}`,
			`{"MetricDataQueries":[{"Id":"result","Expression":"SELECT MAX(CPUUtilization) FROM SCHEMA(\"AWS/ECS\", ServiceName) WHERE Version = '7'","Period":60,"ReturnData":true}],` + window + `}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: answer()} })
			src := tt.src + "\nover: 3m\nexpect: {series: 0}"
			if got := kindtest.Ask(t, kind(t, peer), src, check.Scope{}); got != "passed" {
				t.Error(got)
			}
			c := peer.Asked()[0]
			var got, want any
			if err := errors.Join(json.Unmarshal([]byte(c.Body), &got), json.Unmarshal([]byte(tt.want), &want)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" || c.Operation != "GetMetricData" {
				t.Errorf("it called %s, -want +got:\n%s", c.Operation, diff)
			}
		})
	}
}

func TestPagesArePutTogether(t *testing.T) {
	pages := []string{
		`{"NextToken":"1","MetricDataResults":[` + strings.Replace(result("x", "1795608360,1795608420", "1,2", ""), "Complete", "PartialData", 1) + `]}`,
		`{"NextToken":"","MetricDataResults":[` + result("x", "1795608480", "3", "") + `]}`,
	}
	peer := kindtest.Serve(t, func(c kindtest.Call) kindtest.Reply {
		if strings.Contains(c.Body, `"NextToken":"1"`) {
			return kindtest.Reply{Body: pages[1]}
		}
		return kindtest.Reply{Body: pages[0]}
	})
	if got, want := kindtest.Ask(t, kind(t, peer), errors5, check.Scope{}), "failed: sum of HTTPCode_Target_5XX_Count Sum over 3m is 6, expected <= 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	endless := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: pages[0]} })
	if got, want := kindtest.Ask(t, kind(t, endless), errors5, check.Scope{}), "inconclusive: the answer has more than 50 pages: ask for fewer series"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeriesOfOneLabelStayApart(t *testing.T) {
	peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply {
		return kindtest.Reply{Body: answer(result("x", minutes, "1,1,1", ""), result("x", minutes, "2,2,2", ""))}
	})
	const src = "cloudwatch: {expression: SEARCH('x')}\nover: 3m\nagg: sum\nexpect: {value: 3, series: 2}"
	if got, want := kindtest.Ask(t, kind(t, peer), src, check.Scope{}), "failed: sum of x over 3m is 6, expected 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGreenIsComparedWithBlueInTheSameMinutesAndWithTheMinutesBefore(t *testing.T) {
	const compared = `cloudwatch: {namespace: AWS/ApplicationELB, metric: TargetResponseTime, stat: Average, dimensions: {TargetGroup: "{{ green.target_group_arn }}"}}` +
		"\nover: 3m\nexpect: {change: <= 10%}\nagainst: "
	peer := kindtest.Serve(t, func(c kindtest.Call) kindtest.Reply {
		switch {
		case strings.Contains(c.Body, "targetgroup/shop-1/"):
			return kindtest.Reply{Body: answer(result("x", minutes, "0.1,0.1,0.1", ""))}
		case strings.Contains(c.Body, `"EndTime":1795608300,`):
			return kindtest.Reply{Body: answer(result("x", "1795608120,1795608180,1795608240", "0.3,0.3,0.3", ""))}
		}
		return kindtest.Reply{Body: answer(result("x", minutes, "0.2,0.2,0.2", ""))}
	})
	for against, want := range map[string]string{
		"blue":   "failed: the change of avg of TargetResponseTime Average over 3m is +100% (it is 0.2, blue's is 0.1), expected <= 10%",
		"before": "passed",
	} {
		if got := kindtest.Ask(t, kind(t, peer), compared+against, check.Scope{Began: time.Unix(1795608300, 0)}); got != want {
			t.Errorf("%s: got\n%s, want\n%s", against, got, want)
		}
	}
}

func TestWhatKeepsMetricsFromBeingReadIsToldWithWhatToDo(t *testing.T) {
	tests := []struct {
		why   string
		reply kindtest.Reply
		want  string
	}{
		{"IAM refuses", kindtest.Refused(400, "AccessDeniedException", "no"), "inconclusive: could not read metrics (cloudwatch:GetMetricData): AccessDeniedException: no: allow cloudwatch:GetMetricData to the function's role"},
		{"the expression is wrong", kindtest.Refused(400, "ValidationError", "Error in expression 'result': unknown function"), "inconclusive: could not read metrics (cloudwatch:GetMetricData): ValidationError: Error in expression 'result': unknown function"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return tt.reply })
			if got := kindtest.Ask(t, kind(t, peer), errors5, check.Scope{}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
	nobody := cloudwatchcheck.Kind(func() (aws.Config, error) { return aws.Config{}, errors.New("no region") }, time.Now)
	if got := kindtest.Ask(t, nobody, errors5, check.Scope{}); got != "inconclusive: reading the AWS settings: no region" {
		t.Error(got)
	}
	peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: answer()} })
	const unknown = "cloudwatch: {namespace: n, metric: \"{{ green.image }}\", stat: Sum}\nexpect: {value: 1}"
	if got := kindtest.Ask(t, kind(t, peer), unknown, check.Scope{}); got != "inconclusive: plan.yaml:1:37: {{ green.image }}: not known here" {
		t.Error(got)
	}
}

func TestMetricsOfAnotherRegionAreReadThere(t *testing.T) {
	peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: answer()} })
	const src = "cloudwatch: {namespace: AWS/CloudFront, metric: 5xxErrorRate, stat: Average, region: us-east-1}\nexpect: {series: 0}"
	if got := kindtest.Ask(t, kind(t, peer), src, check.Scope{}); got != "passed" {
		t.Error(got)
	}
	if signed := peer.Asked()[0].Header.Get("Authorization"); !strings.Contains(signed, "/us-east-1/monitoring/") {
		t.Errorf("it was signed by %s", signed)
	}
}

func TestWhatIsWrongWithAQueryIsToldAtItsPlace(t *testing.T) {
	const wants = "\nexpect: {value: 1}"
	for _, tt := range []struct{ src, want string }{
		{"cloudwatch: {}" + wants, `plan.yaml:1:13: cloudwatch: "namespace" is missing: as in AWS/ApplicationELB (and 2 more problems)`},
		{"cloudwatch: {namespace: n, metric: m}" + wants, `plan.yaml:1:13: cloudwatch: "stat" is missing: Sum, Average, Minimum, Maximum, SampleCount, or a percentile such as p99`},
		{"cloudwatch: {expression: a, stat: Sum}" + wants, "plan.yaml:1:35: cloudwatch: stat: an expression has its metrics in metrics: {m1: {namespace: …, metric: …, stat: …}}"},
		{"cloudwatch: {metrics: {a: {namespace: n, metric: m, stat: Sum}}}" + wants, "plan.yaml:1:23: cloudwatch: metrics: write the expression over them: expression: …"},
		{"cloudwatch: {expression: A, metrics: {A: {namespace: n, metric: m, stat: Sum}}}" + wants, `plan.yaml:1:39: cloudwatch: metrics: "A" can't stand in an expression: write a small letter, then letters, digits and _; and not result`},
		{"cloudwatch: {expression: a, metrics: {a: {namespace: n, metric: m}}}" + wants, `plan.yaml:1:42: cloudwatch: "stat" is missing: Sum, Average, Minimum, Maximum, SampleCount, or a percentile such as p99`},
		{"cloudwatch: {expression: a, period: 45s}" + wants, "plan.yaml:1:37: cloudwatch: period: 45s is none of CloudWatch's: write 1s, 5s, 10s, 20s, 30s, or whole minutes"},
		{"cloudwatch: {expression: a, period: 1500ms}" + wants, "plan.yaml:1:37: cloudwatch: period: 1.5s is none of CloudWatch's: write 1s, 5s, 10s, 20s, 30s, or whole minutes"},
		{"cloudwatch: {expression: a, period: 2m}\nover: 3m" + wants, "plan.yaml:2:7: over: 3m isn't a whole number of steps of 2m"},
		{"cloudwatch: {expression: a}\nover: 3m\nagainst: before\nexpect: {change: < 1}", "plan.yaml:3:10: against: write agg, to say how the numbers of the window become the one that is compared: avg, max, min, sum or last"},
		{"cloudwatch: {namespace: n, metric: m, stat: Sum}\nover: 3m\nagainst: blue\nexpect: {change: < 1}", "plan.yaml:3:10: against: the query names nothing of green's, so that blue's would be the same: write {{ green.… }} in it, as in {{ green.target_group_arn }}"},
		{"cloudwatch: {expression: a}", `plan.yaml:1:1: "expect" is missing`},
	} {
		t.Run(tt.src, func(t *testing.T) {
			if _, err := kindtest.Decode(cloudwatchcheck.Kind(nil, nil), tt.src); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestACheckOfAMetricIsCalledByIt(t *testing.T) {
	for src, want := range map[string]string{
		errors5: "cloudwatch HTTPCode_Target_5XX_Count Sum", "cloudwatch: {expression: \"SELECT  AVG(x)\"}\nexpect: {value: 1}": "cloudwatch SELECT AVG(x)",
	} {
		c, err := kindtest.Decode(cloudwatchcheck.Kind(nil, nil), src)
		if err != nil || c.Title() != want {
			t.Errorf("%s is called %q (%v), want %q", src, c.Title(), err, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(answer(result("x", minutes, "1,2,2", "")))
	f.Add(answer(result("x", minutes, `1,"NaN",null`, `,"Messages":[{"Code":"a","Value":"b"}]`)))
	f.Add(`{"NextToken":"again","MetricDataResults":[{"Id":"result"}],"Messages":null}`)
	var body string
	peer := kindtest.Serve(f, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: body} })
	one := kind(f, peer)
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		got := kindtest.Ask(t, one, errors5, check.Scope{})
		if got == "passed" && !json.Valid([]byte(text)) || strings.ContainsAny(got, "\r\n") {
			t.Errorf("of %q it says %q", text, got)
		}
	})
}

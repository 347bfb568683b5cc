package prometheuscheck_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/kindtest"
	prometheuscheck "github.com/greenlight-deploy/greenlight/internal/check/prometheus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, time.November, 25, 12, 10, 30, 0, time.UTC)

func kind(t testing.TB, peer *kindtest.Peer) check.Kind {
	return prometheuscheck.Kind(httpcheck.Network{}, peer.Config(t), func() time.Time { return now })
}

// server answers all queries with a body.
func server(t testing.TB, status int, body string) *kindtest.Peer {
	return kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Status: status, Body: body} })
}

func success(kind, result, more string) string {
	return fmt.Sprintf(`{"status":"success"%s,"data":{"resultType":%q,"result":%s}}`, more, kind, result)
}

func one(value string) string {
	return `[{"metric":{"job":"shop"},"value":[1795608630.5,` + value + `]}]`
}

func TestWhatAQueryGivesAtAMomentIsJudged(t *testing.T) {
	const name = `{job="shop"}`
	tests := []struct{ why, more, body, want string }{
		{"few enough", "", success("vector", one(`"4"`), ""), "passed"},
		{"too many", "", success("vector", one(`"6"`), ""), "failed: " + name + " is 6, expected <= 5"},
		{"a scalar", "", success("scalar", `[1795608630,"6"]`, ""), "failed: up == 1 is 6, expected <= 5"},
		{"a series without labels is called by the query", "", success("vector", `[{"metric":{},"value":[1,"6"]}]`, ""), "failed: up == 1 is 6, expected <= 5"},
		{"a series with a name", "", success("vector", `[{"metric":{"__name__":"up"},"value":[1,"6"]}]`, ""), "failed: up is 6, expected <= 5"},
		{"a series with both", "", success("vector", `[{"metric":{"__name__":"up","z":"1","a":"2"},"value":[1,"6"]}]`, ""), `failed: up{a="2",z="1"} is 6, expected <= 5`},
		{"each of several", "", success("vector", `[{"metric":{"pod":"a"},"value":[1,"1"]},{"metric":{"pod":"b"},"value":[1,"6"]}]`, ""), `failed: {pod="b"} is 6, expected <= 5`},
		{"just so many", "expect: {value: <= 5, series: 1}", success("vector", `[{"metric":{"pod":"a"},"value":[1,"1"]},{"metric":{"pod":"b"},"value":[1,"2"]}]`, ""), "failed: the number of series is 2, expected 1"},

		{"an empty vector", "", success("vector", `[]`, ""), "inconclusive: there is no data: the query found no series"},
		{"an empty vector of none", "missing: 0\nexpect: {value: 0}", success("vector", `[]`, ""), "passed"},
		{"NaN", "", success("vector", one(`"NaN"`), ""), "inconclusive: " + name + " is NaN, which is not a number that can be compared"},
		{"an infinity", "", success("vector", one(`"+Inf"`), ""), "inconclusive: " + name + " is +Inf, which is not a number that can be compared"},
		{"a number beyond all", "", success("vector", one(`"1e999"`), ""), "inconclusive: " + name + " is +Inf, which is not a number that can be compared"},
		{"no value", "", success("vector", `[{"metric":{"job":"shop"}}]`, ""), "inconclusive: " + name + " has no value"},
		{"a value of null", "", success("vector", `[{"metric":{"job":"shop"},"value":null}]`, ""), "inconclusive: " + name + " has no value"},
		{"a null in its place", "", success("vector", one(`null`), ""), `inconclusive: the answer can't be read: "[1795608630.5,null]" is not a time and a number`},
		{"a number that is none", "", success("vector", one(`"few"`), ""), `inconclusive: the answer can't be read: "few" is no number`},
		{"an empty number", "", success("vector", one(`""`), ""), `inconclusive: the answer can't be read: "" is no number`},
		{"a number of another type", "", success("vector", one(`6`), ""), `inconclusive: the answer can't be read: 6 is no number in a text`},
		{"a value of another type", "", success("vector", `[{"value":"6"}]`, ""), `inconclusive: the answer can't be read: "\"6\"" is not a time and a number`},
		{"no result", "", success("vector", `null`, ""), "inconclusive: the answer has no result"},
		{"no scalar", "", success("scalar", `null`, ""), "inconclusive: the answer has no result"},
		{"no data", "", `{"status":"success"}`, `inconclusive: the answer is a "", and a vector was asked for`},
		{"a text", "", success("string", `[1,"6"]`, ""), "inconclusive: the query gives a text and not a number"},
		{"ranges", "", success("matrix", `[]`, ""), "inconclusive: the query gives ranges and not numbers: put a function around it, as in rate(…)"},
		{"a native histogram", "", success("vector", `[{"metric":{"job":"shop"},"histogram":[1,{"count":"4"}]}]`, ""), "inconclusive: " + name + " is a histogram and not a number: ask for a part of it, as in histogram_quantile(0.99, …)"},

		{"a warning that data may be lacking", "", success("vector", one(`"4"`), `,"warnings":["remote_read: no store responded"]`), `inconclusive, to be retried: the server may not have all of the data: "remote_read: no store responded"`},
		{"a warning about the query stands behind a reason", "", success("vector", one(`"6"`), `,"warnings":["PromQL warning: bad bucket"],"infos":["PromQL info: might not be a counter"]`), "failed: " + name + " is 6, expected <= 5 (PromQL info: might not be a counter; PromQL warning: bad bucket)"},
		{"and keeps nothing from passing", "", success("vector", one(`"4"`), `,"warnings":["PromQL warning: bad bucket"]`), "passed"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := server(t, 0, tt.body)
			src := "prometheus: {url: " + peer.URL + ", query: up == 1}\n" + cmp.Or(tt.more, "expect: {value: <= 5}")
			if got := kindtest.Ask(t, kind(t, peer), src, check.Scope{}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestWhatAQueryGivesOverAWindowIsJudged(t *testing.T) {
	matrix := func(values string) string {
		return success("matrix", `[{"metric":{"job":"shop"},"values":[`+values+`]}]`, "")
	}
	// A step's number is the one at its end: of the window that ends at 12:10:30, those at 12:09:30, 12:10:00 and 12:10:30.
	const first, second, third = "1795608570", "1795608600", "1795608630"
	tests := []struct{ why, more, body, want string }{
		{"each of them", "", matrix(`[` + first + `,"1"],[` + second + `,"2"],[` + third + `.0,"3"]`), "passed"},
		{"one is too much", "", matrix(`[` + first + `,"1"],[` + second + `,"6"],[` + third + `,"3"]`), `failed: {job="shop"} at 12:09:30Z is 6, expected <= 5`},
		{"their average isn't", "agg: avg\n", matrix(`[` + first + `,"1"],[` + second + `,"6"],[` + third + `,"3"]`), "passed"},
		{"a gap", "", matrix(`[` + first + `,"1"],[` + third + `,"3"]`), `inconclusive: {job="shop"} has data for 2 of the 3 steps from 12:09:00Z to 12:10:30Z`},
		{"a series that ended is stale", "", matrix(`[` + first + `,"1"]`), `inconclusive: {job="shop"} has data for 1 of the 3 steps from 12:09:00Z to 12:10:30Z`},
		{"a gap that is left out", "missing: skip\n", matrix(`[` + first + `,"1"],[` + third + `,"3"]`), "passed"},
		{"NaN among them", "", matrix(`[` + first + `,"1"],[` + second + `,"NaN"],[` + third + `,"3"]`), `inconclusive: {job="shop"} has data for 2 of the 3 steps from 12:09:00Z to 12:10:30Z (there is NaN, which is not a number that can be compared)`},
		{"none", "", success("matrix", `[]`, ""), "inconclusive: there is no data: the query found no series"},
		{"no values", "", success("matrix", `[{"metric":{"job":"shop"},"values":null}]`, ""), `inconclusive: {job="shop"} has no data from 12:09:00Z to 12:10:30Z`},
		{"a vector", "", success("vector", `[]`, ""), `inconclusive: the answer is a "vector", and a matrix was asked for`},
		{"a native histogram", "", success("matrix", `[{"metric":{"job":"shop"},"histograms":[]}]`, ""), `inconclusive: {job="shop"} is a histogram and not a number: ask for a part of it, as in histogram_quantile(0.99, …)`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := server(t, 0, tt.body)
			src := "prometheus: {url: " + peer.URL + "/prom/, query: 'rate(x{v=\"{{ green.version }}\"}[1m])'}\nover: 90s\n" + tt.more + "expect: {value: <= 5}"
			if got := kindtest.Ask(t, kind(t, peer), src, check.Scope{}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
			asked := peer.Asked()[0]
			query, err := url.ParseQuery(asked.Query)
			if err != nil {
				t.Fatal(err)
			}
			if asked.Operation != "GET /prom/api/v1/query_range" || query.Get("start") != first || query.Get("end") != third || query.Get("step") != "30" || query.Get("query") != `rate(x{v="7"}[1m])` {
				t.Errorf("it asked %s with %v", asked.Operation, query)
			}
		})
	}
}

func TestAQueryAtAMomentIsAskedAsTheAPIHasIt(t *testing.T) {
	peer := server(t, 0, success("vector", `[]`, ""))
	src := "prometheus: {url: " + peer.URL + ", query: up}\ndelay: 30s\nexpect: {series: 0}"
	c, err := kindtest.Decode(kind(t, peer), src)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if got := kindtest.Outcome(c.Run(ctx, check.Scope{UserAgent: "greenlight/1", Lookup: kindtest.Lookup})); got != "passed" {
		t.Error(got)
	}
	asked := peer.Asked()[0]
	query, err := url.ParseQuery(asked.Query)
	if err != nil {
		t.Fatal(err)
	}
	if asked.Operation != "GET /api/v1/query" || query.Get("query") != "up" || query.Get("time") != "1795608600" || !strings.HasSuffix(query.Get("timeout"), "ms") || asked.Header.Get("User-Agent") != "greenlight/1" {
		t.Errorf("it asked %s with %v as %s", asked.Operation, query, asked.Header.Get("User-Agent"))
	}
}

func TestGreenIsComparedWithBlueAndWithBefore(t *testing.T) {
	peer := kindtest.Serve(t, func(c kindtest.Call) kindtest.Reply {
		query, err := url.ParseQuery(c.Query)
		switch {
		case err != nil:
			return kindtest.Reply{Status: 400}
		case strings.Contains(query.Get("query"), `"6"`):
			return kindtest.Reply{Body: success("vector", one(`"0.1"`), "")}
		case query.Get("time") == "1795608000":
			return kindtest.Reply{Body: success("vector", one(`"0.2"`), "")}
		}
		return kindtest.Reply{Body: success("vector", one(`"0.2"`), "")}
	})
	src := "prometheus: {url: " + peer.URL + ", query: 'x{v=\"{{ green.version }}\"}'}\nexpect: {change: <= 10%}\nagainst: "
	for against, want := range map[string]string{
		"blue": `failed: the change of {job="shop"} is +100% (it is 0.2, blue's is 0.1), expected <= 10%`, "before": "passed",
	} {
		if got := kindtest.Ask(t, kind(t, peer), src+against, check.Scope{Began: time.Unix(1795608000, 0)}); got != want {
			t.Errorf("%s: got\n%s, want\n%s", against, got, want)
		}
	}
}

func TestWhoAsksIsSaidAsThePlanHasIt(t *testing.T) {
	tests := []struct{ why, more, header, want string }{
		{"nobody", "", "Authorization", ""},
		{"a user", ", basic: {user: ann, password: 'pa:ss'}", "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:pa:ss"))},
		{"a token", ", bearer: 'to{{ green.version }}'", "Authorization", "Bearer to7"},
		{"a header", ", headers: {x-scope-orgid: shop}", "X-Scope-Orgid", "shop"},
		{"AWS credentials", ", sigv4: true", "Authorization", "/eu-west-1/aps/aws4_request"},
		{"for another region and service", ", sigv4: {region: us-east-1, service: execute-api}", "Authorization", "/us-east-1/execute-api/aws4_request"},
		{"and not where that is false", ", sigv4: false", "Authorization", ""},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := server(t, 0, success("vector", `[]`, ""))
			src := "prometheus: {url: " + peer.URL + ", query: up" + tt.more + "}\nexpect: {series: 0}"
			if got := kindtest.Ask(t, kind(t, peer), src, check.Scope{}); got != "passed" {
				t.Error(got)
			}
			got := peer.Asked()[0].Header.Get(tt.header)
			if signed := strings.Contains(tt.want, "aws4"); signed && !strings.Contains(got, tt.want) || !signed && got != tt.want {
				t.Errorf("%s is %q, want %q", tt.header, got, tt.want)
			}
		})
	}
}

func TestAWorkspaceIsAskedInItsOwnRegion(t *testing.T) {
	peer := server(t, 0, success("vector", `[]`, ""))
	network := httpcheck.Network{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(peer.URL, "http://"))
	}}
	const src = "prometheus: {url: 'http://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1', query: up, sigv4: true}\nexpect: {series: 0}"
	if got := kindtest.Ask(t, prometheuscheck.Kind(network, peer.Config(t), time.Now), src, check.Scope{}); got != "passed" {
		t.Error(got)
	}
	if c := peer.Asked()[0]; c.Operation != "GET /workspaces/ws-1/api/v1/query" || !strings.Contains(c.Header.Get("Authorization"), "/eu-central-1/aps/aws4_request") {
		t.Errorf("it asked %s, signed by %s", c.Operation, c.Header.Get("Authorization"))
	}
}

func TestNoPartOfASecretIsLeftWhereAnErrorIsCut(t *testing.T) {
	const secret = "hunter2hunter2"
	begins := strings.Repeat("x", 77)
	peer := server(t, 400, `{"status":"error","errorType":"bad_data","error":"`+begins+secret+`"}`)
	masking := check.Scope{Mask: func(s string) string { return strings.ReplaceAll(s, secret, "***") }}
	src := "prometheus: {url: " + peer.URL + ", query: up}\nexpect: {value: 1}"
	if got, want := kindtest.Ask(t, kind(t, peer), src, masking), `: "`+begins+`***"`; !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want %s at its end", got, want)
	}
}

func TestAnErrorIsToldByItsCause(t *testing.T) {
	failure := func(kind, message string) string {
		return fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, kind, message)
	}
	tests := []struct {
		why    string
		status int
		body   string
		want   string
	}{
		{"the query is wrong", 400, failure("bad_data", "parse error: unexpected end of input"), `inconclusive: URL can't read the query: "parse error: unexpected end of input"`},
		{"it can't be answered", 422, failure("execution", "many-to-many matching not allowed"), `inconclusive: URL can't answer the query (execution): "many-to-many matching not allowed"`},
		{"it takes too long", 503, failure("timeout", "query timed out"), `inconclusive, to be retried: URL had no time to answer the query: "query timed out"`},
		{"an error in an answer of 200", 200, failure("execution", "no"), `inconclusive: URL can't answer the query (execution): "no"`},
		{"who asks isn't known", 401, "Unauthorized", "inconclusive: URL refuses who asks (status 401): set basic, bearer, sigv4 or headers"},
		{"or may not", 403, `{"message":"no"}`, "inconclusive: URL refuses who asks (status 403): set basic, bearer, sigv4 or headers"},
		{"it isn't Prometheus that is there", 404, "<html>", "inconclusive: URL has no HTTP API of Prometheus (status 404): is there a path in front of /api/v1?"},
		{"it is elsewhere", 302, "", `inconclusive: URL redirects to "": write that URL, which gets what says who asks`},
		{"too many ask", 429, "", "inconclusive, to be retried: URL has trouble (status 429)"},
		{"a gateway has no server", 502, "<html>", "inconclusive, to be retried: URL has trouble (status 502)"},
		{"trouble of its own", 500, failure("internal", "corrupt"), `inconclusive, to be retried: URL has trouble (status 500): "corrupt"`},
		{"any other status", 418, "", "inconclusive: URL answered status 418"},
		{"an answer that is no JSON", 200, "<html>", "inconclusive: URL doesn't answer as Prometheus does: its answer can't be read: invalid character '<' looking for beginning of value"},
		{"an answer without a status", 200, "{}", `inconclusive: URL doesn't answer as Prometheus does: its answer has the status ""`},
		{"an answer that ends before it does", 200, `{"status":"success","data":{"resultType":"vector","result":[`, "inconclusive: URL doesn't answer as Prometheus does: its answer can't be read: unexpected end of JSON input"},
		{"an answer beyond all bounds", 200, strings.Repeat(" ", 4<<20) + "{}", "inconclusive: the answer is over 4 MiB: aggregate the series in the query"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := server(t, tt.status, tt.body)
			src := "prometheus: {url: " + peer.URL + ", query: up}\nexpect: {value: 1}"
			if got := strings.ReplaceAll(kindtest.Ask(t, kind(t, peer), src, check.Scope{}), peer.URL, "URL"); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
	signed := server(t, 403, `{"message":"no"}`)
	src := "prometheus: {url: " + signed.URL + ", query: up, sigv4: true}\nexpect: {value: 1}"
	if got, want := kindtest.Ask(t, kind(t, signed), src, check.Scope{}), "inconclusive: "+signed.URL+" refuses who asks (status 403): allow aps:QueryMetrics to the function's role"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWithoutAnAnswerItIsAskedAgain(t *testing.T) {
	refusing := httpcheck.Network{Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
	}}
	nobody := func() (aws.Config, error) { return aws.Config{}, errors.New("no region") }
	const src = "prometheus: {url: 'http://prometheus.internal:9090', query: up}\nexpect: {value: 1}"
	if got, want := kindtest.Ask(t, prometheuscheck.Kind(refusing, nobody, time.Now), src, check.Scope{}), "inconclusive, to be retried: http://prometheus.internal:9090: connection refused"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	silent := httpcheck.Network{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	c, err := kindtest.Decode(prometheuscheck.Kind(silent, nobody, time.Now), src)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if got, want := kindtest.Outcome(c.Run(ctx, check.Scope{Lookup: kindtest.Lookup})), "inconclusive, to be retried: http://prometheus.internal:9090: no answer in time"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	const signed = "prometheus: {url: 'http://prometheus.internal:9090', query: up, sigv4: true}\nexpect: {value: 1}"
	if got, want := kindtest.Ask(t, prometheuscheck.Kind(silent, nobody, time.Now), signed, check.Scope{}), "inconclusive: reading the AWS settings: no region"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsWrongWithAQueryIsToldAtItsPlace(t *testing.T) {
	const wants = "\nexpect: {value: 1}"
	for _, tt := range []struct{ src, want string }{
		{"prometheus: {query: up}" + wants, `plan.yaml:1:13: prometheus: "url" is missing`},
		{"prometheus: {url: 'http://p:9090'}" + wants, `plan.yaml:1:13: prometheus: "query" is missing`},
		{"prometheus: {url: 'p:9090', query: up}" + wants, `plan.yaml:1:19: prometheus: url: "p:9090" is not a URL such as http://prometheus.internal:9090`},
		{"prometheus: {url: 'http://ann:pw@p', query: up}" + wants, "plan.yaml:1:19: prometheus: url: the URL holds a user name or password, which would stand in logs: write basic: {user: …, password: …}"},
		{"prometheus: {url: 'http://p/?a=b', query: up}" + wants, `plan.yaml:1:19: prometheus: url: "http://p/?a=b" has a query or a fragment: write the path alone that is in front of /api/v1`},
		{"prometheus: {url: 'http://p/api/v1/query', query: up}" + wants, `plan.yaml:1:19: prometheus: url: "http://p/api/v1/query" leads into the API: write the path alone that is in front of /api/v1`},
		{"prometheus: {url: 'http://p', query: ' '}" + wants, "plan.yaml:1:38: prometheus: query: it is empty"},
		{"prometheus: {url: 'http://p', query: up, step: 0s}\nover: 3m" + wants, "plan.yaml:1:48: prometheus: step: expected more than 0s"},
		{"prometheus: {url: 'http://p', query: up, step: 30s}" + wants, "plan.yaml:1:48: step: it is a window's: write over as well"},
		{"prometheus: {url: 'http://p', query: up, bearer: a, sigv4: true}" + wants, "plan.yaml:1:53: prometheus: sigv4: who asks is said by bearer already: write one of basic, bearer and sigv4"},
		{"prometheus: {url: 'http://p', query: up, sigv4: yes}" + wants, `plan.yaml:1:49: sigv4: expected true, or a mapping with region and service, found "yes"`},
		{"prometheus: {url: 'http://p', query: up, basic: {user: a}}" + wants, `plan.yaml:1:49: basic: "password" is missing`},
		{"prometheus: {url: 'http://p', query: up}\nover: 100s" + wants, "plan.yaml:2:7: over: 1m40s isn't a whole number of steps of 30s"},
		{"prometheus: {url: 'http://p', query: up}\nagainst: blue\nexpect: {change: < 1}", "plan.yaml:2:10: against: the query names nothing of green's, so that blue's would be the same: write {{ green.… }} in it, as in {{ green.version }}"},
		{"prometheus: {url: 'http://p', query: up}", `plan.yaml:1:1: "expect" is missing`},
	} {
		t.Run(tt.src, func(t *testing.T) {
			if _, err := kindtest.Decode(prometheuscheck.Kind(httpcheck.Network{}, nil, nil), tt.src); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestACheckIsCalledByItsQuery(t *testing.T) {
	c, err := kindtest.Decode(prometheuscheck.Kind(httpcheck.Network{}, nil, nil), "prometheus: {url: 'http://p', query: \"sum(\\n  up)\"}\nexpect: {value: 1}")
	if err != nil || c.Title() != "prometheus sum( up)" {
		t.Errorf("it is called %q (%v)", c.Title(), err)
	}
}

// The answers in testdata are those of Prometheus 2.
func FuzzAnswer(f *testing.F) {
	f.Add(success("vector", one(`"4"`), ""))
	f.Add(success("vector", one(`"NaN"`), `,"warnings":["a"],"infos":["b"]`))
	f.Add(success("scalar", `[1,"4"]`, ""))
	f.Add(success("vector", `[{"metric":{"a":"b"},"histogram":[1,{}]}]`, ""))
	f.Add(`{"status":"error","errorType":"bad_data","error":"a\nb"}`)
	var body string
	peer := kindtest.Serve(f, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: body} })
	asked := kind(f, peer)
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		src := "prometheus: {url: " + peer.URL + ", query: up}\nexpect: {value: <= 5}"
		got := kindtest.Ask(t, asked, src, check.Scope{})
		if got == "passed" && !json.Valid([]byte(text)) {
			t.Errorf("%q passed", text)
		}
	})
}

package elb_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// What a deployment moves may be a rule as well as a listener.
var _, _ interface {
	ARN() string
	Weights() map[string]int
	SetWeights(weights map[string]int) error
} = (*elb.Listener)(nil), (*elb.Rule)(nil)

// shop is a listener whose default action says default.
func shop(t *testing.T, lb *elb.LoadBalancer, config elb.ListenerConfig) *elb.Listener {
	t.Helper()
	config.Name, config.Default = "production", fixed("default")
	l, err := lb.CreateListener(config)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func fixed(body string) elb.Action {
	return elb.Action{FixedResponse: &elb.FixedResponse{StatusCode: 200, Body: body}}
}

func rule(t *testing.T, l *elb.Listener, priority int, a elb.Action, conditions ...elb.Condition) *elb.Rule {
	t.Helper()
	r, err := l.CreateRule(elb.RuleConfig{Priority: priority, Conditions: conditions, Action: a})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func request(t *testing.T, method, url string, header ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

func TestAConditionTakesTheRequestsThatAnALBsDoes(t *testing.T) {
	is := func(field elb.ConditionField, values ...string) elb.Condition {
		return elb.Condition{Field: field, Values: values}
	}
	header := func(name string, values ...string) elb.Condition {
		return elb.Condition{Field: elb.HTTPHeader, Header: name, Values: values}
	}
	query := func(key, value string) elb.Condition {
		return elb.Condition{Field: elb.QueryString, Query: []elb.QueryPair{{Key: key, Value: value}}}
	}
	tests := []struct {
		why        string
		conditions []elb.Condition
		method     string
		path       string
		header     []string
		want       bool
	}{
		{"a host is compared in any case", []elb.Condition{is(elb.HostHeader, "Shop.Example")}, "GET", "/", []string{"Host", "sHOP.example"}, true},
		{"without its port", []elb.Condition{is(elb.HostHeader, "shop.example")}, "GET", "/", []string{"Host", "shop.example:8080"}, true},
		{"a wildcard takes subdomains", []elb.Condition{is(elb.HostHeader, "*.example.com")}, "GET", "/", []string{"Host", "a.b.example.com"}, true},
		{"and not the domain itself", []elb.Condition{is(elb.HostHeader, "*.example.com")}, "GET", "/", []string{"Host", "example.com"}, false},
		{"one of a condition's values is enough", []elb.Condition{is(elb.HostHeader, "a.example", "b.example")}, "GET", "/", []string{"Host", "b.example"}, true},
		{"a path may go on behind a *", []elb.Condition{is(elb.PathPattern, "/img/*")}, "GET", "/img/a/b.png", nil, true},
		{"a path without wildcards is exact", []elb.Condition{is(elb.PathPattern, "/img")}, "GET", "/img/", nil, false},
		{"a path is compared in its case", []elb.Condition{is(elb.PathPattern, "/img/*")}, "GET", "/IMG/a", nil, false},
		{"? is one character", []elb.Condition{is(elb.PathPattern, "/v?/x")}, "GET", "/v2/x", nil, true},
		{"? is not none", []elb.Condition{is(elb.PathPattern, "/v?/x")}, "GET", "/v/x", nil, false},
		{"the query is no part of the path", []elb.Condition{is(elb.PathPattern, "/cart")}, "GET", "/cart?id=1", nil, true},
		{"a header's name and value are compared in any case", []elb.Condition{header("x-env", "TEST*")}, "GET", "/", []string{"X-Env", "test-green"}, true},
		{"a repeated header is searched", []elb.Condition{header("X-Env", "green")}, "GET", "/", []string{"X-Env", "blue", "X-Env", "green"}, true},
		{"a header that is missing is not met by *", []elb.Condition{header("X-Env", "*")}, "GET", "/", nil, false},
		{"a method is exact", []elb.Condition{is(elb.RequestMethod, "PUT", "POST")}, "POST", "/", nil, true},
		{"another method is another", []elb.Condition{is(elb.RequestMethod, "PUT")}, "GET", "/", nil, false},
		{"a pair of the query is compared in any case", []elb.Condition{query("Version", "V1*")}, "GET", "/?a=b&version=v12", nil, true},
		{"the pair's key counts", []elb.Condition{query("version", "v1")}, "GET", "/?other=v1", nil, false},
		{"a value alone is any key's", []elb.Condition{query("", "*example*")}, "GET", "/?from=the.example.com", nil, true},
		{"a backslash takes a wildcard literally", []elb.Condition{query("q", `a\*`)}, "GET", "/?q=ab", nil, false},
		{"and finds it", []elb.Condition{query("q", `a\*`)}, "GET", "/?q=a*", nil, true},
		{"a source is the connection's", []elb.Condition{is(elb.SourceIP, "192.0.2.0/24", "127.0.0.0/8")}, "GET", "/", nil, true},
		{"and not what X-Forwarded-For claims", []elb.Condition{is(elb.SourceIP, "192.0.2.0/24")}, "GET", "/", []string{"X-Forwarded-For", "192.0.2.1"}, false},
		{"all conditions must be met", []elb.Condition{is(elb.PathPattern, "/a"), header("X-Env", "green")}, "GET", "/a", nil, false},
		{"and are", []elb.Condition{is(elb.PathPattern, "/a"), header("X-Env", "green")}, "GET", "/a", []string{"X-Env", "green"}, true},
		{"also of one kind", []elb.Condition{header("X-A", "1"), header("X-B", "2")}, "GET", "/", []string{"X-A", "1", "X-B", "2"}, true},
	}
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{})
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			r := rule(t, l, 1, fixed("rule"), tt.conditions...)
			defer r.Delete()
			_, body := do(t, client(), request(t, tt.method, l.URL()+tt.path, tt.header...))
			if got := body == "rule"; got != tt.want {
				t.Errorf("the answer is %q, met should be %v", body, tt.want)
			}
		})
	}
}

func TestTheRuleOfTheLowestPriorityThatIsMetDecides(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{})
	path := func(p string) elb.Condition {
		return elb.Condition{Field: elb.PathPattern, Values: []string{p}}
	}
	rule(t, l, 30, fixed("thirty"), path("/a*"))
	ten := rule(t, l, 10, fixed("ten"), path("/ab*"))
	rule(t, l, 20, fixed("twenty"), path("/abc"))
	ask := func(want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for path := range want {
			_, got[path] = get(t, l.URL()+path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers by path (-want +got):\n%s", diff)
		}
	}
	ask(map[string]string{"/a": "thirty", "/ab": "ten", "/abc": "ten", "/x": "default"})
	if err := ten.SetConditions([]elb.Condition{path("/x")}); err != nil {
		t.Fatal(err)
	}
	ask(map[string]string{"/a": "thirty", "/ab": "thirty", "/abc": "twenty", "/x": "ten"})
	ten.Delete()
	ten.Delete()
	ask(map[string]string{"/abc": "twenty", "/x": "default"})
	if rules := l.Rules(); len(rules) != 2 || rules[0].Priority() != 20 || rules[0].Listener() != l {
		t.Errorf("rules: %+v", rules)
	}
	if !strings.HasPrefix(ten.ARN(), strings.Replace(l.ARN(), ":listener/", ":listener-rule/", 1)+"/") {
		t.Errorf("rule %s of listener %s", ten.ARN(), l.ARN())
	}
}

func TestRulesChangePlacesAtOnce(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{})
	all := elb.Condition{Field: elb.PathPattern, Values: []string{"*"}}
	one, two := rule(t, l, 1, fixed("one"), all), rule(t, l, 2, fixed("two"), all)
	gone := rule(t, l, 3, fixed("three"), all)
	gone.Delete()
	refusals := []struct {
		why        string
		priorities map[*elb.Rule]int
		code       string
	}{
		{"another rule has it", map[*elb.Rule]int{one: 2}, elb.CodePriorityInUse},
		{"two are to have it", map[*elb.Rule]int{one: 5, two: 5}, elb.CodePriorityInUse},
		{"it is out of range", map[*elb.Rule]int{one: 0}, elb.CodeValidation},
		{"the rule is gone", map[*elb.Rule]int{gone: 9, one: 8}, elb.CodeRuleNotFound},
	}
	for _, tt := range refusals {
		t.Run(tt.why, func(t *testing.T) {
			var refused *elb.Error
			if err := l.SetRulePriorities(tt.priorities); !errors.As(err, &refused) || refused.Code != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
			if _, body := get(t, l.URL()); body != "one" || one.Priority() != 1 {
				t.Errorf("%q answers, and rule one has priority %d", body, one.Priority())
			}
		})
	}
	if err := l.SetRulePriorities(map[*elb.Rule]int{one: 2, two: 1}); err != nil {
		t.Fatal(err)
	}
	if _, body := get(t, l.URL()); body != "two" || l.Rules()[0] != two {
		t.Errorf("after the change %q answers", body)
	}
}

func TestARulesWeightsMoveAsAListenersDo(t *testing.T) {
	var mu sync.Mutex
	heard := map[string]map[string]int{}
	lb := balancer(t, elb.Config{Weighted: func(name string, weights map[string]int) {
		mu.Lock()
		defer mu.Unlock()
		heard[name] = weights
	}})
	group(t, lb, "blue", upstream(t, saying("blue")))
	green := upstream(t, saying("green"))
	group(t, lb, "green", green)
	l := listener(t, lb, map[string]int{"blue": 100, "green": 0})
	r := rule(t, l, 1, elb.Action{Forward: map[string]int{"blue": 1, "green": 0}}, elb.Condition{Field: elb.HTTPHeader, Header: "X-Test", Values: []string{"true"}})
	if err := r.SetWeights(map[string]int{"blue": 0, "green": 1}); err != nil {
		t.Fatal(err)
	}
	_, tested := do(t, client(), request(t, "GET", l.URL(), "X-Test", "true"))
	_, production := get(t, l.URL())
	if tested != "green" || production != "blue" {
		t.Errorf("the test rule answers %q and production %q", tested, production)
	}
	if diff := cmp.Diff(map[string]map[string]int{"production/1": {"blue": 0, "green": 1}}, heard); diff != "" {
		t.Errorf("weights heard of (-want +got):\n%s", diff)
	}
	want := elb.Count{Listener: "production", Rule: "production/1", TargetGroup: "green", Target: green, Requests: 1, Class: [6]int{2: 1}, Made: map[int]int{}}
	if diff := cmp.Diff(want, lb.Counts()[1]); diff != "" {
		t.Errorf("the rule's count (-want +got):\n%s", diff)
	}
}

func TestAFixedResponseIsTheLoadBalancersOwn(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{})
	rule(t, l, 1, elb.Action{FixedResponse: &elb.FixedResponse{StatusCode: 503, ContentType: "application/json", Body: `{"down":true}`}},
		elb.Condition{Field: elb.PathPattern, Values: []string{"/down"}})
	resp, body := get(t, l.URL()+"/down")
	if resp.StatusCode != 503 || body != `{"down":true}` || resp.Header.Get("Content-Type") != "application/json" || resp.Header.Get("Server") != "awselb/2.0" {
		t.Errorf("got %+v %q", resp, body)
	}
	if resp, _ := get(t, l.URL()); resp.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("without a type it is %q", resp.Header.Get("Content-Type"))
	}
	want := []elb.Count{
		{Listener: "production", Requests: 1, Made: map[int]int{200: 1}},
		{Listener: "production", Rule: "production/1", Requests: 1, Made: map[int]int{503: 1}},
	}
	if diff := cmp.Diff(want, lb.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestARedirectKeepsWhatItDoesNotChange(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{})
	port := l.URL()[strings.LastIndex(l.URL(), ":")+1:]
	tests := []struct {
		why      string
		redirect elb.Redirect
		want     string
	}{
		{"to HTTPS", elb.Redirect{StatusCode: 301, Protocol: "HTTPS", Port: "443"}, "https://shop.example:443/a%2Fb/c?x=1&y=%20"},
		{"to another host", elb.Redirect{StatusCode: 302, Host: "new.#{host}"}, "http://new.shop.example:" + port + "/a%2Fb/c?x=1&y=%20"},
		{"to another path", elb.Redirect{StatusCode: 302, Path: "/new/#{path}", Query: "#{query}&z=#{port}"}, "http://shop.example:" + port + "/new/a%2Fb/c?x=1&y=%20&z=" + port},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			if err := l.SetAction(elb.Action{Redirect: &tt.redirect}); err != nil {
				t.Fatal(err)
			}
			resp, err := client().Transport.RoundTrip(request(t, "GET", l.URL()+"/a%2Fb/c?x=1&y=%20", "Host", "shop.example"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if got := resp.Header.Get("Location"); got != tt.want || resp.StatusCode != tt.redirect.StatusCode {
				t.Errorf("%s to %q, want %q", resp.Status, got, tt.want)
			}
		})
	}
	if len(l.Weights()) != 0 {
		t.Errorf("a redirect has weights: %v", l.Weights())
	}
}

func TestWhatARuleRefuses(t *testing.T) {
	lb := balancer(t, elb.Config{})
	l := shop(t, lb, elb.ListenerConfig{})
	good := elb.Condition{Field: elb.PathPattern, Values: []string{"/a"}}
	rule(t, l, 7, fixed("seven"), good)
	with := func(c ...elb.Condition) elb.RuleConfig {
		return elb.RuleConfig{Priority: 1, Conditions: c, Action: fixed("x")}
	}
	one := func(field elb.ConditionField, values ...string) elb.RuleConfig {
		return with(elb.Condition{Field: field, Values: values})
	}
	doing := func(a elb.Action) elb.RuleConfig {
		return elb.RuleConfig{Priority: 1, Conditions: []elb.Condition{good}, Action: a}
	}
	sending := func(r elb.Redirect) elb.RuleConfig { return doing(elb.Action{Redirect: &r}) }
	saying := func(f elb.FixedResponse) elb.RuleConfig { return doing(elb.Action{FixedResponse: &f}) }
	tests := []struct {
		why    string
		config elb.RuleConfig
		code   string
		says   string
	}{
		{"priorities start at 1", elb.RuleConfig{Conditions: []elb.Condition{good}, Action: fixed("x")}, elb.CodeValidation, "1 to 50000"},
		{"each priority is one rule's", elb.RuleConfig{Priority: 7, Conditions: []elb.Condition{good}, Action: fixed("x")}, elb.CodePriorityInUse, `"production/7"`},
		{"a rule has conditions", with(), elb.CodeValidation, "at least one condition"},
		{"a condition has values", one(elb.PathPattern), elb.CodeValidation, "needs a value"},
		{"six values are too many", one(elb.PathPattern, "/1", "/2", "/3", "/4", "/5", "/6"), elb.CodeValidation, "6 values"},
		{"a second path-pattern can't be met", with(good, good), elb.CodeInvalidConfiguration, "one path-pattern"},
		{"a field exists", one("cookie", "a"), elb.CodeValidation, "must be one of"},
		{"a host has a dot", one(elb.HostHeader, "localhost"), elb.CodeValidation, "with a dot"},
		{"a host ends in letters", one(elb.HostHeader, "127.0.0.1"), elb.CodeValidation, "with a dot"},
		{"a path has no query", one(elb.PathPattern, "/a#b"), elb.CodeValidation, "wildcards"},
		{"a path is short", one(elb.PathPattern, "/"+strings.Repeat("a", 128)), elb.CodeValidation, "128"},
		{"a method has no wildcards", one(elb.RequestMethod, "P*"), elb.CodeValidation, "no wildcards"},
		{"a source is a block", one(elb.SourceIP, "10.0.0.1"), elb.CodeValidation, "192.0.2.0/24"},
		{"a header has a name", one(elb.HTTPHeader, "x"), elb.CodeValidation, "its field"},
		{"a header's name has no wildcards", with(elb.Condition{Field: elb.HTTPHeader, Header: "X?", Values: []string{"x"}}), elb.CodeValidation, "no wildcards"},
		{"the host is no such header", with(elb.Condition{Field: elb.HTTPHeader, Header: "host", Values: []string{"x"}}), elb.CodeInvalidConfiguration, "use host-header"},
		{"a query pair has a value", with(elb.Condition{Field: elb.QueryString, Query: []elb.QueryPair{{Key: "a"}}}), elb.CodeValidation, "needs a value"},
		{"an action is something", doing(elb.Action{}), elb.CodeInvalidAction, "at least one target group"},
		{"and one thing", doing(elb.Action{FixedResponse: fixed("x").FixedResponse, Redirect: &elb.Redirect{}}), elb.CodeInvalidAction, "one of"},
		{"a forward's group exists", doing(elb.Action{Forward: map[string]int{"red": 1}}), elb.CodeTargetGroupNotFound, `"red"`},
		{"a forward has five groups", doing(elb.Action{Forward: map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}}), elb.CodeInvalidAction, "5"},
		{"a fixed response is no redirect", saying(elb.FixedResponse{StatusCode: 301}), elb.CodeValidation, "2xx, 4xx or 5xx"},
		{"its type is known", saying(elb.FixedResponse{StatusCode: 200, ContentType: "image/png"}), elb.CodeValidation, "text/plain"},
		{"its body is short", saying(elb.FixedResponse{StatusCode: 200, Body: strings.Repeat("x", 1025)}), elb.CodeValidation, "1024"},
		{"a redirect changes something", sending(elb.Redirect{StatusCode: 301, Query: "x"}), elb.CodeInvalidAction, "loop"},
		{"its status is one of two", sending(elb.Redirect{StatusCode: 307, Port: "1"}), elb.CodeValidation, "301 or 302"},
		{"its protocol is one of two", sending(elb.Redirect{StatusCode: 301, Protocol: "ftp"}), elb.CodeValidation, "HTTPS"},
		{"its port is a port", sending(elb.Redirect{StatusCode: 301, Port: "65536"}), elb.CodeValidation, "65535"},
		{"its path is absolute", sending(elb.Redirect{StatusCode: 301, Path: "a"}), elb.CodeValidation, "slash"},
		{"its parts are short", sending(elb.Redirect{StatusCode: 301, Host: strings.Repeat("a", 129)}), elb.CodeValidation, "128"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := l.CreateRule(tt.config)
			var refused *elb.Error
			if !errors.As(err, &refused) || refused.Code != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s that says %q", err, tt.code, tt.says)
			}
		})
	}
	if len(l.Rules()) != 1 {
		t.Errorf("a refused rule is there: %v", l.Rules())
	}
}

func TestAGroupThatIsForwardedToCannotBeDeleted(t *testing.T) {
	lb := balancer(t, elb.Config{})
	target := upstream(t, saying("blue"))
	g := group(t, lb, "blue", target)
	l := shop(t, lb, elb.ListenerConfig{})
	r := rule(t, l, 1, elb.Action{Forward: map[string]int{"blue": 0}}, elb.Condition{Field: elb.PathPattern, Values: []string{"/a"}})
	var refused *elb.Error
	if err := lb.DeleteTargetGroup("blue"); !errors.As(err, &refused) || refused.Code != elb.CodeResourceInUse {
		t.Errorf("got %v, want ResourceInUse", err)
	}
	r.Delete()
	for range 2 {
		if err := lb.DeleteTargetGroup("blue"); err != nil {
			t.Error(err)
		}
	}
	if len(g.Targets()) != 0 || len(lb.TargetGroups()) != 0 {
		t.Errorf("left: %v, %v", g.Targets(), lb.TargetGroups())
	}
	l.Delete()
	l.Delete()
	if len(lb.Listeners()) != 0 {
		t.Errorf("left: %v", lb.Listeners())
	}
	if _, err := l.CreateRule(elb.RuleConfig{Priority: 1}); !errors.As(err, &refused) || refused.Code != elb.CodeListenerNotFound {
		t.Errorf("a deleted listener took a rule: %v", err)
	}
	conn, err := client().Transport.RoundTrip(request(t, "GET", l.URL()).WithContext(context.WithoutCancel(t.Context())))
	if err == nil {
		_ = conn.Body.Close()
		t.Error("a deleted listener answers")
	}
}

func TestRequestsAreAnsweredWhileRulesChange(t *testing.T) {
	lb := balancer(t, elb.Config{})
	group(t, lb, "blue", upstream(t, saying("blue")))
	green := upstream(t, saying("green"))
	g := group(t, lb, "green", green)
	l := listener(t, lb, map[string]int{"blue": 1, "green": 0})
	condition := elb.Condition{Field: elb.PathPattern, Values: []string{"/"}}
	done := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if resp, body := get(t, l.URL()); body != "blue" && body != "green" && body != "rule" {
					t.Errorf("got %s %q", resp.Status, body)
				}
			}
		})
	}
	for i := range 50 {
		r := rule(t, l, 1, fixed("rule"), condition)
		weights := map[string]int{"blue": i % 2, "green": (i + 1) % 2}
		_, err := r.Inject(elb.RouteFault{Spread: 1})
		if err := errors.Join(err, r.SetWeights(weights), l.SetWeights(weights), r.SetConditions([]elb.Condition{condition})); err != nil {
			t.Error(err)
		}
		_, _, _ = lb.Counts(), g.Metrics(time.Time{}, time.Time{}), lb.Listeners()
		r.Delete()
	}
	close(done)
	clients.Wait()
}

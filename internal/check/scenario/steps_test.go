package scenariocheck_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// answers is a handler that says what the query asks for.
func answers(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for _, name := range q["set"] {
		http.SetCookie(w, &http.Cookie{Name: name, Value: "v-" + name, Path: "/"})
	}
	if location := q.Get("to"); location != "" {
		http.Redirect(w, r, location, http.StatusFound)
		return
	}
	status := http.StatusOK
	_, _ = fmt.Sscan(q.Get("status"), &status)
	w.WriteHeader(status)
	fmt.Fprint(w, q.Get("say"))
}

func TestAScenarioIsItsStepsInTheirOrder(t *testing.T) {
	for _, tt := range []struct {
		why, src, want string
		asked          []string
	}{
		{
			"all pass", `scenario: [http: GET /a, http: POST /b]`, "passed",
			[]string{"GET /a", "POST /b"},
		},
		{
			"the first that fails ends it", `scenario: [http: GET /a, http: "POST /b?status=500", http: GET /c]`,
			"failed: step 2 of 3, POST /b?status=500: status is 500, expected 2xx",
			[]string{"GET /a", "POST /b?status=500"},
		},
		{
			"a step may have a name", `scenario: [{name: pay, http: "POST /b?status=402"}]`,
			"failed: step 1 of 1 (pay), POST /b?status=402: status is 402, expected 2xx",
			[]string{"POST /b?status=402"},
		},
		{
			"a value goes from an answer into the next requests, as one segment of a path", `scenario: [{http: 'GET /?say={"id":"a/b"}', capture: {id: $.id}}, http: "GET /carts/{{ id }}?of={{ id }}"]`,
			"passed",
			[]string{`GET /?say={"id":"a/b"}`, "GET /carts/a%2Fb?of=a%2Fb"},
		},
		{
			"a number of many digits has all of them", `scenario: [{http: 'GET /?say=[12345678901234567890]', capture: {id: '$[0]'}}, http: "GET /carts/{{ id }}"]`,
			"passed",
			[]string{`GET /?say=[12345678901234567890]`, "GET /carts/12345678901234567890"},
		},
		{
			"it may be expected", `scenario: [{http: 'GET /?say={"n":3}', capture: {n: $.n}}, {http: 'GET /?say={"n":4}', expect: {json: {$.n: "{{ n }}"}, assert: body.n == n + 1}}]`,
			"failed: step 2 of 2, GET /?say={\"n\":4}: $.n is 4, expected 3",
			[]string{`GET /?say={"n":3}`, `GET /?say={"n":4}`},
		},
		{
			"the plan's names are known as well", `scenario: [http: "GET /{{ stage }}/{{ vars.sku }}"]`, "passed",
			[]string{"GET /AfterAllowTestTraffic/42"},
		},
		{
			"one without a value is no answer of green's", `scenario: [http: "GET /{{ green.url }}"]`,
			"inconclusive: step 1 of 1, GET /{{ green.url }}: plan.yaml:1:24: {{ green.url }}: it has no value", nil,
		},
		{
			"a step's own requests are redirects too", `scenario: [{http: {path: "/?to=/b&set=a", redirects: 1}, capture: {a: {cookie: a}}}, http: "GET /{{ a }}"]`, "passed",
			[]string{"GET /?to=/b&set=a", "GET /b", "GET /v-a"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			g := serve(t, answers)
			result := run(t.Context(), t, tt.src, httpcheck.Network{}, g)
			if diff := cmp.Diff(tt.want, outcome(result)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
			asked := make([]string, 0, len(tt.asked))
			for _, request := range g.asked() {
				asked = append(asked, strings.NewReplacer("%22", `"`).Replace(request))
			}
			if diff := cmp.Diff(tt.asked, asked); diff != "" && len(tt.asked)+len(asked) > 0 {
				t.Errorf("%s asked (-want +got):\n%s", tt.src, diff)
			}
			if len(result.Requests) != len(g.asked()) || result.Retry != check.RetryNever {
				t.Errorf("%d requests are reported of %d, to be retried: %d", len(result.Requests), len(g.asked()), result.Retry)
			}
		})
	}
}

// Missing data never passes: what a later step needs, green must have said.
func TestAScenarioFailsWhereThereIsNothingToCapture(t *testing.T) {
	for _, tt := range []struct{ why, body, use, want string }{
		{"the value is there", `{"id": "c-1"}`, `GET /carts/{{ id }}`, "passed"},
		{"it is absent", `{}`, `GET /carts/{{ id }}`, "failed: step 1 of 2, GET /: nothing to capture for id: $.id is missing"},
		{"it is null", `{"id": null}`, `GET /carts/{{ id }}`, "failed: step 1 of 2, GET /: nothing to capture for id: $.id is null"},
		{"it is empty", `{"id": ""}`, `GET /carts/{{ id }}`, "failed: step 1 of 2, GET /: nothing to capture for id: $.id is empty"},
		{"its parent is a text", `"id"`, `GET /carts/{{ id }}`, "failed: step 1 of 2, GET /: nothing to capture for id: $.id is missing"},
		{"there is no JSON", ``, `GET /carts/{{ id }}`, `failed: step 1 of 2, GET /: nothing to capture for id: body is not JSON (it is empty): ""`},
		{"a list stands in no path", `{"id": [1]}`, `GET /carts/{{ id }}`, "failed: step 2 of 2, GET /carts/{{ id }}: plan.yaml:1:90: {{ id }}: the value is a list, and can't stand in the middle of a text"},
		{"nor does a mapping", `{"id": {"a": 1}}`, `GET /carts/{{ id }}`, "failed: step 2 of 2, GET /carts/{{ id }}: plan.yaml:1:90: {{ id }}: the value is a mapping, and can't stand in the middle of a text"},
		{"both may be sent on as they are", `{"id": [{"a": 1}]}`, `{method: PUT, path: /echo, json: {was: "{{ id }}"}}`, "passed"},
		{"a URL is one", `{"id": "nowhere"}`, `{url: "{{ id }}"}`, `failed: step 2 of 2, GET {{ id }}: "nowhere" is neither a path nor a URL: write /nowhere, or begin with http:// or https://`},
		{"a value that breaks a header is none", `{"id": "a\r\nb: c"}`, `{path: /, headers: {x-id: "{{ id }}"}}`, "failed: step 2 of 2, GET /: plan.yaml:1:98: the value of the header x-id holds a line break or another control character"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			g := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tt.body)) })
			src := `scenario: [{http: GET /, capture: {id: $.id}, expect: {status: 200}}, {http: ` + quoted(tt.use) + `}]`
			if diff := cmp.Diff(tt.want, outcome(run(t.Context(), t, src, httpcheck.Network{}, g))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", src, diff)
			}
		})
	}
}

func quoted(request string) string {
	if strings.HasPrefix(request, "{") {
		return request
	}
	return `"` + request + `"`
}

func TestCookiesAreTheScenariosOwn(t *testing.T) {
	cookies := make(chan string, 8)
	g := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies <- r.Header.Get("Cookie")
		answers(w, r)
	})
	c := decode(t, `scenario:
- http: GET /?set=a
- http: GET /?set=b
- http: GET /
- http: {path: /, headers: {cookie: mine=1}}`, httpcheck.Network{})
	for range 2 {
		if result := c.Run(t.Context(), check.Scope{Green: check.Side{URL: g.URL, Headers: http.Header{"Cookie": {"group=green"}}}}); result.Outcome != check.Passed {
			t.Fatal(outcome(result))
		}
		var got []string
		for range 4 {
			got = append(got, <-cookies)
		}
		want := []string{"group=green", "group=green; a=v-a", "group=green; a=v-a; b=v-b", "mine=1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("cookies of a run (-want +got):\n%s", diff)
		}
	}
}

func TestCookiesAreForTheNameThatIsAskedFor(t *testing.T) {
	cookies := make(chan string, 2)
	g := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies <- r.Header.Get("Cookie")
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Domain: "shop.example", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "other", Value: "1", Domain: "elsewhere.example", Path: "/"})
	})
	c := decode(t, `scenario: [http: GET /, http: GET /]`, httpcheck.Network{})
	if result := c.Run(t.Context(), check.Scope{Green: check.Side{URL: g.URL, Host: "www.shop.example"}}); result.Outcome != check.Passed {
		t.Fatal(outcome(result))
	}
	if first, second := <-cookies, <-cookies; first != "" || second != "sid=1" {
		t.Errorf("the requests carried %q and %q", first, second)
	}
}

func TestAScenarioIsTitledByItsFirstRequest(t *testing.T) {
	for src, want := range map[string]string{
		`scenario: [http: GET /a]`:                                   "GET /a",
		`scenario: [http: POST /a, http: GET /b]`:                    "POST /a and 1 more step",
		`scenario: [http: POST /a, http: GET /b, http: "DELETE /b"]`: "POST /a and 2 more steps",
	} {
		if got := decode(t, src, httpcheck.Network{}).Title(); got != want {
			t.Errorf("%s is titled %q, want %q", src, got, want)
		}
	}
}

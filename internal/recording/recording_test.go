package recording_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/recording"
	"github.com/greenlight-deploy/greenlight/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "correct-horse-battery"
	session  = "0f9d8c7b6a5e4d3c2b1a"
)

// shop answers as a version does that passes.
type shop struct {
	*httptest.Server
	asked [8]atomic.Int32
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	mux := http.NewServeMux()
	say := func(pattern, kind, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		})
	}
	say("GET /health", "application/json", `{"status": "ok", "load": 0.50, "ids": [1, -2, null, true, "3"], "": {"~": "no"}}`)
	say("GET /big-number", "application/json", `{"id": 12345678901234567890, "e": 1e400}`)
	say("GET /braces", "application/json", `{"text": "{{ not.a.name }}", "{{ key }}": 1}`)
	say("GET /page", "text/html; charset=utf-8", "<html>\n  <input name=\"csrf\" value=\"a b\">\r\n\t{{ hello }} \n</html>\n\n")
	say("GET /binary", "image/png", "\x89PNG\x00\xff\xfe"+strings.Repeat("\x01", 5))
	say("GET /long", "text/plain", strings.Repeat("0123456789", 10_000))
	say("GET /longer", "application/json", `{"first": "`+strings.Repeat("x", 100_000)+`", "last": 7}`)
	say("GET /events", "text/event-stream", "data: {\"n\": 1}\n\ndata: {\"n\": 2}\n\n")
	say("HEAD /head", "text/plain", "")
	say("GET /ordered", "application/json", `{"b": 1,"a": 2}`)
	mux.HandleFunc("GET /compressed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte(`{"in": "gzip"}`))
		_ = z.Close()
	})
	mux.HandleFunc("GET /slowly", func(w http.ResponseWriter, _ *http.Request) {
		if n := s.asked[0].Add(1); n < 4 {
			w.WriteHeader(http.StatusNotFound + int(n/2))
			return
		}
		fmt.Fprint(w, "up")
	})
	mux.HandleFunc("GET /reset", func(w http.ResponseWriter, _ *http.Request) {
		if s.asked[1].Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
	})
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"n": %d}`, s.asked[2].Add(1))
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.PostForm.Get("password") != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "c00kie-of-ann", Path: "/", HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
		w.Header().Set("Location", "http://"+r.Host+"/sessions/"+session)
		w.Header().Set("X-Echo", base64.StdEncoding.EncodeToString([]byte("ann:"+password)))
		w.WriteHeader(http.StatusSeeOther)
		fmt.Fprintf(w, `{"opened": "%s", "user": "ann", "access_token": "tok-123456789", "url": "http://%s/sessions/%[1]s"}`, session, r.Host)
	})
	mux.HandleFunc("GET /sessions/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != session {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"session": "%s", "again": "%[1]s?token=%[1]s", "orders": [1]}`, session)
	})
	mux.HandleFunc("GET /secret", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"you": %q, "query": %q}`, r.Header.Get("Authorization"), r.URL.RawQuery)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "issued-987654", "token_type": "Bearer", "expires_in": 600}`)
	})
	mux.HandleFunc("GET /with-token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer issued-987654" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("GET /old", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/base/page", http.StatusFound) })
	mux.HandleFunc("POST /graphql", func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		fmt.Fprintf(w, `{"data": {"len": %d}}`, body.Len())
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		if s.asked[3].Add(1) == 2 {
			fmt.Fprint(w, "blue")
			return
		}
		fmt.Fprint(w, "green")
	})
	based := http.NewServeMux()
	based.Handle("/base/", http.StripPrefix("/base", mux))
	based.Handle("/blue/", http.StripPrefix("/blue", mux))
	based.Handle("/", mux)
	s.Server = httptest.NewServer(based)
	s.Server.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s
}

func language(vars map[string]string, n httpcheck.Network) plan.Language {
	return plan.Language{Kinds: registry.Kinds(registry.Environment{Network: n, CommandLine: true}), Names: deployment.Names(), Vars: vars}
}

// recorded is what came of recording a run of a plan, in a folder with the plan.
type recorded struct {
	recording.Cases
	path    string
	verdict check.Verdict
}

type options struct {
	base  string
	stage lifecycle.Stage
	vars  map[string]string
}

func record(t *testing.T, text string, o options) (recorded, error) {
	t.Helper()
	s := newShop(t)
	folder := t.TempDir()
	text = strings.ReplaceAll(text, "$ELSEWHERE", strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
	if err := os.WriteFile(filepath.Join(folder, "plan.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := plan.ReadFile(filepath.Join(folder, "plan.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := language(o.vars, httpcheck.Network{}).Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	var masker secret.Masker
	masker.Add(password)
	rec := recording.New(recording.Run{Plan: p, Stage: o.stage, Green: s.URL + o.base, Blue: s.URL + "/blue", Vars: o.vars, Mask: masker.Mask})
	asked := p.Stage(o.stage)
	rec.Watch(asked)
	lookup := func(name string) (any, error) {
		switch name {
		case "secrets.password":
			return password, nil
		case "deployment.id":
			return "d-REAL", nil
		case "blue.url":
			return s.URL + "/blue", nil
		case "green.url":
			return s.URL + o.base, nil
		}
		return nil, errors.New("not known here")
	}
	path := filepath.Join(folder, "cases.yaml")
	verdict := gate.Run(t.Context(), gate.Execution{Stage: o.stage, Asked: asked, Scope: check.Scope{
		Green: check.Side{URL: s.URL + o.base}, Blue: check.Side{URL: s.URL + "/blue"}, Lookup: lookup, Mask: masker.Mask,
	}})
	cases, err := rec.Cases(t.Context(), path, verdict, language)
	return recorded{cases, path, verdict}, err
}

// outcome is what greenlight test says of cases.
func (r recorded) outcome(t *testing.T, text string) (check.Verdict, []string) {
	t.Helper()
	suite, err := plantest.Parse(r.path, []byte(text), language)
	if err != nil {
		t.Fatalf("%v, in\n%s", err, text)
	}
	report, err := suite.Run(t.Context(), func(plantest.Result) {})
	if err != nil {
		t.Fatal(err)
	}
	return report.Results[0].Verdict, report.Results[0].Wrong
}

// notIn are texts that no file may have: the secrets of the shop.
var notIn = []string{password, base64.StdEncoding.EncodeToString([]byte("ann:" + password)), session, "c00kie", "tok-123456789", "issued-987654", "127.0.0.1"}

func TestWhatIsRecordedMakesThePlanPassAndAChangedAnswerDoesNot(t *testing.T) {
	for _, tt := range []struct {
		why, plan string
		options   options
		want      []string // in the file
		notes     []string // all of them
		from, to  string   // a change by hand; none: what a result can't show
	}{
		{
			why: "JSON, as values in their order", plan: "checks: [{http: /health, expect: {json: {$.status: ok, $.load: 0.5}, assert: 'body.ids[1] == -2 && body.ids[2] == nil && body.ids[4] == \"3\"'}}]",
			want: []string{"- request: GET /health\n    answer: {json: {status: ok, load: 0.5, ids: [1, -2, null, true, \"3\"], \"\": {\"~\": no}}}\n"},
			from: "status: ok", to: "status: ill",
		},
		{
			why: "numbers that YAML doesn't have, as text", plan: "checks: [{http: /big-number, expect: {assert: 'body.id == body.id', body: '~ 12345678901234567890'}}]",
			want: []string{`body: '{"id": 12345678901234567890, "e": 1e400}'`}, from: "901234567890", to: "1",
		},
		{
			why: "braces, which are no names", plan: "checks: [{http: /braces, expect: {body: '~ [{]{2} not.a.name'}}]",
			want: []string{`{{ "{{" }}`}, from: "not.a", to: "no.a",
		},
		{
			why: "JSON whose text is expected, as text", plan: "checks: [{http: /ordered, expect: {body: '{\"b\": 1,\"a\": 2}'}}]",
			want: []string{`body: '{"b": 1,"a": 2}'`}, from: `"b": 1`, to: `"b": 2`,
		},
		{
			why: "a page, to the byte", plan: "checks: [{http: /page, expect: {size: 65B, body: '~ (?s)value=\"a b\">\\r\\n\\t[{]{2} hello }} \\n</html>\\n\\n$'}}]",
			want: []string{"content-type: text/html; charset=utf-8"}, from: "hello", to: "bye",
		},
		{
			why: "a binary body", plan: "checks: [{http: /binary, expect: {size: 12B, headers: {content-type: image/png}, body: '~ ^\\x{FFFD}?'}}]",
			want: []string{"base64: " + base64.StdEncoding.EncodeToString([]byte("\x89PNG\x00\xff\xfe\x01\x01\x01\x01\x01"))}, from: "base64: iVBORwD//gEBAQEB", to: "base64: iVBORwD//gEBAQ==",
		},
		{
			why: "a compressed body, decoded", plan: "checks: [{http: /compressed, expect: {json: {$.in: gzip}}}]",
			want: []string{"json: {in: gzip}"}, from: "in: gzip", to: "in: zip",
		},
		{
			why: "an answer to HEAD", plan: "checks: [{http: HEAD /head}]", want: []string{"request: HEAD /head"}, from: "HEAD /head\n    answer: ", to: "HEAD /head\n    answer: 500 # ",
		},
		{
			why: "events", plan: "checks: [{http: {path: /events, events: 2}, expect: {json: {'$[1].data.n': 2}}}]",
			want: []string{"content-type: text/event-stream"}, from: `n\": 2`, to: `n\": 3`,
		},
		{
			why: "a long body, cut", plan: "checks: [{http: /long, expect: {body: ~ ^0123}}]",
			want:  []string{"# the body is cut: 65536 of 100000 bytes\n"},
			notes: []string{"GET /long of green: the body is cut: 65536 of 100000 bytes"}, from: "0123456789012", to: "x",
		},
		{
			why: "a long body of which more is expected", plan: "checks: [{name: long, http: /longer, expect: {json: {$.last: 7}}}]",
			want:  []string{"results:\n  # of a body it needs more than the 65536 bytes that are recorded\n  long: passed\n"},
			notes: []string{`"long" isn't asked: of a body it needs more than the 65536 bytes that are recorded`},
			from:  "long: passed", to: "long: failed",
		},
		{
			why: "several answers in a row", plan: "checks: [{http: /slowly, eventually: {within: 20s, every: 20ms}, expect: {body: up}}]",
			want: []string{"answers:\n      - 404\n      - 405\n      - {headers: {content-type: text/plain; charset=utf-8}, body: up}\n"}, from: "body: up", to: "body: down",
		},
		{
			why: "a connection that breaks, and is asked again", plan: "checks: [{http: {path: /reset}}]",
			want: []string{"answers:\n      - {error: closed}\n      - 200\n"}, from: "- 200", to: "- 404",
		},
		{
			why: "the same answer again and again, once", plan: "checks: [{http: /health, for: {lasting: 200ms, every: 20ms}}]", want: []string{"GET /health\n    answer: {json"}, from: "answer: {", to: "answer: {status: 500, ",
		},
		{
			why: "a scenario that asks the same several times", plan: "checks: [{scenario: [{http: GET /counts, capture: {n: $.n}}, {http: GET /health}, {http: GET /counts, expect: {assert: body.n == n + 1}}], cleanup: [{http: GET /counts, expect: {json: {$.n: 3}}}]}]",
			want: []string{"json: {n: 1}}\n", "json: {n: 2}}\n", "json: {n: 3}}\n"}, from: "{n: 2}", to: "{n: 5}",
		},
		{
			why:  "secrets and what is given for them, in whatever they stand",
			plan: "secrets: {password: env:X}\nchecks: [{name: sign in, scenario: [{http: {method: POST, path: /login, form: {password: '{{ secrets.password }}'}}, expect: {status: 303, headers: {x-echo: '~ .'}, json: {$.user: ann}}, capture: {id: $.opened, to: {header: location}, sid: {cookie: sid}}}, {http: '/sessions/{{ id }}?token={{ id }}', expect: {json: {$.session: '{{ id }}'}}}, {http: {url: '{{ to }}'}}, {http: {path: /secret, headers: {authorization: 'Bearer {{ secrets.password }}'}, query: {key: '{{ sid }}'}}, expect: {json: {$.you: 'Bearer {{ secrets.password }}'}}}]}]",
			want: []string{
				"names:\n  secrets.password: \"***\"\n", "request: GET /sessions/***?token=***\n", "request: GET /sessions/***\n", "sid=***; Path=/; HttpOnly", "theme=***",
				"location: http://green/sessions/***", "opened: \"***\"", "access_token: \"***\"", "user: ann", "again: \"***?token=***\"", "you: Bearer ***",
			},
			from: "user: ann", to: "user: bob",
		},
		{
			why: "a token that green gives", plan: "secrets: {password: env:X}\nchecks: [{http: {path: /with-token, oauth2: {token_url: '{{ green.url }}/token', client_id: ann, client_secret: '{{ secrets.password }}'}}}]",
			want: []string{"request: POST /token", "access_token: \"***\"", "request: GET /with-token"}, from: "GET /with-token\n    answer: 200", to: "GET /with-token\n    answer: 401",
		},
		{
			why: "below a path, redirects too", plan: "checks: [{http: {path: /old, redirects: 1}, expect: {body: ~ hello}}, {http: 'GET {{ blue.url }}/health'}]", options: options{base: "/base"},
			want: []string{"request: GET /old\n", "location: /page", "request: GET /page\n", "blue:\n  - request: GET /health\n"}, from: "hello", to: "bye",
		},
		{
			why: "a URL of green's", plan: "checks: [{http: 'GET {{ green.url }}/health'}]\n", want: []string{"green:\n  - request: GET /health"}, from: "answer: {json", to: "answer: {status: 500, json",
		},
		{
			why: "the stage, names and variables", plan: "vars: {path: /, token: ''}\nstages: {AfterAllowTraffic: {checks: [{http: {path: '{{ vars.path }}', query: {of: '{{ deployment.id }}', token: '{{ vars.token }}'}}}]}}",
			options: options{stage: lifecycle.AfterAllowTraffic, vars: map[string]string{"path": "/health", "token": "from-outside"}},
			want:    []string{"vars:\n  path: /health\n  token: \"***\"\n", "names:\n  deployment.id: d-REAL\n", "stage: AfterAllowTraffic", "GET /health?of=d-REAL&token=***\n"}, from: "answer: {json", to: "answer: {status: 500, json",
		},
		{
			why: "who green is", plan: "identity: {http: /version, expect: {body: green}, every: 10ms}\nchecks: [{http: /health}]",
			want: []string{"request: GET /version\n    answers:\n"}, from: "request: GET /health\n    answer: {", to: "request: GET /health\n    answer: {status: 500, ",
		},
		{
			why: "requests that several checks make, with an answer that is good for all", plan: "checks: [{name: a, http: /counts, expect: {json: {$.n: '> 0'}}}, {name: b, http: /counts, expect: {json: {$.n: '< 3'}}}]",
			want: []string{"request: GET /counts\n    answer: {"}, from: "{n: ", to: "{n: 1",
		},
		{
			why: "requests that can't be told apart", plan: "checks: [{name: a, http: {method: POST, path: /graphql, body: x}, expect: {json: {$.data.len: 1}}}, {name: b, http: {method: POST, path: /graphql, body: xy}, expect: {json: {$.data.len: 2}}}]",
			want: []string{"json: {data: {len: 1}}", "results:\n"}, notes: []string{`"b" isn't asked: it doesn't come to the same in a case: POST http://green/graphql: $.data.len is 1, expected 2`}, from: "len: 1", to: "len: 9",
		},
		{
			why: "the same, one after the other", plan: "serial: true\nchecks: [{name: a, http: {method: POST, path: /graphql, body: x}, expect: {json: {$.data.len: 1}}}, {name: b, http: {method: POST, path: /graphql, body: xy}, expect: {json: {$.data.len: 2}}}]",
			want: []string{"len: 1", "len: 2"}, from: "len: 2", to: "len: 9",
		},
		{
			why: "what a case can't answer", plan: "checks: [{http: /health}, {name: other, http: $ELSEWHERE/health}, {name: command, exec: ['true']}]",
			want:  []string{"  # a case can't answer checks of the kind exec\n  command: passed\n"},
			notes: []string{`"other" isn't asked: it asks $ELSEWHERE, and a case answers for green and blue alone`, `"command" isn't asked: a case can't answer checks of the kind exec`},
			from:  "command: passed", to: "command: failed",
		},
		{
			why: "a check that only warns, and failed", plan: "checks: [{http: /health}, {name: soft, http: /missing, severity: warn}]",
			want: []string{"status: 404"}, from: "answer: {json", to: "answer: {status: 500, json",
		},
		{
			why: "a header that is expected", plan: "checks: [{http: /health, expect: {headers: {content-type: application/json}}}]", want: []string{"answer: {json: {status"}, from: "{json: {", to: "{headers: {content-type: text/html}, json: {",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			r, err := record(t, "version: 1\n"+tt.plan+"\n", tt.options)
			if err != nil {
				t.Fatalf("%v; the verdict: %+v", err, r.verdict)
			}
			text := string(r.Text)
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q isn't in the file", want)
				}
			}
			for _, never := range notIn {
				if strings.Contains(text, never) {
					t.Errorf("%q is in the file", never)
				}
			}
			if got, want := elsewhere(strings.Join(r.Notes, "\n")), strings.Join(tt.notes, "\n"); got != want {
				t.Errorf("the notes are\n%s\nwant\n%s", got, want)
			}
			v, wrong := r.outcome(t, text)
			for range 3 { // the time of what is asked again is that of a machine which may be busy
				if len(wrong) > 0 {
					v, wrong = r.outcome(t, text)
				}
			}
			if len(wrong) > 0 || v.Outcome != check.Passed {
				t.Errorf("the plan is %s with what was recorded: %v", v.Outcome, wrong)
			}
			changed := strings.Replace(text, tt.from, tt.to, 1)
			if v, _ := r.outcome(t, changed); v.Outcome != check.Failed || changed == text {
				t.Errorf("with %s for %s the plan is %s: %s", tt.to, tt.from, v.Outcome, v.Reason)
			}
			if t.Failed() && len(text) < 5000 {
				t.Log("\n" + text)
			}
		})
	}
}

func elsewhere(text string) string {
	return strings.NewReplacer("http://localhost:…", "$ELSEWHERE").Replace(regexp.MustCompile(`localhost:\d+`).ReplaceAllString(text, "localhost:…"))
}

func TestARunThatDoesNotPassIsNotRecorded(t *testing.T) {
	for _, tt := range []struct{ plan, want string }{
		{"checks: [{http: /missing}]", "the run is failed: record against a version that passes"},
		{"checks: [{http: 'GET $ELSEWHERE/{{ deployment.id }}', expect: {status: 404}}]", `"GET $ELSEWHERE/{{ deployment.id }}" needs a name of its own in the plan, for its result stands under it: it asks $ELSEWHERE, and a case answers for green and blue alone`},
		{"checks: [{http: 'GET /{{ green.image }}'}]\non_inconclusive: pass", "the run is inconclusive: record against a version that passes"},
	} {
		if _, err := record(t, "version: 1\n"+tt.plan+"\n", options{}); err == nil || elsewhere(err.Error()) != tt.want {
			t.Errorf("%s: got %v, want %s", tt.plan, err, tt.want)
		}
	}
}

func TestManyLongBodiesAreCutUntilTheFileHasRoomForThem(t *testing.T) {
	var checks strings.Builder
	for i := range 17 {
		fmt.Fprintf(&checks, "  - {http: /long?n=%d, timeout: 1m}\n", i)
	}
	r, err := record(t, "version: 1\nchecks:\n"+checks.String(), options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Text) > 1<<20 || len(r.Notes) != 17 || !strings.HasSuffix(r.Notes[0], "the body is cut: 32768 of 100000 bytes") {
		t.Errorf("the file has %d bytes, and the notes are %q", len(r.Text), r.Notes)
	}
}

func TestOfManyRunsTheFirstAndTheLastAreRecorded(t *testing.T) {
	r, err := record(t, "version: 1\nchecks: [{name: many, http: /counts, eventually: {within: 1m, every: 10ms}, expect: {json: {$.n: '>= 30'}}}]\n", options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Notes) != 1 || r.Notes[0] != `"many" ran 30 times: what was answered in 25 of these runs is left out` || len(regexp.MustCompile(`\bn"?: \d`).FindAll(r.Text, -1)) != recording.MaxRuns {
		t.Errorf("%q, in\n%s", r.Notes, r.Text)
	}
}

func TestARecordingEndsWithItsContext(t *testing.T) {
	s := newShop(t)
	source := plan.Source{Name: filepath.Join(t.TempDir(), "plan.yaml"), Text: []byte("version: 1\nchecks: [{http: /health}]\n")}
	if err := os.WriteFile(source.Name, source.Text, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := language(nil, httpcheck.Network{}).Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	rec := recording.New(recording.Run{Plan: p, Green: s.URL})
	rec.Watch(p.Anywhere())
	v := gate.Run(t.Context(), gate.Execution{Asked: p.Anywhere(), Scope: check.Scope{Green: check.Side{URL: s.URL}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := rec.Cases(ctx, source.Name+".test", v, language); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

package httpcheck_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// exchange asks once, as one request of a session.
func exchange(t *testing.T, src, green string, mask func(string) string) httpcheck.Exchange {
	t.Helper()
	c, err := decodeCheck(src, httpcheck.Network{})
	if err != nil {
		t.Fatalf("decoding %s: %v", src, err)
	}
	scope := check.Scope{Green: check.Side{URL: green}, Lookup: lookup, Mask: mask, UserAgent: "greenlight/test"}
	return c.(*httpcheck.Check).Exchange(t.Context(), scope, httpcheck.NewSession())
}

func TestATranscriptShowsWhatWasSaidWithoutSecrets(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("Set-Cookie", "sid=abcd; Path=/; Secure; HttpOnly")
		w.Header().Add("Set-Cookie", "theme=dark")
		w.Header().Set("X-Request-Id", "r-1")
		w.Header().Set("Location", "/login?token=abcd&next=/")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error": "no", "access_token": "ab\"cd", "api-key": 1234, "owner": {"Password" : "abcd"}, "known": "swordfish", "passwordless": true}`)
	})
	e := exchange(t, `http: {method: POST, path: /login, headers: {Authorization: Basic abcd, x-api-key: abcd, cookie: a=abcd; b=abcd, x-note: swordfish}, form: {user: ann, password: abcd, new-password: abcd}}`,
		green, func(s string) string { return strings.ReplaceAll(s, "swordfish", "***") })
	want := &check.Transcript{
		RequestHeaders: []check.Header{
			{Name: "Accept-Encoding", Value: "gzip"},
			{Name: "Authorization", Value: "***"},
			{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
			{Name: "Cookie", Value: "a=***; b=***"},
			{Name: "User-Agent", Value: "greenlight/test"},
			{Name: "X-Api-Key", Value: "***"},
			{Name: "X-Note", Value: "***"},
		},
		RequestBody: "new-password=***&password=***&user=ann",
		AnswerHeaders: []check.Header{
			{Name: "Content-Length", Value: "134"},
			{Name: "Content-Type", Value: "application/json"},
			{Name: "Location", Value: "/login?token=***&next=/"},
			{Name: "Set-Cookie", Value: "sid=***; Path=/; Secure; HttpOnly, theme=***"},
			{Name: "X-Request-Id", Value: "r-1"},
		},
		AnswerBody: `{"error": "no", "access_token": "***", "api-key": "***", "owner": {"Password" : "***"}, "known": "***", "passwordless": true}`,
	}
	if diff := cmp.Diff(want, e.Transcript()); diff != "" {
		t.Errorf("the transcript (-want +got):\n%s", diff)
	}
}

func TestATranscriptIsCutWhereItIsLong(t *testing.T) {
	long := strings.Repeat("é", httpcheck.MaxShown)
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", long)
		body := long
		if r.URL.Path == "/secret" {
			body = strings.Repeat("x", httpcheck.MaxShown-5) + "swordfish"
		}
		_, _ = io.WriteString(w, body)
	})
	said := exchange(t, `http: GET /`, green, nil).Transcript()
	if got, want := said.AnswerBody, strings.Repeat("é", httpcheck.MaxShown/2)+"…"; got != want {
		t.Errorf("of the body %d bytes are shown, want %d", len(got), len(want))
	}
	for _, h := range said.AnswerHeaders {
		if len(h.Value) > 300 {
			t.Errorf("of the header %s %d bytes are shown", h.Name, len(h.Value))
		}
	}
	mask := func(s string) string { return strings.ReplaceAll(s, "swordfish", "***") }
	if got := exchange(t, `http: GET /secret`, green, mask).Transcript().AnswerBody; strings.Contains(got, "sword") {
		t.Errorf("the beginning of a secret is left: …%s", got[len(got)-20:])
	}
}

func TestWhatIsNotTextIsNotShown(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0x00, 0x1b}) })
	if got := exchange(t, `http: GET /`, green, nil).Transcript().AnswerBody; got != "(not text)" {
		t.Errorf("the body is shown as %q", got)
	}
}

func TestWithoutAnAnswerATranscriptHasTheRequest(t *testing.T) {
	green := serveRaw(t, "")
	e := exchange(t, `http: {method: POST, path: /, json: {a: 1}}`, green, nil)
	if said := e.Transcript(); said.RequestBody != `{"a":1}` || said.AnswerHeaders != nil || !e.Reached {
		t.Errorf("the exchange is %+v with %+v", e, said)
	}
	if e := exchange(t, `http: GET /{{ green.url }}`, green, nil); e.Transcript() != nil || e.Unsent == nil {
		t.Errorf("a request that wasn't made has the exchange %+v", e)
	}
}

func TestWhatAURLCallsATokenIsNotShown(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	result := ask(t, `http: GET /a?access_token=abcd&b=c`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})
	if got, want := withoutPort(result.Reason, green), "GET http://green/a?access_token=***&b=c: status is 403, expected 2xx"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := result.Requests[0].URL, green+"/a?access_token=***&b=c"; got != want {
		t.Errorf("reported as %s, want %s", got, want)
	}
}

func TestACredentialThatTheAnswerRepeatsIsNotShown(t *testing.T) {
	green := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "session-of-ann"})
		_, _ = io.WriteString(w, r.Header.Get("Authorization")+" was yours, session-of-ann is, and "+r.Header.Get("Cookie"))
	})
	said := exchange(t, `http: {path: /, headers: {authorization: Bearer swordfish, cookie: a=1; b=old-session}}`, green, nil).Transcript()
	if got, want := said.AnswerBody, "*** was yours, *** is, and a=1; b=***"; got != want {
		t.Errorf("the body is shown as %q, want %q", got, want)
	}
}

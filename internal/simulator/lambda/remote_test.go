//go:build unix

package lambda_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// serve runs a handler on loopback until the test is over.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func webhook(t *testing.T, handler http.HandlerFunc) lambda.Function {
	t.Helper()
	return lambda.Function{Name: "hook", Webhook: serve(t, handler), Timeout: time.Minute}
}

// emulator answers as a Runtime Interface Emulator does, at its one path.
func emulator(t *testing.T, handler http.HandlerFunc) lambda.Function {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/function/invocations", handler)
	return lambda.Function{Name: "hook", RIE: serve(t, mux.ServeHTTP) + "/", Timeout: time.Minute}
}

func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestWhatARemoteRuntimeAnswers(t *testing.T) {
	tests := []struct {
		why     string
		as      func(*testing.T, http.HandlerFunc) lambda.Function
		handler http.HandlerFunc
		payload string
		failed  string // in the error; empty where it succeeded
	}{
		{"a webhook's body is the result", webhook, echo, `{"event":1}`, ""},
		{"any 2xx will do", webhook, say(202, `{"ok":true}`), `{"ok":true}`, ""},
		{"no body is null", webhook, say(204, ""), `null`, ""},
		{"text becomes a JSON string", webhook, say(200, "fine"), `"fine"`, ""},
		{"a webhook's result may look like an error", webhook, say(200, `{"errorType":"A","errorMessage":"b"}`), `{"errorType":"A","errorMessage":"b"}`, ""},
		{"another status is an error with the status and the body", webhook, say(503, "maintenance"), "", "Webhook.Status: the webhook answered 503 Service Unavailable: maintenance"},
		{"an error object says it itself", webhook, say(500, `{"errorType":"Boom","errorMessage":"it broke"}`), "", "Boom: it broke"},
		{"a redirect isn't followed", webhook, http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP, "", "302 Found"},
		{"an emulator's body is the result", emulator, echo, `{"event":1}`, ""},
		{"an emulator marks an error only by its form", emulator, say(200, `{"errorType":"Boom","errorMessage":"it broke"}`), "", "Boom: it broke"},
		{"an emulator tells of a timeout in text", emulator, say(200, "Task timed out after 3.00 seconds"), "", "Sandbox.Timedout: Task timed out after 3.00 seconds"},
		{"an emulator whose runtime died answers 502", emulator, say(502, `{"errorType":"Runtime.ExitError","errorMessage":"exit status 1"}`), "", "Runtime.ExitError: exit status 1"},
		{"an answer may have 6 MB", webhook, say(200, strings.Repeat("1", 6<<20+1)), "", "Function.ResponseSizeTooLarge"},
		{"a broken connection is a runtime that went away", webhook, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", "Runtime.ExitError"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s, _ := start(t, lambda.Config{})
			create(t, s, test.as(t, test.handler))
			result, err := s.Invoke(t.Context(), "hook", []byte(`{"event":1}`))
			if err != nil {
				t.Fatal(err)
			}
			if test.failed == "" {
				if string(result.Payload) != test.payload || result.Err() != nil {
					t.Errorf("got %s, %v; want %s", result.Payload, result.Err(), test.payload)
				}
			} else if err := result.Err(); err == nil || !strings.Contains(err.Error(), test.failed) {
				t.Errorf("got %s, %v; want %q", result.Payload, err, test.failed)
			}
		})
	}
}

func TestNobodyAtTheURLIsNamed(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	nobody := "http://" + networktest.Silent(t)
	create(t, s, lambda.Function{Name: "hook", Webhook: nobody})
	result, err := s.Invoke(t.Context(), "hook", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if said := result.Err(); said == nil || !strings.Contains(said.Error(), nobody) || !strings.Contains(said.Error(), "connection refused") {
		t.Errorf("got %v, want the URL and why", said)
	}
}

func TestAWebhookKnowsWhatAFunctionKnows(t *testing.T) {
	s, r := start(t, lambda.Config{})
	got := make(chan http.Header, 1)
	create(t, s, webhook(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header
		echo(w, r)
	}))
	result, err := s.Invoke(t.Context(), "hook", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	header := <-got
	if header.Get("Lambda-Runtime-Aws-Request-Id") != result.RequestID ||
		header.Get("Lambda-Runtime-Invoked-Function-Arn") != s.ARN("hook") ||
		header.Get("Lambda-Runtime-Deadline-Ms") == "" || header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", header)
	}
	texts := r.texts()
	if !slices.ContainsFunc(texts, func(s string) bool { return strings.HasPrefix(s, "REPORT RequestId: "+result.RequestID) }) {
		t.Errorf("no REPORT in:\n%s", strings.Join(texts, "\n"))
	}
}

func TestARemoteRuntimeIsGivenUpAtTheTimeout(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	f := webhook(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server sees the caller leave only after the body
		<-r.Context().Done()
	})
	f.Timeout = 50 * time.Millisecond
	create(t, s, f)
	result, err := s.Invoke(t.Context(), "hook", []byte("{}"))
	if err != nil || result.Err() == nil || !strings.Contains(result.Err().Error(), "Task timed out after 0.05 seconds") {
		t.Errorf("got %v, %v", result.Err(), err)
	}
}

func TestAnEmulatorIsOneSandbox(t *testing.T) {
	s, _ := start(t, lambda.Config{})
	entered, leave := make(chan struct{}, 2), make(chan struct{})
	create(t, s, emulator(t, func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-leave
		echo(w, r)
	}))
	answered := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := s.Invoke(t.Context(), "hook", []byte("{}"))
			answered <- err
		}()
	}
	<-entered
	if len(entered) != 0 {
		t.Error("two invocations are in the emulator at once")
	}
	leave <- struct{}{}
	<-entered // only now
	leave <- struct{}{}
	for range 2 {
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
}

func TestAFunctionHasOneWayToRun(t *testing.T) {
	tests := []struct {
		why  string
		f    lambda.Function
		want string
	}{
		{"none", lambda.Function{}, "no command"},
		{"two", lambda.Function{RIE: "http://127.0.0.1:1", Webhook: "http://127.0.0.1:2"}, "more than one"},
		{"a command and a URL", lambda.Function{Command: []string{"x"}, Webhook: "http://127.0.0.1:2"}, "more than one"},
		{"an address that isn't a URL", lambda.Function{RIE: "127.0.0.1:9000"}, "write a URL"},
		{"another protocol", lambda.Function{Webhook: "ftp://host/"}, "write a URL"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s, _ := start(t, lambda.Config{})
			test.f.Name = "hook"
			if err := s.Create(test.f); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

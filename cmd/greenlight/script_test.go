package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/greenlight-deploy/greenlight/internal/report/sariftest"
)

func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		main() // the demo's Lambda service has started this binary as a hook
		return
	}
	testscript.Main(m, map[string]func(){"greenlight": func() { os.Exit(runMain()) }, "shop": serveShop})
}

// TestCommandLine runs the scripts of testdata/script. In each, `serve` starts a green on loopback and sets $GREEN to
// its base URL, and $DOCS, $EXAMPLES and $ACTION are the folders of these; `await-request` waits for the first request that green leaves without an answer; $GREEN/account is an AWS
// account.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			server := newGreen()
			env.Defer(server.close)
			env.Values[greenKey{}] = server
			env.Setenv("GREEN", server.URL)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // or each command takes a second longer where the tests run with -race
			for name, folder := range map[string]string{"DOCS": "../../docs", "EXAMPLES": "../../examples", "ACTION": "../../action"} {
				absolute, err := filepath.Abs(folder)
				if err != nil {
					return err
				}
				env.Setenv(name, absolute)
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"await-request": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Value(greenKey{}).(*green).awaitRequest()
			},
			"function-zip": functionZip,
			"masked":       masked,
			"valid-sarif":  validSARIF,
		},
	})
}

// validSARIF holds a log against the schema of SARIF: `valid-sarif stdout`.
func validSARIF(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: valid-sarif log")
	}
	ts.Check(sariftest.Judge([]byte(ts.ReadFile(args[0]))))
}

// masked compares a file with a golden one in which … stands for whatever changes from run to run: `masked stdout want`.
func masked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: masked got want")
	}
	got, want := strings.Split(ts.ReadFile(args[0]), "\n"), strings.Split(ts.ReadFile(args[1]), "\n")
	green := ts.Value(greenKey{}).(*green).URL
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !matches(strings.ReplaceAll(got[i], green, "$GREEN"), want[i]) {
			ts.Fatalf("line %d differs\n--- got\n%s\n--- want\n%s", i+1, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func matches(line, pattern string) bool {
	for i, piece := range strings.Split(pattern, "…") {
		at := strings.Index(line, piece)
		if at < 0 || (i == 0 && at != 0) {
			return false
		}
		line = line[at+len(piece):]
	}
	return line == "" || strings.HasSuffix(pattern, "…")
}

type greenKey struct{}

// green is a service to check: well at /health, ill at /ill, silent at /silent, with carts at /carts, and with carts that don't
// add up at /bad/carts.
type green struct {
	*httptest.Server
	asked  chan struct{}
	closed chan struct{}
	before func() // runs before each request
}

func newGreen() *green {
	g := &green{asked: make(chan struct{}, 16), closed: make(chan struct{}), before: func() {}}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Agent", r.UserAgent())
		_, _ = w.Write([]byte(`{"status":"ok","version":7}`))
	})
	mux.HandleFunc("/account", usedAccount)
	mux.HandleFunc("/ill", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/echo/", func(w http.ResponseWriter, r *http.Request) {
		credentials := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		for name, escaped := range map[string]string{"plain": credentials, "query": url.QueryEscape(credentials), "base64": base64.StdEncoding.EncodeToString([]byte("user:" + credentials))} {
			w.Header().Set("Echo-"+name, escaped)
		}
		if r.URL.Query().Has("away") {
			w.Header().Set("Location", "/away/"+url.PathEscape(credentials))
			w.WriteHeader(http.StatusFound)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"token": credentials})
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) {
		g.asked <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-g.closed:
		}
	})
	for prefix, counted := range map[string]int{"": 3, "/bad": 1} {
		carts := http.StripPrefix(prefix, newCarts(counted))
		mux.Handle(prefix+"/carts", carts)
		mux.Handle(prefix+"/carts/", carts)
	}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.before()
		mux.ServeHTTP(w, r)
	}))
	return g
}

func (g *green) awaitRequest() { <-g.asked }

func (g *green) close() {
	close(g.closed)
	g.Close()
}

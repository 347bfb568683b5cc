package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
)

// documentedShop is the service that the pages' plans are for.
func documentedShop(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	mux.HandleFunc("/{$}", answer(http.StatusOK, `{}`))
	mux.HandleFunc("GET /health", answer(http.StatusOK, `{"status": "ok", "version": 3}`))
	mux.HandleFunc("POST /carts", answer(http.StatusCreated, `{"total": 59.7}`))
	mux.HandleFunc("POST /cart", answer(http.StatusOK, `{"total": 59.7}`))
	mux.HandleFunc("/account", usedAccount)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// serveShop is the program ./shop of a page: a version of a service on $PORT. The broken one is healthy for the load balancer alone.
func serveShop() {
	broken := slices.Contains(os.Args, "--broken")
	err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // of a test
		if broken && r.URL.Path == "/health" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

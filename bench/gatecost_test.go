package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestBothSidesMakeTheSameRequests(t *testing.T) {
	const checks = 60 // more than run side by side
	for _, side := range []string{"gate", "bare"} {
		t.Run(side, func(t *testing.T) {
			var requests, connections atomic.Int32
			green := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/health" {
					t.Errorf("green was asked %s %s", r.Method, r.URL.Path)
				}
				requests.Add(1)
				healthy(w, r)
			}))
			green.Config.ConnState = countNew(&connections)
			green.Start()
			defer green.Close()
			measureOneSide(t, side, strings.TrimPrefix(green.URL, "http://"), checks)
			if requests.Load() != checks || connections.Load() != checks {
				t.Errorf("%d requests over %d connections, want %d over as many", requests.Load(), connections.Load(), checks)
			}
		})
	}
}

func measureOneSide(t *testing.T, side, host string, checks int) {
	t.Helper()
	if side == "bare" {
		if _, err := bare(t.Context(), "http://"+host+"/health", checks); err != nil {
			t.Fatal(err)
		}
		return
	}
	stage, err := newStageHook(host, checks, slog.New(slog.NewJSONHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stage.run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestGreenThatIsNotHealthyIsNotMeasured(t *testing.T) {
	green := httptest.NewServer(http.NotFoundHandler())
	defer green.Close()
	host := strings.TrimPrefix(green.URL, "http://")
	stage, err := newStageHook(host, 1, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stage.run(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("with the gate the error is %v, want one that names 404", err)
	}
	if _, err := bare(t.Context(), green.URL+"/health", 1); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("bare the error is %v, want one that names 404", err)
	}
}

func TestStageIsMeasuredAgainAndAgain(t *testing.T) {
	var requests atomic.Int32
	green := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		healthy(w, r)
	}))
	defer green.Close()
	stage, err := newStageHook(strings.TrimPrefix(green.URL, "http://"), 1, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	// The hook repeats its verdict of an execution that it knows, without asking green.
	for range 3 {
		if _, err := stage.run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if requests.Load() != 3 {
		t.Errorf("green was asked %d times in 3 rounds", requests.Load())
	}
}

func countNew(n *atomic.Int32) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
}

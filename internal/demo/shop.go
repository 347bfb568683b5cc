package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
)

// The versions of the shop. The bad one passes every health check: it forgets quantities when it adds a cart up.
const (
	liveVersion = "shop:1"
	goodVersion = "shop:2"
	badVersion  = "shop:3"
)

// versionHeader says which version answered.
const versionHeader = "X-Shop-Version"

type cart struct {
	Items []struct {
		Price    float64 `json:"price"`
		Quantity float64 `json:"quantity"`
	} `json:"items"`
}

// total is what the customer pays, in whole cents as long as the version can count.
func (c cart) total(version string) float64 {
	sum := 0.0
	for _, item := range c.Items {
		if version == badVersion {
			item.Quantity = 1
		}
		sum += item.Price * item.Quantity
	}
	return math.Round(sum*100) / 100
}

// startShop serves one version of the shop on loopback.
func startShop(ctx context.Context, version string) (simulator.Task, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return simulator.Task{}, fmt.Errorf("opening a port for %s: %w", version, err)
	}
	server := &http.Server{Handler: shop(version), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return simulator.Task{URL: "http://" + listener.Addr().String(), Stop: server.Close}, nil
}

func shop(version string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "welcome to the shop")
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "ok", "version": version})
	})
	mux.HandleFunc("POST /cart", func(w http.ResponseWriter, r *http.Request) {
		var c cart
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			answer(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		answer(w, http.StatusCreated, map[string]any{"total": c.total(version)})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(versionHeader, version)
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a customer that has left doesn't matter
}

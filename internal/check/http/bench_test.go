package httpcheck_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// BenchmarkACheck measures what a check costs beside the same request made bare, each on a connection of its own.
func BenchmarkACheck(b *testing.B) {
	green := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status": "ok"}`) }))
	defer green.Close()
	b.Run("bare", func(b *testing.B) {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for b.Loop() {
			answer, err := client.Get(green.URL)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	})
	b.Run("checked", func(b *testing.B) {
		c, err := decodeCheck(`{http: GET /, expect: {json: {$.status: ok}, duration: < 10s}}`, httpcheck.Network{})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if got := c.Run(b.Context(), check.Scope{Green: check.Side{URL: green.URL}}); got.Outcome != check.Passed {
				b.Fatal(got.Reason)
			}
		}
	})
}

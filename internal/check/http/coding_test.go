package httpcheck_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

func compressed(t *testing.T, coding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		w, _ = flate.NewWriter(&b, flate.BestSpeed)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestACompressedBodyIsJudgedAsItWas(t *testing.T) {
	const text = `{"status": "ok"}`
	gzipped := compressed(t, "gzip", text)
	for _, tt := range []struct {
		why, coding string
		body        []byte
		src, want   string
	}{
		{"gzip, which is what is asked for", "gzip", gzipped, `{http: GET /, expect: {json: {$.status: ok}, size: 16B, headers: {content-encoding: gzip, x-accepts: gzip}}}`, "passed"},
		{"by its old name", "x-gzip", gzipped, `{http: GET /, expect: {json: {$.status: ok}}}`, "passed"},
		{"in any case", "GZip", gzipped, `{http: GET /, expect: {json: {$.status: ok}}}`, "passed"},
		{"deflate, in zlib's format", "deflate", compressed(t, "zlib", text), `{http: {path: /, headers: {accept-encoding: deflate}}, expect: {json: {$.status: ok}, headers: {x-accepts: deflate}}}`, "passed"},
		{"deflate, bare", "deflate", compressed(t, "flate", text), `{http: GET /, expect: {json: {$.status: ok}}}`, "passed"},
		{"twice", "deflate, gzip", compressed(t, "gzip", string(compressed(t, "zlib", text))), `{http: GET /, expect: {json: {$.status: ok}}}`, "passed"},
		{"not at all", "identity", []byte(text), `{http: GET /, expect: {json: {$.status: ok}}}`, "passed"},
		{"an answer to HEAD has none", "gzip", nil, `http: HEAD /`, "passed"},
		{"an empty body has none", "gzip", nil, `{http: GET /, expect: {size: 0B}}`, "passed"},
		{"a coding that isn't known", "br", []byte("\x0b\x02"), `{http: GET /, expect: {json: {$.status: ok}, size: 2B}}`, `failed: GET http://green/: body is in the coding "br", expected gzip, deflate or none for size, json`},
		{"where the body isn't looked at it may be any", "br", []byte("\x0b\x02"), `{http: GET /, expect: {duration: < 10s, assert: status == 200}}`, "passed"},
		{"as schemas and contracts look at it", "zstd", []byte("x"), `{http: GET /, expect: {schema: {type: object}, body: x, assert: body == 1}}`, `failed: GET http://green/: body is in the coding "zstd", expected gzip, deflate or none for body, schema, assert`},
		{"it ends too early", "gzip", gzipped[:len(gzipped)-4], `http: GET /`, "failed: GET http://green/: the body is not whole gzip, which its content-encoding says that it is: it ends too early"},
		{"it is something else", "deflate", []byte("\x78\x9cnot deflate"), `http: GET /`, "failed: GET http://green/: the body is not deflate, which its content-encoding says that it is: corrupt input before offset 1"},
		{"it grows beyond what is read", "gzip", compressed(t, "gzip", strings.Repeat("x", 2<<20)), `{http: GET /, expect: {body: x}}`, "failed: GET http://green/: body is over 1 MiB, the most that is read, expected all of it for body"},
		{"a part of it is asked for as it is", "", []byte(text), `{http: {path: /, headers: {range: bytes=0-3}}, expect: {headers: {x-accepts: ""}}}`, "passed"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			green := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Accepts", r.Header.Get("Accept-Encoding"))
				if tt.coding != "" {
					w.Header().Set("Content-Encoding", tt.coding)
				}
				_, _ = w.Write(tt.body)
			})
			got := withoutPort(outcome(ask(t, tt.src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestACompressedBodyThatBreaksOffIsNoAnswer(t *testing.T) {
	gzipped := compressed(t, "gzip", "ok")
	green := serveRaw(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(gzipped), gzipped[:12]))
	got := withoutPort(outcome(ask(t, `http: GET /`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
	want := fmt.Sprintf("inconclusive, to be retried: GET http://green/: the connection was closed after 12 of %d bytes of the body", len(gzipped))
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

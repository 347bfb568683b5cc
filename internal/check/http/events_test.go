package httpcheck_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// stream sends events, and then holds the connection open until the client goes.
func stream(t *testing.T, contentType, text string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Accept", r.Header.Get("Accept")+r.Header.Get("Accept-Encoding"))
		for chunk := range strings.SplitSeq(text, "|") {
			_, _ = io.WriteString(w, chunk)
			_ = http.NewResponseController(w).Flush()
		}
		if !strings.HasSuffix(text, "END") {
			<-r.Context().Done()
		}
	})
}

func TestTheFirstEventsOfAStreamAreJudged(t *testing.T) {
	for _, tt := range []struct{ why, sent, src, want string }{
		{"one, of a stream that goes on", "data: ok\n\n", `{http: {path: /, events: 1}, expect: {json: {"$[0].data": ok, "$[0].event": message}, headers: {x-accept: text/event-stream}}}`, "passed"},
		{"several, in pieces", "event: price\nid: 7\nda|ta: {\"sku\"|: 42}\n\n:hello\nretry: 10\ndata: bye\n|\n", `{http: {path: /, events: 2}, expect: {json: {"$[0]": {event: price, id: "7", data: {sku: 42}}, "$[1].data": bye, "$[1].id": "7"}}}`, "passed"},
		{"lines end in three ways", "data: a\r\rdata: b\r\n\r\n|data: c\n\n", `{http: {path: /, events: 3}, expect: {json: {"$[*].data": [a, b, c]}}}`, "passed"},
		{"several lines of data are one text", "data: a\ndata:  b\ndata\n\n", `{http: {path: /, events: 1}, expect: {json: {"$[0].data": "a\n b\n"}}}`, "passed"},
		{"a mark at the beginning is none", "\uFEFFdata: a\n\n", `{http: {path: /, events: 1}, expect: {json: {"$[0].data": a}}}`, "passed"},
		{"what has no data is no event", "event: a\n\nid: 1\n\ndata: b\n\n", `{http: {path: /, events: 1}, expect: {json: {"$[0]": {event: message, data: b, id: "1"}}}}`, "passed"},
		{"no more is read than is wanted", "data: a\n\ndata: b\n\n", `{http: {path: /, events: 1}, expect: {body: "data: a\n\n", size: 9B}}`, "passed"},
		{"assertions know the list", "data: 1\n\ndata: 2\n\n", `{http: {path: /, events: 2}, expect: {assert: "len(body) == 2 && body[1].data > body[0].data"}}`, "passed"},
		{"so do schemas", "data: {\"n\": 1}\n\ndata: {}\n\n", `{http: {path: /, events: 2}, expect: {schema: {items: {properties: {data: {required: [n]}}}}}}`, "failed: GET http://green/: $[1].data.n is missing, expected a value (required)"},
		{"what isn't there is false", "data: a\n\n", `{http: {path: /, events: 1}, expect: {json: {"$[0].id": "!= 1"}}}`, "failed: GET http://green/: $[0].id is missing, expected != 1"},
		{"a stream that ends too early", "data: a\n\ndata: b\nEND", `{http: {path: /, events: 2}, expect: {json: {"$[0].data": a}}}`, "failed: GET http://green/: number of events is 1 when the stream ended, expected 2"},
		{"no event at all", "END", `http: {path: /, events: 1}`, "failed: GET http://green/: number of events is 0 when the stream ended, expected 1"},
		{"too much before the first event", ":" + strings.Repeat("x", 2<<20) + "END", `http: {path: /, events: 1}`, "failed: GET http://green/: body is over 1 MiB, the most that is read, expected all of it for events"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			green := stream(t, "text/event-stream; charset=utf-8", tt.sent)
			got := withoutPort(outcome(ask(t, tt.src, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestAnAnswerThatIsNoStreamIsSaidToBeNone(t *testing.T) {
	green := stream(t, "application/json", `{"error": "no events today"}END`)
	got := withoutPort(outcome(ask(t, `{http: {path: /, events: 1}, expect: {json: {"$[0].data": a}}}`, httpcheck.Network{}, check.Scope{Green: check.Side{URL: green}})), green)
	if want := `failed: GET http://green/: header content-type is "application/json", expected text/event-stream`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEventsThatDoNotComeInTimeAreNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := httpcheck.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer func() { _ = server.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(server)); err == nil {
					_, _ = io.WriteString(server, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\ndata: b\n")
				}
				_, _ = io.Copy(io.Discard, server) // until the client goes
			}()
			return client, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		got := outcome(askWithin(t, ctx, `{http: {url: "http://green/", events: 2}, expect: {json: {"$[0].data": a}}}`, n, check.Scope{}))
		if want := "inconclusive, to be retried: GET http://green/: 1 of 2 events came within 2s (status 200)"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// What is read of a stream doesn't depend on the pieces in which it comes.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{"data: a\n\n", "event: price\nid: 7\ndata: {\"sku\": 42}\r\n\r\n:x\rdata\r\r", "\uFEFFdata: a\ndata: b\n\nretry: 1\nid\n\n", "data: \xff\x00\n\n"} {
		f.Add(seed, 3, 2)
	}
	f.Fuzz(func(t *testing.T, text string, piece, want int) {
		piece, want = min(max(piece, 1), 100), min(max(want, 1), 10)
		ask := func(pieces int) string {
			n := httpcheck.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go answerInPieces(server, text, pieces)
				return client, nil
			}}
			c, err := decodeCheck(`{http: {url: "http://green/", events: `+strconv.Itoa(want)+`}, expect: {body: "never so"}}`, n)
			if err != nil {
				t.Fatal(err)
			}
			return outcome(c.Run(t.Context(), check.Scope{}))
		}
		if whole, inPieces := ask(len(text)+1), ask(piece); whole != inPieces || strings.ContainsAny(whole, "\r\n") {
			t.Errorf("as a whole it is %q, in pieces %q", whole, inPieces)
		}
	})
}

func answerInPieces(conn net.Conn, text string, size int) {
	defer func() { _ = conn.Close() }()
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
	for piece := range slices.Chunk([]byte(text), size) {
		if _, err := conn.Write(piece); err != nil {
			return
		}
	}
}

package httpcheck_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// inMemory connects to a server that takes its time: in a synctest bubble, where waiting takes none.
func inMemory(handle func(net.Conn)) httpcheck.Network {
	return httpcheck.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			handle(server)
			_ = server.Close()
		}()
		return client, nil
	}}
}

// readRequest takes a request, and then, as a kernel would, whatever else comes.
func readRequest(conn net.Conn) {
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return
	}
}

// gone waits until the client has gone.
func gone(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func TestTheEndOfTheTimeEndsAnythingThatHangs(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
	slow := func(every time.Duration) func(net.Conn) {
		return func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, head)
			for range 100 {
				<-time.After(every)
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		}
	}
	tests := []struct {
		why, src string
		handle   func(net.Conn)
		want     string
	}{
		{
			"nothing is ever answered", `http: GET http://green/`, func(conn net.Conn) { readRequest(conn); gone(conn) },
			"inconclusive, to be retried: GET http://green/: no answer within 2s (connected, request sent)",
		},
		{
			"the request isn't even read", `http: {method: POST, url: "http://green/", body: ` + strings.Repeat("x", 64<<10) + `}`,
			func(net.Conn) { <-time.After(time.Minute) },
			"inconclusive, to be retried: POST http://green/: no answer within 2s (connected, sending the request)",
		},
		{
			"the head doesn't end", `http: GET http://green/`, func(conn net.Conn) {
				readRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nA: ")
				gone(conn)
			},
			"inconclusive, to be retried: GET http://green/: the answer's head was not complete within 2s",
		},
		{
			"the body comes a byte a second", `http: GET http://green/`, slow(time.Second - time.Millisecond),
			"inconclusive, to be retried: GET http://green/: the answer was not complete within 2s (status 200, 2B of its body so far)",
		},
		{
			"what has come is too slow already", `{http: GET http://green/, expect: {duration: < 500ms}}`, slow(time.Second - time.Millisecond),
			"failed: GET http://green/: duration is over 2s, expected < 500ms",
		},
		{"a slow body that ends in time", `{http: GET http://green/, expect: {duration: "> 1s", size: 100B}}`, slow(15 * time.Millisecond), "passed"},
		{
			"a slow body that ends in time, and is too slow", `{http: GET http://green/, expect: {duration: <= 1s}}`, slow(15 * time.Millisecond),
			"failed: GET http://green/: duration is 1.5s, expected <= 1s",
		},
		{"what has come is wrong already", `{http: GET http://green/, expect: {json: {$.a: 1}}}`, func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\n{")
			gone(conn)
		}, "failed: GET http://green/: status is 500, expected 2xx"},
		{
			"the TLS handshake hangs", `http: GET https://green/`, gone,
			"inconclusive, to be retried: GET https://green/: no answer within 2s (connected, in the TLS handshake)",
		},
		{"a redirect leads to where it hangs", `http: {url: "http://green/", redirects: 1}`, func(conn net.Conn) {
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil && request.URL.Path == "/" {
				_, _ = fmt.Fprint(conn, "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
			}
			gone(conn)
		}, "inconclusive, to be retried: GET http://green/there: no answer within 2s (connected, request sent)"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				got := outcome(askWithin(t, ctx, tt.src, inMemory(tt.handle), check.Scope{}))
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				<-time.After(time.Hour) // until the server has noticed
			})
		})
	}
}

func TestADialThatHangsEndsWithTheCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		n := httpcheck.Network{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		got := outcome(askWithin(t, ctx, `http: GET http://green/`, n, check.Scope{}))
		if want := "inconclusive, to be retried: GET http://green/: no answer within 2s (connecting)"; got != want {
			t.Errorf("the outcome is %s, want %s", got, want)
		}
		<-ended
	})
}

func TestACancelledCheckIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n := inMemory(func(conn net.Conn) { readRequest(conn); cancel(); gone(conn) })
		got := outcome(askWithin(t, ctx, `http: GET http://green/`, n, check.Scope{}))
		if want := "inconclusive: GET http://green/: cancelled before there was an answer"; got != want {
			t.Errorf("the outcome is %s, want %s", got, want)
		}
	})
}

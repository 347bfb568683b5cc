package httpcheck_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// FuzzAnswer: whatever bytes a server sends, on all of the connections to it, the outcome is told in one line, and nothing passes
// without the status that is expected.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		// nginx
		"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Wed, 25 Nov 2026 12:10:30 GMT\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\nETag: \"65-f\"\r\n\r\n{\"status\":\"ok\"}",
		"HTTP/1.1 301 Moved Permanently\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\nLocation: http://green/next?a=b#c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n29\r\n\x1f\x8b\b\x00\x00\x00\x00\x00\x02\xff\xabV*.I,)-V\xb2R\xca\xcfV\xaa\x05\x04\x00\x00\xff\xff\xdf\xb1\x3d\xc1\x0f\x00\x00\x00\r\n0\r\n\r\n",
		// an Application Load Balancer
		"HTTP/1.1 503 Service Temporarily Unavailable\r\nServer: awselb/2.0\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
		"HTTP/1.1 302 Found\r\nLocation: //other\\\r\nSet-Cookie: sid=1; Path=/; Secure; Max-Age=-1\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: deflate, gzip\r\nContent-Length: 2\r\n\r\nab",
		"HTTP/1.0 200\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		n := httpcheck.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer func() { _ = server.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(server)); err == nil {
					_, _ = io.WriteString(server, sent)
				}
			}()
			return client, nil
		}}
		c, err := decodeCheck(`{http: {url: "http://green/", redirects: {max: 3}}, expect: {status: 200, json: {$.status: ok}}}`, n)
		if err != nil {
			t.Fatal(err)
		}
		got := outcome(c.Run(t.Context(), check.Scope{Lookup: lookup}))
		if strings.ContainsAny(got, "\r\n") || got == "passed" && !strings.Contains(sent, "200") {
			t.Errorf("of %q it says %q", sent, got)
		}
	})
}

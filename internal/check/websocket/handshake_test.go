package websocketcheck_test

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 has it
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
	websocketcheck "github.com/greenlight-deploy/greenlight/internal/check/websocket"
)

// FuzzHandshake: whatever comes in place of a handshake and a message, it is told in one line, and passes only with the proof
// that the server has read the key. {accept} stands for that proof in what is sent; the answers in testdata are those of npm's
// ws.
func FuzzHandshake(f *testing.F) {
	const accept = "{accept}"
	const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n"
	f.Add(answer + "\r\n\x81\x01a")
	f.Add(answer + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n\xc1\x01a")
	f.Add("HTTP/1.1 503 Service Unavailable\r\nServer: awselb/2.0\r\nContent-Length: 0\r\n\r\n")
	f.Fuzz(func(t *testing.T, sent string) {
		n := network.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer func() { _ = server.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(server))
				if err != nil {
					return
				}
				sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455 has it
				go func() { _, _ = io.Copy(io.Discard, server) }()                                                  // it answers, and waits for nothing
				_, _ = io.WriteString(server, strings.ReplaceAll(sent, accept, base64.StdEncoding.EncodeToString(sum[:])))
			}()
			return client, nil
		}}
		c, err := networktest.Decode(websocketcheck.Kind(n), `websocket: {url: "ws://green/", subprotocols: [v1, v2], exchange: [{expect: {text: "!= x", skip: 5}}]}`)
		if err != nil {
			t.Fatal(err)
		}
		got := networktest.Outcome(c.Run(t.Context(), check.Scope{Lookup: networktest.Lookup}))
		if strings.ContainsAny(got, "\r\n") || got == "passed" && !strings.Contains(sent, accept) {
			t.Errorf("of %q it says %q", sent, got)
		}
	})
}

package elb_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// scripted is a target that writes an answer's bytes itself, and whose connections are counted.
type scripted struct {
	url         string
	connections atomic.Int64 // without those of health checks
}

// target starts a target that answers each request with the text, and ends the connection after it where once says so.
func target(t *testing.T, once bool, answer string) *scripted {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{url: "http://" + socket.Addr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(conn, once, answer) })
		}
	})
	t.Cleanup(func() {
		_ = socket.Close()
		running.Wait()
	})
	return s
}

func (s *scripted) serve(conn net.Conn, once bool, answer string) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for n := 0; ; n++ {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if strings.HasPrefix(r.UserAgent(), "ELB-HealthChecker") {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		if n == 0 {
			s.connections.Add(1)
		}
		if _, err := io.WriteString(conn, answer); err != nil || once {
			return
		}
	}
}

// front is a load balancer with one target.
func front(t *testing.T, target string) *elb.Listener {
	t.Helper()
	lb := balancer(t, elb.Config{})
	group(t, lb, "one", target)
	return listener(t, lb, map[string]int{"one": 100})
}

const short = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func TestConnectionsToATarget(t *testing.T) {
	tests := []struct {
		why         string
		method      string
		once        bool
		answer      string
		body        string
		connections int64 // of three requests, one after the other
	}{
		{"are kept", http.MethodGet, false, short, "hello", 1},
		{"are kept after an answer without a body", http.MethodHead, false, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", 1},
		{"are kept after chunks", http.MethodGet, false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", 1},
		{"are replaced where the target closed them while they were idle", http.MethodGet, true, short, "hello", 3},
		{"end where the target says so", http.MethodGet, false, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "hello", 3},
		{"aren't used again with bytes of no answer on them", http.MethodGet, false, short + short, "hello", 3},
		{"end with a body of unknown length", http.MethodGet, true, "HTTP/1.0 200 OK\r\n\r\nhello", "hello", 3},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := target(t, test.once, test.answer)
			l := front(t, s.url)
			for range 3 {
				req, err := http.NewRequestWithContext(t.Context(), test.method, l.URL(), http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				if r, body := do(t, client(), req); r.StatusCode != http.StatusOK || body != test.body {
					t.Errorf("%s %q", r.Status, body)
				}
			}
			if n := s.connections.Load(); n != test.connections {
				t.Errorf("there were %d connections, want %d", n, test.connections)
			}
		})
	}
}

func TestInformationalAnswersReachTheClient(t *testing.T) {
	s := target(t, false, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"+short)
	var seen []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		seen = append(seen, fmt.Sprint(code, " ", header.Get("Link")))
		return nil
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, front(t, s.url).URL(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if r, body := do(t, client(), req); r.StatusCode != http.StatusOK || body != "hello" {
		t.Errorf("%s %q", r.Status, body)
	}
	if len(seen) != 1 || seen[0] != "103 </style.css>" {
		t.Errorf("it saw %q", seen)
	}
}

func TestABodyMayBeAnsweredBeforeItIsSent(t *testing.T) {
	l := front(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			hijack(func(conn net.Conn) {
				_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			})(w, r)
		}
	}))
	body, write := io.Pipe()
	defer func() { _ = write.Close() }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL(), body)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := do(t, client(), req); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("it is %s", r.Status)
	}
}

func TestAConnectionMayBeUpgraded(t *testing.T) {
	l := front(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			return
		}
		hijack(func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			_, _ = io.Copy(conn, conn)
		})(w, r)
	}))
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("it is %s", resp.Status)
	}
	_, _ = io.WriteString(conn, "ping\n")
	if line, err := in.ReadString('\n'); line != "ping\n" {
		t.Errorf("it says %q, %v", line, err)
	}
}

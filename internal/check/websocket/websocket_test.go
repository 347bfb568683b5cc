package websocketcheck_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 has it
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/net/websocket"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
	websocketcheck "github.com/greenlight-deploy/greenlight/internal/check/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(t *testing.T, src string, n network.Network, scope check.Scope) check.Result {
	t.Helper()
	return networktest.Ask(t, websocketcheck.Kind(n), src, scope)
}

// echo is a server of golang.org/x/net/websocket, which chooses the subprotocol v2 and sends back what it gets. Its first
// message names the origin of the client.
func echo() http.Handler {
	server := websocket.Server{
		Handshake: func(config *websocket.Config, r *http.Request) error {
			for _, p := range config.Protocol {
				if p == "v2" {
					config.Protocol = []string{"v2"}
					return nil
				}
			}
			config.Protocol = nil
			return nil
		},
		Handler: func(conn *websocket.Conn) {
			_ = websocket.Message.Send(conn, `{"type":"hello","version":`+conn.Request().Header.Get("X-Version")+`}`)
			for {
				var got []byte
				if err := websocket.Message.Receive(conn, &got); err != nil {
					return
				}
				if string(got) == "binary" {
					_ = websocket.Message.Send(conn, []byte{1, 2, 3})
					continue
				}
				_ = websocket.Message.Send(conn, string(got))
			}
		},
	}
	mux := http.NewServeMux()
	mux.Handle("/events", server)
	mux.HandleFunc("/refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })
	mux.HandleFunc("/away", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "awselb/2.0")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	return mux
}

func TestMessagesAreExchangedAndJudged(t *testing.T) {
	server := httptest.NewServer(echo())
	defer server.Close()
	green := check.Side{URL: server.URL, Headers: http.Header{"x-version": {"7"}}}
	const begin = `websocket: {path: /events, exchange: [{expect: {json: {$.type: hello, $.version: 7}}}, `
	for _, tt := range []struct{ why, src, want string }{
		{"that the handshake succeeds is enough", `websocket: /events`, "passed"},
		{"text", begin + `{text: "hi {{ token }}", expect: {text: hi s3cret}}]}`, "passed"},
		{"text alone is sent", begin + `hi, {expect: {text: ~ ^h}}]}`, "passed"},
		{"JSON", begin + `{json: {sku: 42, name: a&b}, expect: {json: {$.sku: 42, $.name: a&b}, size: "< 1kB"}}]}`, "passed"},
		{"bytes", begin + `{text: binary, expect: {base64: AQID}}]}`, "passed"},
		{"several in a row", begin + `{text: a, expect: {text: a}}, {text: b}, {text: c, expect: {text: c, skip: 1, within: 1m}}]}`, "passed"},
		{"a long one", begin + `{text: "` + strings.Repeat("x", 70000) + `", expect: {size: 70kB}}]}`, "passed"},
		{"one of middle length", begin + `{text: "` + strings.Repeat("x", 300) + `", expect: {size: 300B}}]}`, "passed"},
		{"the subprotocol that the server chose", `{websocket: {path: /events, subprotocols: [v1, v2]}, expect: {subprotocol: v2, duration: < 1m, headers: {upgrade: websocket}}}`, "passed"},
		{"the server chose none", `{websocket: {path: /events, subprotocols: v1}, expect: {subprotocol: "!= v2"}}`, `failed: the subprotocol is missing, expected != "v2"`},
		{"a whole URL", `websocket: "ws://HOST/events"`, "passed"},
		{"green's, by its name", `websocket: "{{ green.url }}/events"`, "passed"},
		{"another message", begin + `{text: a, expect: {text: b}}]}`, `failed: step 2: the message is "a", expected "b"`},
		{"another, as of several", begin + `a, b, {text: c, expect: {text: d, skip: 2}}]}`, `failed: step 4: the message is "c", expected "d", as of 2 messages before it`},
		{"bytes in place of text", begin + `{text: binary, expect: {text: "!= x"}}]}`, `failed: step 2: the message is binary, and no text, expected != "x"`},
		{"text in place of bytes", begin + `{text: a, expect: {base64: AQID}}]}`, `failed: step 2: the message is the text "a", expected a binary one`},
		{"other bytes", begin + `{text: binary, expect: {base64: AQI=}}]}`, `failed: step 2: the message is AQID, expected AQI=`},
		{"no JSON", begin + `{text: abc, expect: {json: {$.x: 1}}}]}`, `failed: step 2: the message is not JSON (invalid character 'a' looking for beginning of value, at byte 1): "abc", expected JSON`},
		{"a message in place of the end", begin + `{text: a, expect: {close: 1000}}]}`, `failed: step 2: the message is "a", expected none: that the connection is closed with 1000`},
		{"a name without a value", begin + `{text: a, expect: {text: "{{ green.host }}"}}]}`, `inconclusive: step 2: plan.yaml:1:`},
		{"the handshake is refused", `websocket: /refused`, "failed: status is 401, expected 101"},
		{"as it should be", `{websocket: /refused, expect: {status: 401}}`, "passed"},
		{"it succeeds, and shouldn't", `{websocket: /events, expect: {status: 401}}`, "failed: status is 101, expected 401"},
		{"a page answers", `websocket: /page`, "failed: status is 200, expected 101"},
		{"a load balancer without a target", `websocket: /away`, "failed, to be retried while rules spread: status is 503, expected 101 (from the load balancer itself)"},
		{"a certificate of a connection without one", `{websocket: /events, expect: {certificate: {names: a}}}`, "failed: certificate is missing, the connection isn't one of wss, expected one"},
		{"wss, where there is no TLS", `websocket: "wss://HOST/events"`, "failed: the server doesn't speak TLS on this port: should the URL begin with ws://?"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			names := func(name string) (any, error) {
				if name == "green.url" {
					return server.URL, nil
				}
				return networktest.Lookup(name)
			}
			got := networktest.Outcome(ask(t, strings.ReplaceAll(tt.src, "HOST", strings.TrimPrefix(server.URL, "http://")), network.Network{}, check.Scope{Green: green, Lookup: names}))
			if i := strings.Index(got, "websocket ws"); i >= 0 {
				_, rest, _ := strings.Cut(got[i+len("websocket ws"):], ": ")
				got = got[:i] + rest
			}
			if tt.want != got && (!strings.HasSuffix(tt.want, ":") || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("-want +got:\n%s", cmp.Diff(tt.want, got))
			}
		})
	}
}

func TestAConnectionOfWSSIsSecured(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	named := networktest.Template("green")
	named.DNSNames = []string{"shop.example"}
	server := httptest.NewUnstartedServer(echo())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Sign(t, named)}}
	server.EnableHTTP2 = true // WebSocket is asked for over HTTP/1.1 all the same
	server.StartTLS()
	defer server.Close()
	for _, tt := range []struct {
		why, src string
		side     check.Side
		n        network.Network
		want     string
	}{
		{"green's URL is one of https", `{websocket: /events, expect: {certificate: {expires: "> 14d", issuer: Test CA}}}`, check.Side{URL: server.URL}, network.Network{Roots: ca.Pool()}, "passed"},
		{"by the name of its rule", `websocket: /events`, check.Side{URL: server.URL, Host: "shop.example"}, network.Network{Roots: ca.Pool()}, "passed"},
		{"nobody trusts it", `websocket: /events`, check.Side{URL: server.URL}, network.Network{}, `failed: websocket wss` + strings.TrimPrefix(server.URL, "https") + `/events: the certificate is signed by "Test CA", which is not trusted here; tls: {ca: …} trusts it`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, networktest.Outcome(ask(t, tt.src, tt.n, check.Scope{Green: tt.side}))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// speak makes the handshake with whatever headers change says, and then speaks for itself.
func speak(t *testing.T, change func(http.Header), then func(net.Conn, *bufio.Reader)) func(net.Conn) {
	return func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455 has it
		h := http.Header{"Upgrade": {"WebSocket"}, "Connection": {"keep-alive, Upgrade"}, "Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])}}
		if change != nil {
			change(h)
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n")
		_ = h.Write(conn)
		_, _ = io.WriteString(conn, "\r\n")
		if then != nil {
			then(conn, reader)
		}
	}
}

func frame(head byte, payload string) string {
	if len(payload) < 126 {
		return string([]byte{head, byte(len(payload))}) + payload
	}
	return string(binary.BigEndian.AppendUint64([]byte{head, 127}, uint64(len(payload)))) + payload
}

// inMemory connects to a server in a synctest bubble.
func inMemory(handle func(net.Conn)) network.Network {
	return network.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			handle(server)
			_ = server.Close()
		}()
		return client, nil
	}}
}

// Missing data never passes: a message that doesn't come, or not all of it, is one of these.
func TestWhatIsNotAMessageIsNeverWhatWasExpected(t *testing.T) {
	const textFrame, binaryFrame, more, last, closeFrame, pingFrame, pongFrame = 0x81, 0x82, 0x00, 0x80, 0x88, 0x89, 0x8a
	say := func(frames ...string) func(net.Conn, *bufio.Reader) {
		return func(conn net.Conn, _ *bufio.Reader) {
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			_, _ = io.WriteString(conn, strings.Join(frames, ""))
		}
	}
	hold := func(frames ...string) func(net.Conn, *bufio.Reader) {
		return func(conn net.Conn, r *bufio.Reader) {
			if len(frames) > 0 {
				_, _ = io.WriteString(conn, strings.Join(frames, ""))
			}
			_, _ = io.Copy(io.Discard, r)
		}
	}
	for _, tt := range []struct {
		why, expect string
		then        func(net.Conn, *bufio.Reader)
		want        string
	}{
		{"a message", `{text: "!= b"}`, say(frame(textFrame, "a")), "passed"},
		{"one in parts, with a ping between", `{text: abc}`, say(frame(0x01, "a"), frame(pingFrame, "p"), frame(more, "b"), frame(pongFrame, ""), frame(last, "c")), "passed"},
		{"an empty one", `{text: ""}`, say(frame(textFrame, "")), "passed"},
		{"an empty one is no JSON", `{json: {$.a: "!= 1"}}`, say(frame(textFrame, "")), `failed: step 1: the message is not JSON (it is empty): "", expected JSON`},
		{"a field that isn't there", `{json: {$.a: "!= 1"}}`, say(frame(textFrame, "{}")), `failed: step 1: $.a is missing, expected != 1`},
		{"null is no number", `{json: {$.a: "> 1"}}`, say(frame(textFrame, `{"a":null}`)), `failed: step 1: $.a is null, which > can't compare, expected > 1`},
		{"no message", `{text: "!= b"}`, hold(), "inconclusive, to be retried: step 1: no answer within 5s (connected, waiting for a message)"},
		{"no message in its time", `{text: "!= b", within: 1s}`, hold(), "inconclusive, to be retried: step 1: a message didn't come within 1s"},
		{"none that fits in its time", `{text: b, within: 1s, skip: 5}`, hold(frame(textFrame, "a")), "inconclusive, to be retried: step 1: a message that fits didn't come within 1s"},
		{"half of a message", `{text: "!= b", within: 1s}`, hold(frame(0x01, "a")), "inconclusive, to be retried: step 1: a message didn't come within 1s"},
		{"the connection breaks", `{text: "!= b"}`, say(), "inconclusive, to be retried: step 1: the connection broke without a close frame"},
		{"the connection breaks in a message", `{text: "!= b"}`, say(frame(0x01, "a")), "inconclusive, to be retried: step 1: the connection broke without a close frame"},
		{"it is closed", `{text: "!= b"}`, say(frame(closeFrame, "\x03\xf3busy")), `failed: step 1: the connection is closed by the server with 1011 ("busy"), expected a message`},
		{"as it should be", `{close: 1011}`, say(frame(closeFrame, "\x03\xf3busy")), "passed"},
		{"with another code", `{close: 1000}`, say(frame(closeFrame, "\x03\xf3")), "failed: step 1: the connection is closed by the server with 1011, expected 1000"},
		{"without a code", `{close: 1005}`, say(frame(closeFrame, "")), "passed"},
		{"without a code, where one is expected", `{close: 1000}`, say(frame(closeFrame, "")), "failed: step 1: the connection is closed by the server with 1005, expected 1000"},
		{"it stays open", `{close: 1000, within: 1s}`, hold(), "inconclusive, to be retried: step 1: the end of the connection didn't come within 1s"},
		{"it breaks in place of being closed", `{close: 1000}`, say(), "inconclusive, to be retried: step 1: the connection broke without a close frame"},
		{"a text that is none", `{text: "!= b"}`, say(frame(textFrame, "\xff")), "failed: step 1: the server speaks against the protocol: a text is not UTF-8"},
		{"a masked frame", `{text: "!= b"}`, say("\x81\x81aaaab"), "failed: step 1: the server speaks against the protocol: a frame of the server is masked, which only those of clients are"},
		{"an extension", `{text: "!= b"}`, say(frame(0xc1, "a")), "failed: step 1: the server speaks against the protocol: a frame uses an extension that wasn't agreed on"},
		{"an unknown opcode", `{text: "!= b"}`, say(frame(0x83, "a")), "failed: step 1: the server speaks against the protocol: a frame has the unknown opcode 3"},
		{"a continuation of nothing", `{text: "!= b"}`, say(frame(last, "a")), "failed: step 1: the server speaks against the protocol: a message goes on that hasn't begun"},
		{"a message in a message", `{text: "!= b"}`, say(frame(0x01, "a"), frame(binaryFrame, "a")), "failed: step 1: the server speaks against the protocol: a message begins before the one before has ended"},
		{"a control frame in parts", `{text: "!= b"}`, say(frame(0x09, "")), "failed: step 1: the server speaks against the protocol: a control frame is in parts, or over 125 bytes long"},
		{"a code that none may have", `{close: 1000}`, say(frame(closeFrame, "\x03\xee")), "failed: step 1: the server speaks against the protocol: a close frame has the code 1006, which none may have"},
		{"half of a code", `{close: 1000}`, say(frame(closeFrame, "\x03")), "failed: step 1: the server speaks against the protocol: a close frame has half of a code"},
		{"a length that is padded", `{text: "!= b"}`, say("\x81\x7e\x00\x01a"), "failed: step 1: the server speaks against the protocol: a frame's length isn't written in the shortest way"},
		{"too much", `{text: "!= b"}`, say(frame(0x01, strings.Repeat("x", websocketcheck.MaxMessage)), frame(last, "x")), "failed: step 1: the server speaks against the protocol: a message is over 1 MiB, the most that is read"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := networktest.Decode(websocketcheck.Kind(inMemory(speak(t, nil, tt.then))), `websocket: {url: "ws://green/", exchange: [{expect: `+tt.expect+`}]}`)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), websocketcheck.DefaultTimeout)
				defer cancel()
				got := strings.Replace(networktest.Outcome(c.Run(ctx, check.Scope{})), "websocket ws://green/: ", "", 1)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

func TestAHandshakeThatOnlyLooksLikeOneIsWrong(t *testing.T) {
	for _, tt := range []struct {
		why    string
		change func(http.Header)
		want   string
	}{
		{"another protocol", func(h http.Header) { h.Set("Upgrade", "h2c") }, `upgrade is "h2c"`},
		{"the connection isn't upgraded", func(h http.Header) { h.Set("Connection", "keep-alive") }, `connection is "keep-alive"`},
		{"an answer from a cache", func(h http.Header) { h.Set("Sec-Websocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") }, `sec-websocket-accept doesn't belong to the key that was sent`},
		{"no answer to the key", func(h http.Header) { h.Del("Sec-Websocket-Accept") }, `sec-websocket-accept doesn't belong to the key that was sent`},
		{"an extension", func(h http.Header) { h.Set("Sec-Websocket-Extensions", "permessage-deflate") }, `the server chose the extension "permessage-deflate", and none was offered`},
		{"a subprotocol", func(h http.Header) { h.Set("Sec-Websocket-Protocol", "v3") }, `the server chose the subprotocol "v3", which wasn't offered`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			address := networktest.Serve(t, speak(t, tt.change, nil))
			got := networktest.Outcome(ask(t, `websocket: "ws://`+address+`/"`, network.Network{}, check.Scope{}))
			if want := "failed: websocket ws://" + address + "/: the handshake is not one of WebSocket: " + tt.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestFramesOfTheClientAreMaskedAndPingsAnswered(t *testing.T) {
	type seen struct{ opcode, payload string }
	all := make(chan seen, 10)
	address := networktest.Serve(t, speak(t, nil, func(conn net.Conn, r *bufio.Reader) {
		_, _ = io.WriteString(conn, frame(0x89, "are you there?")+frame(0x81, "go"))
		for {
			var head [2]byte
			if _, err := io.ReadFull(r, head[:]); err != nil {
				close(all)
				return
			}
			rest := make([]byte, 4+int(head[1]&0x7f))
			_, _ = io.ReadFull(r, rest)
			for i := range rest[4:] {
				rest[4+i] ^= rest[i%4]
			}
			if head[1]&0x80 == 0 {
				t.Error("a frame isn't masked")
			}
			all <- seen{string("0123456789abcdef"[head[0]&0x0f]), string(rest[4:])}
		}
	}))
	got := ask(t, `websocket: {url: "ws://`+address+`/", exchange: [{expect: {text: go}}, {text: hi}, {base64: AQID}]}`, network.Network{}, check.Scope{})
	if got.Outcome != check.Passed {
		t.Fatal(networktest.Outcome(got))
	}
	var sent []seen
	for s := range all {
		sent = append(sent, s)
	}
	want := []seen{{"a", "are you there?"}, {"1", "hi"}, {"2", "\x01\x02\x03"}, {"8", "\x03\xe8"}}
	if diff := cmp.Diff(want, sent, cmp.AllowUnexported(seen{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAClientMayCloseWithACode(t *testing.T) {
	address := networktest.Serve(t, speak(t, nil, func(conn net.Conn, r *bufio.Reader) {
		head := make([]byte, 8)
		_, _ = io.ReadFull(r, head)
		_, _ = io.WriteString(conn, frame(0x88, string([]byte{head[6] ^ head[2], head[7] ^ head[3]})))
		_, _ = io.Copy(io.Discard, r)
	}))
	got := networktest.Outcome(ask(t, `websocket: {url: "ws://`+address+`/", exchange: [{close: 4001, expect: {close: 4001}}]}`, network.Network{}, check.Scope{}))
	if got != "passed" {
		t.Error(got)
	}
}

func TestAnExchangeEndsWhenItIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := networktest.Serve(t, speak(t, nil, func(_ net.Conn, r *bufio.Reader) {
		cancel()
		_, _ = io.Copy(io.Discard, r)
	}))
	c, err := networktest.Decode(websocketcheck.Kind(network.Network{}), `websocket: {url: "ws://`+address+`/", exchange: [{expect: {text: x}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Run(ctx, check.Scope{}); got.Outcome != check.Inconclusive || !strings.HasSuffix(got.Reason, "cancelled before there was an answer") || got.Retry != check.RetryNever {
		t.Error(networktest.Outcome(got))
	}
}

func TestWhatKeepsTheHandshakeFromBeingMade(t *testing.T) {
	silent := networktest.Silent(t)
	mute := networktest.Serve(t, func(net.Conn) {})
	for _, tt := range []struct{ src, want string }{
		{`websocket: "ws://` + silent + `/"`, "inconclusive, to be retried: websocket ws://" + silent + "/: connection refused"},
		{`websocket: "ws://` + mute + `/"`, "inconclusive, to be retried: websocket ws://" + mute + "/: "},
		{`websocket: /`, "inconclusive: websocket /: where green answers: it has no value"},
	} {
		if got := networktest.Outcome(ask(t, tt.src, network.Network{}, check.Scope{})); !strings.HasPrefix(got, tt.want) {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestTheDebugLogShowsWhatAHandshakeCarries(t *testing.T) {
	address := networktest.Serve(t, speak(t, nil, nil))
	var log bytes.Buffer
	ask(t, `websocket: {path: /, headers: {authorization: Bearer of-the-plan}}`, network.Network{}, check.Scope{
		Green:  check.Side{URL: "http://" + address, Host: "shop.example", Headers: http.Header{"X-Version": {"green"}}},
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if want := `"host":"shop.example","headers":{"X-Version":"green"}`; !strings.Contains(log.String(), want) || strings.Contains(log.String(), "of-the-plan") {
		t.Errorf("the log doesn't hold %s, or more than that:\n%s", want, log.String())
	}
}

func TestAReportShowsTheHandshake(t *testing.T) {
	address := networktest.Serve(t, speak(t, nil, func(conn net.Conn, r *bufio.Reader) {
		_, _ = io.WriteString(conn, frame(0x81, "hello"))
		_, _ = io.Copy(io.Discard, r)
	}))
	got := ask(t, `websocket: {url: "ws://`+address+`/a?b=c", exchange: [{expect: {text: hello}}]}`, network.Network{}, check.Scope{})
	r := got.Requests[0]
	if r.Method != "GET" || r.URL != "ws://"+address+"/a?b=c" || r.Status != 101 || r.Size != 5 || r.Remote != address || r.Timings.Total <= 0 || r.Timings.Total > time.Minute {
		t.Errorf("the report has %+v", r)
	}
}

func TestWhatIsWrongWithACheckIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ why, src, want string }{
		{"a path begins with a slash", `websocket: events`, `1:12: websocket: "events" is neither a path nor a URL: write /events, or begin with ws:// or wss:// or http:// or https://`},
		{"other schemes aren't asked", `websocket: ftp://a/`, `1:12: websocket: the URL has the scheme "ftp"; ws and wss and http and https are known`},
		{"a list is no target", `websocket: [a]`, `1:12: websocket: expected a path as in /events, a URL, or a mapping with path, exchange, …, found a list`},
		{"a mapping needs a target", `websocket: {headers: {a: b}}`, `1:12: websocket: the connection has no target: write path (joined to green's URL) or url (whole)`},
		{"and just one", `websocket: {path: /, url: "ws://a/"}`, `1:27: websocket: url: the connection has a path already: write one of path (joined to green's URL) and url (whole)`},
		{"the handshake has its own headers", `websocket: {path: /, headers: {Upgrade: x}}`, `1:32: websocket: headers: Upgrade is the handshake's own; subprotocols: […] offers protocols`},
		{"a header's value is one line", `websocket: {path: /, headers: {a: "b\nc"}}`, `1:35: websocket: headers: the value of a holds a line break or another control character`},
		{"a subprotocol is a token", `websocket: {path: /, subprotocols: "a b"}`, `1:36: websocket: subprotocols: "a b" is not the name of one: letters, digits and any of !#$%&'*+-.^_` + "`|~"},
		{"one is offered", `{websocket: /, expect: {subprotocol: a}}`, `1:38: subprotocol: none is offered: write subprotocols: […]`},
		{"an exchange has a step", `websocket: {path: /, exchange: []}`, `1:32: websocket: exchange: the list is empty`},
		{"a step says something", `websocket: {path: /, exchange: [{}]}`, `1:33: exchange: the step says nothing: write text, json, base64, close or expect`},
		{"it sends one message", `websocket: {path: /, exchange: [{text: a, json: 1}]}`, `1:43: exchange: json: the step sends a message already, from text: write one of text, json, base64 and close`},
		{"a client's code is its own", `websocket: {path: /, exchange: [{close: 1001}]}`, `1:41: exchange: close: a client closes with 1000, or with a code of its own from 3000 to 4999`},
		{"a server's code is one", `websocket: {path: /, exchange: [{expect: {close: 1006}}]}`, `1:50: expect: close: 1006 is no code of a close frame: they go from 1000 to 1014 (1005: without one) and from 3000 to 4999`},
		{"nothing comes after the end", `websocket: {path: /, exchange: [{expect: {close: 1000}}, a]}`, `1:58: websocket: the connection is closed in the step before: nothing comes after it`},
		{"the end is no message", `websocket: {path: /, exchange: [{expect: {close: 1000, text: a}}]}`, `1:50: expect: close: the connection is closed in place of a message: write one of them`},
		{"a message is text or bytes", `websocket: {path: /, exchange: [{expect: {text: a, base64: AQ==}}]}`, `1:60: expect: base64: the message is a text already, by text`},
		{"base64 is one", `websocket: {path: /, exchange: [{base64: "?"}]}`, `1:42: exchange: base64: illegal base64 data at input byte 0`},
		{"messages are skipped within reason", `websocket: {path: /, exchange: [{expect: {text: a, skip: 1001}}]}`, `1:58: expect: skip: between 0 and 1000 messages can be skipped`},
		{"time is needed", `websocket: {path: /, exchange: [{expect: {text: a, within: 0s}}]}`, `1:60: expect: within: no message comes in no time`},
		{"what is refused exchanges nothing", `{websocket: {path: /, exchange: [a]}, expect: {status: 401}}`, `1:56: status: the check has an exchange, for which the handshake must succeed (101)`},
		{"a key is known or wrong", `websocket: {path: /, exchange: [{expect: {txt: a}}]}`, `1:43: expect: unknown key "txt": did you mean "text"?`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := networktest.Decode(websocketcheck.Kind(network.Network{}), tt.src)
			if diff := cmp.Diff(tt.want, networktest.Problems(err)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

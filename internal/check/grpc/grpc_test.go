package grpccheck_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/greenlight-deploy/greenlight/internal/check"
	grpccheck "github.com/greenlight-deploy/greenlight/internal/check/grpc"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(t *testing.T, src string, n network.Network, scope check.Scope) string {
	t.Helper()
	return networktest.Outcome(networktest.Ask(t, grpccheck.Kind(n), src, scope))
}

// serve runs grpc-go until the test ends, and gives its address.
func serve(t *testing.T, register func(*grpc.Server), options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	register(server)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return listener.Addr().String()
}

// healthy registers grpc-go's own health service.
func healthy(server *grpc.Server) {
	h := health.NewServer()
	h.SetServingStatus("shop.v1.Cart", healthpb.HealthCheckResponse_SERVING)
	h.SetServingStatus("shop.v1.Search", healthpb.HealthCheckResponse_NOT_SERVING)
	h.SetServingStatus("shop.v1.New", healthpb.HealthCheckResponse_UNKNOWN)
	healthpb.RegisterHealthServer(server, h)
}

func TestTheHealthThatGRPCGoTellsIsJudged(t *testing.T) {
	well := serve(t, healthy)
	none := serve(t, func(*grpc.Server) {})
	for _, tt := range []struct{ why, src, want string }{
		{"the server as a whole", `grpc: WELL`, "passed"},
		{"a service of it", `{grpc: {address: WELL, service: shop.v1.Cart}, expect: {status: SERVING, duration: < 1m}}`, "passed"},
		{"one that doesn't serve", `grpc: {address: WELL, service: shop.v1.Search}`, "failed: grpc WELL shop.v1.Search: health is NOT_SERVING, expected SERVING"},
		{"as it should be", `{grpc: {address: WELL, service: shop.v1.Search}, expect: {status: NOT_SERVING}}`, "passed"},
		{"one of which nothing is known yet", `grpc: {address: WELL, service: shop.v1.New}`, "failed: grpc WELL shop.v1.New: health is UNKNOWN, expected SERVING"},
		{"one that there isn't", `grpc: {address: WELL, service: Cart}`, `failed: grpc WELL Cart: the call failed with NOT_FOUND: "unknown service"; the health service knows no "Cart": it wants the full name, with its package, and a status set for it`},
		{"a server without health", `grpc: NONE`, `failed: grpc NONE: the call failed with UNIMPLEMENTED: "unknown service grpc.health.v1.Health"; the server has no grpc.health.v1.Health, or what is in front of it doesn't pass it on: register the health service`},
		{"a name without a value", `grpc: {address: WELL, service: "{{ green.host }}"}`, "inconclusive: grpc WELL {{ green.host }}: plan.yaml:1:LINE: {{ green.host }}: it has no value"},
		{"TLS, where there is none", `grpc: {address: WELL, tls: true}`, "failed: grpc WELL: the server doesn't speak TLS on this port"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := ask(t, strings.NewReplacer("WELL", `"`+well+`"`, "NONE", `"`+none+`"`).Replace(tt.src), network.Network{}, check.Scope{})
			got = strings.NewReplacer(well, "WELL", none, "NONE").Replace(got)
			if before, after, found := strings.Cut(got, "plan.yaml:1:"); found {
				_, after, _ = strings.Cut(after, ":")
				got = before + "plan.yaml:1:LINE:" + after
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTheConnectionIsSecuredAsThePlanAndGreenSay(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	named := networktest.Template("green")
	named.DNSNames = []string{"shop.example"}
	cert := ca.Sign(t, named)
	secured := serve(t, healthy, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{cert}})))
	mutual := serve(t, healthy, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()})))
	plain := serve(t, healthy)
	clientCert, clientKey := networktest.Pair(t, ca.Sign(t, networktest.Template("client")))
	n := network.Network{Roots: ca.Pool()}
	for _, tt := range []struct {
		why, src string
		green    check.Side
		n        network.Network
		want     string
	}{
		{"green's URL is one of https", `{grpc: {}, expect: {certificate: {expires: "> 14d"}}}`, check.Side{URL: "https://" + secured}, n, "passed"},
		{"green's URL is one of http", `grpc: {}`, check.Side{URL: "http://" + plain}, n, "passed"},
		{"the address is green's, written out", `grpc: "` + secured + `"`, check.Side{URL: "https://" + secured}, n, "passed"},
		{"a rule's name is asked for", `grpc: {}`, check.Side{URL: "https://" + secured, Host: "shop.example"}, n, "passed"},
		{"which the certificate must have", `grpc: {}`, check.Side{URL: "https://" + secured, Host: "other.example"}, n, "failed: grpc " + secured + ": the certificate is for shop.example, 127.0.0.1, not for other.example; tls: {server_name: …} asks for another name"},
		{"the plan says so", `grpc: {address: "` + secured + `", tls: {ca: ` + strconv.Quote(ca.PEM()) + `}}`, check.Side{}, network.Network{}, "passed"},
		{"nobody trusts it", `grpc: {address: "` + secured + `", tls: true}`, check.Side{}, network.Network{}, `failed: grpc ` + secured + `: the certificate is signed by "Test CA", which is not trusted here; tls: {ca: …} trusts it`},
		{"the client has a certificate", `grpc: {address: "` + mutual + `", tls: {cert: ` + clientCert + `, key: ` + clientKey + `}}`, check.Side{}, n, "passed"},
		{"the client has none", `grpc: {address: "` + mutual + `", tls: true}`, check.Side{}, n, "failed, to be retried: grpc " + mutual + ": the server asked for a client's certificate, and closed the connection without one; tls: {cert: …, key: …} sends one"},
		{"no TLS, where there is one", `grpc: {address: "` + secured + `", tls: false}`, check.Side{}, n, "inconclusive, to be retried: grpc " + secured + ": the connection was closed before an answer; tls: true speaks TLS, if that is what the server waits for"},
		{"a certificate of a connection without one", `{grpc: "` + plain + `", expect: {certificate: {names: a}}}`, check.Side{}, n, "failed: grpc " + plain + ": certificate is missing, the connection isn't one of TLS, expected one"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ask(t, tt.src, tt.n, check.Scope{Green: tt.green})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// own is a health service that a test answers for.
type own struct {
	healthpb.UnimplementedHealthServer
	check func(context.Context, *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error)
}

func (o own) Check(ctx context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	return o.check(ctx, r)
}

func TestWhatACallCarries(t *testing.T) {
	seen := make(chan metadata.MD, 1)
	left := make(chan time.Duration, 1)
	address := serve(t, func(s *grpc.Server) {
		healthpb.RegisterHealthServer(s, own{check: func(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			deadline, _ := ctx.Deadline()
			seen <- md
			left <- time.Until(deadline)
			return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, nil
		}})
	})
	c, err := networktest.Decode(grpccheck.Kind(network.Network{}), `grpc: {metadata: {authorization: "Bearer {{ token }}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	green := check.Side{URL: "http://" + address, Host: "shop.example", Headers: http.Header{"x-version": {"green"}}}
	got := c.Run(ctx, check.Scope{Green: green, UserAgent: "greenlight/1 (d-1; AfterAllowTestTraffic)", Lookup: networktest.Lookup})
	if got.Outcome != check.Passed {
		t.Fatal(networktest.Outcome(got))
	}
	md := <-seen
	for name, want := range map[string]string{":authority": "shop.example", "authorization": "Bearer s3cret", "x-version": "green", "user-agent": "greenlight/1 (d-1; AfterAllowTestTraffic)"} {
		if diff := cmp.Diff([]string{want}, md.Get(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if d := <-left; d <= 50*time.Minute || d > time.Hour {
		t.Errorf("the server has %s left, want close to an hour", d)
	}
	if r := got.Requests[0]; r.Method != "POST" || r.URL != "http://"+address+"/grpc.health.v1.Health/Check" || r.Status != 200 || r.Remote != address || r.Size != 7 {
		t.Errorf("the report has %+v", r)
	}
}

func TestTheEndOfTheTimeEndsACallOnBothSides(t *testing.T) {
	ctx, end := networktest.Time(t)
	ended := make(chan error, 1)
	address := serve(t, func(s *grpc.Server) {
		healthpb.RegisterHealthServer(s, own{check: func(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
			end()
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, status.FromContextError(ctx.Err()).Err()
		}})
	})
	c, err := networktest.Decode(grpccheck.Kind(network.Network{}), `grpc: "`+address+`"`)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Run(ctx, check.Scope{})
	if got.Outcome != check.Inconclusive || got.Retry != check.RetryNoAnswer {
		t.Error(networktest.Outcome(got))
	}
	if err := <-ended; err == nil {
		t.Error("the server's call didn't end")
	}
}

func TestTheCodesOfCallsAreSorted(t *testing.T) {
	for _, tt := range []struct {
		code codes.Code
		want string
	}{
		{codes.Unavailable, `failed: the call failed with UNAVAILABLE: "why, äh"`},
		{codes.DeadlineExceeded, `inconclusive, to be retried: the call ended without an answer (DEADLINE_EXCEEDED: "why, äh")`},
		{codes.Canceled, `inconclusive, to be retried: the call ended without an answer (CANCELLED: "why, äh")`},
		{codes.Unauthenticated, `failed: the call failed with UNAUTHENTICATED: "why, äh"; metadata: {…} sends what lets the call in`},
		{codes.PermissionDenied, `failed: the call failed with PERMISSION_DENIED: "why, äh"; metadata: {…} sends what lets the call in`},
		{codes.NotFound, `failed: the call failed with NOT_FOUND: "why, äh"; the health service knows no status of the server as a whole: set one for the empty name, or ask for a service`},
		{codes.Internal, `failed: the call failed with INTERNAL: "why, äh"`},
		{99, `failed: the call failed with code 99: "why, äh"`},
	} {
		t.Run(tt.code.String(), func(t *testing.T) {
			address := serve(t, func(s *grpc.Server) {
				healthpb.RegisterHealthServer(s, own{check: func(context.Context, *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
					return nil, status.Error(tt.code, "why, äh")
				}})
			})
			got := strings.Replace(ask(t, `grpc: "`+address+`"`, network.Network{}, check.Scope{}), "grpc "+address+": ", "", 1)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// serveHTTP speaks HTTP/2 without TLS, so that a test can answer what no library of gRPC would.
func serveHTTP(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// Missing data never passes: an answer without a status, or without all of one, is one of these.
func TestAnAnswerThatIsNotWholeNeverPasses(t *testing.T) {
	const trailer = http.TrailerPrefix + "Grpc-Status"
	answer := func(body, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			_, _ = io.WriteString(w, body)
			if code != "" {
				w.Header().Set(trailer, code)
			}
		}
	}
	const head = "\x00\x00\x00\x00"
	for _, tt := range []struct {
		why    string
		answer http.HandlerFunc
		want   string
	}{
		{"as it should be", answer(head+"\x02\x08\x01", "0"), "passed"},
		{"with a field that a later version may add", answer(head+"\x07\x12\x03abc\x08\x01", "0"), "passed"},
		{"an empty message", answer(head+"\x00", "0"), "failed: health is UNKNOWN, expected SERVING"},
		{"no message", answer("", "0"), "failed: the answer is OK, and there is no message in it"},
		{"nothing at all", answer("", ""), "inconclusive, to be retried: the answer ended without a status of gRPC"},
		{"a message without the end of the call", answer(head+"\x02\x08\x01", ""), "inconclusive, to be retried: the answer ended without a status of gRPC"},
		{"an end that is no number", answer(head+"\x02\x08\x01", "OK"), "inconclusive, to be retried: the answer ended without a status of gRPC"},
		{"a message, and an end that is bad", answer(head+"\x02\x08\x01", "13"), "failed: the call failed with INTERNAL"},
		{"half of a head", answer("\x00\x00", "0"), "failed: the answer can't be read: it ends in the head of the message"},
		{"half of a message", answer(head+"\x02\x08", "0"), "failed: the answer can't be read: it ends in the message"},
		{"two messages", answer(head+"\x02\x08\x01"+head+"\x02\x08\x02", "0"), "failed: the answer can't be read: more follows after the message"},
		{"a message that is too long", answer("\x00\x7f\xff\xff\xff\x08\x01", "0"), "failed: the answer can't be read: the message has 2147483647 bytes, at most 4096 are read"},
		{"a compressed one", answer("\x01\x00\x00\x00\x02\x08\x01", "0"), "failed: the answer can't be read: the message is compressed, which wasn't asked for"},
		{"another type of the field", answer(head+"\x03\x0a\x01\x01", "0"), "failed: health is UNKNOWN, expected SERVING"},
		{"a status of later times", answer(head+"\x02\x08\x09", "0"), "failed: health is status 9, which the protocol doesn't have, expected SERVING"},
		{"a broken field", answer(head+"\x02\x08\xff", "0"), "failed: the answer can't be read: field 1 is broken"},
		{"text", answer(`{"status":"SERVING"}`, "0"), "failed: the answer can't be read: it doesn't begin with a message"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, `failed: the answer is not gRPC: its content-type is "text/html"`},
		{"no such page", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "failed: the answer is not gRPC: HTTP status 404 (as a code: UNIMPLEMENTED)"},
		{"a load balancer without a target", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "awselb/2.0")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "failed, to be retried while rules spread: the answer is not gRPC: HTTP status 503 (as a code: UNAVAILABLE) (from the load balancer itself)"},
		{"one that says so in gRPC's words", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "awselb/2.0")
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "14")
		}, "failed, to be retried while rules spread: the call failed with UNAVAILABLE (from the load balancer itself)"},
		{"the stream is reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "inconclusive, to be retried: the stream was reset: stream error: stream ID 1; INTERNAL_ERROR; received from peer"},
		{"the stream is reset in the message", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			_, _ = io.WriteString(w, head)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "inconclusive, to be retried: the stream was reset: stream error: stream ID 1; INTERNAL_ERROR; received from peer"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			address := serveHTTP(t, tt.answer)
			got := strings.Replace(ask(t, `grpc: "`+address+`"`, network.Network{}, check.Scope{}), "grpc "+address+": ", "", 1)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestServersThatDoNotSpeakHTTP2AreToldApart(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	old := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer old.Close()
	secured := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secured.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Sign(t, networktest.Template("green"))}, NextProtos: []string{"http/1.1"}}
	secured.StartTLS()
	defer secured.Close()
	mute := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	mute.Listener = tls.NewListener(mute.Listener, &tls.Config{Certificates: []tls.Certificate{ca.Sign(t, networktest.Template("green"))}})
	mute.Start()
	defer mute.Close()
	for why, tt := range map[string]struct{ address, src string }{
		"plain HTTP/1.1":         {old.Listener.Addr().String(), `grpc: ADDRESS`},
		"HTTP/1.1 over TLS":      {secured.Listener.Addr().String(), `grpc: {address: ADDRESS, tls: true}`},
		"TLS that knows no ALPN": {mute.Listener.Addr().String(), `grpc: {address: ADDRESS, tls: true}`},
	} {
		t.Run(why, func(t *testing.T) {
			got := ask(t, strings.ReplaceAll(tt.src, "ADDRESS", `"`+tt.address+`"`), network.Network{Roots: ca.Pool()}, check.Scope{})
			if want := "failed: grpc " + tt.address + ": the server doesn't speak HTTP/2 on this port, which gRPC needs: "; !strings.HasPrefix(got, want) {
				t.Errorf("got %s, want it to begin with %s", got, want)
			}
		})
	}
	silent := networktest.Silent(t)
	if got, want := ask(t, `grpc: "`+silent+`"`, network.Network{}, check.Scope{}), "inconclusive, to be retried: grpc "+silent+": connection refused"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsWrongWithACheckIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ why, src, want string }{
		{"an address has a port", `grpc: shop.example`, `1:7: grpc: "shop.example" has no port: write host:port, or a port of green's host as in :5432`},
		{"a status is known", `{grpc: ":1", expect: {status: SERVNG}}`, `1:31: status: unknown status "SERVNG": did you mean "SERVING"?`},
		{"a name of metadata is one", `grpc: {metadata: {"a b": c}}`, `1:19: grpc: metadata: "a b" is not the name of metadata: letters, digits and any of -_.`},
		{"it isn't the protocol's", `grpc: {metadata: {grpc-timeout: 1S}}`, `1:19: grpc: metadata: grpc-timeout is the protocol's own`},
		{"nor HTTP's", `grpc: {metadata: {Content-Type: a}}`, `1:19: grpc: metadata: content-type is the protocol's own`},
		{"it stands once", `grpc: {metadata: {a: b, A: c}}`, `1:25: grpc: metadata: a stands there in another case`},
		{"its value is one line", `grpc: {metadata: {a: "b\nc"}}`, `1:22: grpc: metadata: the value of a holds a line break or another control character`},
		{"TLS is on, off, or settings", `grpc: {tls: maybe}`, `1:13: tls: expected true or false, found "maybe"`},
		{"settings are right", `grpc: {tls: {cert: a}}`, `1:20: tls: cert: the certificate needs its key: add key`},
		{"without TLS there is no certificate", `{grpc: {tls: false}, expect: {certificate: {names: a}}}`, `1:44: certificate: the connection isn't one of TLS: drop tls: false`},
		{"a key is known or wrong", `grpc: {services: a}`, `1:8: grpc: unknown key "services": did you mean "service"?`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := networktest.Decode(grpccheck.Kind(network.Network{}), tt.src)
			if diff := cmp.Diff(tt.want, networktest.Problems(err)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestACheckIsTitledAsThePlanHasIt(t *testing.T) {
	for src, want := range map[string]string{
		`grpc: {}`: "grpc green", `grpc: 50051`: "grpc 50051", `grpc: {address: ":50051", service: shop.v1.Cart}`: "grpc :50051 shop.v1.Cart",
	} {
		c, err := networktest.Decode(grpccheck.Kind(network.Network{}), src)
		if err != nil || c.Title() != want {
			t.Errorf("%s is titled %q, %v; want %q", src, c.Title(), err, want)
		}
	}
}

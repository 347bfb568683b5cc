package tlscheck_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
	tlscheck "github.com/greenlight-deploy/greenlight/internal/check/tls"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(t *testing.T, src string, n network.Network, scope check.Scope) string {
	t.Helper()
	return networktest.Outcome(networktest.Ask(t, tlscheck.Kind(n), src, scope))
}

// serve makes handshakes, and then waits for the client to go.
func serve(t *testing.T, config *tls.Config) string {
	t.Helper()
	return networktest.Serve(t, func(conn net.Conn) {
		secured := tls.Server(conn, config)
		_, _ = io.Copy(io.Discard, secured)
		_ = secured.Close()
	})
}

func TestAHandshakeIsJudged(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	template := networktest.Template("green")
	good := ca.Sign(t, template)
	named := networktest.Template("green")
	named.IPAddresses, named.DNSNames = nil, []string{"shop.example", "*.shop.example"}
	old := networktest.Template("green")
	old.NotBefore, old.NotAfter = time.Now().Add(-100*24*time.Hour), time.Now().Add(-10*24*time.Hour-time.Minute)
	soon := time.Now().Add(7*24*time.Hour + time.Hour)
	until := soon.UTC().Format(time.DateOnly)
	month := template.NotAfter.UTC().Format(time.DateOnly)
	everything := tls.Config{MinVersion: tls.VersionTLS10, NextProtos: []string{"h2", "http/1.1"}}
	with := func(cert tls.Certificate, min, max uint16) *tls.Config {
		c := everything.Clone()
		c.Certificates, c.MinVersion, c.MaxVersion = []tls.Certificate{cert}, min, max
		return c
	}
	for _, tt := range []struct {
		why    string
		server *tls.Config
		src    string
		want   string
	}{
		{"a chain that is trusted is enough", with(good, tls.VersionTLS12, 0), `tls: ADDRESS`, "passed"},
		{"all of it as expected", with(good, tls.VersionTLS12, 0), `{tls: ADDRESS, expect: {expires: "> 14d", names: 127.0.0.1, issuer: Test CA, version: ">= 1.2", refuses: [1.0, 1.1], alpn: h2, duration: < 1m}}`, "passed"},
		{"it expires too soon", with(good, 0, 0), `{tls: ADDRESS, expect: {expires: "> 60d"}}`, `failed: tls ADDRESS: certificate's time left is 30d (until ` + month + `), expected > 60d`},
		{"so does the authority between", with(ca.Intermediate(t, "Test Intermediate", soon).Sign(t, networktest.Template("green")), 0, 0), `{tls: ADDRESS, expect: {expires: "> 14d"}}`, `failed: tls ADDRESS: time left of the certificate of its authority "Test Intermediate" is 7d (until ` + until + `), expected > 14d`},
		{"an authority between that lasts", with(ca.Intermediate(t, "Test Intermediate", soon).Sign(t, networktest.Template("green")), 0, 0), `{tls: ADDRESS, expect: {expires: "> 5d", issuer: Test Intermediate}}`, "passed"},
		{"it has expired", with(ca.Sign(t, old), 0, 0), `tls: ADDRESS`, `failed: tls ADDRESS: the certificate expired on ` + old.NotAfter.UTC().Format(time.DateOnly) + `, 10d ago`},
		{"nobody trusts it", with(networktest.Authority{}.Sign(t, networktest.Template("green")), 0, 0), `tls: ADDRESS`, `failed: tls ADDRESS: the certificate is self-signed (by "green"); tls: {ca: …} trusts it`},
		{"the plan trusts another authority", with(good, 0, 0), `tls: {address: ADDRESS, ca: OTHER}`, `failed: tls ADDRESS: the certificate is signed by "Test CA", which is not trusted here; tls: {ca: …} trusts it`},
		{"it isn't verified, and still judged", with(networktest.Authority{}.Sign(t, networktest.Template("green")), 0, 0), `{tls: {address: ADDRESS, insecure: true}, expect: {issuer: "~ ^Let"}}`, `failed: tls ADDRESS: certificate's issuer is "green, green Ltd", expected ~ ^Let`},
		{"it is for another name", with(ca.Sign(t, named), 0, 0), `tls: ADDRESS`, `failed: tls ADDRESS: the certificate is for shop.example, *.shop.example, not for 127.0.0.1; tls: {server_name: …} asks for another name`},
		{"the name is asked for", with(ca.Sign(t, named), 0, 0), `{tls: {address: ADDRESS, server_name: www.shop.example}, expect: {names: ["*.shop.example", shop.example]}}`, "passed"},
		{"an old version alone", with(good, tls.VersionTLS10, tls.VersionTLS11), `tls: ADDRESS`, `failed: tls ADDRESS: version is 1.1, expected >= 1.2`},
		{"which the plan allows", with(good, tls.VersionTLS10, tls.VersionTLS11), `{tls: ADDRESS, expect: {version: 1.1}}`, `passed`},
		{"a version is compared", with(good, 0, tls.VersionTLS12), `{tls: ADDRESS, expect: {version: ">= 1.3"}}`, `failed: tls ADDRESS: version is 1.2, expected >= 1.3`},
		{"old versions beside new ones", with(good, tls.VersionTLS10, 0), `{tls: ADDRESS, expect: {refuses: [1.0, 1.1]}}`, `failed: tls ADDRESS: version 1.0 is offered, expected refused; version 1.1 is offered, expected refused`},
		{"no protocol is chosen", &tls.Config{Certificates: []tls.Certificate{good}}, `{tls: ADDRESS, expect: {alpn: "!= http/1.1"}}`, `failed: tls ADDRESS: the protocol of ALPN is missing, expected != "http/1.1"`},
		{"another protocol is", &tls.Config{Certificates: []tls.Certificate{good}, NextProtos: []string{"http/1.1"}}, `{tls: ADDRESS, expect: {alpn: h2}}`, `failed: tls ADDRESS: the protocol of ALPN is "http/1.1", expected "h2"`},
		{"none of those that are offered", &tls.Config{Certificates: []tls.Certificate{good}, NextProtos: []string{"h2"}}, `{tls: {address: ADDRESS, alpn: mqtt}, expect: {alpn: mqtt}}`, `failed: tls ADDRESS: the server refused the TLS handshake: no application protocol`},
		{"a name without a value", with(good, 0, 0), `{tls: ADDRESS, expect: {names: "{{ green.host }}"}}`, "inconclusive: tls ADDRESS: plan.yaml:1:43: {{ green.host }}: it has no value"},
		{"a file that isn't there", with(good, 0, 0), `tls: {address: ADDRESS, ca: none.pem}`, `inconclusive: tls ADDRESS: tls.ca: reading the file "none.pem": no such file or directory`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			address := serve(t, tt.server)
			src := strings.NewReplacer("ADDRESS", `"`+address+`"`, "OTHER", strconv.Quote(networktest.NewAuthority(t, "Other CA").PEM())).Replace(tt.src)
			got := strings.ReplaceAll(ask(t, src, network.Network{Roots: ca.Pool()}, check.Scope{}), address, "ADDRESS")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTheCertificateOfAClientIsShownAndItsRefusalHeard(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	n := network.Network{Roots: ca.Pool()}
	cert, key := networktest.Pair(t, ca.Sign(t, networktest.Template("client")))
	otherCert, otherKey := networktest.Pair(t, networktest.NewAuthority(t, "Other CA").Sign(t, networktest.Template("client")))
	for version, most := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		address := serve(t, &tls.Config{
			Certificates: []tls.Certificate{ca.Sign(t, networktest.Template("green"))}, MaxVersion: most,
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
		})
		for _, tt := range []struct{ why, src, want string }{
			{"with one that it knows", `tls: {address: ADDRESS, cert: ` + cert + `, key: ` + key + `}`, "passed"},
			{"without one", `tls: ADDRESS`, "failed, to be retried: tls ADDRESS: the server asked for a client's certificate, and closed the connection without one; tls: {cert: …, key: …} sends one"},
			{"with another's", `tls: {address: ADDRESS, cert: ` + otherCert + `, key: ` + otherKey + `}`, "failed, to be retried: tls ADDRESS: the server asked for a client's certificate, and closed the connection after that of tls.cert"},
		} {
			t.Run(version+" "+tt.why, func(t *testing.T) {
				got := strings.ReplaceAll(ask(t, strings.ReplaceAll(tt.src, "ADDRESS", `"`+address+`"`), n, check.Scope{}), address, "ADDRESS")
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}

func TestVersionsAreRefusedInSeveralWays(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	cert := ca.Sign(t, networktest.Template("green"))
	var connections atomic.Int32
	// handshake makes the first one, and has the others end in another way.
	handshake := func(then func(conn net.Conn, nth int32)) string {
		connections.Store(0)
		return networktest.Serve(t, func(conn net.Conn) {
			if nth := connections.Add(1); nth > 1 {
				then(conn, nth)
				return
			}
			_, _ = io.Copy(io.Discard, tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}))
		})
	}
	hello := func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4<<10)) }
	for _, tt := range []struct {
		why  string
		then func(net.Conn, int32)
		want string
	}{
		{"by closing the connection, twice", func(conn net.Conn, _ int32) { hello(conn) }, "passed"},
		{"by an alert, once the connection was closed", func(conn net.Conn, nth int32) {
			hello(conn)
			if nth > 2 {
				_, _ = conn.Write([]byte{21, 3, 1, 0, 2, 2, 70}) // fatal, protocol_version (RFC 5246, 7.2)
			}
		}, "passed"},
		{"offered, once the connection was closed by chance", func(conn net.Conn, nth int32) {
			if nth == 2 {
				hello(conn)
				return
			}
			_, _ = io.Copy(io.Discard, tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10}))
		}, "failed: tls ADDRESS: version 1.0 is offered, expected refused"},
		{"words of another protocol are no refusal", func(conn net.Conn, _ int32) {
			hello(conn)
			_, _ = io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\n")
		}, "failed: tls ADDRESS: whether 1.0 is refused: the server doesn't speak TLS on this port"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			address := handshake(tt.then)
			got := ask(t, `{tls: "`+address+`", expect: {refuses: 1.0}}`, network.Network{Roots: ca.Pool()}, check.Scope{})
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(got, address, "ADDRESS")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Missing data never passes: a handshake that doesn't come to its end proves nothing, neither that a version is refused.
func TestWhatGivesNoAnswerIsInconclusive(t *testing.T) {
	for _, tt := range []struct {
		why    string
		handle func(net.Conn)
		want   string
	}{
		{"it hangs", func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, "inconclusive, to be retried: tls green:443: no answer within 5s (connected, in the TLS handshake)"},
		{"it is closed", func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }, "inconclusive, to be retried: tls green:443: the connection was closed before an answer"},
		{"it isn't TLS", func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4<<10))
			_, _ = io.WriteString(conn, "SSH-2.0-x\r\n")
			_, _ = io.Copy(io.Discard, conn)
		}, "failed: tls green:443: the server doesn't speak TLS on this port"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					go func() {
						tt.handle(server)
						_ = server.Close()
					}()
					return client, nil
				}}
				c, err := networktest.Decode(tlscheck.Kind(n), `{tls: green, expect: {refuses: [1.0]}}`)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), tlscheck.DefaultTimeout)
				defer cancel()
				if diff := cmp.Diff(tt.want, networktest.Outcome(c.Run(ctx, check.Scope{}))); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
	refused := networktest.Silent(t)
	if got, want := ask(t, `tls: `+refused, network.Network{}, check.Scope{}), "inconclusive, to be retried: tls "+refused+": connection refused"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGreenIsAskedByTheNameOfItsRule(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	named := networktest.Template("green")
	named.IPAddresses, named.DNSNames = nil, []string{"shop.example"}
	address := serve(t, &tls.Config{Certificates: []tls.Certificate{ca.Sign(t, named)}})
	scope := check.Scope{Green: check.Side{URL: "https://" + address, Host: "shop.example:8443"}}
	if got := ask(t, `tls: {}`, network.Network{Roots: ca.Pool()}, scope); got != "passed" {
		t.Error(got)
	}
}

func TestWhatIsWrongWithACheckIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ why, src, want string }{
		{"a host alone has the port of https", `tls: shop.example`, ""},
		{"a version is one of TLS's", `{tls: a, expect: {version: 3}}`, `1:28: version: "3" is not a version of TLS, nor a comparison with one: write 1.3, or >= 1.2`},
		{"without its name", `{tls: a, expect: {version: TLSv1.2}}`, `1:28: version: "TLSv1.2" is not a version of TLS, nor a comparison with one: write 1.3, or >= 1.2`},
		{"no expression matches it", `{tls: a, expect: {version: ~ 1.2}}`, `1:28: version: "~ 1.2" is not a version of TLS, nor a comparison with one: write 1.3, or >= 1.2`},
		{"refused ones are versions too", `{tls: a, expect: {refuses: [1.0, 1.4]}}`, `1:34: refuses: unknown version of TLS "1.4": did you mean "1.0"?`},
		{"each once", `{tls: a, expect: {refuses: [1.0, 1.0]}}`, `1:28: refuses: 1.0 stands there twice`},
		{"what is left is compared", `{tls: a, expect: {expires: 14d}}`, `1:28: expires: write the time that must be left as a comparison: > 14d`},
		{"certificate and key go together", `tls: {address: a, cert: x.pem}`, `1:25: tls: cert: the certificate needs its key: add key`},
		{"a key is known or wrong", `{tls: a, expect: {expire: "> 1d"}}`, `1:19: expect: unknown key "expire": did you mean "expires"?`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := networktest.Decode(tlscheck.Kind(network.Network{}), tt.src)
			if diff := cmp.Diff(tt.want, networktest.Problems(err)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

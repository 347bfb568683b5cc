package tcpcheck_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
	tcpcheck "github.com/greenlight-deploy/greenlight/internal/check/tcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(t *testing.T, src string, n network.Network, scope check.Scope) check.Result {
	t.Helper()
	return networktest.Ask(t, tcpcheck.Kind(n), src, scope)
}

// mail is a server that speaks as much of SMTP as the tests need, with TLS where there is a certificate.
func mail(cert *tls.Certificate) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, "220-shop.example\r\n220 ready\r\n")
		lines := bufio.NewReader(conn)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			switch command := strings.TrimSpace(line); command {
			case "STARTTLS":
				_, _ = io.WriteString(conn, "220 go ahead\r\n")
				secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert}})
				conn, lines = secured, bufio.NewReader(secured)
			case "QUIT":
				_, _ = io.WriteString(conn, "221 bye\r\n")
				return
			default:
				_, _ = fmt.Fprintf(conn, "250-%s\r\n250-STARTTLS\r\n250 ok\r\n", command)
			}
		}
	}
}

func TestAConversationIsJudgedByItsLines(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	cert := ca.Sign(t, networktest.Template("mail"))
	address := networktest.Serve(t, mail(&cert))
	n := network.Network{Roots: ca.Pool()}
	for _, tt := range []struct{ why, src, want string }{
		{"that it can be made is enough", `tcp: ADDRESS`, "passed"},
		{"a banner is the first line", `{tcp: ADDRESS, expect: {banner: 220-shop.example, duration: < 1m}}`, "passed"},
		{"or one that matches", `{tcp: ADDRESS, expect: {banner: ~ ready$}}`, "passed"},
		{"a literal is compared with the first line alone", `{tcp: ADDRESS, expect: {banner: 220 ready}}`, `failed: tcp ADDRESS: the banner is "220-shop.example", expected "220 ready"`},
		{"so is what must differ", `{tcp: ADDRESS, expect: {banner: "!= 220-shop.example"}}`, `failed: tcp ADDRESS: the banner is "220-shop.example", expected != "220-shop.example"`},
		{"an answer comes after what is sent", `{tcp: {address: ADDRESS, send: "HELP\r\n"}, expect: {banner: ~ ^220 , answer: ~ ^250-HELP}}`, "passed"},
		{"bytes are sent as base64", `{tcp: {address: ADDRESS, send: {base64: SEVMUA0K}}, expect: {answer: ~ ^250-HELP$}}`, "passed"},
		{"and in hexadecimal", `{tcp: {address: ADDRESS, send: {hex: 48 45 4c50 0D0a}}, expect: {answer: ~ ^250-HELP$}}`, "passed"},
		{"a name is filled in", `{tcp: {address: ADDRESS, send: "{{ token }}\n"}, expect: {answer: ~ 250-s3cret}}`, "passed"},
		{"what never matches is wrong once the server is done", `{tcp: {address: ADDRESS, send: "QUIT\r\n"}, expect: {answer: ~ ^250}}`, `failed: tcp ADDRESS: the answer is "220-shop.example\r\n220 ready\r\n221 bye\r\n", after which the connection was closed, expected ~ ^250`},
		{"turns go on where the last one ended", `tcp: {address: ADDRESS, exchange: [{expect: ~ ^220 }, {send: "A\r\n", expect: ~ ^250-STARTTLS}, {expect: 250 ok}, {send: "B\r\n", expect: 250-B}]}`, "passed"},
		{"a turn is named by its place", `tcp: {address: ADDRESS, exchange: [{expect: ~ ready}, {send: "A\r\n", expect: 251}]}`, `failed: tcp ADDRESS: the answer of step 2 is "250-A", expected "251"`},
		{"a sequence may begin TLS", `{tcp: {address: ADDRESS, exchange: [{expect: ~ ready}, {send: "STARTTLS\r\n", expect: ~ ^220 , starttls: true}, {send: "EHLO x\r\n", expect: ~ ^250-EHLO}]}, expect: {certificate: {expires: "> 14d", issuer: Test CA}}}`, "passed"},
		{"its certificate is judged", `{tcp: {address: ADDRESS, exchange: [{expect: ~ ready}, {send: "STARTTLS\r\n", expect: ~ ^220 , starttls: true}]}, expect: {certificate: {names: other.example}}}`, `failed: tcp ADDRESS: certificate is for 127.0.0.1, expected "other.example"`},
		{"what comes before the handshake could be anybody's", `tcp: {address: ADDRESS, exchange: [{expect: 220-shop.example, starttls: true}]}`, `failed: tcp ADDRESS: before the TLS handshake the server said "220 ready\r\n", out of turn`},
		{"too much time", `{tcp: ADDRESS, expect: {banner: ~ ^220, duration: < 1us}}`, "failed: tcp ADDRESS: duration is TIME, expected < 1us"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := networktest.Outcome(ask(t, strings.ReplaceAll(tt.src, "ADDRESS", address), n, check.Scope{}))
			got = strings.ReplaceAll(got, address, "ADDRESS")
			if before, after, found := strings.Cut(got, "duration is "); found {
				_, after, _ = strings.Cut(after, ",")
				got = before + "duration is TIME," + strings.Replace(after, "1µs", "1us", 1)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhereACheckConnectsByDefault(t *testing.T) {
	address := networktest.Serve(t, func(net.Conn) {})
	host, port, _ := net.SplitHostPort(address)
	refused := networktest.Silent(t)
	for _, tt := range []struct{ why, src, green, want string }{
		{"green's host and port", `tcp: {}`, "http://" + address + "/base", "passed"},
		{"a port of green's host", `tcp: :` + port, "http://" + host + ":1", "passed"},
		{"which is a number as well", `tcp: ` + port, "http://" + host + ":1", "passed"},
		{"another server", `tcp: ` + address, "", "passed"},
		{"that a name leads to", `tcp: "{{ token }}:` + port + `"`, "", `inconclusive, to be retried: tcp s3cret:` + port + `: no such host "s3cret"`},
		{"nothing is known of green", `tcp: :80`, "", "inconclusive: tcp :80: where green answers: it has no value"},
		{"nothing listens", `tcp: ` + refused, "", "inconclusive, to be retried: tcp " + refused + ": connection refused"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			n := network.Network{Dial: func(ctx context.Context, kind, to string) (net.Conn, error) {
				if strings.HasPrefix(to, "s3cret") {
					return nil, &net.DNSError{Name: "s3cret", IsNotFound: true}
				}
				return new(net.Dialer).DialContext(ctx, kind, to)
			}}
			got := networktest.Outcome(ask(t, tt.src, n, check.Scope{Green: check.Side{URL: tt.green}}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Missing data never passes: what was expected and didn't come is one of these.
func TestWhatDoesNotComeIsNeverWhatWasExpected(t *testing.T) {
	hold := func(said string) func(net.Conn) {
		return func(conn net.Conn) {
			if said != "" {
				_, _ = io.WriteString(conn, said)
			}
			_, _ = io.Copy(io.Discard, conn)
		}
	}
	say := func(said string) func(net.Conn) {
		return func(conn net.Conn) {
			if said != "" {
				_, _ = io.WriteString(conn, said)
			}
		}
	}
	for _, tt := range []struct {
		why, expect string
		handle      func(net.Conn)
		want        string
	}{
		{"nothing is said", "~ .", hold(""), "inconclusive, to be retried: no answer within 2s (connected, waiting for the banner)"},
		{"nothing is said, which differs from a word", `"!= ERR"`, hold(""), "inconclusive, to be retried: no answer within 2s (connected, waiting for the banner)"},
		{"the connection is closed at once", "~ .", say(""), "inconclusive, to be retried: the connection was closed before an answer"},
		{"an empty line", "~ .", say("\r\n"), `failed: the banner is "\r\n", after which the connection was closed, expected ~ .`},
		{"half of a line", "OK", hold("O"), "inconclusive, to be retried: no answer within 2s (connected, waiting for the banner)"},
		{"half of a line, and the end", "OK", say("O"), `failed: the banner is "O", after which the connection was closed, expected "OK"`},
		{"a last line without an end", "OK", say("OK"), "passed"},
		{"a whole line that isn't it", "~ ^2", hold("500 no\n"), `failed: the banner is "500 no\n", and nothing more came within 2s, expected ~ ^2`},
		{"two lines that match only together", "~ (?s)^a.b", say("a\nb\n"), `failed: the banner is "a\nb\n", after which the connection was closed, expected ~ (?s)^a.b`},
		{"no number", `"> 5"`, say("many\n"), `failed: the banner is "many", which is not a number, expected > 5`},
		{"not a number", `"> 5"`, say("NaN\n"), `failed: the banner is "NaN", which is not a number, expected > 5`},
		{"no bytes", "{hex: ??}", hold(""), "inconclusive, to be retried: no answer within 2s (connected, waiting for the banner)"},
		{"no bytes, and the end", "{hex: ??}", say(""), "inconclusive, to be retried: the connection was closed before an answer"},
		{"some of the bytes", "{hex: 4f ?? ??}", hold("OK"), "inconclusive, to be retried: no answer within 2s (connected, waiting for the banner)"},
		{"some of the bytes, and the end", "{hex: 4f ?? ??}", say("OK"), `failed: the banner is 4f 4b, after which the connection was closed, expected 4f ?? ??`},
		{"a byte that isn't it", "{hex: 4f 4c ??}", hold("OK"), `failed: the banner is 4f 4b (byte 2 differs), expected 4f 4c ??`},
		{"bytes that are no text", "{base64: AP8K}", say("\x00\xff\n"), "passed"},
		{"more bytes than are expected", "{hex: 4f 4b}", hold("OK, and more"), "passed"},
		{"one of many bytes", "{hex: '" + strings.Repeat("00", 40) + "'}", say(strings.Repeat("\x00", 30) + "\x01 and more"), "failed: the banner is … " + strings.Repeat("00 ", 14) + "01 20 61 6e 64 20 6d 6f 72 65 (byte 31 differs), expected … " + strings.Repeat("00 ", 24)[:71]},
		{"more bytes than are read", "{hex: '" + strings.Repeat("78", tcpcheck.MaxAnswer+1) + "'}", say(strings.Repeat("x", tcpcheck.MaxAnswer+1)), "failed: the banner is … " + strings.Repeat("78 ", 24)[:71] + ", and over 64 KiB came, the most that is read, expected … " + strings.Repeat("78 ", 24)[:71]},
		{"too much of it", "~ ready", say(strings.Repeat("x", tcpcheck.MaxAnswer+1)), `failed: the banner is "` + strings.Repeat("x", 79) + `…", and over 64 KiB came, the most that is read, expected ~ ready`},
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
				c, err := networktest.Decode(tcpcheck.Kind(n), "{tcp: \"green:1\", expect: {banner: "+tt.expect+"}}")
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				got := strings.Replace(networktest.Outcome(c.Run(ctx, check.Scope{})), "tcp green:1: ", "", 1)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// postgres answers as a server of PostgreSQL does that speaks TLS: to a request of eight bytes with one letter, without an end of
// line, before the handshake; and to what follows with an error and a number of its own.
func postgres(cert tls.Certificate) func(net.Conn) {
	return func(conn net.Conn) {
		request := make([]byte, 8)
		if _, err := io.ReadFull(conn, request); err != nil || string(request) != "\x00\x00\x00\x08\x04\xd2\x16\x2f" {
			_, _ = io.WriteString(conn, "N")
			return
		}
		_, _ = io.WriteString(conn, "S")
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		if _, err := io.ReadFull(secured, request); err == nil {
			_, _ = io.WriteString(secured, "R\x00\x00\x00\x08\x00\x00\x00\x05more\n")
			_, _ = io.Copy(io.Discard, secured)
		}
	}
}

func TestBytesAreExpectedInTurns(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	address := networktest.Serve(t, postgres(ca.Sign(t, networktest.Template("db"))))
	n := network.Network{Roots: ca.Pool()}
	const ask8, start = `{send: {hex: 00 00 00 08 04 d2 16 2f}, expect: {hex: "53"}, starttls: true}`, `send: {hex: 00 00 00 08 00 03 00 00}`
	for _, tt := range []struct{ why, src, want string }{
		{"a byte without an end of line, before TLS", `tcp: {address: ADDRESS, exchange: [` + ask8 + `]}`, "passed"},
		{"another one", `tcp: {address: ADDRESS, exchange: [{send: {hex: 00 00 00 08 04 d2 16 30}, expect: {hex: "53"}, starttls: true}]}`, `failed: tcp ADDRESS: the answer of step 1 is 4e (byte 1 differs), expected 53`},
		{"some of them may be any", `tcp: {address: ADDRESS, exchange: [` + ask8 + `, {` + start + `, expect: {hex: 52 00 00 00 ?? ?? ?? ?? 05}}]}`, "passed"},
		{"what follows is the next turn's, bytes or a line", `tcp: {address: ADDRESS, exchange: [` + ask8 + `, {` + start + `, expect: {hex: 52 00 00 00 08}}, {expect: {base64: AAAABQ==}}, {expect: more}]}`, "passed"},
		{"what a name stands for is bytes as well", `tcp: {exchange: [{send: {hex: "{{ token }}"}}], address: ADDRESS}`, `inconclusive: tcp ADDRESS: plan.yaml:1:31: hex: "s3" is no byte: a byte is two hexadecimal digits, as in 0a`},
		{"also where they are expected", `tcp: {exchange: [{expect: {base64: "{{ token }}"}}], address: ADDRESS}`, `inconclusive: tcp ADDRESS: plan.yaml:1:36: base64: illegal base64 data at input byte 4`},
		{"where it is wrong too", `tcp: {address: ADDRESS, exchange: [` + ask8 + `, {` + start + `, expect: {hex: 52 00 00 00 08}}, {expect: {base64: AAAABg==}}]}`, `failed: tcp ADDRESS: the answer of step 3 is 00 00 00 05 (byte 4 differs), expected 00 00 00 06`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := networktest.Outcome(ask(t, strings.ReplaceAll(tt.src, "ADDRESS", address), n, check.Scope{}))
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(got, address, "ADDRESS")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAConversationEndsWhenItIsCancelled(t *testing.T) {
	address := networktest.Serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := network.Network{Dial: func(ctx context.Context, kind, to string) (net.Conn, error) {
		defer cancel()
		return new(net.Dialer).DialContext(ctx, kind, to)
	}}
	c, err := networktest.Decode(tcpcheck.Kind(cancelled), `{tcp: `+address+`, expect: {banner: ~ .}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := networktest.Outcome(c.Run(ctx, check.Scope{})); got != "inconclusive: tcp "+address+": cancelled before there was an answer" {
		t.Error(got)
	}
}

func TestTLSMayBeginAtOnce(t *testing.T) {
	ca := networktest.NewAuthority(t, "Test CA")
	cert := ca.Sign(t, networktest.Template("redis"))
	address := networktest.Serve(t, func(conn net.Conn) {
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		if line, err := bufio.NewReader(secured).ReadString('\n'); err == nil && line == "PING\r\n" {
			_, _ = io.WriteString(secured, "+PONG\r\n")
		}
	})
	src := `{tcp: {address: ` + address + `, send: "PING\r\n", tls: {ca: ` + strconv.Quote(ca.PEM()) + `}}, expect: {answer: +PONG, certificate: {names: 127.0.0.1}}}`
	if got := networktest.Outcome(ask(t, src, network.Network{}, check.Scope{})); got != "passed" {
		t.Error(got)
	}
	got := networktest.Outcome(ask(t, `tcp: {address: `+address+`, tls: {}}`, network.Network{}, check.Scope{}))
	if want := `failed: tcp ` + address + `: the certificate is signed by "Test CA", which is not trusted here; tls: {ca: …} trusts it`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	plain := networktest.Serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "220 ready for plain words\r\n")
		_, _ = io.Copy(io.Discard, conn)
	})
	got = networktest.Outcome(ask(t, `tcp: {address: `+plain+`, tls: {}}`, network.Network{}, check.Scope{}))
	if want := "failed: tcp " + plain + ": the server doesn't speak TLS on this port"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsWrongWithACheckIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ why, src, want string }{
		{"an address has a port", `tcp: shop.example`, `1:6: tcp: "shop.example" has no port: write host:port, or a port of green's host as in :5432`},
		{"that can be connected to", `tcp: shop:0`, `1:6: tcp: "shop:0" has the port "0"; ports go from 1 to 65535`},
		{"as a number", `tcp: shop:smtp`, `1:6: tcp: "shop:smtp" has the port "smtp"; ports go from 1 to 65535`},
		{"also where it is a number alone", `tcp: 65536`, `1:6: tcp: "65536" has the port "65536"; ports go from 1 to 65535`},
		{"IPv6 stands in brackets", `tcp: "::1:80"`, `1:6: tcp: "::1:80" is not host:port: an address of IPv6 stands in brackets, as in [::1]:5432`},
		{"a URL is none", `tcp: http://shop:80`, `1:6: tcp: "http://shop:80" is a URL: write host:port`},
		{"nor is a path", `tcp: "shop/a:80"`, `1:6: tcp: "shop/a:80" is not host:port`},
		{"a variable may be the port", `tcp: ":{{ vars.port }}"`, ``},
		{"a list is no address", `tcp: [a]`, `1:6: tcp: expected host:port, or a port of green's host as in :5432, found a list`},
		{"an answer answers something", `{tcp: ":1", expect: {answer: x}}`, `1:30: answer: nothing is sent that it could answer: write send; what a server says unasked is its banner`},
		{"an exchange has its own expectations", `{tcp: {exchange: [{expect: x}]}, expect: {banner: x}}`, `1:51: banner: the check has an exchange: write it as the expect of its first step`},
		{"and its own sending", `tcp: {exchange: [{expect: x}], send: x}`, `1:38: tcp: send: the check has an exchange: write what is sent into its steps`},
		{"it isn't empty", `tcp: {exchange: []}`, `1:17: tcp: exchange: the list is empty`},
		{"nor are its steps", `tcp: {exchange: [{}]}`, `1:18: tcp: the step says nothing: write send, expect or starttls`},
		{"TLS begins once", `tcp: {exchange: [{starttls: true}, {starttls: true}]}`, `1:36: tcp: starttls: the connection is one of TLS already`},
		{"a certificate is one of TLS", `{tcp: ":1", expect: {certificate: {names: a}}}`, `1:35: certificate: the connection isn't one of TLS: write tls: {}, or starttls in a step`},
		{"base64 is one", `tcp: {send: {base64: "?"}}`, `1:22: send: base64: illegal base64 data at input byte 0`},
		{"and isn't empty", `tcp: {send: {base64: ""}}`, `1:22: send: base64: there are no bytes`},
		{"nor a number, of which YAML makes another text", `tcp: {send: {base64: 1e10}}`, `1:22: send: base64: quote it: "1e10"; unquoted it is the number 1e10 in YAML`},
		{"hexadecimal digits are some", `tcp: {send: {hex: "00 0g"}}`, `1:23: send: hex: "0g" is no byte: a byte is two hexadecimal digits, as in 0a`},
		{"without a prefix", `tcp: {send: {hex: "0x00"}}`, `1:20: send: hex: "0x" is no byte: a byte is two hexadecimal digits, as in 0a`},
		{"two to a byte", `tcp: {send: {hex: 00 1 22}}`, `1:22: send: hex: "1" is half of a byte: a byte is two hexadecimal digits, as in 0a`},
		{"also at the end, and in other scripts", `tcp: {send: {hex: 001é}}`, `1:21: send: hex: "1é" is no byte: a byte is two hexadecimal digits, as in 0a`},
		{"on the line where it is", "tcp:\n  send:\n    hex: |\n      00 11\n      22 3\n", `5:10: send: hex: "3" is half of a byte: a byte is two hexadecimal digits, as in 0a`},
		{"a number is quoted", `tcp: {send: {hex: 53}}`, `1:19: send: hex: quote it: "53"; unquoted it is the number 53 in YAML`},
		{"there are some", `tcp: {send: {hex: " "}}`, `1:20: send: hex: there are no bytes`},
		{"what is sent is known", `tcp: {send: {hex: 00 ??}}`, `1:22: send: hex: ?? is any byte, which can be expected, and not be sent`},
		{"bytes are written once", `tcp: {send: {hex: 0a, base64: AA==}}`, `1:13: send: the bytes are written twice: write one of hex and base64`},
		{"they are written", `tcp: {send: {}}`, `1:13: send: no bytes are written: write hex or base64`},
		{"as either of them", `tcp: {send: {bytes: a}}`, "1:13: send: no bytes are written: write hex or base64\n1:14: send: unknown key \"bytes\": valid here: base64, hex"},
		{"the same of what is expected", `{tcp: ":1", expect: {banner: {hex: 0}}}`, `1:36: banner: hex: quote it: "0"; unquoted it is the number 0 in YAML`},
		{"of which some may be any, and no half", `{tcp: ":1", expect: {banner: {hex: 00 ?? 1?}}}`, `1:42: banner: hex: "1?" is no byte: a byte is two hexadecimal digits, as in 0a`},
		{"and in a step", `tcp: {exchange: [{expect: {base64: A}}]}`, `1:36: expect: base64: illegal base64 data at input byte 0`},
		{"a key is known or wrong", `tcp: {adr: a}`, `1:7: tcp: unknown key "adr": valid here: address, exchange, send, tls`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := networktest.Decode(tcpcheck.Kind(network.Network{}), tt.src)
			if diff := cmp.Diff(tt.want, networktest.Problems(err)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

func TestAReportShowsTheConnection(t *testing.T) {
	address := networktest.Serve(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "hello\n") })
	got := ask(t, `{tcp: `+address+`, expect: {banner: hello}}`, network.Network{}, check.Scope{}).Requests
	if len(got) != 1 || got[0].Method != "CONNECT" || got[0].URL != "tcp://"+address || got[0].Remote != address || got[0].Size != 6 || got[0].Timings.Connect <= 0 {
		t.Errorf("the report has %+v", got)
	}
}

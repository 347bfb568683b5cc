package dnscheck_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/greenlight-deploy/greenlight/internal/check"
	dnscheck "github.com/greenlight-deploy/greenlight/internal/check/dns"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/check/network/networktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reply makes an answer of a question; nil: none. Over says by which protocol it came.
type reply func(asked dnsmessage.Message, over string) []byte

// serveDNS answers on one port of loopback over UDP and TCP.
func serveDNS(t *testing.T, answer reply) string {
	t.Helper()
	var packets net.PacketConn
	var listener net.Listener
	for range 20 {
		var err error
		if packets, err = (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", packets.LocalAddr().String()); err == nil {
			break
		}
		_ = packets.Close()
	}
	var all sync.WaitGroup
	all.Go(func() {
		buffer := make([]byte, 4<<10)
		for {
			n, from, err := packets.ReadFrom(buffer)
			if err != nil {
				return
			}
			if a := answer(unpack(t, buffer[:n]), "udp"); a != nil {
				_, _ = packets.WriteTo(a, from)
			}
		}
	})
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var length [2]byte
			_, _ = io.ReadFull(conn, length[:])
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			_, _ = io.ReadFull(conn, question)
			if a := answer(unpack(t, question), "tcp"); a != nil {
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...))
			}
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_, _ = packets.Close(), listener.Close()
		all.Wait()
	})
	return packets.LocalAddr().String()
}

func unpack(t *testing.T, question []byte) dnsmessage.Message {
	t.Helper()
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		t.Errorf("the question can't be read: %v", err)
	}
	return m
}

// zone holds what the peer knows, by type and name; each is at most 300 seconds old.
func zone(t *testing.T) map[string][]dnsmessage.ResourceBody {
	t.Helper()
	name := dnsmessage.MustNewName
	a := func(s string) dnsmessage.ResourceBody { return &dnsmessage.AResource{A: netip.MustParseAddr(s).As4()} }
	many := make([]dnsmessage.ResourceBody, 300)
	for i := range many {
		many[i] = &dnsmessage.AResource{A: [4]byte{10, 1, byte(i >> 8), byte(i)}}
	}
	return map[string][]dnsmessage.ResourceBody{
		"TypeA shop.example.":             {a("10.0.0.1"), a("10.0.0.2")},
		"TypeA one.example.":              {a("10.0.0.1")},
		"TypeA many.example.":             many,
		"TypeA www.shop.example.":         {&dnsmessage.CNAMEResource{CNAME: name("Shop.example.")}},
		"TypeA loop.example.":             {&dnsmessage.CNAMEResource{CNAME: name("loop.example.")}},
		"TypeA dangling.example.":         {&dnsmessage.CNAMEResource{CNAME: name("gone.example.")}},
		"TypeCNAME www.shop.example.":     {&dnsmessage.CNAMEResource{CNAME: name("Shop.example.")}},
		"TypeAAAA shop.example.":          {&dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::1").As16()}},
		"TypeMX shop.example.":            {&dnsmessage.MXResource{Pref: 10, MX: name("mail.shop.example.")}},
		"TypeTXT shop.example.":           {&dnsmessage.TXTResource{TXT: []string{"v=spf1 ", "-all"}}},
		"TypeNS shop.example.":            {&dnsmessage.NSResource{NS: name("ns1.shop.example.")}},
		"TypeSRV _sip._tcp.shop.example.": {&dnsmessage.SRVResource{Priority: 1, Weight: 5, Port: 5060, Target: name("sip.shop.example.")}},
		"TypePTR 1.0.0.10.in-addr.arpa.":  {&dnsmessage.PTRResource{PTR: name("shop.example.")}},
		"TypeSOA shop.example.":           {&dnsmessage.SOAResource{NS: name("ns1.shop.example."), MBox: name("root.shop.example."), Serial: 7, Refresh: 1, Retry: 2, Expire: 3, MinTTL: 4}},
		"257 shop.example.":               {&dnsmessage.UnknownResource{Type: 257, Data: []byte("\x00\x05issueamazon.com")}},
		"TypeHTTPS shop.example.": {
			&dnsmessage.HTTPSResource{SVCBResource: dnsmessage.SVCBResource{Priority: 1, Target: name("."), Params: []dnsmessage.SVCParam{
				{Key: dnsmessage.SVCParamALPN, Value: []byte("\x02h2\x02h3")}, {Key: dnsmessage.SVCParamIPv4Hint, Value: []byte{10, 0, 0, 1}},
			}}},
			&dnsmessage.HTTPSResource{SVCBResource: dnsmessage.SVCBResource{Priority: 2, Target: name("CDN.shop.example."), Params: []dnsmessage.SVCParam{
				{Key: dnsmessage.SVCParamPort, Value: []byte{0x20, 0xfb}},
			}}},
		},
		"TypeSVCB _dns.shop.example.": {&dnsmessage.SVCBResource{
			Priority: 1, Target: name("dns.shop.example."), Params: []dnsmessage.SVCParam{{Key: dnsmessage.SVCParamALPN, Value: []byte("\x03dot")}},
		}},
		"TypeMX nomail.example.": {&dnsmessage.MXResource{MX: name(".")}},
		"TypeTXT empty.example.": {},
	}
}

// respond makes an answer.
func respond(t *testing.T, asked dnsmessage.Message, change func(*dnsmessage.Message), bodies ...dnsmessage.ResourceBody) []byte {
	t.Helper()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: asked.ID, Response: true, RecursionAvailable: true},
		Questions: asked.Questions,
	}
	owner := asked.Questions[0].Name
	for _, b := range bodies {
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: owner, Class: dnsmessage.ClassINET, TTL: 300}, Body: b})
		if alias, ok := b.(*dnsmessage.CNAMEResource); ok {
			owner = alias.CNAME
		}
	}
	if change != nil {
		change(&m)
	}
	packed, err := m.Pack()
	if err != nil {
		t.Errorf("packing an answer: %v", err)
	}
	return packed
}

// known answers from the zone; what isn't in it doesn't exist.
func known(t *testing.T) reply {
	t.Helper()
	records := zone(t)
	return func(asked dnsmessage.Message, over string) []byte {
		q := asked.Questions[0]
		bodies, exists := records[q.Type.String()+" "+strings.ToLower(q.Name.String())]
		if len(bodies) == 1 && q.Type == dnsmessage.TypeA {
			if alias, ok := bodies[0].(*dnsmessage.CNAMEResource); ok {
				bodies = append(bodies, records["TypeA "+strings.ToLower(alias.CNAME.String())]...)
			}
		}
		return respond(t, asked, func(m *dnsmessage.Message) {
			if !exists {
				m.RCode = dnsmessage.RCodeNameError
			}
			if over == "udp" && len(m.Answers) > 50 {
				m.Truncated, m.Answers = true, m.Answers[:1]
			}
		}, bodies...)
	}
}

func kindOf(servers ...string) check.Kind {
	return dnscheck.Kind(network.Network{}, func() ([]string, error) {
		if len(servers) == 0 {
			return nil, errors.New("the system has no server")
		}
		return servers, nil
	})
}

func ask(t *testing.T, src string, scope check.Scope, servers ...string) check.Result {
	t.Helper()
	return networktest.Ask(t, kindOf(servers...), src, scope)
}

func TestAnAnswerIsJudged(t *testing.T) {
	server := serveDNS(t, known(t))
	for _, tt := range []struct{ why, src, want string }{
		{"that there is a record is enough", `dns: shop.example`, "passed"},
		{"of any type", `dns: {name: shop.example, type: AAAA}`, "passed"},
		{"the values are all of them, in any order", `{dns: shop.example, expect: {values: [10.0.0.2, 10.0.0.1]}}`, "passed"},
		{"one is missing", `{dns: shop.example, expect: {values: [10.0.0.2, 10.0.0.1, 10.0.0.3]}}`, `failed: dns A shop.example at SERVER: A of shop.example is "10.0.0.1", "10.0.0.2", expected "10.0.0.3" among them`},
		{"one is too many", `{dns: shop.example, expect: {values: [10.0.0.1]}}`, `failed: dns A shop.example at SERVER: A of shop.example is "10.0.0.1", "10.0.0.2", expected without "10.0.0.2"`},
		{"all that are named are there, beside others", `{dns: shop.example, expect: {values: {all: [10.0.0.1]}}}`, "passed"},
		{"one of those that are named", `{dns: shop.example, expect: {values: {any: [10.9.9.9, ~ ^10\.0\.]}}}`, "passed"},
		{"none of those that are named", `{dns: shop.example, expect: {values: {any: [10.9.9.9, 10.9.9.8]}}}`, `failed: dns A shop.example at SERVER: A of shop.example is "10.0.0.1", "10.0.0.2", expected one of "10.9.9.9", "10.9.9.8"`},
		{"nothing but", `{dns: shop.example, expect: {values: {only: [~ ^10\.]}}}`, "passed"},
		{"each of them", `{dns: shop.example, expect: {values: "!= 10.0.0.2"}}`, `failed: dns A shop.example at SERVER: A of shop.example is "10.0.0.2", expected != "10.0.0.2"`},
		{"their number", `{dns: shop.example, expect: {count: ">= 3"}}`, `failed: dns A shop.example at SERVER: the number of A of shop.example is 2, expected >= 3`},
		{"their time", `{dns: shop.example, expect: {ttl: "<= 60s"}}`, `failed: dns A shop.example at SERVER: ttl of "10.0.0.1" is 5m, expected <= 1m; ttl of "10.0.0.2" is 5m, expected <= 1m`},
		{"all together", `{dns: shop.example, expect: {values: ~ ^10\., count: 2, ttl: "<= 5m", duration: < 1m}}`, "passed"},
		{"aliases are followed", `{dns: WWW.shop.example., expect: {values: [10.0.0.1, 10.0.0.2]}}`, "passed"},
		{"and shown where they are asked for", `{dns: {name: www.shop.example, type: CNAME}, expect: {values: shop.example}}`, "passed"},
		{"an alias that leads nowhere", `dns: dangling.example`, "failed: dns A dangling.example at SERVER: A of dangling.example is none, expected a record"},
		{"an alias that leads to itself", `dns: loop.example`, "failed: dns A loop.example at SERVER: A of loop.example is none, expected a record"},
		{"MX has its preference", `{dns: {name: shop.example, type: MX}, expect: {values: 10 mail.shop.example}}`, "passed"},
		{"the strings of TXT are one text", `{dns: {name: shop.example, type: TXT}, expect: {values: v=spf1 -all}}`, "passed"},
		{"NS", `{dns: {name: shop.example, type: NS}, expect: {values: ns1.shop.example}}`, "passed"},
		{"SRV", `{dns: {name: _sip._tcp.shop.example, type: SRV}, expect: {values: 1 5 5060 sip.shop.example}}`, "passed"},
		{"SOA", `{dns: {name: shop.example, type: SOA}, expect: {values: ns1.shop.example root.shop.example 7 1 2 3 4}}`, "passed"},
		{"PTR of an address", `{dns: {name: 10.0.0.1, type: PTR}, expect: {values: shop.example}}`, "passed"},
		{"a service has its parameters", `{dns: {name: shop.example, type: HTTPS}, expect: {values: ['1 . alpn=h2,h3 ipv4hint=10.0.0.1', 2 cdn.shop.example port=8443]}}`, "passed"},
		{"of which one alone may count", `{dns: {name: _dns.shop.example, type: SVCB}, expect: {values: {any: ["~ ^1 .* alpn=(.*,)?h3( |$)"]}}}`, `failed: dns SVCB _dns.shop.example at SERVER: SVCB of _dns.shop.example is "1 dns.shop.example alpn=dot", expected one of ~ ^1 .* alpn=(.*,)?h3( |$)`},
		{"a domain that takes no mail", `{dns: {name: nomail.example, type: MX}, expect: {values: 0 .}}`, "passed"},
		{"CAA", `{dns: {name: shop.example, type: CAA}, expect: {values: '0 issue "amazon.com"'}}`, "passed"},
		{"there is no such name", `dns: gone.example`, "failed: dns A gone.example at SERVER: the code of the answer is NXDOMAIN (there is no such name), expected NOERROR"},
		{"as it should be", `{dns: gone.example, expect: {rcode: NXDOMAIN}}`, "passed"},
		{"there is one that shouldn't be", `{dns: shop.example, expect: {rcode: NXDOMAIN}}`, "failed: dns A shop.example at SERVER: the code of the answer is NOERROR, expected NXDOMAIN"},
		{"what is long comes over TCP", `{dns: many.example, expect: {count: 300}}`, "passed"},
		{"a server of the plan", `dns: {name: shop.example, server: "SERVER"}`, "passed"},
		{"a name without a value", `{dns: shop.example, expect: {values: "{{ green.host }}"}}`, "inconclusive: dns A shop.example at SERVER: plan.yaml:1:39: {{ green.host }}: it has no value"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got := networktest.Outcome(ask(t, strings.ReplaceAll(tt.src, "SERVER", server), check.Scope{}, server))
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(got, server, "SERVER")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Missing data never passes: an answer without what is asked for is one of these, however the expectation reads.
func TestRecordsThatAreNotThereNeverPass(t *testing.T) {
	for _, tt := range []struct {
		why, expect string
		change      func(*dnsmessage.Message)
		want        string
	}{
		{"no record", `{}`, nil, "failed: A of a.example is none, expected a record"},
		{"no record, which differs from one", `{values: "!= 10.0.0.1"}`, nil, "failed: A of a.example is none, expected a record"},
		{"no record, and nothing else", `{values: {only: [10.0.0.1]}}`, nil, "failed: A of a.example is none, expected a record"},
		{"no record to have a ttl", `{count: 0, ttl: < 1m}`, nil, "failed: ttl of A of a.example is missing, expected a record"},
		{"no record, as the plan has it", `{count: 0}`, nil, "passed"},
		{"no record, and less than one is allowed", `{count: < 2, values: "!= 10.0.0.1"}`, nil, `failed: A of a.example is missing, expected != "10.0.0.1"`},
		{"a record of another type", `{}`, func(m *dnsmessage.Message) {
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET}, Body: &dnsmessage.AAAAResource{}}}
		}, "failed: A of a.example is none, expected a record"},
		{"a record of another name", `{}`, func(m *dnsmessage.Message) {
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("b.example."), Class: dnsmessage.ClassINET}, Body: &dnsmessage.AResource{}}}
		}, "failed: A of a.example is none, expected a record"},
		{"a record of another class", `{}`, func(m *dnsmessage.Message) {
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassCHAOS}, Body: &dnsmessage.AResource{}}}
		}, "failed: A of a.example is none, expected a record"},
		{"others are to be asked", `{}`, func(m *dnsmessage.Message) { m.RecursionAvailable = false }, "failed: A of a.example is none (the server names others to ask, and doesn't ask them itself), expected a record"},
		{"the server is refused its own answer", `{}`, func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeServerFailure }, "inconclusive, to be retried: the server failed to find out (SERVFAIL)"},
		{"which may be expected", `{rcode: SERVFAIL}`, func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeServerFailure }, "passed"},
		{"it isn't ours to ask", `{}`, func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeRefused }, "failed: the code of the answer is REFUSED (the server doesn't answer for this name, or not to us), expected NOERROR"},
		{"a code of later times", `{}`, func(m *dnsmessage.Message) { m.RCode = 9 }, "failed: the code of the answer is RCODE9, expected NOERROR"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			server := serveDNS(t, func(asked dnsmessage.Message, _ string) []byte { return respond(t, asked, tt.change) })
			got := networktest.Outcome(ask(t, `{dns: a.example, expect: `+tt.expect+`}`, check.Scope{}, server))
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(got, "dns A a.example at "+server+": ", "")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestServersThatDoNotAnswerAreAskedPast(t *testing.T) {
	good := serveDNS(t, known(t))
	ill := serveDNS(t, func(asked dnsmessage.Message, _ string) []byte {
		return respond(t, asked, func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeServerFailure })
	})
	away := networktest.SilentUDP(t)
	for _, tt := range []struct {
		why     string
		servers []string
		want    string
	}{
		{"nothing listens at the first", []string{away, good}, "passed"},
		{"the first fails", []string{ill, good}, "passed"},
		{"all fail, one of them in words", []string{ill, away}, "inconclusive, to be retried: dns A shop.example at " + ill + ": the server failed to find out (SERVFAIL)"},
		{"nothing listens at all", []string{away}, "inconclusive, to be retried: dns A shop.example at " + away + ": connection refused"},
		{"there is no server", nil, "inconclusive: dns A shop.example: the system has no server"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, networktest.Outcome(ask(t, `dns: shop.example`, check.Scope{}, tt.servers...))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestServersOfOldTimesAreAskedWithoutTheExtension(t *testing.T) {
	server := serveDNS(t, func(asked dnsmessage.Message, _ string) []byte {
		if len(asked.Additionals) > 0 {
			return respond(t, asked, func(m *dnsmessage.Message) { m.RCode, m.Questions = dnsmessage.RCodeFormatError, nil })
		}
		return respond(t, asked, nil, &dnsmessage.AResource{A: [4]byte{10, 0, 0, 1}})
	})
	if got := networktest.Outcome(ask(t, `dns: a.example`, check.Scope{}, server)); got != "passed" {
		t.Error(got)
	}
}

func TestMessagesThatAnswerOtherQuestionsAreNotTaken(t *testing.T) {
	right := func(asked dnsmessage.Message) []byte {
		return respond(t, asked, nil, &dnsmessage.AResource{A: [4]byte{10, 0, 0, 1}})
	}
	for _, tt := range []struct {
		why   string
		stray func(*dnsmessage.Message)
	}{
		{"another id", func(m *dnsmessage.Message) { m.ID++ }},
		{"a question", func(m *dnsmessage.Message) { m.Response = false }},
		{"another name", func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("evil.example.") }},
		{"another type", func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeMX }},
		{"no question", func(m *dnsmessage.Message) { m.Questions = nil }},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					go func() {
						question := make([]byte, 512)
						size, err := server.Read(question)
						if err != nil {
							return
						}
						asked := unpack(t, question[:size])
						stray := asked
						stray.Questions = append([]dnsmessage.Question(nil), asked.Questions...)
						packed := right(stray)
						var m dnsmessage.Message
						_ = m.Unpack(packed)
						m.Answers[0].Body = &dnsmessage.AResource{A: [4]byte{6, 6, 6, 6}}
						tt.stray(&m)
						packed, _ = m.Pack()
						_, _ = server.Write(packed)
						_, _ = server.Write(right(asked))
						_ = server.Close()
					}()
					return client, nil
				}}
				kind := dnscheck.Kind(n, func() ([]string, error) { return []string{"ns:53"}, nil })
				got := networktest.Outcome(networktest.Ask(t, kind, `{dns: a.example, expect: {values: 10.0.0.1}}`, check.Scope{}))
				if got != "passed" {
					t.Error(got)
				}
			})
		})
	}
}

func TestADatagramThatIsLostIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		n := network.Network{Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				question := make([]byte, 512)
				size, err := server.Read(question)
				if err != nil {
					return
				}
				if sent.Add(1) == 3 {
					_, _ = server.Write(respond(t, unpack(t, question[:size]), nil, &dnsmessage.AResource{}))
				}
				_, _ = io.Copy(io.Discard, server)
			}()
			return client, nil
		}}
		c, err := networktest.Decode(dnscheck.Kind(n, func() ([]string, error) { return []string{"ns:53"}, nil }), `dns: a.example`)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), dnscheck.DefaultTimeout)
		defer cancel()
		if got := networktest.Outcome(c.Run(ctx, check.Scope{})); got != "passed" || time.Since(began) != 2*time.Second {
			t.Errorf("%s after %s", got, time.Since(began))
		}
		sent.Store(10)
		ctx, cancel = context.WithTimeout(t.Context(), dnscheck.DefaultTimeout)
		defer cancel()
		const want = "inconclusive, to be retried: dns A a.example at ns:53: no answer within 5s (asked ns:53)"
		if got := networktest.Outcome(c.Run(ctx, check.Scope{})); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestAServerThatFailedIsNotTakenAtItsWordWhileAnotherMayStillAnswer(t *testing.T) {
	for _, tt := range []struct {
		why     string
		answers int32 // of the second server, the first one that comes
		want    string
		after   time.Duration
	}{
		{"its first datagram is lost", 2, "passed", time.Second},
		{"it never answers", 1000, "inconclusive, to be retried: dns A a.example at first:53: the server failed to find out (SERVFAIL)", dnscheck.DefaultTimeout},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				n := network.Network{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
					client, server := net.Pipe()
					go func() {
						question := make([]byte, 512)
						size, err := server.Read(question)
						if err != nil {
							return
						}
						message := unpack(t, question[:size])
						switch {
						case address == "first:53":
							_, _ = server.Write(respond(t, message, func(m *dnsmessage.Message) { m.RCode = dnsmessage.RCodeServerFailure }))
						case asked.Add(1) >= tt.answers:
							_, _ = server.Write(respond(t, message, nil, &dnsmessage.AResource{}))
						}
						_, _ = io.Copy(io.Discard, server)
					}()
					return client, nil
				}}
				c, err := networktest.Decode(dnscheck.Kind(n, func() ([]string, error) { return []string{"first:53", "second:53"}, nil }), `dns: a.example`)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), dnscheck.DefaultTimeout)
				defer cancel()
				if got := networktest.Outcome(c.Run(ctx, check.Scope{})); got != tt.want || time.Since(began) != tt.after {
					t.Errorf("%s after %s, want %s after %s", got, time.Since(began), tt.want, tt.after)
				}
			})
		})
	}
}

func TestAnAnswerThatIsBrokenIsWrong(t *testing.T) {
	for _, tt := range []struct {
		why    string
		answer reply
		want   string
	}{
		{"it ends in a record", func(asked dnsmessage.Message, _ string) []byte {
			whole := respond(t, asked, nil, &dnsmessage.AResource{})
			return whole[:len(whole)-2]
		}, "failed: dns A a.example at SERVER: the answer of SERVER can't be read: "},
		{"it is cut off over TCP as well", func(asked dnsmessage.Message, _ string) []byte {
			return respond(t, asked, func(m *dnsmessage.Message) { m.Truncated = true })
		}, "failed: dns A a.example at SERVER: the answer of SERVER can't be read: it is cut off, over TCP too"},
		{"it doesn't come over TCP", func(asked dnsmessage.Message, over string) []byte {
			if over == "tcp" {
				return nil
			}
			return respond(t, asked, func(m *dnsmessage.Message) { m.Truncated = true })
		}, "inconclusive, to be retried: dns A a.example at SERVER: over TCP, for the answer is too long for a datagram: the connection was closed before an answer"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			server := serveDNS(t, tt.answer)
			got := strings.ReplaceAll(networktest.Outcome(ask(t, `dns: a.example`, check.Scope{}, server)), server, "SERVER")
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTheNameIsThatOfGreenByDefault(t *testing.T) {
	server := serveDNS(t, known(t))
	got := ask(t, `dns: {}`, check.Scope{Green: check.Side{URL: "https://shop.example:8443"}}, server)
	if got.Outcome != check.Passed || len(got.Requests) != 1 || got.Requests[0].URL != "dns://"+server+"/shop.example?type=A" || got.Requests[0].Size == 0 {
		t.Errorf("got %+v", got)
	}
	for green, want := range map[string]string{
		"":                "inconclusive: dns A green: where green answers: it has no value",
		"http://10.0.0.1": "inconclusive: dns A green: 10.0.0.1 is an address, which has no name to ask for; type: PTR asks for the name that belongs to it",
	} {
		if got := networktest.Outcome(ask(t, `dns: {}`, check.Scope{Green: check.Side{URL: green}}, server)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWhatIsWrongWithACheckIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ why, src, want string }{
		{"a type is known", `dns: {name: a.example, type: AA}`, `1:30: type: unknown type of record "AA": did you mean "CAA"?`},
		{"in capitals", `dns: {name: a.example, type: mx}`, `1:30: type: unknown type of record "mx": did you mean "MX"?`},
		{"a code is known", `{dns: a.example, expect: {rcode: NXDOMAN}}`, `1:34: rcode: unknown code of an answer "NXDOMAN": did you mean "NXDOMAIN"?`},
		{"a name is no URL", `dns: https://a.example`, `1:6: dns: "https://a.example" is a URL: write the name of its host`},
		{"nor an address", `dns: 10.0.0.1`, `1:6: dns: 10.0.0.1 is an address, which has no name to ask for; type: PTR asks for the name that belongs to it`},
		{"it has no empty part", `dns: a..example`, `1:6: dns: "a..example" is not a name: it has an empty part`},
		{"it isn't too long", `dns: ` + strings.Repeat("a", 64) + `.example`, `1:6: dns: "` + strings.Repeat("a", 64) + `.example" is too long: names have up to 253 characters, and up to 63 between two dots`},
		{"it is ASCII", `dns: käse.example`, `1:6: dns: "käse.example" is not a name: names of other scripts are asked for in their form of ASCII, xn--…`},
		{"a list of values has one", `{dns: a.example, expect: {values: []}}`, `1:35: values: the list is empty: that there are none is said by count: 0`},
		{"so has a mapping", `{dns: a.example, expect: {values: {}}}`, `1:35: values: nothing is expected of them: write a list into all, any or only`},
		{"a number is whole", `{dns: a.example, expect: {count: some}}`, `1:34: count: "some" is not a number of records, nor a comparison with one: write 2, or >= 2`},
		{"a time has a unit", `{dns: a.example, expect: {ttl: "< 60"}}`, `1:32: ttl: 60 has no unit: write 60ms, 60s or 60m`},
		{"where there is no name there are no records", `{dns: a.example, expect: {rcode: NXDOMAIN, count: 1}}`, `1:51: count: an answer of NXDOMAIN has no records`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := networktest.Decode(kindOf(), tt.src)
			if diff := cmp.Diff(tt.want, networktest.Problems(err)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

package dnscheck

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestServersAreReadAsResolversDo(t *testing.T) {
	got := parseServers("# a comment\nsearch example.com\nnameserver 10.0.0.2\n nameserver\t::1\nnameserver\nnameserver x\noptions edns0\nnameserver fe80::1%eth0\nnameserver 10.0.0.9\n")
	if want := []string{"10.0.0.2:53", "[::1]:53", "[fe80::1%eth0]:53"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnAddressIsTurnedAround(t *testing.T) {
	for address, want := range map[string]string{
		"10.1.2.3":        "3.2.1.10.in-addr.arpa.",
		"2001:db8::1":     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
		"::ffff:10.1.2.3": "3.2.1.10.in-addr.arpa.",
	} {
		if got, err := question(address, "PTR"); got != want || err != nil {
			t.Errorf("%s is asked for as %s, %v; want %s", address, got, err, want)
		}
	}
}

// The answers in testdata are dnsmasq's.
func FuzzAnswer(f *testing.F) {
	name := dnsmessage.MustNewName("a.example.")
	bodies := []dnsmessage.ResourceBody{
		&dnsmessage.AResource{A: netip.MustParseAddr("10.0.0.1").As4()}, &dnsmessage.AAAAResource{}, &dnsmessage.CNAMEResource{CNAME: name},
		&dnsmessage.MXResource{Pref: 10, MX: name}, &dnsmessage.NSResource{NS: name}, &dnsmessage.PTRResource{PTR: name}, &dnsmessage.SOAResource{NS: name, MBox: name},
		&dnsmessage.SRVResource{Target: name}, &dnsmessage.TXTResource{TXT: []string{"a", "b"}}, &dnsmessage.UnknownResource{Type: typeCAA, Data: []byte("\x00\x05issueca.example")},
	}
	for _, body := range bodies {
		m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7, Response: true}, Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
		m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60}, Body: body}}
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed, name.String())
	}
	for _, kind := range []dnsmessage.Type{dnsmessage.TypeHTTPS, dnsmessage.TypeSVCB} {
		for _, data := range []string{
			"0000" + fooCom, "0010" + fooOrg + "0000 0004 0001 0004 0001 0009 02683205 68332d3139 0004 0004 c0000201",
			"0001 00 0001 0003 026832 0002 0000 0005 0003 fe0d00 0006 0010 20010db8000000000000000000000001 0007 0002 2f7b 0008 0000 0009 0002 001d 029b 0001 d2",
		} {
			f.Add(serviceRecord(f, kind, data), "a.example.")
		}
	}
	f.Add([]byte{0, 7, 0x80, 1}, "")
	f.Fuzz(func(t *testing.T, message []byte, name string) {
		for kind := range types {
			a, err := parse(message, 7, name, kind)
			if err != nil && len(a.records) > 0 {
				t.Errorf("an answer that can't be read has records: %v", a.records)
			}
			if a.truncated && len(a.records) > 0 {
				t.Error("an answer that is cut off has records")
			}
			for _, r := range a.records {
				if r.ttl < 0 {
					t.Errorf("%v has a time below 0", r)
				}
				priority, _, whole := strings.Cut(r.value, " ")
				if _, err := strconv.ParseUint(priority, 10, 16); (kind == "HTTPS" || kind == "SVCB") && (err != nil || !whole) {
					t.Errorf("%q has no priority, or nothing else", r.value)
				}
			}
		}
		if _, err := parse(message, 8, name, "A"); err == nil && !strings.HasPrefix(string(message), "\x00\x08") {
			t.Error("an answer to another question is taken")
		}
	})
}

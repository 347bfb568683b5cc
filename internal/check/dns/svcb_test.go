package dnscheck

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// serviceRecord is the answer of a server that has one record of a type, with these bytes.
func serviceRecord(t testing.TB, kind dnsmessage.Type, data string) []byte {
	t.Helper()
	body, err := hex.DecodeString(strings.ReplaceAll(data, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	name := dnsmessage.MustNewName("a.example.")
	m := dnsmessage.Message{
		Header: dnsmessage.Header{ID: 7, Response: true}, Questions: []dnsmessage.Question{{Name: name, Type: kind, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60}, Body: &dnsmessage.UnknownResource{Type: kind, Data: body}}},
	}
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

const (
	fooCom = "03666f6f 076578616d706c65 03636f6d 00 " // foo.example.com.
	fooOrg = "03666f6f 076578616d706c65 036f7267 00 "
)

func TestServicesAreWrittenAsZoneFilesHaveThem(t *testing.T) {
	for _, tt := range []struct{ why, data, want string }{
		{"D.1 of RFC 9460: an alias", "0000" + fooCom, "0 foo.example.com"},
		{"D.2: the name itself", "0001 00", "1 ."},
		{"D.2: a port", "0010" + fooCom + "0003 0002 0035", "16 foo.example.com port=53"},
		{"D.2: a key without a name", "0001" + fooCom + "029b 0005 68656c6c6f", "1 foo.example.com key667=hello"},
		{"D.2: a value that can't be printed", "0001" + fooCom + "029b 0009 68656c6c6fd2716f6f", `1 foo.example.com key667=hello\210qoo`},
		{"D.2: two addresses of IPv6", "0001" + fooCom + "0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001", "1 foo.example.com ipv6hint=2001:db8::1,2001:db8::53:1"},
		{"D.2: one that holds an address of IPv4", "0001 00 0006 0010 20010db8012203440000 0000c0000221", "1 . ipv6hint=2001:db8:122:344::c000:221"},
		{"D.2: what is mandatory, in the order of numbers", "0010" + fooOrg + "0000 0004 0001 0004 0001 0009 02683205 68332d3139 0004 0004 c0000201", "16 foo.example.org mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1"},
		{"D.2: a comma and a backslash in a list", "0010" + fooOrg + "0001 000c 08 665c6f6f2c626172 02 6832", `16 foo.example.org alpn=f\\\\oo\\,bar,h2`},
		{"no default", "0001 00 0001 0003 026832 0002 0000", "1 . alpn=h2 no-default-alpn"},
		{"encrypted hellos", "0001 00 0005 0003 fe0d00", "1 . ech=/g0A"},
		{"a template", "0001 00 0007 0010 2f646e732d71756572797b3f646e737d", "1 . dohpath=/dns-query{?dns}"},
		{"oblivious", "0001 00 0008 0000", "1 . ohttp"},
		{"groups", "0001 00 0009 0004 001d 0017", "1 . tls-supported-groups=29,23"},
		{"what would end a value or begin a comment", "0001 00 029b 0006 2022283b295c", `1 . key667=\032\"\(\;\)\\`},
		{"a key without a value", "0001 00 029b 0000", "1 . key667"},
		{"the parameters of an alias, which mean nothing", "0000" + fooCom + "0003 0001 00", "0 foo.example.com"},
	} {
		for kind, of := range map[recordType]dnsmessage.Type{"SVCB": dnsmessage.TypeSVCB, "HTTPS": dnsmessage.TypeHTTPS} {
			a, err := parse(serviceRecord(t, of, tt.data), 7, "a.example.", kind)
			var got []string
			for _, r := range a.records {
				got = append(got, r.value)
			}
			if err != nil || !slices.Equal(got, []string{tt.want}) {
				t.Errorf("%s: %s is %q, %v; want %q", tt.why, kind, got, err, tt.want)
			}
		}
	}
}

// What clients are to take for malformed is an answer that can't be read, and no record that happens to be expected.
func TestServicesThatAreMalformedAreRefused(t *testing.T) {
	for _, tt := range []struct{ why, data, want string }{
		{"no target", "0001", ""},
		{"half of a parameter", "0001 00 0003 0002 00", ""},
		{"keys out of order", "0001 00 0003 0002 0035 0001 0003 026832", ""},
		{"a key twice", "0001 00 0003 0002 0035 0003 0002 0035", ""},
		{"a port of three bytes", "0001 00 0003 0003 000035", "the parameter port: its length is wrong"},
		{"no protocols", "0001 00 0001 0000", "the parameter alpn: the list is empty"},
		{"a protocol without a name", "0001 00 0001 0001 00", "the parameter alpn: its length is wrong"},
		{"a protocol that is cut off", "0001 00 0001 0002 0268", "the parameter alpn: its length is wrong"},
		{"no address", "0001 00 0004 0000", "the parameter ipv4hint: the list is empty"},
		{"half of an address", "0001 00 0006 0004 c0000201", "the parameter ipv6hint: its length is wrong"},
		{"a value where none may be", "0001 00 0001 0003 026832 0002 0001 00", "the parameter no-default-alpn: it has a value, and may have none"},
		{"no default, and nothing else", "0001 00 0002 0000", "the parameter no-default-alpn stands without alpn"},
		{"nothing is mandatory", "0001 00 0000 0000", "the parameter mandatory: the list is empty"},
		{"half of a key is", "0001 00 0000 0001 00", "the parameter mandatory: its length is wrong"},
		{"what isn't there is", "0001 00 0000 0002 0004", "the parameter ipv4hint is mandatory, and isn't there"},
		{"or has no name", "0001 00 0000 0002 029b", "the parameter key667 is mandatory, and isn't there"},
		{"that there are mandatory ones", "0001 00 0000 0002 0000", "the parameter mandatory: its list holds itself, or isn't in order"},
		{"not in order", "0001 00 0000 0004 0003 0001 0001 0003 026832 0003 0002 0035", "the parameter mandatory: its list holds itself, or isn't in order"},
		{"twice", "0001 00 0000 0004 0003 0003 0003 0002 0035", "the parameter mandatory: its list holds itself, or isn't in order"},
		{"no configurations", "0001 00 0005 0000", "the parameter ech: its length is wrong"},
		{"no template", "0001 00 0007 0000", "the parameter dohpath: its length is wrong"},
		{"no groups", "0001 00 0009 0000", "the parameter tls-supported-groups: the list is empty"},
	} {
		a, err := parse(serviceRecord(t, dnsmessage.TypeHTTPS, tt.data), 7, "a.example.", "HTTPS")
		if err == nil || len(a.records) > 0 || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v; want %q", tt.why, a, err, tt.want)
		}
	}
}

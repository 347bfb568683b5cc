package dnscheck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// recordType is a type of record that a check can ask for.
type recordType string

// typeCAA is that of RFC 8659, which dnsmessage doesn't know.
const typeCAA dnsmessage.Type = 257

var types = map[recordType]dnsmessage.Type{
	"A": dnsmessage.TypeA, "AAAA": dnsmessage.TypeAAAA, "CAA": typeCAA, "CNAME": dnsmessage.TypeCNAME, "MX": dnsmessage.TypeMX,
	"HTTPS": dnsmessage.TypeHTTPS, "NS": dnsmessage.TypeNS, "PTR": dnsmessage.TypePTR, "SOA": dnsmessage.TypeSOA, "SRV": dnsmessage.TypeSRV,
	"SVCB": dnsmessage.TypeSVCB, "TXT": dnsmessage.TypeTXT,
}

func typeNames() []string {
	var names []string
	for name := range types {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

// DecodeNode reads a type's name.
func (t *recordType) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if _, known := types[recordType(n.Text())]; !known || !n.IsScalar() {
		d.Problem(n, "%s", strictyaml.Unknown("type of record", n.Text(), typeNames()))
		return
	}
	*t = recordType(n.Text())
}

// JSONSchema describes a type's name.
func (*recordType) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Words(typeNames()...), strictyaml.Filled())
}

// payload is how much of an answer fits a datagram: what reaches everybody unfragmented (https://www.dnsflagday.net/2020/).
const payload = 1232

// pack writes a question. Servers that don't know EDNS (RFC 6891) answer it with FORMERR, and are asked without.
func pack(id uint16, name string, kind recordType, edns bool) ([]byte, error) {
	asked, err := dnsmessage.NewName(name)
	if err != nil {
		return nil, fmt.Errorf("%q can't be asked for: %w", name, err)
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: id, RecursionDesired: true})
	err = errors.Join(b.StartQuestions(), b.Question(dnsmessage.Question{Name: asked, Type: types[kind], Class: dnsmessage.ClassINET}))
	if edns {
		var h dnsmessage.ResourceHeader
		err = errors.Join(err, h.SetEDNS0(payload, dnsmessage.RCodeSuccess, false), b.StartAdditionals(), b.OPTResource(h, dnsmessage.OPTResource{}))
	}
	if err != nil {
		return nil, fmt.Errorf("writing the question: %w", err)
	}
	return b.Finish()
}

// answer is what a server said.
type answer struct {
	rcode rcode
	// records are those of the type and name that were asked for, aliases followed.
	records   []record
	truncated bool
	// elsewhere: the server named others to ask, and no records.
	elsewhere bool
	size      int // in bytes
}

// record is one value, written as zone files have it, names in lower case and without the last dot, unless they are nothing else.
type record struct {
	value string
	ttl   time.Duration
}

// malformed is an answer to the question that isn't DNS all through.
type malformed struct{ error }

// errStray is a message that answers another question, or none.
var errStray = errors.New("a message that doesn't answer the question")

// parse reads an answer to the question with this id.
func parse(message []byte, id uint16, name string, kind recordType) (answer, error) {
	var p dnsmessage.Parser
	h, err := p.Start(message)
	if err != nil || h.ID != id || !h.Response {
		return answer{}, errStray
	}
	a := answer{rcode: rcodeOf(h.RCode), truncated: h.Truncated, size: len(message)}
	asked, err := p.AllQuestions()
	switch {
	case err != nil:
		return answer{}, malformed{err}
	case len(asked) == 0 && h.RCode != dnsmessage.RCodeSuccess:
		return a, nil // a server that couldn't read the question needn't repeat it
	case len(asked) != 1 || !strings.EqualFold(asked[0].Name.String(), name) || asked[0].Type != types[kind]:
		return answer{}, errStray
	}
	if a.truncated {
		return a, nil
	}
	all, err := resources(&p)
	if err != nil {
		return answer{}, malformed{err}
	}
	a.records = selected(all, name, kind)
	a.elsewhere = len(all) == 0 && !h.Authoritative && !h.RecursionAvailable
	return a, nil
}

// resource is a record with its owner.
type resource struct {
	owner string
	kind  dnsmessage.Type
	record
}

func resources(p *dnsmessage.Parser) ([]resource, error) {
	var all []resource
	for {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		r := resource{owner: strings.ToLower(h.Name.String()), kind: h.Type, record: record{ttl: time.Duration(h.TTL) * time.Second}}
		if r.value, err = value(p, h.Type); err != nil {
			return nil, err
		}
		if h.Class == dnsmessage.ClassINET {
			all = append(all, r)
		}
	}
}

// selected follows the aliases from the name, and gives the records at their end.
func selected(all []resource, name string, kind recordType) []record {
	owner := strings.ToLower(name)
	for range all {
		i := slices.IndexFunc(all, func(r resource) bool { return r.owner == owner && r.kind == dnsmessage.TypeCNAME })
		if i < 0 || kind == "CNAME" {
			break
		}
		owner = strings.TrimSuffix(all[i].value, ".") + "."
	}
	var records []record
	for _, r := range all {
		if r.owner == owner && r.kind == types[kind] {
			records = append(records, r.record)
		}
	}
	return records
}

// value reads the record that comes next.
func value(p *dnsmessage.Parser, kind dnsmessage.Type) (string, error) {
	switch kind {
	case dnsmessage.TypeA:
		r, err := p.AResource()
		return netip.AddrFrom4(r.A).String(), err
	case dnsmessage.TypeAAAA:
		r, err := p.AAAAResource()
		return netip.AddrFrom16(r.AAAA).String(), err
	case dnsmessage.TypeCNAME:
		r, err := p.CNAMEResource()
		return host(r.CNAME), err
	case dnsmessage.TypeMX:
		r, err := p.MXResource()
		return fmt.Sprintf("%d %s", r.Pref, host(r.MX)), err
	case dnsmessage.TypeNS:
		r, err := p.NSResource()
		return host(r.NS), err
	case dnsmessage.TypePTR:
		r, err := p.PTRResource()
		return host(r.PTR), err
	case dnsmessage.TypeSOA:
		r, err := p.SOAResource()
		return fmt.Sprintf("%s %s %d %d %d %d %d", host(r.NS), host(r.MBox), r.Serial, r.Refresh, r.Retry, r.Expire, r.MinTTL), err
	case dnsmessage.TypeSRV:
		r, err := p.SRVResource()
		return fmt.Sprintf("%d %d %d %s", r.Priority, r.Weight, r.Port, host(r.Target)), err
	case dnsmessage.TypeTXT:
		r, err := p.TXTResource()
		return strings.Join(r.TXT, ""), err // the strings of one record are one text: RFC 7208, 3.3
	case dnsmessage.TypeHTTPS:
		r, err := p.HTTPSResource()
		if err != nil {
			return "", err
		}
		return svcb(r.SVCBResource)
	case dnsmessage.TypeSVCB:
		r, err := p.SVCBResource()
		if err != nil {
			return "", err
		}
		return svcb(r)
	case typeCAA:
		r, err := p.UnknownResource()
		if err != nil {
			return "", err
		}
		return caa(r.Data)
	}
	return "", p.SkipAnswer()
}

func host(n dnsmessage.Name) string {
	name := strings.ToLower(n.String())
	if name == "." { // the root, by which records say that there is none, or themselves
		return name
	}
	return strings.TrimSuffix(name, ".")
}

// caa writes flags, tag and value (RFC 8659, 4.1).
func caa(data []byte) (string, error) {
	if len(data) < 2 || len(data) < 2+int(data[1]) {
		return "", errors.New("a CAA record is too short")
	}
	tag := data[2 : 2+data[1]]
	return fmt.Sprintf("%d %s %q", data[0], tag, data[2+len(tag):]), nil
}

// framed puts the length in front of a message, as TCP needs it (RFC 1035, 4.2.2).
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
}

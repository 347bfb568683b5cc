package dnscheck

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// rcode is how a server answered.
type rcode string

const (
	noError  rcode = "NOERROR"
	formErr  rcode = "FORMERR"
	servFail rcode = "SERVFAIL"
	nxDomain rcode = "NXDOMAIN"
	notImp   rcode = "NOTIMP"
	refused  rcode = "REFUSED"
)

// rcodes are those of RFC 1035, 4.1.1, in their order.
var rcodes = []rcode{noError, formErr, servFail, nxDomain, notImp, refused}

func rcodeOf(c dnsmessage.RCode) rcode {
	if int(c) < len(rcodes) {
		return rcodes[c]
	}
	return rcode("RCODE" + strconv.Itoa(int(c)))
}

// DecodeNode reads a code's name.
func (r *rcode) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if !n.IsScalar() || !slices.Contains(rcodes, rcode(n.Text())) {
		var names []string
		for _, r := range rcodes {
			names = append(names, string(r))
		}
		d.Problem(n, "%s", strictyaml.Unknown("code of an answer", n.Text(), names))
		return
	}
	*r = rcode(n.Text())
}

// JSONSchema describes a code's name.
func (*rcode) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Words(rcodes...), strictyaml.Filled())
}

// Expect is what must be true of an answer. Where the code is NOERROR there must be a record, unless count says otherwise.
type Expect struct {
	// RCode is the code of the answer: NOERROR by default, or NXDOMAIN where there must be no such name.
	RCode rcode `yaml:"rcode"`
	// Values are those of the records: a list of all of them in any order, one comparison for each of them, or {all, any, only}.
	Values *values `yaml:"values"`
	// Count compares the number of records: ">= 2".
	Count *count `yaml:"count"`
	// TTL compares the time for which each record may be kept. A server that isn't the zone's own counts it down.
	TTL *expect.Duration `yaml:"ttl"`
	// Duration is the time from the first question to the answer.
	Duration *expect.Duration `yaml:"duration"`
}

func (e *Expect) rcode() rcode {
	if e.RCode == "" {
		return noError
	}
	return e.RCode
}

// judge compares an answer; the subject says what was asked.
func (e *Expect) judge(a answer, subject string, took time.Duration, lookup strictyaml.Lookup) check.Result {
	var found expect.Mismatches
	switch want := e.rcode(); a.rcode {
	case want:
	case servFail:
		return network.Silent("the server failed to find out (SERVFAIL)").Result()
	default:
		found.Add(nil, &expect.Mismatch{Subject: "the code of the answer", Got: string(a.rcode) + advice(a.rcode), Expected: string(want)})
		return network.Judged(&found)
	}
	e.judgeRecords(a, subject, &found, lookup)
	if e.Duration != nil {
		m, err := e.Duration.Judge(took, lookup)
		found.Add(err, m)
	}
	return network.Judged(&found)
}

func advice(r rcode) string {
	switch r {
	case nxDomain:
		return " (there is no such name)"
	case refused:
		return " (the server doesn't answer for this name, or not to us)"
	}
	return ""
}

func (e *Expect) judgeRecords(a answer, subject string, found *expect.Mismatches, lookup strictyaml.Lookup) {
	if len(a.records) == 0 && e.Count == nil && e.rcode() == noError {
		got := "none"
		if a.elsewhere {
			got += " (the server names others to ask, and doesn't ask them itself)"
		}
		found.Add(nil, &expect.Mismatch{Subject: subject, Got: got, Expected: "a record"})
		return
	}
	if e.Count != nil {
		m, err := e.Count.Judge("the number of "+subject, strconv.Itoa(len(a.records)), lookup)
		if m != nil {
			m.Got = strconv.Itoa(len(a.records))
		}
		found.Add(err, m)
	}
	if e.Values != nil {
		m, err := e.Values.judge(subject, a.records, lookup)
		found.Add(err, m)
	}
	if e.TTL == nil {
		return
	}
	if len(a.records) == 0 {
		found.Add(nil, &expect.Mismatch{Subject: "ttl of " + subject, Got: "missing", Expected: "a record"})
	}
	for _, r := range a.records {
		m, err := e.TTL.Judge(r.ttl, lookup)
		if m != nil {
			m.Subject = "ttl of " + expect.Quote(r.value)
		}
		found.Add(err, m)
	}
}

// count compares a number of records.
type count struct{ expect.Text }

var whole = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(<=?|>=?|!=)?\s*(0|[1-9][0-9]*)$`) })

// DecodeNode reads a whole number or a comparison with one.
func (c *count) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	c.Text.DecodeNode(d, n)
	if n.IsScalar() && !strings.Contains(n.Text(), "{{") && !whole().MatchString(n.Text()) {
		d.Problem(n, "%s is not a number of records, nor a comparison with one: write 2, or >= 2", expect.Quote(n.Text()))
	}
}

// JSONSchema describes a whole number or a comparison with one.
func (*count) JSONSchema(*strictyaml.Describer) *strictyaml.Schema { return strictyaml.Scalar() }

// values expects something of the values of all records together.
type values struct {
	valuesFields
	each *expect.Text
	at   strictyaml.Position
}

// valuesFields are the ways in which values can be compared with several.
type valuesFields struct {
	// All must be there, each of them.
	All []expect.Text `yaml:"all"`
	// Any: at least one of them must be there.
	Any []expect.Text `yaml:"any"`
	// Only: nothing else may be there.
	Only []expect.Text `yaml:"only"`
}

// DecodeNode reads any form of it.
func (v *values) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	v.at = n.Position()
	switch {
	case n.IsSequence():
		if len(n.Items()) == 0 {
			d.Problem(n, "the list is empty: that there are none is said by count: 0")
		}
		d.Decode(n, &v.All)
		v.Only = v.All
	case n.IsMapping():
		d.Fields(n, &v.valuesFields)
		if len(v.All)+len(v.Any)+len(v.Only) == 0 {
			d.Problem(n, "nothing is expected of them: write a list into all, any or only")
		}
	default:
		v.each = &expect.Text{}
		d.Decode(n, v.each)
	}
}

// JSONSchema describes any form of it.
func (*values) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	s := d.Fields(&valuesFields{})
	s.MinProperties = 1
	return strictyaml.AnyOf(strictyaml.Of[expect.Text](d), strictyaml.ListOf(strictyaml.Of[expect.Text](d), 1), s)
}

// judge gives the first of what is false.
func (v *values) judge(subject string, records []record, lookup strictyaml.Lookup) (*expect.Mismatch, error) {
	if v.each != nil {
		return v.judgeEach(subject, records, lookup)
	}
	got := listed(records)
	for i := range v.All {
		holds, wanted, err := some(&v.All[i], records, lookup)
		if err != nil || !holds {
			return v.mismatch(subject, got, wanted+" among them", err)
		}
	}
	if v.Any != nil {
		var all []string
		holds := false
		for i := range v.Any {
			one, wanted, err := some(&v.Any[i], records, lookup)
			if err != nil {
				return nil, err
			}
			all, holds = append(all, wanted), holds || one
		}
		if !holds {
			return v.mismatch(subject, got, "one of "+strings.Join(all, ", "), nil)
		}
	}
	for _, r := range records {
		known := v.Only == nil
		for i := range v.Only {
			holds, _, err := some(&v.Only[i], []record{r}, lookup)
			if err != nil {
				return nil, err
			}
			known = known || holds
		}
		if !known {
			return v.mismatch(subject, got, fmt.Sprintf("without %s", expect.Quote(r.value)), nil)
		}
	}
	return nil, nil
}

func (v *values) mismatch(subject, got, wanted string, err error) (*expect.Mismatch, error) {
	if err != nil {
		return nil, err
	}
	return &expect.Mismatch{Subject: subject, Got: got, Expected: wanted, At: v.at}, nil
}

func (v *values) judgeEach(subject string, records []record, lookup strictyaml.Lookup) (*expect.Mismatch, error) {
	if len(records) == 0 {
		return v.each.Missing(subject, lookup)
	}
	for _, r := range records {
		if m, err := v.each.Judge(subject, r.value, lookup); err != nil || m != nil {
			return m, err
		}
	}
	return nil, nil
}

// some says that the expectation is true of one of the records, and how it is written.
func some(want *expect.Text, records []record, lookup strictyaml.Lookup) (holds bool, written string, err error) {
	missing, err := want.Missing("", lookup)
	if err != nil {
		return false, "", err
	}
	for _, r := range records {
		m, err := want.Judge("", r.value, lookup)
		if err != nil {
			return false, "", err
		}
		if m == nil {
			return true, missing.Expected, nil
		}
	}
	return false, missing.Expected, nil
}

// listed shows values, the first few of them.
func listed(records []record) string {
	const most = 5
	var all []string
	for _, r := range records[:min(most, len(records))] {
		all = append(all, expect.Quote(r.value))
	}
	if more := len(records) - most; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

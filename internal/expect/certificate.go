package expect

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Certificate expects something of the certificate that a server showed.
type Certificate struct {
	// Expires compares the time that is left: > 14d.
	Expires *expiry `yaml:"expires"`
	// Names must all be covered, by themselves or by a wildcard. A name that begins with *. must stand there as it is.
	Names strictyaml.OneOrMany[strictyaml.Text] `yaml:"names"`
	// Issuer is compared with the issuer's common name and with its organisations: one must fit, none under !=.
	Issuer *Text `yaml:"issuer"`

	at strictyaml.Position
}

// DecodeNode reads the mapping.
func (c *Certificate) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	type fields Certificate
	d.Fields(n, (*fields)(c))
	if n.IsMapping() && len(n.Pairs()) == 0 {
		d.Problem(n, "nothing is expected of it: write expires, names or issuer")
	}
	c.at = n.Position()
}

// expiry compares how long a certificate is still valid.
type expiry struct{ quantity[time.Duration] }

// DecodeNode reads a comparison: no certificate is left exactly a time.
func (e *expiry) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	e.decode(d, n, "the time that must be left, as in > 14d", parseDuration)
	if e.known != nil && (e.op == equals || e.op == differs) {
		d.Problem(n, "write the time that must be left as a comparison: > %s", strictyaml.Duration(*e.known))
	}
}

// Judge compares the certificate; leaf is nil where there was none, because the answer came over plain HTTP.
func (c *Certificate) Judge(leaf *x509.Certificate, now time.Time, lookup strictyaml.Lookup) ([]*Mismatch, error) {
	if leaf == nil {
		return []*Mismatch{{Subject: "certificate", Got: missing + ", the answer came over plain HTTP", Expected: "one", At: c.at}}, nil
	}
	var all []*Mismatch
	for _, judge := range []func(*x509.Certificate, time.Time, strictyaml.Lookup) (*Mismatch, error){c.expires, c.names, c.issuer} {
		m, err := judge(leaf, now, lookup)
		if err != nil {
			return all, err
		}
		if m != nil {
			all = append(all, m)
		}
	}
	return all, nil
}

func (c *Certificate) expires(leaf *x509.Certificate, now time.Time, lookup strictyaml.Lookup) (*Mismatch, error) {
	if c.Expires == nil {
		return nil, nil
	}
	left := leaf.NotAfter.Sub(now)
	m, err := c.Expires.judge("certificate's time left", left, lookup, parseDuration, ShowDays)
	until := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case m == nil:
	case left <= 0:
		m.Got = "0s (it expired on " + until + ")"
	default:
		m.Got += " (until " + until + ")"
	}
	return m, err
}

// JudgeIssuer compares the time that is left of the certificate of an authority between the server's and the root: with it
// the server's own ends too.
func (c *Certificate) JudgeIssuer(authority *x509.Certificate, now time.Time, lookup strictyaml.Lookup) (*Mismatch, error) {
	m, err := c.expires(authority, now, lookup)
	if m != nil {
		m.Subject = "time left of the certificate of its authority " + Quote(authority.Subject.CommonName)
	}
	return m, err
}

// ShowDays writes a time as people count what is left of a certificate: in days, below two days to the minute.
func ShowDays(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		d = d.Truncate(day)
	case d >= time.Minute:
		d = d.Truncate(time.Minute)
	}
	return strictyaml.Duration(d).String()
}

func (c *Certificate) names(leaf *x509.Certificate, _ time.Time, lookup strictyaml.Lookup) (*Mismatch, error) {
	for _, text := range c.Names {
		name, err := text.Expand(lookup)
		if err != nil {
			return nil, err
		}
		if !covers(leaf, name) {
			return &Mismatch{Subject: "certificate", Got: "for " + CertificateNames(leaf), Expected: Quote(name), At: text.Position()}, nil
		}
	}
	return nil, nil
}

func covers(leaf *x509.Certificate, name string) bool {
	if strings.HasPrefix(name, "*.") {
		return slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return strings.EqualFold(n, name) })
	}
	return leaf.VerifyHostname(name) == nil
}

// CertificateNames lists the names and addresses that a certificate is for, the first few of them.
func CertificateNames(leaf *x509.Certificate) string {
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	const most = 5
	if len(names) > most {
		names = append(names[:most], "…")
	}
	if len(names) == 0 {
		return "no name"
	}
	return cut(strings.Join(names, ", "))
}

func (c *Certificate) issuer(leaf *x509.Certificate, _ time.Time, lookup strictyaml.Lookup) (*Mismatch, error) {
	if c.Issuer == nil {
		return nil, nil
	}
	issuers := slices.Concat([]string{leaf.Issuer.CommonName}, leaf.Issuer.Organization)
	var first *Mismatch
	fit := 0
	for _, name := range issuers {
		m, err := c.Issuer.Judge("certificate's issuer", name, lookup)
		switch {
		case err != nil:
			return nil, err
		case m == nil:
			fit++
		case first == nil:
			first = m
		}
	}
	if fit == len(issuers) || fit > 0 && c.Issuer.op != differs {
		return nil, nil
	}
	if c.Issuer.op != differs {
		first.Got = Quote(strings.Join(issuers, ", "))
	}
	return first, nil
}

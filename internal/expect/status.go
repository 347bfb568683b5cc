package expect

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Status expects an HTTP status: a code, a class (2xx), a range (200..299), a list of them of which one must fit, or a
// comparison of a code (< 500) or of a code, class or range (!= 5xx). Statuses are those of RFC 9110: 100 to 599.
type Status struct {
	op   operator
	any  []statusRange
	text string
	at   strictyaml.Position
}

// statusRange holds its ends.
type statusRange struct{ from, to int }

// Success is the status that is expected where a plan says nothing else: 2xx.
func Success() Status { return Status{any: []statusRange{{200, 299}}, text: "2xx"} }

// DecodeNode reads any form of it.
func (s *Status) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	*s = Status{at: n.Position()}
	if n.IsSequence() {
		s.decodeList(d, n)
		return
	}
	op, text, ok := s.word(d, n)
	if !ok {
		return
	}
	r, err := parseStatus(text)
	switch {
	case op == matches:
		d.Problem(n, "~ matches text; a status is a code, a class (2xx) or a range (200..299)")
		return
	case err != nil:
		d.Problem(n, "%s", err)
		return
	case op.orders() && r.from != r.to:
		d.Problem(n, "%s compares with one code, not with %s", op, text)
		return
	}
	s.op, s.any, s.text = op, []statusRange{r}, op.with(text)
}

func (s *Status) decodeList(d *strictyaml.Decoder, n strictyaml.Node) {
	if len(n.Items()) == 0 {
		d.Problem(n, "the list is empty, so that no status would do")
	}
	var texts []string
	for _, item := range n.Items() {
		op, text, ok := s.word(d, item)
		if !ok {
			continue
		}
		r, err := parseStatus(text)
		switch {
		case op != equals:
			d.Problem(item, "a list holds codes, classes (2xx) and ranges (200..299), of which one must fit; %s stands alone", op)
		case err != nil:
			d.Problem(item, "%s", err)
		default:
			s.any, texts = append(s.any, r), append(texts, text)
		}
	}
	s.text = strings.Join(texts, " or ")
}

// word reads one scalar as it stands; the operator is what is written, whatever names stand for.
func (s *Status) word(d *strictyaml.Decoder, n strictyaml.Node) (operator, string, bool) {
	if !n.IsScalar() {
		d.Mismatch(n, "a status: a code, a class (2xx) or a range (200..299)")
		return "", "", false
	}
	op, skip := splitOperator(n.Text())
	filled, ok := d.Static(n)
	if !ok {
		return "", "", false
	}
	return op, strings.Join(strings.Fields(filled.Text()[skip:]), " "), true
}

func parseStatus(s string) (statusRange, error) {
	notOne := fmt.Errorf("%s is not a status: write a code (200), a class (2xx) or a range (200..299)", Quote(s))
	if len(s) == 3 && strings.EqualFold(s[1:], "xx") {
		if s[0] < '1' || s[0] > '5' {
			return statusRange{}, fmt.Errorf("the class %s doesn't exist: classes are 1xx to 5xx", s)
		}
		from := int(s[0]-'0') * 100
		return statusRange{from, from + 99}, nil
	}
	first, last, isRange := strings.Cut(s, "..")
	if !isRange {
		last = first
	}
	from, err := parseCode(strings.TrimSpace(first))
	if err != nil {
		return statusRange{}, notOne
	}
	to, err := parseCode(strings.TrimSpace(last))
	switch {
	case err != nil:
		return statusRange{}, notOne
	case min(from, to) < 100 || max(from, to) > 599:
		return statusRange{}, fmt.Errorf("%s is outside of 100 to 599, the statuses of HTTP", s)
	case from > to:
		return statusRange{}, fmt.Errorf("the range %s ends before it begins", s)
	}
	return statusRange{from, to}, nil
}

// parseCode reads digits only: strconv alone would take +200.
func parseCode(s string) (int, error) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.Atoi(s)
}

// Judge compares the status of an answer.
func (s Status) Judge(status int) *Mismatch {
	if s.holds(status) {
		return nil
	}
	return &Mismatch{Subject: "status", Expected: s.text, Got: strconv.Itoa(status), At: s.at}
}

func (s Status) holds(status int) bool {
	if s.op.orders() {
		return compare(s.op, status, s.any[0].from)
	}
	for _, r := range s.any {
		if r.from <= status && status <= r.to {
			return s.op == equals
		}
	}
	return s.op == differs
}

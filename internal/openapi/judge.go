package openapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
)

// Answer is what is held against a contract.
type Answer struct {
	Status int
	Header http.Header
	// Body is all of it, decoded.
	Body []byte
	// NoBody: the answer can't have one, as that of HEAD.
	NoBody bool
}

// Judge tells what of an answer isn't as the operation describes it. The error says why it can't be judged.
func (op *Operation) Judge(a Answer) ([]*expect.Mismatch, error) {
	if err := op.Compile(); err != nil {
		return nil, err
	}
	r := op.responses[strconv.Itoa(a.Status)]
	if r == nil {
		r = op.responses[strconv.Itoa(a.Status/100)+"XX"]
	}
	if r == nil {
		r = op.responses["DEFAULT"]
	}
	if r == nil {
		return []*expect.Mismatch{{Subject: "status", Got: strconv.Itoa(a.Status), Expected: op.described(), At: op.at.Position()}}, nil
	}
	var found []*expect.Mismatch
	for _, h := range r.headers {
		found = append(found, h.judge(a.Header)...)
	}
	// An answer without content says nothing of a body.
	if len(r.content) == 0 || a.NoBody || a.Status == http.StatusNoContent || a.Status == http.StatusNotModified {
		return found, nil
	}
	wrong, err := r.body(a)
	return append(found, wrong...), err
}

func (r *response) body(a Answer) ([]*expect.Mismatch, error) {
	mediaType := a.Header.Get("Content-Type")
	c := r.contentOf(mediaType)
	switch {
	case c == nil && mediaType == "":
		return []*expect.Mismatch{{Subject: "header content-type", Got: "missing", Expected: r.mediaTypes()}}, nil
	case c == nil:
		return []*expect.Mismatch{{Subject: "header content-type", Got: expect.Quote(mediaType), Expected: r.mediaTypes()}}, nil
	case c.unjudged:
		return nil, fmt.Errorf("the answer is %s, which can't be held against its schema; an accept header may ask for JSON", expect.Quote(mediaType))
	case c.schema == nil:
		return nil, nil
	case c.asText && !isJSON(mediaType):
		return c.schema.JudgeAt("body", string(a.Body)), nil
	}
	doc, err := expect.ParseJSON(a.Body)
	if err != nil {
		return []*expect.Mismatch{{Subject: "body", Got: fmt.Sprintf("not JSON (%s): %s", err, expect.Quote(string(a.Body))), Expected: "JSON"}}, nil
	}
	return c.schema.Judge(doc), nil
}

func (r *response) mediaTypes() string {
	var all []string
	for _, c := range r.content {
		all = append(all, c.mediaType)
	}
	return strings.Join(all, " or ")
}

// contentOf finds the description of a body by its media type: the most exact one, parameters such as charset aside.
func (r *response) contentOf(mediaType string) *content {
	whole := strings.ToLower(strings.ReplaceAll(mediaType, " ", ""))
	bare, _, _ := strings.Cut(whole, ";")
	kind, _, _ := strings.Cut(bare, "/")
	for _, want := range []string{whole, bare, kind + "/*", "*/*"} {
		for i := range r.content {
			c := &r.content[i]
			described := strings.ReplaceAll(c.mediaType, " ", "")
			if described == want || want == bare && strings.HasPrefix(described, bare+";") && !strings.Contains(whole, ";") {
				return c
			}
		}
	}
	return nil
}

func (h header) judge(all http.Header) []*expect.Mismatch {
	subject := "header " + strings.ToLower(h.name)
	lines := all.Values(h.name)
	if len(lines) == 0 {
		if h.required {
			return []*expect.Mismatch{{Subject: subject, Got: "missing", Expected: "a value (required)", At: h.at}}
		}
		return nil
	}
	if h.schema == nil {
		return nil
	}
	value, err := h.value(strings.Join(lines, ","))
	if err != nil {
		return []*expect.Mismatch{{Subject: subject, Got: err.Error(), Expected: "JSON", At: h.at}}
	}
	return h.schema.JudgeAt(subject, value)
}

// value reads a header as its schema has it: https://spec.openapis.org/oas/v3.0.4.html#style-values, simple.
func (h header) value(text string) (any, error) {
	if h.json {
		doc, err := expect.ParseJSON([]byte(text))
		if err != nil {
			return nil, errors.New("not JSON (" + err.Error() + ")")
		}
		return doc, nil
	}
	for _, t := range h.types {
		if t == "array" {
			list := []any{}
			for item := range strings.SplitSeq(text, ",") {
				list = append(list, scalar(strings.TrimSpace(item), h.items))
			}
			return list, nil
		}
	}
	return scalar(text, h.types), nil
}

// scalar reads a text as one of the types, where it can be.
func scalar(text string, types []string) any {
	for _, t := range types {
		switch doc, err := expect.ParseJSON([]byte(text)); {
		case err != nil:
		case t == "boolean":
			if b, ok := doc.(bool); ok {
				return b
			}
		case t == "integer", t == "number":
			if _, isNumber := expect.CompareNumbers(doc, doc); isNumber {
				return doc
			}
		}
	}
	return text
}

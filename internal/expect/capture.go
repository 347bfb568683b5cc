package expect

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Capture takes a value out of an answer: what a JSON path selects, a header, a cookie, or the whole body; and, where it
// has a regular expression, only the part of that which it matches.
//
//	cart: $.id
//	cart: {header: location, regex: /carts/(\w+)$}
//	csrf: {regex: 'name="csrf" value="([^"]+)"'}
//
// A JSON value keeps its type; everything else is text. A path that may select several values gives the list of them. What
// isn't there, null, and an empty text are nothing to capture: with an empty id, DELETE /carts/{{ cart }} would be a request
// for all of them.
type Capture struct {
	json    *jsonRule
	header  string
	cookie  string
	pattern strictyaml.Text
	re      *regexp.Regexp // nil where the pattern isn't known yet, or there is none
	group   string
	at      strictyaml.Position
}

// Whole is an answer that was read to its end.
type Whole struct {
	Header  http.Header
	Cookies []*http.Cookie // that the answer sets; of one name the last counts
	Body    []byte
	// Events are the body as JSON paths see it where it is a stream of events; nil: it isn't one.
	Events []any
	// Coding is one that the body is in still; empty: none.
	Coding string
	// Cut: the body is longer than what is read of one.
	Cut bool
}

// captureKeys are the keys of a capture in full.
type captureKeys struct {
	// JSON is a JSON path into the body. What it selects keeps its type.
	JSON string `yaml:"json"`
	// Header is the name of a header, in any case.
	Header string `yaml:"header"`
	// Cookie is the name of a cookie that the answer sets.
	Cookie string `yaml:"cookie"`
	// Body is true where the whole body is captured, as text.
	Body bool `yaml:"body"`
	// Regex is searched for in what the other keys name, or in the body. It captures its first group, or without one all that
	// it matches.
	Regex strictyaml.Text `yaml:"regex"`
	// Group is the number or the name of the group that is captured in place of the first.
	Group string `yaml:"group"`
}

// captureSources are the keys of which one at most says what is captured.
var captureSources = []string{"json", "header", "cookie", "body"}

// DecodeNode reads a JSON path, or a mapping.
func (c *Capture) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	c.at = n.Position()
	switch {
	case n.IsMapping():
		c.decodeMapping(d, n)
	case n.IsScalar():
		path := ""
		d.Decode(n, &path)
		c.setPath(d, n, path)
	default:
		d.Mismatch(n, "what to capture: a JSON path such as $.id, or one of json, header, cookie, regex and body")
	}
}

func (c *Capture) decodeMapping(d *strictyaml.Decoder, n strictyaml.Node) {
	var keys captureKeys
	d.Fields(n, &keys)
	source, misspelled := "", false
	for _, pair := range n.Pairs() {
		switch key := pair.Key.Text(); {
		case !slices.Contains(captureSources, key):
			misspelled = misspelled || key != "regex" && key != "group"
		case source != "":
			d.Problem(pair.Key, "%s: %s says already what is captured: write one of json, header, cookie and body", key, source)
		default:
			source = key
		}
	}
	body, hasBody := n.Get("body")
	_, hasRegex := n.Get("regex")
	switch {
	case misspelled: // already noted
	case source == "" && !hasRegex:
		d.Problem(n, "it isn't said what to capture: write one of json, header, cookie, regex and body")
	case hasBody && body.IsBool() && !keys.Body:
		d.Problem(body, "body: only true can stand here: the whole body is captured")
	}
	if path, ok := n.Get("json"); ok && keys.JSON != "" {
		c.setPath(d, path, keys.JSON)
	}
	c.header, c.cookie = c.token(d, n, "header", keys.Header), c.token(d, n, "cookie", keys.Cookie)
	c.setPattern(d, n, keys)
}

func (c *Capture) setPath(d *strictyaml.Decoder, n strictyaml.Node, path string) {
	parsed, wrong := parsePath(path)
	if wrong != "" {
		d.Problem(n, "%s", wrong)
		return
	}
	c.json = &jsonRule{path: parsed, text: path, single: single(parsed), at: n.Position()}
}

// token reads the name of a header or cookie.
func (c *Capture) token(d *strictyaml.Decoder, n strictyaml.Node, key, name string) string {
	at, ok := n.Get(key)
	switch {
	case !ok:
	case name == "" && at.IsScalar():
		d.Problem(at, "%s: the name is empty", key)
	case strings.ContainsAny(name, " \t\r\n;,=:"):
		d.Problem(at, "%s: %s is not the name of a %[1]s", key, Quote(name))
	}
	return name
}

func (c *Capture) setPattern(d *strictyaml.Decoder, n strictyaml.Node, keys captureKeys) {
	group, hasGroup := n.Get("group")
	at, hasRegex := n.Get("regex")
	switch {
	case hasGroup && !hasRegex:
		d.Problem(group, "group: a group is one of a regular expression: add regex")
		return
	case !hasRegex || keys.Regex.IsZero():
		return
	}
	c.pattern, c.group = keys.Regex, keys.Group
	literal, known := c.pattern.Literal()
	if !known {
		return
	}
	re, err := compileRegexp(literal)
	if err == nil && literal == "" {
		d.Problem(at, "regex: the expression is empty")
		return
	}
	if err != nil {
		d.Problem(at, "regex: %s", err)
		return
	}
	c.re = re
	if _, ok := c.groupOf(re); !ok {
		d.Problem(group, "group: %s", c.noGroup(re))
	}
}

// groupOf finds the group that is captured: the one that is named or numbered; else the first; and without any, what the
// whole expression matches.
func (c *Capture) groupOf(re *regexp.Regexp) (int, bool) {
	if c.group == "" {
		return min(re.NumSubexp(), 1), true
	}
	number, err := strconv.Atoi(c.group)
	if err != nil {
		number = re.SubexpIndex(c.group)
	}
	return number, number >= 0 && number <= re.NumSubexp()
}

func (c *Capture) noGroup(re *regexp.Regexp) string {
	names := slices.DeleteFunc(re.SubexpNames(), func(name string) bool { return name == "" })
	if _, err := strconv.Atoi(c.group); err != nil {
		return strictyaml.Unknown("group", c.group, names)
	}
	return "there is no group " + c.group + ": the expression has " + strconv.Itoa(re.NumSubexp())
}

// Position is where the capture stands.
func (c *Capture) Position() strictyaml.Position { return c.at }

// Take takes the value. The Mismatch says what was there in its place; the error, which name in the plan has no value.
func (c *Capture) Take(answer Whole, lookup strictyaml.Lookup) (any, *Mismatch, error) {
	value, m := c.source(answer)
	if m == nil && !c.pattern.IsZero() {
		var err error
		if value, m, err = c.match(value, lookup); err != nil {
			return nil, nil, err
		}
	}
	switch text, isText := value.(string); {
	case m != nil:
		m.At = c.at
		return nil, m, nil
	case value == nil:
		return nil, c.mismatch("null"), nil
	case isText && text == "":
		return nil, c.mismatch("empty"), nil
	case isText && !utf8.ValidString(text):
		return nil, c.mismatch("not UTF-8 text: " + Quote(text)), nil
	}
	return value, nil, nil
}

// subject names what is captured, for a Mismatch.
func (c *Capture) subject() string {
	switch {
	case c.json != nil:
		return cut(c.json.text)
	case c.header != "":
		return "header " + strings.ToLower(c.header)
	case c.cookie != "":
		return "cookie " + c.cookie
	}
	return "body"
}

func (c *Capture) mismatch(got string) *Mismatch {
	subject := c.subject()
	if !c.pattern.IsZero() {
		subject = "what regex matches in " + subject
	}
	return &Mismatch{Subject: subject, Got: got, At: c.at}
}

func (c *Capture) source(answer Whole) (any, *Mismatch) {
	absent := &Mismatch{Subject: c.subject(), Got: missing}
	switch {
	case c.header != "":
		values := answer.Header.Values(c.header)
		if len(values) == 0 {
			return nil, absent
		}
		return strings.Join(values, ", "), nil
	case c.cookie != "":
		for _, cookie := range slices.Backward(answer.Cookies) {
			if cookie.Name == c.cookie {
				return cookie.Value, nil
			}
		}
		return nil, absent
	case answer.Cut:
		return nil, &Mismatch{Subject: "body", Got: "longer than what is read", Expected: "all of it to capture from"}
	case answer.Coding != "":
		return nil, &Mismatch{Subject: "body", Got: "in the coding " + Quote(answer.Coding), Expected: "gzip, deflate or none to capture from"}
	case c.json == nil:
		return string(answer.Body), nil
	}
	doc, err := answer.document()
	if err != nil {
		return nil, &Mismatch{Subject: "body", Got: "not JSON (" + err.Error() + "): " + Quote(string(answer.Body))}
	}
	selected := c.json.selectFrom(doc)
	switch {
	case len(selected) == 0:
		return nil, absent
	case c.json.single:
		return selected[0].value, nil
	}
	values := make([]any, len(selected))
	for i := range selected {
		values[i] = selected[i].value
	}
	return values, nil
}

// document is what JSON paths select from.
func (w Whole) document() (any, error) {
	if w.Events != nil {
		return w.Events, nil
	}
	return ParseJSON(w.Body)
}

// match takes the part of a text that the regular expression is for.
func (c *Capture) match(value any, lookup strictyaml.Lookup) (any, *Mismatch, error) {
	re := c.re
	if re == nil {
		pattern, err := c.pattern.ExpandFunc(lookup, func(_, value string) string { return regexp.QuoteMeta(value) })
		if err != nil {
			return nil, nil, err
		}
		if re, err = compileRegexp(pattern); err != nil {
			return nil, nil, at(c.at, err)
		}
	}
	group, ok := c.groupOf(re)
	text, scalar := scalarText(value)
	switch found := re.FindStringSubmatch(text); {
	case !ok:
		return nil, nil, at(c.at, errors.New(c.noGroup(re)))
	case !scalar:
		return nil, &Mismatch{Subject: c.subject(), Got: show(value), Expected: "text to search with regex"}, nil
	case found == nil:
		return nil, &Mismatch{Subject: c.subject(), Got: Quote(text), Expected: matches.with(cut(strictyaml.OneLine(re.String())))}, nil
	default:
		return found[group], nil, nil
	}
}

// JSONSchema describes a JSON path, or a mapping.
func (*Capture) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	full := d.Fields(new(captureKeys))
	full.SetProperty("body", &strictyaml.Schema{Enum: []any{true}})
	full.DependentRequired = map[string][]string{"group": {"regex"}}
	var one []*strictyaml.Schema
	for _, key := range captureSources {
		one = append(one, strictyaml.Needs(key))
	}
	regexAlone := &strictyaml.Schema{Required: []string{"regex"}, Not: strictyaml.AnyOf(one...)}
	full.OneOf = append(one, regexAlone)
	return strictyaml.AnyOf(strictyaml.Matching(`\$.*`), full)
}

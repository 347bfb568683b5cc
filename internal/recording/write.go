package recording

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/yamlfmt"
)

// heading is the comment at the top of a file.
const heading = "Recorded by greenlight run --record, from a version that passed. Where *** stands, a secret stood.\n" +
	"Give a case an answer of its own that is wrong, and see that the gate says no."

// file writes the cases.
func (w *writer) file(path string) ([]byte, error) {
	w.requests, w.answers, w.cuts = 0, 0, nil
	r := w.recording
	top := mapping()
	add(top, "version", whole(int64(plantest.Version)))
	top.Content[0].HeadComment = heading
	add(top, "plan", text(w.plan))
	if len(r.run.Vars) > 0 {
		vars := mapping()
		for _, name := range slices.Sorted(maps.Keys(r.run.Vars)) {
			value := r.mask(r.run.Vars[name])
			if isSecret(name) && value != "" {
				value = secret.Mask
			}
			add(vars, name, text(value))
		}
		add(top, "vars", vars)
	}
	if names := w.names(); len(names.Content) > 0 {
		add(top, "names", names)
	}
	rules := w.rules()
	for _, side := range []string{"green", "blue"} {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, one := range rules {
			if one.side == side {
				list.Content = append(list.Content, w.rule(one))
			}
		}
		if len(list.Content) > 0 {
			add(top, side, list)
		}
	}
	if results := w.resultsNode(); len(results.Content) > 0 {
		add(top, "results", results)
	}
	one := mapping()
	add(one, "name", text(caseName))
	if r.run.Stage != "" {
		add(one, "stage", text(string(r.run.Stage)))
	}
	add(one, "expect", text(check.Passed.String()))
	add(top, "cases", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{one}})
	written, err := yaml.Dump(top, yaml.WithV4Defaults(), yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("writing the cases: %w", err)
	}
	// Whatever got past all else: a secret isn't written.
	written = []byte(r.derived.Mask(r.run.Mask(string(written))))
	if laid, err := yamlfmt.Source(path, written); err == nil {
		written = laid
	}
	return written, nil
}

// names are the values of those names that were asked for, and that only a deployment knows. A secret is as it is in answers.
func (w *writer) names() *yaml.Node {
	r := w.recording
	names := mapping()
	for _, name := range slices.Sorted(maps.Keys(r.names)) {
		switch value := r.names[name]; {
		case slices.Contains([]string{"green.url", "green.host", "blue.url", "blue.host", "stage"}, name):
		case strings.HasPrefix(name, secret.Prefix):
			add(names, name, text(secret.Mask))
		default:
			add(names, name, text(r.written(fmt.Sprint(value))))
		}
	}
	return names
}

// resultsNode has what came of the checks that aren't asked.
func (w *writer) resultsNode() *yaml.Node {
	results := mapping()
	seen := map[string]bool{}
	for _, one := range w.recording.watched {
		why, given := w.results[one]
		if !given || seen[one.check.Name] {
			continue
		}
		seen[one.check.Name] = true
		report := w.reports[one]
		var value *yaml.Node
		if value = text(report.Outcome.String()); report.Outcome != check.Passed {
			value = mapping()
			add(value, "outcome", text(report.Outcome.String()))
			add(value, "reason", text(w.recording.written(report.Reason)))
		}
		add(results, one.check.Name, value)
		results.Content[len(results.Content)-2].HeadComment = w.recording.mask(why)
	}
	return results
}

// rule writes a request with its answers.
func (w *writer) rule(r *rule) *yaml.Node {
	node := mapping()
	add(node, "request", text(r.request))
	var nodes []*yaml.Node
	for _, one := range r.answers {
		written, cut := w.answer(one)
		if cut != "" {
			r.comments = append(r.comments, cut)
			w.cuts = append(w.cuts, r.request+" of "+r.side+": "+cut)
		}
		nodes = append(nodes, written)
	}
	w.requests++
	w.answers += len(nodes)
	if len(nodes) == 1 {
		add(node, "answer", nodes[0])
	} else {
		add(node, "answers", &yaml.Node{Kind: yaml.SequenceNode, Content: nodes})
	}
	node.Content[0].HeadComment = strings.Join(r.comments, "\n")
	return node
}

// answer writes one answer, and says where its body is cut.
func (w *writer) answer(one given) (node *yaml.Node, cut string) {
	a := one.answer
	node = mapping()
	if a.failure != "" {
		add(node, "error", text(a.failure))
		return flow(node), ""
	}
	if a.status != http.StatusOK {
		add(node, "status", whole(int64(a.status)))
	}
	body := a.body
	key, value := "", (*yaml.Node)(nil)
	if w.ways[one.to] == asValues && !a.isLonger(w.bodies) && isJSON(a.header, body) {
		value, _ = w.json(body)
		key = "json"
	}
	if value == nil {
		if a.isLonger(w.bodies) {
			body = body[:min(len(body), w.bodies)]
			cut = fmt.Sprintf("the body is cut: %d of %d bytes", len(body), a.size)
			if a.more {
				cut += " or more"
			}
		}
		key, value = w.body(body)
	}
	if headers := w.headers(a, key); len(headers.Content) > 0 {
		add(node, "headers", headers)
	}
	if key != "" {
		add(node, key, value)
	}
	switch {
	case len(node.Content) == 0:
		return whole(http.StatusOK), cut
	case len(node.Content) == 2 && node.Content[0].Value == "status":
		return node.Content[1], cut
	}
	return flow(node), cut
}

// body is a body as it was sent.
func (w *writer) body(body []byte) (key string, value *yaml.Node) {
	shown := w.recording.written(string(body))
	switch {
	case shown == "":
		return "", nil
	case !utf8.ValidString(shown) || strings.ContainsFunc(shown, isBinary):
		return "base64", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: base64.StdEncoding.EncodeToString([]byte(shown))}
	}
	return "body", text(shown)
}

// isBinary says that a character is none of a text's.
func isBinary(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' }

// headersOf are an answer's headers as they are written, a line each.
func (r *Recording) headersOf(a answer) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		for _, line := range r.headerLines(name, a.header[name]) {
			lines = append(lines, strings.ToLower(name)+": "+line)
		}
	}
	return lines
}

func (w *writer) headers(a answer, key string) *yaml.Node {
	headers := mapping()
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		lines := w.recording.headerLines(name, a.header[name])
		if key == "json" && name == "Content-Type" && slices.Equal(lines, []string{"application/json"}) {
			continue // it is the one that json has
		}
		value := &yaml.Node{Kind: yaml.SequenceNode}
		for _, line := range lines {
			value.Content = append(value.Content, text(line))
		}
		if len(lines) == 1 {
			value = value.Content[0]
		}
		add(headers, strings.ToLower(name), value)
	}
	return headers
}

// json writes JSON as values of YAML, in its order; it gives false where YAML's values wouldn't be the same.
func (w *writer) json(body []byte) (*yaml.Node, bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	node, ok := w.jsonValue(dec, "")
	if _, err := dec.Token(); !ok || err != io.EOF { //nolint:errorlint // it is what Token gives
		return nil, false
	}
	return node, true
}

func (w *writer) jsonValue(dec *json.Decoder, key string) (*yaml.Node, bool) {
	token, err := dec.Token()
	if err != nil {
		return nil, false
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return w.jsonObject(dec)
		}
		return w.jsonList(dec, key)
	case string:
		shown, _ := w.recording.jsonLeaf(key, token)
		return text(shown), true
	case json.Number:
		if shown, masked := w.recording.jsonLeaf(key, token.String()); masked {
			return text(shown), true
		}
		return number(token.String())
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(token)}, true
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, true
}

func (w *writer) jsonObject(dec *json.Decoder) (*yaml.Node, bool) {
	node := mapping()
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		key, isText := token.(string)
		// Between braces there would be a name, and a key that stands twice is none of YAML's.
		if err != nil || !isText || seen[key] || strings.Contains(key, "{{") {
			return nil, false
		}
		seen[key] = true
		value, ok := w.jsonValue(dec, key)
		if !ok {
			return nil, false
		}
		add(node, w.recording.written(key), value)
	}
	_, err := dec.Token()
	return node, err == nil
}

func (w *writer) jsonList(dec *json.Decoder, key string) (*yaml.Node, bool) {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	for dec.More() {
		value, ok := w.jsonValue(dec, key)
		if !ok {
			return nil, false
		}
		node.Content = append(node.Content, value)
	}
	_, err := dec.Token()
	return node, err == nil
}

// number writes a number of JSON; it gives false where a case's would be another one.
func number(literal string) (*yaml.Node, bool) {
	if i, err := strconv.ParseInt(literal, 10, 64); err == nil {
		return whole(i), strconv.FormatInt(i, 10) == literal
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return nil, false
	}
	shown := strconv.FormatFloat(f, 'f', -1, 64)
	said, ok := new(big.Rat).SetString(literal)
	kept, _ := new(big.Rat).SetString(shown)
	const most = 40 // digits
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: shown}, ok && len(shown) < most && strings.Contains(shown, ".") && said.Cmp(kept) == 0
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func add(to *yaml.Node, key string, value *yaml.Node) {
	to.Content = append(to.Content, keyNode(key), value)
}

func keyNode(key string) *yaml.Node {
	node := text(key)
	node.Value = key
	return node
}

func whole(i int64) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(i, 10)}
}

// text is a text that means itself: two braces are no name.
func text(s string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ReplaceAll(s, "{{", `{{ "{{" }}`)}
	switch {
	case strings.ContainsFunc(s, func(c rune) bool { return c != '\n' && (!unicode.IsGraphic(c) || c == '\u0085' || c == '\ufeff') }):
		node.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		node.Style = yaml.LiteralStyle
		for line := range strings.Lines(s) {
			if trimmed := strings.TrimSpace(line); trimmed == "" || strings.TrimSuffix(line, "\n") != strings.TrimRight(line, " \n") || line[0] == ' ' && strings.HasPrefix(s, line) {
				node.Style = yaml.DoubleQuotedStyle
			}
		}
	}
	return node
}

// flow writes a short mapping on one line.
func flow(node *yaml.Node) *yaml.Node {
	const most = 100
	if room(node) <= most {
		node.Style = yaml.FlowStyle
	}
	return node
}

// room is about how many bytes a value takes on one line; too many where it can't stand on one.
func room(node *yaml.Node) int {
	const tooMuch = 1 << 20
	if node.Style == yaml.LiteralStyle || node.HeadComment != "" {
		return tooMuch
	}
	sum := len(node.Value) + 2
	for _, inner := range node.Content {
		sum += room(inner)
	}
	return sum
}

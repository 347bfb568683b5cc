package plantest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// file is a file of cases as it is written.
type file struct {
	// Version is that of the cases' language: 1.
	Version version `yaml:"version,required"`
	// Plan is the path of the plan that is tested, from the folder of this file on.
	Plan string `yaml:"plan,required"`
	// Vars set the plan's variables for all cases, as --var does.
	Vars strictyaml.Map[strictyaml.Text] `yaml:"vars"`
	// Names are the values of names that only a deployment knows, such as green.image, for all cases.
	Names strictyaml.Map[strictyaml.Value] `yaml:"names"`
	// Green is what green answers in all cases that don't say otherwise.
	Green side `yaml:"green"`
	// Blue is what blue answers in all cases that don't say otherwise.
	Blue side `yaml:"blue"`
	// Results are the outcomes of checks that aren't asked, by their names: those of kinds that ask others than green.
	Results strictyaml.Map[result] `yaml:"results"`
	// Cases are what is tried, each by itself.
	Cases caseList `yaml:"cases,required"`
}

// caseList holds a case at least.
type caseList []caseFile

// DecodeNode reads the cases, whose names must differ.
func (l *caseList) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Decode(n, (*[]caseFile)(l))
	if n.IsSequence() && len(n.Items()) == 0 {
		d.Problem(n, "the list has no cases")
	}
	seen := map[name]strictyaml.Position{}
	for _, c := range *l {
		if before, twice := seen[c.Name]; twice && c.Name != "" {
			named, _ := c.node.Get("name")
			d.Problem(named, "the case on line %d has this name already", before.Line)
		}
		seen[c.Name] = c.At
	}
}

// caseFile is a case as it is written.
type caseFile struct {
	// Name says what is tried, as in "a wrong total stops the deployment".
	Name name `yaml:"name,required"`
	// Stage is where the deployment is, by CodeDeploy's name or ECS's; default: one that isn't known.
	Stage stage `yaml:"stage"`
	// Vars set the plan's variables, as --var does.
	Vars strictyaml.Map[strictyaml.Text] `yaml:"vars"`
	// Names are the values of names that only a deployment knows, such as green.image.
	Names strictyaml.Map[strictyaml.Value] `yaml:"names"`
	// Rollback says that the deployment rolls another one back.
	Rollback bool `yaml:"rollback"`
	// Create says that the deployment is its service's first.
	Create bool `yaml:"create"`
	// Green is what green answers, before what the file says of all cases; or refused, for all requests.
	Green side `yaml:"green"`
	// Blue is what blue answers, before what the file says of all cases; or refused, for all requests.
	Blue side `yaml:"blue"`
	// Results are the outcomes of checks that aren't asked, by their names: an outcome, or {outcome, reason}.
	Results strictyaml.Map[result] `yaml:"results"`
	// Expect is the outcome, or a mapping with more that must be true.
	Expect expectation         `yaml:"expect,required"`
	At     strictyaml.Position `yaml:",position"`

	node strictyaml.Node
}

// DecodeNode reads a case.
func (c *caseFile) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	type fields caseFile
	d.Fields(n, (*fields)(c))
	c.node = n
}

// side is what one version answers.
type side struct {
	refused bool
	rules   []rule
}

// wordRefused stands for a version that nothing connects to.
const wordRefused = "refused"

// DecodeNode reads a list of answers, or that there are none.
func (s *side) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsSequence():
		d.Decode(n, &s.rules)
	case n.IsScalar() && n.Text() == wordRefused:
		s.refused = true
	default:
		d.Mismatch(n, "a list of {request, answer}, or refused")
	}
}

// over puts a case's own answers before those of all cases.
func (s side) over(all side) side {
	switch {
	case s.refused, all.refused && len(s.rules) > 0:
		return s
	case all.refused:
		return all
	}
	return side{rules: slices.Concat(s.rules, all.rules)}
}

// rule is a request with what is answered to it.
type rule struct {
	// Request is METHOD and a path, or a path alone for any method, in which * stands for any text. A path without a query
	// is any query's.
	Request pattern `yaml:"request,required"`
	// Answer is what is answered each time: a status, or a mapping.
	Answer *answer `yaml:"answer"`
	// Answers are given one after the other; the last of them again and again.
	Answers []answer `yaml:"answers"`
}

// Validate refuses a request without an answer.
func (r *rule) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	answers, many := n.Get("answers")
	_, one := n.Get("answer")
	switch {
	case one && many:
		d.Problem(answers, "answers: the request has an answer already: write one of them")
	case !one && !many:
		d.Note(strictyaml.RuleMissingKey, n, `"answer" is missing, or "answers"`)
	case many && answers.IsSequence() && len(answers.Items()) == 0:
		d.Problem(answers, "answers: the list is empty")
	}
}

func (r *rule) answers() []answer {
	if r.Answer != nil {
		return []answer{*r.Answer}
	}
	return r.Answers
}

// pattern is what a request looks like.
type pattern struct{ text, method, target string }

// DecodeNode reads METHOD and a path.
func (p *pattern) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var text strictyaml.Text
	if d.Decode(n, &text); text.IsZero() {
		return
	}
	p.text = text.String()
	method, target, found := strings.Cut(p.text, " ")
	if !found {
		method, target = "", p.text
	}
	if p.method, p.target = method, strings.TrimSpace(target); !strings.HasPrefix(p.target, "/") && p.target != "*" ||
		found && (method == "" || strings.ToUpper(method) != method) || strings.ContainsAny(p.target, " #") {
		d.Problem(n, "expected METHOD and a path, as in GET /health, or a path alone; found %s", n.Describe())
	}
}

// matches says that a request is one of those.
func (p pattern) matches(r *http.Request) bool {
	if p.method != "" && p.method != r.Method {
		return false
	}
	asked := r.URL.EscapedPath()
	if strings.Contains(p.target, "?") {
		asked = r.URL.RequestURI()
	}
	return like(p.target, asked)
}

// like matches a text with a pattern in which * stands for any text.
func like(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return text == pattern
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	for at := len(first); at <= len(text); at++ {
		if like(rest, text[at:]) {
			return true
		}
	}
	return false
}

// answer is one answer, or what is there in its place.
type answer struct {
	// Status is the answer's; default 200.
	Status status `yaml:"status"`
	// Headers are the answer's. One that has several lines has a list of them.
	Headers strictyaml.Map[strictyaml.OneOrMany[strictyaml.Text]] `yaml:"headers"`
	// Body is the body as it is.
	Body strictyaml.Text `yaml:"body"`
	// JSON is a value that is sent as JSON, with that content-type.
	JSON strictyaml.Value `yaml:"json"`
	// Base64 is a body that is no text.
	Base64 encoded `yaml:"base64"`
	// After is how long it takes, up to 10s.
	After delay `yaml:"after"`
	// Error is what happens in place of an answer: reset, closed (without a word), or timeout (never an answer).
	Error failure `yaml:"error"`
}

// DecodeNode reads a status, or a mapping.
func (a *answer) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	a.Status = http.StatusOK
	if n.IsScalar() {
		d.Decode(n, &a.Status)
		return
	}
	type fields answer
	d.Fields(n, (*fields)(a))
	first := ""
	for _, pair := range n.Pairs() {
		switch key := pair.Key.Text(); {
		case !slices.Contains(bodies, key):
		case first != "":
			d.Problem(pair.Key, "%s: the answer has a body already, from %s", key, first)
		default:
			first = key
		}
	}
	if failed, ok := n.Get("error"); ok {
		for _, pair := range n.Pairs() {
			if key := pair.Key.Text(); key != "error" && key != "after" {
				d.Problem(failed, "error: in place of an answer; %s says nothing then", key)
				return
			}
		}
	}
}

// bodies are the keys of which one at most says what the body is.
var bodies = []string{"body", "json", "base64"}

// encoded is a body in base64.
type encoded []byte

// DecodeNode reads base64, in which there may be white space.
func (e *encoded) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var text strictyaml.Text
	if d.Decode(n, &text); text.IsZero() {
		return
	}
	body, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text.String()), ""))
	if err != nil {
		d.Problem(n, "expected base64 (RFC 4648, 4), found %s", n.Describe())
	}
	*e = body
}

// status is one of HTTP's.
type status int

// DecodeNode reads a code from 200 to 599: what comes before is no answer yet.
func (s *status) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	code, ok := d.Int(n)
	if ok && (code < 200 || code > 599) {
		d.Problem(n, "expected a status from 200 to 599, found %d", code)
	}
	*s = status(code)
}

// longestDelay is longer than tells anything: a test that takes longer is run by nobody.
const longestDelay = 10 * time.Second

// delay is how long an answer takes.
type delay strictyaml.Duration

// DecodeNode reads a duration of up to longestDelay.
func (l *delay) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Decode(n, (*strictyaml.Duration)(l))
	if time.Duration(*l) > longestDelay {
		d.Problem(n, "expected up to %s, found %s", strictyaml.Duration(longestDelay), n.Describe())
	}
}

// failure is what happens in place of an answer.
type failure string

const (
	failReset   failure = "reset"
	failClosed  failure = "closed"
	failTimeout failure = "timeout"
)

// DecodeNode reads one of the words.
func (f *failure) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	word(d, n, f, failReset, failClosed, failTimeout)
}

// outcome is a word for a check.Outcome.
type outcome string

var outcomes = []outcome{outcome(check.Passed.String()), outcome(check.Failed.String()), outcome(check.Inconclusive.String())}

// DecodeNode reads one of the words.
func (o *outcome) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) { word(d, n, o, outcomes...) }

func (o outcome) value() check.Outcome {
	for _, value := range []check.Outcome{check.Failed, check.Inconclusive} {
		if value.String() == string(o) {
			return value
		}
	}
	return check.Passed
}

// word reads one of a few words.
func word[T ~string](d *strictyaml.Decoder, n strictyaml.Node, dst *T, words ...T) {
	texts := make([]string, len(words))
	for i, w := range words {
		if texts[i] = string(w); n.IsScalar() && n.Text() == texts[i] {
			*dst = w
			return
		}
	}
	d.Mismatch(n, strings.Join(texts[:len(texts)-1], ", ")+" or "+texts[len(texts)-1])
}

// result is what comes of a check that isn't asked.
type result struct {
	// Outcome is what comes of it.
	Outcome outcome `yaml:"outcome,required"`
	// Reason is what it says.
	Reason string `yaml:"reason"`
}

// DecodeNode reads an outcome, or a mapping.
func (r *result) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsScalar() {
		d.Decode(n, &r.Outcome)
		return
	}
	type fields result
	d.Fields(n, (*fields)(r))
}

// expectation is what a case expects of the verdict.
type expectation struct {
	// Outcome is that of the verdict, the worst of the checks that count: passed, failed or inconclusive; with check, it is that check's.
	Outcome outcome `yaml:"outcome,required"`
	// Succeeded is whether the deployment goes on; it differs from the outcome where on_inconclusive: pass decides.
	Succeeded *bool `yaml:"succeeded"`
	// Check is the one that must have the outcome.
	Check name `yaml:"check"`
	// Reason is what the verdict, or the check, must say: a literal, or a comparison such as ~ status is 500.
	Reason *expect.Text `yaml:"reason"`
	// Rule is the plan's rule that must have decided: on_inconclusive, on_rollback or on_create, with its value.
	Rule *expect.Text `yaml:"rule"`
	// Checks are the outcomes of more checks, by their names.
	Checks strictyaml.Map[outcome] `yaml:"checks"`
}

// DecodeNode reads an outcome, or a mapping.
func (e *expectation) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if n.IsScalar() {
		d.Decode(n, &e.Outcome)
		return
	}
	type fields expectation
	d.Fields(n, (*fields)(e))
}

// name is a line of text.
type name string

// DecodeNode reads a line of text.
func (t *name) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	d.Decode(n, (*string)(t))
	if n.IsScalar() && (strings.TrimSpace(string(*t)) == "" || strings.ContainsFunc(string(*t), unicode.IsControl)) {
		d.Problem(n, "expected a line of text, found %s", n.Describe())
	}
}

// stage is a point of the deployment.
type stage lifecycle.Stage

// DecodeNode reads a stage's name.
func (s *stage) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	var text string
	if d.Decode(n, &text); !n.IsScalar() {
		return // already noted
	}
	parsed, ok := lifecycle.ParseStage(text)
	if !ok {
		d.Note(strictyaml.RuleUnknownKey, n, "%s", strictyaml.Unknown("stage", text, lifecycle.Names()))
	}
	*s = stage(parsed)
}

// version is that of the cases' language.
type version int

// DecodeNode refuses cases in another version of the language.
func (v *version) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	i, ok := d.Int(n)
	if ok && i != Version {
		d.Problem(n, "this greenlight reads version %d of the language, the cases are in version %d", Version, i)
	}
	*v = version(i)
}

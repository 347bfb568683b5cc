package expect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Answer is what assertions know of an answer.
type Answer struct {
	// Status is known to an assertion as status.
	Status int
	// Duration is known as duration, a number of milliseconds: duration < 500.
	Duration time.Duration
	// Header is known as headers: lower-case name to value; several lines of one name are joined by a comma and a space.
	Header http.Header
	// Body is known as body: a value of ParseJSON where it is JSON, else text.
	Body any
	// Size is known as size, in bytes.
	Size int64
}

// Assert is an expression, or a list of them, that must be true of an answer, in the language of
// https://expr-lang.org/docs/language-definition. Beside the members of Answer it knows the plan's names as they are:
// vars.sku, green.image. A member that isn't there is an error, and so is an index out of range: where that may be,
// ?. and ?? say so.
//
// An evaluation is bounded: by maxSteps, and by the end of its context.
type Assert []*assertion

// DecodeNode reads a text, or a list of them, and compiles it.
func (a *Assert) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	items := []strictyaml.Node{n}
	if n.IsSequence() {
		if items = n.Items(); len(items) == 0 {
			d.Problem(n, "the list is empty")
		}
	}
	for _, item := range items {
		if one := decodeAssertion(d, item); one != nil {
			*a = append(*a, one)
		}
	}
}

// Uses says whether the assertions need a member of Answer, by its name.
func (a Assert) Uses(member string) bool {
	for _, one := range a {
		if one.uses[member] || one.uses["$env"] {
			return true
		}
	}
	return false
}

// Judge evaluates the assertions, and tells all that aren't true.
func (a Assert) Judge(ctx context.Context, answer Answer, lookup strictyaml.Lookup) ([]*Mismatch, error) {
	var all []*Mismatch
	for _, one := range a {
		m, err := one.judge(ctx, answer, lookup)
		if err != nil {
			return all, err
		}
		if m != nil {
			all = append(all, m)
		}
	}
	return all, nil
}

// assertion is one compiled expression.
type assertion struct {
	source  string
	at      strictyaml.Position
	program *vm.Program
	names   strictyaml.Names
	// uses holds the first part of every name in the expression; later those that are looked up, in full.
	uses  map[string]bool
	later []string
}

// maxSource bounds an expression: what is longer is a program, which belongs into a check of its own.
const maxSource = 4 << 10

func decodeAssertion(d *strictyaml.Decoder, n strictyaml.Node) *assertion {
	if !n.IsString() {
		d.Mismatch(n, "an expression, as in body.total > 0")
		return nil
	}
	source := n.Text()
	switch at := strings.Index(source, "{{"); {
	case strings.TrimSpace(source) == "":
		d.Problem(n, "the expression is empty")
		return nil
	case len(source) > maxSource:
		d.Problem(n, "the expression has %d bytes, at most %d are read", len(source), maxSource)
		return nil
	case at >= 0:
		d.ProblemAt(n, at, 2, "an expression knows the names as they are: write vars.sku, not {{ vars.sku }}")
		return nil
	}
	one := &assertion{source: source, at: n.Position(), names: d.Names()}
	faults := one.compile()
	for _, f := range faults {
		d.ProblemAt(n, f.offset, 1, "%s", f.message)
	}
	if len(faults) > 0 {
		return nil
	}
	return one
}

// fault is what is wrong in an expression, and where, in bytes.
type fault struct {
	offset  int
	message string
}

func (a *assertion) compile() []fault {
	r := newRewriter(a.names)
	program, err := expr.Compile(a.source, a.options(expr.Patch(r))...)
	switch faults := r.faults(); {
	case len(faults) > 0:
		return faults
	case err != nil:
		return []fault{a.fault(err)}
	}
	// Not expr.AsBool: where the type is known only when it runs, that would turn the value into an error of its own.
	if t := program.Node().Type(); t != nil && t.Kind() != reflect.Bool && t.Kind() != reflect.Interface {
		return []fault{{0, fmt.Sprintf("the expression gives %s, and must be true or false", goTypes.Replace(t.String()))}}
	}
	a.program, a.uses, a.later = program, r.uses, r.later
	return nil
}

// options are those of the expression and of the parts of it that are evaluated to explain it.
func (a *assertion) options(more ...expr.Option) []expr.Option {
	options := []expr.Option{
		expr.Env(a.types()),
		expr.MaxNodes(1000),
		expr.Function(strictMember, func(p ...any) (any, error) { return member(p[0], p[1]) }, new(func(any, any) any)),
		expr.Function(lenientMember, func(p ...any) (any, error) { return memberOrNil(p[0], p[1]), nil }, new(func(any, any) any)),
		expr.Function(stepOf, func(p ...any) (any, error) { return p[1], p[0].(*budget).step(p[1]) }, new(func(*budget, any) any)),
		expr.Function(costOf, func(p ...any) (any, error) { return p[1], p[0].(*budget).charge(p[1]) }, new(func(*budget, any) any)),
	}
	// These make texts and lists much larger than what they are made of, or take the square of their size in time. An
	// assertion judges what is there.
	for _, name := range []string{"repeat", "replace", "join", "uniq", "indent"} {
		options = append(options, expr.DisableBuiltin(name))
	}
	return append(options, more...)
}

// goTypes names the types of JSON as JSON does.
var goTypes = strings.NewReplacer("map[string]interface {}", "a mapping", "[]interface {}", "a list", "json.Number", "a number beyond 64 bits", "<nil>", "null")

func (a *assertion) fault(err error) fault {
	var located *file.Error
	if !errors.As(err, &located) {
		return fault{0, strictyaml.OneLine(err.Error())}
	}
	runes := []rune(a.source)
	offset := len(string(runes[:min(max(located.From, 0), len(runes))]))
	message := goTypes.Replace(strictyaml.OneLine(located.Message))
	if name, unknown := strings.CutPrefix(message, "unknown name "); unknown {
		message = strictyaml.Unknown("name", name, a.known())
		if why, early := a.names.NotYet[name]; early {
			message = name + " has no value yet: it " + why
		}
	}
	return fault{offset, message}
}

func (a *assertion) known() []string {
	var names []string
	for name := range a.types() {
		if !strings.Contains(name, " ") {
			names = append(names, name)
		}
	}
	return names
}

// types are those of the names of an expression, as far as they are known when the plan is read.
func (a *assertion) types() types.Map {
	all := types.Map{
		"status": types.Int, "duration": types.Float64, "size": types.Int, "body": types.Any,
		"headers": types.TypeOf(map[string]any{}), budgetName: types.TypeOf(&budget{}),
	}
	for name, value := range a.names.Static {
		all[name] = types.Any
		if value != nil {
			all[name] = types.TypeOf(value)
		}
	}
	for _, name := range a.names.Later {
		first, _, _ := strings.Cut(name, ".")
		all[first] = types.Any
	}
	return all
}

// environment is what the names of an expression stand for.
func (a *assertion) environment(b *budget, answer Answer, later map[string]any) map[string]any {
	env := map[string]any{}
	for name, value := range a.names.Static {
		env[name] = value
	}
	for name, value := range later {
		plant(env, strings.Split(name, "."), value)
	}
	headers := make(map[string]any, len(answer.Header))
	for name, values := range answer.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	env["status"], env["duration"] = answer.Status, float64(answer.Duration)/float64(time.Millisecond)
	env["headers"], env["body"], env["size"] = headers, answer.Body, int(answer.Size)
	env[budgetName] = b
	return env
}

// plant puts a value under a dotted name, into maps that belong to this evaluation.
func plant(in map[string]any, path []string, value any) {
	if len(path) == 1 {
		in[path[0]] = value
		return
	}
	inner := map[string]any{}
	if existing, ok := in[path[0]].(map[string]any); ok {
		for key := range existing {
			inner[key] = existing[key]
		}
	}
	in[path[0]] = inner
	plant(inner, path[1:], value)
}

func (a *assertion) judge(ctx context.Context, answer Answer, lookup strictyaml.Lookup) (*Mismatch, error) {
	later := map[string]any{}
	for _, name := range a.later {
		value, err := lookup(name)
		if err != nil {
			return nil, at(a.at, fmt.Errorf("%s: %w", name, err))
		}
		later[name] = value
	}
	env := a.environment(newBudget(ctx), answer, later)
	if err := fillTexts(env, lookup); err != nil {
		return nil, at(a.at, err)
	}
	got, err := expr.Run(a.program, env)
	truth, isBool := got.(bool)
	m := &Mismatch{Subject: cut(strictyaml.OneLine(a.source)), At: a.at}
	switch {
	case err != nil:
		m.Got = "an error: " + a.fault(err).message
	case !isBool:
		m.Got = show(got) + ", which is not true or false"
	case truth:
		return nil, nil
	default:
		m.Got = "false"
		if operands := a.explain(ctx, env); operands != "" {
			m.Got += ": " + operands
		}
	}
	return m, nil
}

// fillTexts puts what they stand for in the place of variables whose own names are known only now.
func fillTexts(env map[string]any, lookup strictyaml.Lookup) error {
	vars, _ := env["vars"].(map[string]any)
	for name, value := range vars {
		text, ok := value.(strictyaml.Text)
		if !ok {
			continue
		}
		filled, err := text.Value(lookup)
		if err != nil {
			return err
		}
		plant(env, []string{"vars", name}, filled)
	}
	return nil
}

// BodyValue gives a body as assertions see it: parsed where it is a JSON object or list, or says that it is JSON;
// else as text. A text/plain "42" stays text.
func BodyValue(body []byte, contentType string, doc any, err error) any {
	if err != nil {
		return string(body)
	}
	switch doc.(type) {
	case map[string]any, []any:
		return doc
	}
	mediaType, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	if mediaType = strings.TrimSpace(mediaType); mediaType == "application/json" || strings.HasSuffix(mediaType, "+json") {
		return doc
	}
	return string(body)
}

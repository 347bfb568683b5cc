package strictyaml

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// NodeDecoder is a type with rules of its own. DecodeNode tells the Decoder what is wrong and goes on, so that all
// problems of a file are found at once. It gets the node with its {{ names }} unfilled: a type that needs the final
// text asks Decoder.Static for it, one that can wait holds a Text or a Value.
type NodeDecoder interface {
	DecodeNode(d *Decoder, n Node)
}

// Validator is a struct with rules that span its fields. Validate runs after the fields are decoded, also when some
// of them had problems.
type Validator interface {
	Validate(d *Decoder, n Node)
}

// Names are the names that {{ }} may hold.
type Names struct {
	// Static values are known when the file is read and are filled in as it is decoded. Dots reach into maps:
	// vars.user.id is Static["vars"]["user"]["id"]. A value that is a Text may hold names of its own, that are known later.
	Static map[string]any
	// Later are the names of values that are known when a check runs, in full: green.url.
	Later []string
	// NotYet are names that will have a value, but none where a value would be needed now: each with what to say of it,
	// as in "is captured by step 2".
	NotYet map[string]string
}

// Decoder turns nodes into Go values and collects every problem on the way.
type Decoder struct {
	names    Names
	problems Problems
	key      string
	layouts  map[reflect.Type]*layout
	once     map[any]any
}

// NewDecoder makes a Decoder for files in which these names may stand between {{ and }}.
func NewDecoder(names Names) *Decoder { return &Decoder{names: names} }

// Among decodes what stands where other names are known than in the rest of the file.
func (d *Decoder) Among(names Names, decode func()) {
	outer := d.names
	d.names = names
	defer func() { d.names = outer }()
	decode()
}

// Err gives the problems so far, in the order of the file, as Problems; nil when there are none.
func (d *Decoder) Err() error {
	if len(d.problems) == 0 {
		return nil
	}
	return d.problems.sorted()
}

// Count says how many problems there are so far.
func (d *Decoder) Count() int { return len(d.problems) }

// Problem notes what is wrong with a node. The key that the node stands under is put in front.
func (d *Decoder) Problem(n Node, format string, args ...any) { d.Note(RuleValue, n, format, args...) }

// Note notes a problem as one of a kind.
func (d *Decoder) Note(rule Rule, n Node, format string, args ...any) {
	p := n.problem(d.underKey(format, args))
	p.Rule = rule
	d.problems = append(d.problems, p)
}

// ProblemAt notes what is wrong with a part of a scalar: width bytes of its text, from offset on. Where the part can't
// be found in the file, as in a folded text, the problem stands at the scalar.
func (d *Decoder) ProblemAt(n Node, offset, width int, format string, args ...any) {
	d.noteAt(RuleValue, n, offset, width, format, args...)
}

func (d *Decoder) noteAt(rule Rule, n Node, offset, width int, format string, args ...any) {
	at, ok := n.locate(offset)
	if !ok {
		d.Note(rule, n, format, args...)
		return
	}
	if end, ok := n.locate(offset + width); ok && end.Line == at.Line {
		width = end.Column - at.Column
	}
	d.problems = append(d.problems, Problem{
		Position: at, Rule: rule, Message: oneLine(d.underKey(format, args)), Source: n.doc.line(at.Line), Width: width,
	})
}

func (d *Decoder) underKey(format string, args []any) string {
	message := fmt.Sprintf(format, args...)
	if d.key == "" {
		return message
	}
	return cut(d.key, 60) + ": " + message
}

// Mismatch notes that a node isn't what it should be: "expected a list, found the number 3".
func (d *Decoder) Mismatch(n Node, expected string) {
	d.Note(RuleType, n, "expected %s, found %s", expected, n.Describe())
}

// Decode reads a node into dst, a pointer. What dst holds before are the defaults. Structs are read by their yaml tags:
//
//	Timeout  Duration `yaml:"timeout"`
//	URL      Text     `yaml:"url,required"`
//	Common            `yaml:",inline"`
//	At       Position `yaml:",position"`
//
// A pointer field stays nil where the key is missing.
func (d *Decoder) Decode(n Node, dst any) {
	if own, ok := dst.(NodeDecoder); ok {
		own.DecodeNode(d, n)
		return
	}
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(fmt.Sprintf("strictyaml: Decode needs a pointer, got %T", dst))
	}
	d.decode(n, v.Elem())
}

func (d *Decoder) decode(n Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		d.Decode(n, fresh.Interface())
		v.Set(fresh)
	case reflect.Struct:
		d.Fields(n, v.Addr().Interface())
	case reflect.Slice:
		d.decodeList(n, v)
	default:
		d.decodeScalar(n, v)
	}
}

func (d *Decoder) decodeList(n Node, v reflect.Value) {
	if !n.IsSequence() {
		d.Mismatch(n, "a list")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.children), len(n.children))
	for i, item := range n.children {
		d.Decode(item, list.Index(i).Addr().Interface())
	}
	v.Set(list)
}

func (d *Decoder) decodeScalar(n Node, v reflect.Value) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if !n.IsScalar() {
			d.Mismatch(n, "text")
			return
		}
		v.SetString(n.Text())
	case reflect.Bool:
		if !n.IsBool() {
			d.Mismatch(n, "true or false")
			return
		}
		v.SetBool(strings.EqualFold(n.Text(), "true"))
	case reflect.Int, reflect.Int64:
		i, ok := d.Int(n)
		if ok {
			v.SetInt(i)
		}
	default:
		panic(fmt.Sprintf("strictyaml: no rule for fields of type %s", v.Type()))
	}
}

// Int reads a whole number, its static names filled in, and notes a problem where there is none.
func (d *Decoder) Int(n Node) (int64, bool) {
	n, ok := d.Static(n)
	if !ok {
		return 0, false
	}
	value, ok := d.number(n)
	if !ok {
		return 0, false
	}
	i, ok := value.(int64)
	if !ok {
		d.Mismatch(n, "a whole number")
	}
	return i, ok
}

// number reads a number as int64, or as float64 where it is written with a fraction or an exponent.
func (d *Decoder) number(n Node) (any, bool) {
	if !n.IsNumber() {
		d.Mismatch(n, "a number")
		return nil, false
	}
	text := strings.ReplaceAll(n.Text(), "_", "")
	if digits := strings.TrimLeft(text, "+-"); len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		d.Problem(n, "%s begins with a zero, which some YAML readers take for octal: quote it, or drop the zero", text)
		return nil, false
	}
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		return i, true
	}
	if n.filled == nil && strings.Trim(text, "+-0123456789") == "" {
		d.Problem(n, "%s is too large: whole numbers go from %d to %d", text, math.MinInt64, math.MaxInt64)
		return nil, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		d.Problem(n, "%s is not a number that can be compared", n.Text())
		return nil, false
	}
	return f, true
}

// Fields reads one mapping into several structs at once, each taking the keys that it has fields for: what is common
// to all checks and what belongs to one kind stand side by side in a plan. Keys that none has are problems.
func (d *Decoder) Fields(n Node, dsts ...any) {
	if !n.IsMapping() {
		d.Mismatch(n, "a mapping")
		return
	}
	fields := d.fieldsOf(n, dsts)
	outer := d.key
	seen := make(map[string]int, len(n.children)/2)
	for i := 0; i+1 < len(n.children); i += 2 {
		d.key = outer
		pair := Pair{n.children[i], n.children[i+1]}
		key, ok := d.keyOf(pair, seen)
		if !ok {
			continue
		}
		field, known := fields.find(key)
		switch {
		case !known:
			d.Note(RuleUnknownKey, pair.Key, "%s", Unknown("key", key, fields.names()))
		case pair.Value.IsNull() && !field.nullable:
			d.key = key
			d.Problem(pair.Key, "has no value")
		default:
			d.key = key
			d.Decode(pair.Value, field.of.FieldByIndex(field.index).Addr().Interface())
		}
	}
	d.key = outer
	for _, f := range fields {
		if _, ok := seen[f.name]; f.required && !ok {
			d.Note(RuleMissingKey, n, "%q is missing", f.name)
		}
	}
	for _, dst := range dsts {
		if v, ok := dst.(Validator); ok {
			v.Validate(d, n)
		}
	}
}

// keyOf reads a key, which may stand once in a mapping. What was seen before maps to its line.
func (d *Decoder) keyOf(pair Pair, seen map[string]int) (string, bool) {
	key := pair.Key.Text()
	switch {
	case pair.Key.IsNull() && key == "":
		d.Problem(pair.Key, "a key is missing before the colon")
		return "", false
	case pair.Key.IsNull():
		d.Problem(pair.Key, "%s means nothing, and can't be a key; quote it if it is text", key)
		return "", false
	case !pair.Key.IsScalar():
		d.Mismatch(pair.Key, "a key")
		return "", false
	case hasBraces(key):
		d.Note(RuleName, pair.Key, "names between {{ and }} fill in values, never keys")
		return "", false
	}
	if line, twice := seen[key]; twice {
		d.Note(RuleDuplicateKey, pair.Key, "the key %s is already set on line %d", quoted(key), line)
		return "", false
	}
	seen[key] = pair.Key.yaml.Line
	return key, true
}

func hasBraces(key string) bool {
	b, ok := nextBraces(key, 0)
	return ok && b.end > 0
}

// Entry is one pair of a Map.
type Entry[T any] struct {
	Key   string
	At    Position
	Value T
}

// Map is a mapping whose keys are the user's own: headers, query parameters, JSON paths. It keeps their order.
type Map[T any] []Entry[T]

// DecodeNode reads the pairs; a key may stand once.
func (m *Map[T]) DecodeNode(d *Decoder, n Node) {
	if !n.IsMapping() {
		d.Mismatch(n, "a mapping")
		return
	}
	outer := d.key
	seen := make(map[string]int, len(n.children)/2)
	*m = slices.Grow(*m, len(n.children)/2)
	for i := 0; i+1 < len(n.children); i += 2 {
		pair := Pair{n.children[i], n.children[i+1]}
		key, ok := d.keyOf(pair, seen)
		if !ok {
			continue
		}
		entry := Entry[T]{Key: key, At: pair.Key.Position()}
		d.key = key
		d.Decode(pair.Value, &entry.Value)
		d.key = outer
		*m = append(*m, entry)
	}
}

// OneOrMany is a list that may be written as its only item.
type OneOrMany[T any] []T

// DecodeNode reads a list, or one item.
func (l *OneOrMany[T]) DecodeNode(d *Decoder, n Node) {
	items := []Node{n}
	if n.IsSequence() {
		if items = n.Items(); len(items) == 0 {
			d.Problem(n, "the list is empty")
		}
	}
	*l = make(OneOrMany[T], len(items))
	for i, item := range items {
		d.Decode(item, &(*l)[i])
	}
}

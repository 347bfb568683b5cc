package jsonschema

import (
	"errors"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Document is a file that holds schemas, or a schema that stands in a plan.
type Document struct {
	// Name is the file's path; references to other files are relative to its folder. Empty for a plan's own schema, from where they are
	// relative to the working directory.
	Name string
	Root strictyaml.Node
	// Filled: static {{ names }} are filled in, as they are in a plan.
	Filled bool
}

// Load finds the document of a file that a reference names.
type Load func(file string) (Document, error)

// Compiler compiles the schemas of some documents, each once. What is wrong with them is told to the Decoder.
type Compiler struct {
	d       *strictyaml.Decoder
	dialect Dialect
	load    Load
	// compiled holds what references lead to, by file and pointer.
	compiled map[string]*Schema
	files    map[string]Document
	// words are the dialect's.
	words  []keyword
	tracks bool
}

// NewCompiler makes a Compiler.
func NewCompiler(d *strictyaml.Decoder, dialect Dialect, load Load) *Compiler {
	c := &Compiler{d: d, load: load, compiled: map[string]*Schema{}, files: map[string]Document{}}
	c.speak(dialect)
	return c
}

func (c *Compiler) speak(dialect Dialect) { c.dialect, c.words = dialect, keywordsOf(dialect) }

// Compile reads a schema that stands in a document.
func (c *Compiler) Compile(in Document, n strictyaml.Node) *Schema {
	s := &Schema{}
	c.into(s, in, n)
	c.finish(s)
	return s
}

// Whole reads a document that is a schema.
func (c *Compiler) Whole(in Document) *Schema {
	if dialect, ok := c.named(in.Root); ok {
		c.speak(dialect)
	}
	s := c.at(in, "", in.Root)
	c.finish(s)
	return s
}

// named reads $schema. What it is not is told when the keyword is compiled.
func (c *Compiler) named(n strictyaml.Node) (Dialect, bool) {
	at, ok := n.Get("$schema")
	if !ok {
		return 0, false
	}
	switch strings.TrimSuffix(at.Text(), "#") {
	case "https://json-schema.org/draft/2020-12/schema":
		return Draft2020, true
	case "http://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema":
		return Draft7, true
	}
	return 0, false
}

// finish refuses a schema that would judge one value without end.
func (c *Compiler) finish(s *Schema) {
	const (
		open = 1
		done = 2
	)
	state := map[*Schema]int{}
	var walk func(*Schema)
	walk = func(s *Schema) {
		state[s] = open
		for _, next := range s.inPlace {
			switch state[next.of] {
			case open:
				c.d.Problem(next.node, "the schema refers to itself for one and the same value, without end")
			case done:
			default:
				walk(next.of)
			}
		}
		state[s] = done
	}
	s.tracks = c.tracks
	walk(s)
	for _, key := range slices.Sorted(maps.Keys(c.compiled)) { // so that of a circle it is always the same place that is told
		if one := c.compiled[key]; state[one] == 0 {
			walk(one)
		}
	}
}

// at compiles what a reference leads to, once.
func (c *Compiler) at(in Document, pointer string, n strictyaml.Node) *Schema {
	key := in.Name + "#" + pointer
	if s := c.compiled[key]; s != nil {
		return s
	}
	s := &Schema{}
	c.compiled[key] = s // before it is read: it may refer to itself
	c.into(s, in, n)
	return s
}

func (c *Compiler) into(s *Schema, in Document, n strictyaml.Node) {
	s.at = n.Position()
	switch {
	case n.IsBool() && c.dialect != OpenAPI30:
		if strings.EqualFold(n.Text(), "false") {
			s.rules = append(s.rules, nothing)
		}
	case n.IsMapping():
		c.mapping(s, in, n)
	case c.dialect == OpenAPI30:
		c.d.Mismatch(n, "a schema, as in {type: object}")
	default:
		c.d.Mismatch(n, "a schema, as in {type: object}, true or false")
	}
}

// mapping reads the keywords, in an order that lets the plainest rule be told first.
func (c *Compiler) mapping(s *Schema, in Document, n strictyaml.Node) {
	reading := &reading{Compiler: c, schema: s, in: in, n: n}
	for _, pair := range n.Pairs() {
		if key := pair.Key.Text(); !c.knows(key) {
			c.d.Problem(pair.Key, "%s", c.unknown(key))
		}
	}
	if at, ok := n.Get("$ref"); ok && (c.dialect == Draft7 || c.dialect == OpenAPI30) {
		reading.alone(at)
		return
	}
	for _, k := range c.words {
		if at, ok := n.Get(k.name); ok && k.read != nil {
			k.read(reading, at)
		}
	}
	if at, ok := n.Get("nullable"); ok && c.dialect == OpenAPI30 && reading.boolean(at) {
		s.rules = []rule{unlessNull(s.rules)}
	}
}

// reading is one mapping that is being compiled.
type reading struct {
	*Compiler
	schema *Schema
	in     Document
	n      strictyaml.Node
}

func (r *reading) add(all ...rule) { r.schema.rules = append(r.schema.rules, all...) }

// same compiles a schema that judges the same value.
func (r *reading) same(n strictyaml.Node) *Schema {
	s := r.part(n)
	r.schema.inPlace = append(r.schema.inPlace, inPlace{s, n})
	return s
}

// part compiles a schema that judges a part of the value.
func (r *reading) part(n strictyaml.Node) *Schema {
	s := &Schema{}
	r.into(s, r.in, n)
	return s
}

// alone reads a $ref in a dialect where nothing that stands beside it counts.
func (r *reading) alone(at strictyaml.Node) {
	for _, pair := range r.n.Pairs() {
		i := slices.IndexFunc(r.words, func(k keyword) bool { return k.name == pair.Key.Text() })
		if i >= 0 && r.words[i].judges && r.words[i].name != "$ref" {
			r.d.Problem(pair.Key, "%s says nothing beside $ref in this version: put both into allOf", pair.Key.Text())
		}
	}
	readRef(r, at)
}

// follow finds what a reference names.
func (r *reading) follow(at strictyaml.Node) (*Schema, bool) {
	in, pointer, n, err := r.Find(r.in, at.Text())
	if err != nil {
		r.d.Problem(at, "$ref: %s", err)
		return nil, false
	}
	return r.at(in, pointer, n), true
}

// Find follows a reference from a document: to a place in it, or in another file.
func (c *Compiler) Find(in Document, ref string) (Document, string, strictyaml.Node, error) {
	none := func(err error) (Document, string, strictyaml.Node, error) { return in, "", strictyaml.Node{}, err }
	file, fragment, _ := strings.Cut(ref, "#")
	if file != "" && !c.isItself(in, file) {
		other, err := c.file(in, file)
		if err != nil {
			return none(err)
		}
		in = other
	}
	fragment, err := url.PathUnescape(fragment)
	if err != nil {
		return none(errors.New(strconv.Quote(ref) + " is not a reference: it has a wrong % escape"))
	}
	if fragment != "" && !strings.HasPrefix(fragment, "/") {
		if n, ok := anchored(in.Root, fragment); ok {
			return in, fragment, n, nil
		}
		return none(errors.New(strconv.Quote(ref) + " leads nowhere: nothing has the $anchor " + fragment))
	}
	n := in.Root
	for i, segment := range strings.Split(fragment, "/") {
		if i == 0 {
			continue
		}
		next, ok := child(n, strings.NewReplacer("~1", "/", "~0", "~").Replace(segment))
		if !ok {
			return none(errors.New(strconv.Quote(ref) + " leads nowhere: there is no " + strconv.Quote(segment)))
		}
		n = next
	}
	return in, fragment, n, nil
}

// isItself says that a reference names its own document by its $id.
func (c *Compiler) isItself(in Document, file string) bool {
	id, ok := in.Root.Get("$id")
	return ok && strings.TrimSuffix(id.Text(), "#") == file
}

func (c *Compiler) file(in Document, ref string) (Document, error) {
	if u, err := url.Parse(ref); err != nil || u.Scheme != "" || u.Host != "" {
		return in, errors.New(strconv.Quote(ref) + " is somewhere else: nothing is fetched when a plan is read; keep a copy beside the file, and refer to it by its path")
	}
	name, err := url.PathUnescape(ref)
	if err != nil {
		return in, errors.New(strconv.Quote(ref) + " is not a reference: it has a wrong % escape")
	}
	if !path.IsAbs(name) {
		name = path.Join(path.Dir(in.Name), name)
	}
	if doc, ok := c.files[name]; ok {
		return doc, nil
	}
	if name == in.Name {
		return in, nil
	}
	doc, err := c.load(name)
	if err != nil {
		return in, err
	}
	c.files[name] = doc
	return doc, nil
}

// anchored finds the schema that has an anchor.
func anchored(n strictyaml.Node, anchor string) (strictyaml.Node, bool) {
	if at, ok := n.Get("$anchor"); ok && at.Text() == anchor {
		return n, true
	}
	for _, pair := range n.Pairs() {
		if found, ok := anchored(pair.Value, anchor); ok {
			return found, true
		}
	}
	for _, item := range n.Items() {
		if found, ok := anchored(item, anchor); ok {
			return found, true
		}
	}
	return strictyaml.Node{}, false
}

func child(n strictyaml.Node, segment string) (strictyaml.Node, bool) {
	if n.IsSequence() {
		i, err := strconv.Atoi(segment)
		if err != nil || i < 0 || i >= len(n.Items()) {
			return strictyaml.Node{}, false
		}
		return n.Items()[i], true
	}
	return n.Get(segment)
}

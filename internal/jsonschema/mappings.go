package jsonschema

import (
	"maps"
	"regexp"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func readMinProperties(r *reading, at strictyaml.Node) {
	r.counted("minProperties", at, 1, "property", properties)
}

func readMaxProperties(r *reading, at strictyaml.Node) {
	r.counted("maxProperties", at, -1, "property", properties)
}

func properties(v any) (int, bool) {
	m, ok := v.(map[string]any)
	return len(m), ok
}

// readRequired leaves out what OpenAPI lets an answer leave out: properties that are only written.
//
// https://spec.openapis.org/oas/v3.0.4.html#fixed-fields-20
func readRequired(r *reading, at strictyaml.Node) {
	names := slices.DeleteFunc(r.names(at), r.isWriteOnly)
	r.add(needs(names, r.wrong("required", at)))
}

func needs(names []string, wrong func(*place, string, string) []*expect.Mismatch) rule {
	return func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		m, isMapping := v.(map[string]any)
		var found []*expect.Mismatch
		for _, name := range names {
			if _, there := m[name]; isMapping && !there {
				found = append(found, wrong(p.member(name), "missing", "a value")...)
			}
		}
		return found
	}
}

func (r *reading) isWriteOnly(name string) bool {
	if !r.dialect.isOpenAPI() {
		return false
	}
	all, _ := r.n.Get("properties")
	one, _ := all.Get(name)
	return r.writeOnly(r.in, one, maxDepth)
}

func (r *reading) writeOnly(in Document, n strictyaml.Node, depth int) bool {
	if at, ok := n.Get("writeOnly"); ok {
		return at.IsBool() && at.Text() == "true"
	}
	if ref, ok := n.Get("$ref"); ok && depth > 0 {
		if other, _, to, err := r.Find(in, ref.Text()); err == nil {
			return r.writeOnly(other, to, depth-1)
		}
	}
	return false
}

func readProperties(r *reading, at strictyaml.Node) {
	if !at.IsMapping() {
		r.d.Mismatch(at, "a mapping of names to schemas")
		return
	}
	type property struct {
		name string
		of   *Schema
		// leaks tells of a property that an answer shouldn't have.
		leaks func(*place, string, string) []*expect.Mismatch
	}
	var all []property
	for _, pair := range at.Pairs() {
		p := property{name: pair.Key.Text(), of: r.part(pair.Value)}
		if r.isWriteOnly(p.name) {
			p.leaks = r.wrong("writeOnly", pair.Value)
		}
		all = append(all, p)
	}
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		m, _ := v.(map[string]any)
		var found []*expect.Mismatch
		for _, one := range all {
			value, there := m[one.name]
			switch {
			case !there:
				continue
			case one.leaks != nil:
				found = append(found, one.leaks(p.member(one.name), "there", "no such property in an answer")...)
			default:
				wrong, _ := e.judge(one.of, p.member(one.name), value)
				found = append(found, wrong...)
			}
			seen.property(one.name)
		}
		return found
	})
}

type pattern struct {
	re *regexp.Regexp
	of *Schema
}

func (r *reading) patterns() []pattern {
	at, ok := r.n.Get("patternProperties")
	if !ok || r.dialect == OpenAPI30 {
		return nil
	}
	if !at.IsMapping() {
		r.d.Mismatch(at, "a mapping of regular expressions to schemas")
		return nil
	}
	var all []pattern
	for _, pair := range at.Pairs() {
		if re, ok := r.regexp(pair.Key, pair.Key.Text()); ok {
			all = append(all, pattern{re, r.part(pair.Value)})
		}
	}
	return all
}

func readPatternProperties(r *reading, _ strictyaml.Node) {
	all := r.patterns()
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		m, _ := v.(map[string]any)
		var found []*expect.Mismatch
		for _, name := range slices.Sorted(maps.Keys(m)) {
			for _, one := range all {
				if one.re.MatchString(name) {
					wrong, _ := e.judge(one.of, p.member(name), m[name])
					found = append(found, wrong...)
					seen.property(name)
				}
			}
		}
		return found
	})
}

func readAdditionalProperties(r *reading, at strictyaml.Node) {
	if r.dialect == OpenAPI30 && at.IsBool() {
		if r.boolean(at) {
			r.additional(&Schema{})
		} else {
			r.additional(&Schema{rules: []rule{r.noSuch("additionalProperties", at)}})
		}
		return
	}
	s := r.part(at)
	if at.IsBool() && len(s.rules) > 0 {
		s = &Schema{rules: []rule{r.noSuch("additionalProperties", at)}}
	}
	r.additional(s)
}

// noSuch is false as a schema of what the others have no place for.
func (r *reading) noSuch(keyword string, at strictyaml.Node) rule {
	wrong := r.wrong(keyword, at)
	return func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		return wrong(p, expect.Show(v), "no such property")
	}
}

func (r *reading) additional(s *Schema) {
	named := map[string]bool{}
	if all, ok := r.n.Get("properties"); ok {
		for _, pair := range all.Pairs() {
			named[pair.Key.Text()] = true
		}
	}
	patterns := r.patterns()
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		m, _ := v.(map[string]any)
		var found []*expect.Mismatch
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if named[name] || slices.ContainsFunc(patterns, func(one pattern) bool { return one.re.MatchString(name) }) {
				continue
			}
			wrong, _ := e.judge(s, p.member(name), m[name])
			seen.property(name)
			if found = append(found, wrong...); len(found) >= most {
				break
			}
		}
		return found
	})
}

func readPropertyNames(r *reading, at strictyaml.Node) {
	s := r.part(at)
	wrong := r.wrong("propertyNames", at)
	r.add(func(e *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		m, _ := v.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if found, _ := e.judge(s, p, name); len(found) > 0 {
				return wrong(p, "with the name "+expect.Quote(name), found[0].Expected)
			}
		}
		return nil
	})
}

func readDependentRequired(r *reading, at strictyaml.Node) { r.dependent(at, true, false) }
func readDependentSchemas(r *reading, at strictyaml.Node)  { r.dependent(at, false, true) }
func readDependencies(r *reading, at strictyaml.Node)      { r.dependent(at, true, true) }

// dependent reads what holds where a property is there: that others are, or a schema.
func (r *reading) dependent(at strictyaml.Node, names, schemas bool) {
	if !at.IsMapping() {
		r.d.Mismatch(at, "a mapping")
		return
	}
	for _, pair := range at.Pairs() {
		name := pair.Key.Text()
		var then rule
		switch {
		case names && pair.Value.IsSequence():
			then = needs(r.names(pair.Value), r.wrong("needed beside "+name, pair.Value))
		case schemas:
			then = all(r.same(pair.Value))
		default:
			r.d.Mismatch(pair.Value, "a list of names")
			continue
		}
		r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
			if m, _ := v.(map[string]any); m != nil {
				if _, there := m[name]; there {
					return then(e, p, v, seen)
				}
			}
			return nil
		})
	}
}

func readUnevaluatedProperties(r *reading, at strictyaml.Node) {
	r.tracks = true
	s := r.part(at)
	if at.IsBool() && len(s.rules) > 0 {
		s = &Schema{rules: []rule{r.noSuch("unevaluatedProperties", at)}}
	}
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		m, _ := v.(map[string]any)
		var found []*expect.Mismatch
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !seen.properties[name] && len(found) < most {
				wrong, _ := e.judge(s, p.member(name), m[name])
				found = append(found, wrong...)
				seen.property(name)
			}
		}
		return found
	})
}

func (r *reading) names(at strictyaml.Node) []string {
	if !at.IsSequence() {
		r.d.Mismatch(at, "a list of names")
		return nil
	}
	var all []string
	for _, item := range at.Items() {
		if item = r.filled(item); !item.IsScalar() {
			r.d.Mismatch(item, "a name")
			continue
		}
		all = append(all, item.Text())
	}
	return all
}

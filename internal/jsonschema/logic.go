package jsonschema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// all is the rule that a value fits each of some schemas.
func all(schemas ...*Schema) rule {
	return func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		var found []*expect.Mismatch
		for _, s := range schemas {
			wrong, looked := e.judge(s, p, v)
			found = append(found, wrong...)
			seen.add(looked)
		}
		return found
	}
}

// choices reads a list of schemas for the same value.
func (r *reading) choices(at strictyaml.Node) []*Schema {
	schemas := r.list(at)
	for i, s := range schemas {
		r.schema.inPlace = append(r.schema.inPlace, inPlace{s, at.Items()[i]})
	}
	return schemas
}

func readAllOf(r *reading, at strictyaml.Node) { r.add(all(r.choices(at)...)) }

func readAnyOf(r *reading, at strictyaml.Node) {
	schemas, wrong := r.choices(at), r.wrong("anyOf", at)
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		var tries [][]*expect.Mismatch
		fit := false
		for _, s := range schemas {
			found, looked := e.judge(s, p, v)
			if len(found) == 0 {
				fit = true
				seen.add(looked)
				if seen == nil {
					break
				}
				continue
			}
			tries = append(tries, found)
		}
		if fit || len(schemas) == 0 {
			return nil
		}
		return wrong(p, expect.Show(v)+nearest(tries), fmt.Sprintf("one of %d schemas", len(schemas)))
	})
}

func readOneOf(r *reading, at strictyaml.Node) {
	schemas, wrong := r.choices(at), r.wrong("oneOf", at)
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		var tries [][]*expect.Mismatch
		var fit []string
		for i, s := range schemas {
			found, looked := e.judge(s, p, v)
			if len(found) > 0 {
				tries = append(tries, found)
				continue
			}
			fit = append(fit, fmt.Sprint(i+1))
			seen.add(looked)
		}
		switch {
		case len(fit) == 1 || len(schemas) == 0:
			return nil
		case len(fit) == 0:
			return wrong(p, expect.Show(v)+nearest(tries), fmt.Sprintf("one of %d schemas", len(schemas)))
		}
		return wrong(p, expect.Show(v)+", which fits the schemas "+strings.Join(fit, " and "), "just one of them")
	})
}

// nearest tells what is wrong by the schema that a value comes nearest to: what is wrong deep inside of it is nearer than what is
// wrong with all of it, and one fault is nearer than two.
func nearest(tries [][]*expect.Mismatch) string {
	if len(tries) == 0 {
		return ""
	}
	best := slices.MinFunc(tries, func(a, b []*expect.Mismatch) int {
		return cmp.Or(cmp.Compare(depth(b[0].Subject), depth(a[0].Subject)), cmp.Compare(len(a), len(b)))
	})
	return fmt.Sprintf(" (nearest: %s)", best[0])
}

func depth(path string) int { return strings.Count(path, ".") + strings.Count(path, "[") }

func readNot(r *reading, at strictyaml.Node) {
	s, wrong := r.same(at), r.wrong("not", at)
	r.add(func(e *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		if fits, _ := e.valid(s, p, v); fits {
			return wrong(p, expect.Show(v), "what the schema doesn't take")
		}
		return nil
	})
}

func readIf(r *reading, at strictyaml.Node) {
	condition := r.same(at)
	branch := map[bool]*Schema{true: {}, false: {}}
	if n, ok := r.n.Get("then"); ok {
		branch[true] = r.same(n)
	}
	if n, ok := r.n.Get("else"); ok {
		branch[false] = r.same(n)
	}
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		fits, looked := e.valid(condition, p, v)
		if fits {
			seen.add(looked)
		}
		found, looked := e.judge(branch[fits], p, v)
		seen.add(looked)
		return found
	})
}

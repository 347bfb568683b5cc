package jsonschema

import (
	"encoding/json"
	"strconv"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func readMinItems(r *reading, at strictyaml.Node) { r.counted("minItems", at, 1, "item", items) }
func readMaxItems(r *reading, at strictyaml.Node) { r.counted("maxItems", at, -1, "item", items) }

func items(v any) (int, bool) {
	list, ok := v.([]any)
	return len(list), ok
}

func readUniqueItems(r *reading, at strictyaml.Node) {
	if !r.boolean(at) {
		return
	}
	wrong := r.wrong("uniqueItems", at)
	r.add(func(_ *evaluation, p *place, v any, _ *seen) []*expect.Mismatch {
		list, _ := v.([]any)
		first := make(map[string]int, len(list))
		for i, item := range list {
			key := canonical(item)
			if before, twice := first[key]; twice {
				return wrong(p.item(i), expect.Show(item)+", as item "+strconv.Itoa(before)+" is", "items that differ")
			}
			first[key] = i
		}
		return nil
	})
}

// canonical writes equal values alike, also numbers that are written differently.
func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "" // can't be: the value came from JSON
	}
	return string(text)
}

func readPrefixItems(r *reading, at strictyaml.Node) { r.add(eachOf(r.list(at))) }

// readItems reads the schema of all items, or of those behind prefixItems. In draft 7 it may be a list, which later got that name.
func readItems(r *reading, at strictyaml.Node) {
	from := 0
	if prefix, ok := r.n.Get("prefixItems"); ok && r.dialect != Draft7 && r.dialect != OpenAPI30 {
		from = len(prefix.Items())
	}
	if r.dialect != Draft7 || !at.IsSequence() {
		r.add(itemsFrom(from, r.part(at)))
		return
	}
	r.add(eachOf(r.list(at)))
	if rest, ok := r.n.Get("additionalItems"); ok {
		r.add(itemsFrom(len(at.Items()), r.part(rest)))
	}
}

func eachOf(schemas []*Schema) rule {
	return func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		list, _ := v.([]any)
		var found []*expect.Mismatch
		for i := 0; i < len(list) && i < len(schemas); i++ {
			wrong, _ := e.judge(schemas[i], p.item(i), list[i])
			found = append(found, wrong...)
			seen.item(i)
		}
		return found
	}
}

func itemsFrom(from int, s *Schema) rule {
	return func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		list, _ := v.([]any)
		var found []*expect.Mismatch
		for i := from; i < len(list) && len(found) < most; i++ {
			wrong, _ := e.judge(s, p.item(i), list[i])
			found = append(found, wrong...)
			seen.item(i)
		}
		return found
	}
}

func readContains(r *reading, at strictyaml.Node) {
	s, wrong := r.part(at), r.wrong("contains", at)
	least, highest := 1, -1
	if n, ok := r.n.Get("minContains"); ok && r.dialect != Draft7 {
		least, _ = r.count(n)
	}
	if n, ok := r.n.Get("maxContains"); ok && r.dialect != Draft7 {
		highest, _ = r.count(n)
	}
	marks := r.dialect != Draft7
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		list, isList := v.([]any)
		if !isList {
			return nil
		}
		n := 0
		for i, item := range list {
			if fits, _ := e.valid(s, p.item(i), item); fits {
				n++
				if marks {
					seen.item(i)
				}
			}
		}
		switch {
		case n < least:
			return wrong(p, expect.Show(v)+" with "+many(n, "item")+" that fit", "at least "+strconv.Itoa(least))
		case highest >= 0 && n > highest:
			return wrong(p, expect.Show(v)+" with "+many(n, "item")+" that fit", "at most "+strconv.Itoa(highest))
		}
		return nil
	})
}

func readUnevaluatedItems(r *reading, at strictyaml.Node) {
	r.tracks = true
	s := r.part(at)
	r.add(func(e *evaluation, p *place, v any, seen *seen) []*expect.Mismatch {
		list, _ := v.([]any)
		var found []*expect.Mismatch
		for i := 0; i < len(list) && len(found) < most; i++ {
			if !seen.items[i] {
				wrong, _ := e.judge(s, p.item(i), list[i])
				found = append(found, wrong...)
				seen.item(i)
			}
		}
		return found
	})
}

// list reads a list of schemas, of which there is one at least.
func (r *reading) list(at strictyaml.Node) []*Schema {
	if !at.IsSequence() || len(at.Items()) == 0 {
		r.d.Mismatch(at, "a list of schemas")
		return nil
	}
	all := make([]*Schema, 0, len(at.Items()))
	for _, item := range at.Items() {
		all = append(all, r.part(item))
	}
	return all
}

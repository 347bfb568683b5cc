package strictyaml

import (
	"reflect"
	"strings"
)

// layout is what the yaml tags of a struct say. A Decoder reads them once for each type: a plan has a hundred checks
// of one kind, and a cold start waits for them.
type layout struct {
	fields    []field
	positions [][]int
}

// field is a field of a struct, or of a struct in line with it, that a key fills.
type field struct {
	name               string
	index              []int
	required, nullable bool
	of                 reflect.Value // the struct
}

type fieldSet []field

// fieldsOf gathers the fields of all structs that one mapping fills, and tells them their position.
func (d *Decoder) fieldsOf(n Node, dsts []any) fieldSet {
	var set fieldSet
	for _, dst := range dsts {
		v := reflect.ValueOf(dst).Elem()
		l := d.layoutOf(v.Type())
		for _, index := range l.positions {
			v.FieldByIndex(index).Set(reflect.ValueOf(n.Position()))
		}
		start := len(set)
		set = append(set, l.fields...)
		for i := range set[start:] {
			set[start+i].of = v
		}
	}
	return set
}

func (s fieldSet) find(name string) (field, bool) {
	for i := range s {
		if s[i].name == name {
			return s[i], true
		}
	}
	return field{}, false
}

func (s fieldSet) names() []string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = s[i].name
	}
	return names
}

func (d *Decoder) layoutOf(t reflect.Type) *layout {
	if l, ok := d.layouts[t]; ok {
		return l
	}
	l := &layout{}
	l.add(t, nil)
	if d.layouts == nil {
		d.layouts = map[reflect.Type]*layout{}
	}
	d.layouts[t] = l
	return l
}

func (l *layout) add(t reflect.Type, outer []int) {
	for i := range t.NumField() {
		tag, tagged := t.Field(i).Tag.Lookup("yaml")
		if !tagged {
			continue
		}
		index := append(outer[:len(outer):len(outer)], i)
		name, option, _ := strings.Cut(tag, ",")
		switch option {
		case "inline":
			l.add(t.Field(i).Type, index)
		case "position":
			l.positions = append(l.positions, index)
		default:
			l.fields = append(l.fields, field{
				name: name, index: index, required: option == "required", nullable: t.Field(i).Type == reflect.TypeFor[Value](),
			})
		}
	}
}

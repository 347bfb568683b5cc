package main

import (
	"fmt"
	"regexp"
	"strings"
)

type (
	block struct {
		Attributes map[string]attribute   `json:"attributes"`
		Blocks     map[string]nestedBlock `json:"block_types,omitempty"`
	}
	attribute struct {
		// Type is a type of cty as JSON: a string, or an array of a constructor and what it takes.
		Type     any  `json:"type"`
		Required bool `json:"required,omitempty"`
		Optional bool `json:"optional,omitempty"`
		Computed bool `json:"computed,omitempty"`
	}
	nestedBlock struct {
		Nesting string `json:"nesting_mode"`
		Block   block  `json:"block"`
		Min     int    `json:"min_items,omitempty"`
		Max     int    `json:"max_items,omitempty"`
	}
)

// bindings is what a file of the bindings says.
type bindings struct {
	// main is the class of the resource, the data source or the provider.
	main string
	// properties of each class, in their order.
	properties map[string][]property
	// settings are what a class's HCL is made of: by the function that makes it, or by the main class.
	settings map[string][]setting
}

// property is a name that a class can be asked for, by the comment above it.
type property struct {
	name                         string
	computed, optional, required bool
	// getter is how its value is got.
	getter string
}

// setting is a name that can be set.
type setting struct {
	name, value, kind string
	isBlock           bool
}

var (
	classLine    = regexp.MustCompile(`^class (\w+) extends cdktn\.(\w+) \{`)
	hclLine      = regexp.MustCompile(`^function (\w+ToHclTerraform)\(`)
	propertyLine = regexp.MustCompile(`^    // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$`)
	settingLine  = regexp.MustCompile(`^\s+(\w+): \{$`)
	valueLine    = regexp.MustCompile(`^\s+value: (.*),$`)
	blockLine    = regexp.MustCompile(`^\s+isBlock: (true|false),$`)
	kindLine     = regexp.MustCompile(`^\s+type: "(\w+)",$`)
)

func parse(text string) bindings {
	b := bindings{properties: map[string][]property{}, settings: map[string][]setting{}}
	class, maker := "", ""
	var last *property
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if m := classLine.FindStringSubmatch(line); m != nil {
			class, maker, last = m[1], "", nil
			if strings.HasPrefix(m[2], "Terraform") { // TerraformResource, TerraformDataSource, TerraformProvider
				b.main = class
			}
		}
		if m := hclLine.FindStringSubmatch(line); m != nil {
			maker = m[1]
		}
		if strings.HasPrefix(line, "    synthesizeHclAttributes()") {
			maker, last = class, nil
		}
		if m := propertyLine.FindStringSubmatch(line); m != nil {
			b.properties[class] = append(b.properties[class], property{m[1], m[2] == "true", m[3] == "true", m[4] == "true", ""})
			last = &b.properties[class][len(b.properties[class])-1]
		} else if last != nil && last.getter == "" && (strings.Contains(line, " = new ") || strings.Contains(line, "return this.get") || strings.Contains(line, "return cdktn.Fn.tolist(")) {
			last.getter = strings.TrimSpace(line)
		}
		if maker == "" {
			continue
		}
		here := b.settings[maker]
		if m := settingLine.FindStringSubmatch(line); m != nil {
			b.settings[maker] = append(here, setting{name: m[1]})
		} else if len(here) == 0 {
			continue
		} else if m := valueLine.FindStringSubmatch(line); m != nil {
			here[len(here)-1].value = m[1]
		} else if m := blockLine.FindStringSubmatch(line); m != nil {
			here[len(here)-1].isBlock = m[1] == "true"
		} else if m := kindLine.FindStringSubmatch(line); m != nil {
			here[len(here)-1].kind = m[1]
		}
	}
	return b
}

// root is the schema of the file's resource, data source or provider.
func (b bindings) root() (block, error) {
	if b.main == "" {
		return block{}, fmt.Errorf("there is no class of a resource, a data source or a provider")
	}
	return b.block(b.main, b.settings[b.main])
}

// block is what a class's properties and the settings of its HCL say together.
func (b bindings) block(class string, settings []setting) (block, error) {
	made := block{Attributes: map[string]attribute{}, Blocks: map[string]nestedBlock{}}
	settable := map[string]setting{}
	for _, s := range settings {
		settable[s.name] = s
	}
	properties := b.properties[class]
	if len(properties) == 0 { // blocks of the provider's configuration have no class, and everything in them is optional
		for _, s := range settings {
			properties = append(properties, property{name: s.name, optional: true})
		}
	}
	for _, p := range properties {
		s, set := settable[p.name]
		if set && s.isBlock && !p.computed {
			nested, err := b.nested(p, s)
			if err != nil {
				return block{}, fmt.Errorf("%s.%w", p.name, err)
			}
			made.Blocks[p.name] = nested
			continue
		}
		kind, err := b.typeOf(p, s, set)
		if err != nil {
			return block{}, fmt.Errorf("%s: %w", p.name, err)
		}
		made.Attributes[p.name] = attribute{kind, p.required, p.optional, p.computed}
	}
	return made, nil
}

var makerIn = regexp.MustCompile(`(\w+)ToHclTerraform`)

func (b bindings) nested(p property, s setting) (nestedBlock, error) {
	maker := makerIn.FindString(s.value)
	class := strings.ToUpper(maker[:1]) + strings.TrimSuffix(maker[1:], "ToHclTerraform") + "OutputReference"
	inner, err := b.block(class, b.settings[maker])
	if err != nil {
		return nestedBlock{}, err
	}
	n := nestedBlock{Nesting: s.kind, Block: inner}
	switch s.kind {
	case "list", "set":
		if !strings.Contains(s.value, "listMapperHcl") {
			n.Max = 1
		}
		if p.required {
			n.Min = 1
		}
	case "struct":
		n.Nesting = "single"
	default:
		return nestedBlock{}, fmt.Errorf("a block that is a %s", s.kind)
	}
	return n, nil
}

var (
	primitives = map[string]string{"string": "string", "number": "number", "boolean": "bool"}
	setsPlain  = regexp.MustCompile(`cdktn\.(string|number|boolean)ToHclTerraform`)
	getsPlain  = regexp.MustCompile(`this\.get(String|Number|Boolean)(Map)?Attribute\(`)
	getsList   = regexp.MustCompile(`this\.get(Number)?ListAttribute\(`)
	getsObject = regexp.MustCompile(`= new (\w+)(List|OutputReference)\(this, "\w+"(?:, (true|false))?`)
)

// typeOf is the type of an attribute: by how it is set where it can be, else by how it is got.
func (b bindings) typeOf(p property, s setting, set bool) (any, error) {
	if m := setsPlain.FindStringSubmatch(s.value); set && m != nil {
		kind := primitives[m[1]]
		switch s.kind {
		case "simple":
			return kind, nil
		case "list", "set", "map":
			return []any{s.kind, kind}, nil
		}
	}
	if m := getsPlain.FindStringSubmatch(p.getter); m != nil {
		kind := primitives[strings.ToLower(m[1])]
		if m[2] != "" {
			return []any{"map", kind}, nil
		}
		return kind, nil
	}
	if m := getsList.FindStringSubmatch(p.getter); m != nil {
		kind := "string"
		if m[1] != "" {
			kind = "number"
		}
		if strings.Contains(p.getter, "Fn.tolist") {
			return []any{"set", kind}, nil
		}
		return []any{"list", kind}, nil
	}
	if strings.Contains(p.getter, "new cdktn.StringMap(") {
		return []any{"map", "string"}, nil
	}
	if m := getsObject.FindStringSubmatch(p.getter); m != nil {
		return b.objectType(m[1], m[3] == "true")
	}
	return nil, fmt.Errorf("neither how it is set (%q, %q) nor how it is got (%q) says its type", s.kind, s.value, p.getter)
}

// objectType is that of an attribute whose value is a list or a set of objects.
func (b bindings) objectType(name string, isSet bool) (any, error) {
	maker := strings.ToLower(name[:1]) + name[1:] + "ToHclTerraform"
	inner, err := b.block(name+"OutputReference", b.settings[maker])
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	for field, a := range inner.Attributes {
		fields[field] = a.Type
	}
	if isSet {
		return []any{"set", []any{"object", fields}}, nil
	}
	return []any{"list", []any{"object", fields}}, nil
}

package jsonschema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/jsonschema"
)

func told(schema *jsonschema.Schema, doc any) string {
	var all []string
	for _, m := range schema.Judge(doc) {
		all = append(all, m.String())
	}
	return strings.Join(all, "; ")
}

func TestWhatIsWrongIsToldWithItsPathAndItsRule(t *testing.T) {
	for _, tt := range []struct{ why, schema, doc, want string }{
		{"nothing", `{type: object}`, `{}`, ""},
		{"the value itself", `{type: object}`, `[]`, "$ is [], expected object (type)"},
		{"a member", `{properties: {a: {type: string}}}`, `{"a": 1}`, "$.a is 1, expected string (type)"},
		{"an item", `{items: {minimum: 2}}`, `[2, 1]`, "$[1] is 1, expected >= 2 (minimum)"},
		{"deep inside", `{properties: {a: {items: {properties: {"b c": {maxLength: 1}}}}}}`, `{"a": [{}, {"b c": "de"}]}`, `$.a[1]['b c'] is "de" of 2 characters, expected at most 1 character (maxLength)`},
		{"a name with a quote", `{additionalProperties: false}`, `{"it's \"x\"": 1}`, `$['it\'s "x"'] is 1, expected no such property (additionalProperties)`},
		{"all that is missing", `{required: [a, b]}`, `{}`, "$.a is missing, expected a value (required); $.b is missing, expected a value (required)"},
		{"no other type than", `{type: [string, "null"]}`, `1`, "$ is 1, expected string or null (type)"},
		{"a whole number", `{type: integer}`, `1.5`, "$ is 1.5, expected integer (type)"},
		{"1.0 is whole", `{type: integer}`, `1.0`, ""},
		{"large numbers are exact", `{maximum: 9007199254740993}`, `9007199254740994`, "$ is 9007199254740994, expected <= 9007199254740993 (maximum)"},
		{"so are small steps", `{multipleOf: 0.1}`, `0.3`, ""},
		{"and their ends", `{multipleOf: 0.1}`, `0.35`, "$ is 0.35, expected a multiple of 0.1 (multipleOf)"},
		{"a number that can't be compared", `{maximum: 1}`, `1e999`, "$ is 1e999, expected <= 1 (maximum)"},
		{"one of some values", `{enum: [a, 1]}`, `"b"`, `$ is "b", expected one of "a", 1 (enum)`},
		{"one value", `{const: {a: [1.0]}}`, `{"a": [2]}`, `$ is {"a":[2]}, expected {"a":[1]} (const)`},
		{"a pattern", `{pattern: "^a"}`, `"b"`, `$ is "b", expected ~ ^a (pattern)`},
		{"items that differ", `{uniqueItems: true}`, `[1, 2, 1.0]`, "$[2] is 1, as item 0 is, expected items that differ (uniqueItems)"},
		{"one that fits", `{contains: {const: 1}}`, `[2]`, "$ is [2] with 0 items that fit, expected at least 1 (contains)"},
		{"no more than", `{contains: {const: 1}, maxContains: 1}`, `[1, 1]`, "$ is [1,1] with 2 items that fit, expected at most 1 (contains)"},
		{"a choice", `{anyOf: [{type: string}, {properties: {a: {type: string}}}]}`, `{"a": 1}`, `$ is {"a":1} (nearest: $.a is 1, expected string (type)), expected one of 2 schemas (anyOf)`},
		{"a choice that is none", `{oneOf: [{}, {type: integer}]}`, `1`, "$ is 1, which fits the schemas 1 and 2, expected just one of them (oneOf)"},
		{"what it may not be", `{not: {type: "null"}}`, `null`, "$ is null, expected what the schema doesn't take (not)"},
		{"what follows from something else", `{dependentRequired: {a: [b]}}`, `{"a": 1}`, "$.b is missing, expected a value (needed beside a)"},
		{"a name", `{propertyNames: {pattern: "^x"}}`, `{"y": 1}`, `$ is with the name "y", expected ~ ^x (pattern) (propertyNames)`},
		{"what nothing has looked at", `{allOf: [{properties: {a: {}}}], unevaluatedProperties: false}`, `{"a": 1, "b": 2}`, "$.b is 2, expected no such property (unevaluatedProperties)"},
		{"false takes nothing", `{properties: {a: false}}`, `{"a": 1}`, "$.a is 1, expected nothing there (the schema is false)"},
		{"no more than ten are told", `{items: {type: string}}`, `[1,2,3,4,5,6,7,8,9,10,11,12]`, tenTimes()},
	} {
		t.Run(tt.why, func(t *testing.T) {
			schema, err := compile(tt.schema, jsonschema.Draft2020)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := expect.ParseJSON([]byte(tt.doc))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, told(schema, doc)); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", tt.schema, tt.doc, diff)
			}
		})
	}
}

func tenTimes() string {
	var all []string
	for i := range 10 {
		all = append(all, fmt.Sprintf("$[%d] is %d, expected string (type)", i, i+1))
	}
	return strings.Join(all, "; ")
}

func TestFormatsAreHeldTo(t *testing.T) {
	for format, values := range map[string]struct{ right, wrong []string }{
		"date-time": {[]string{"2026-01-02T03:04:05Z", "2026-01-02t03:04:05.678+01:00", "2016-12-31T23:59:60Z"}, []string{"2026-01-02", "2026-01-02 03:04:05Z", "2026-02-30T00:00:00Z", ""}},
		"date":      {[]string{"2024-02-29"}, []string{"2023-02-29", "2024-2-29", "24-02-29"}},
		"time":      {[]string{"03:04:05Z", "03:04:05.5-02:00"}, []string{"03:04", "25:00:00Z", "03:04:05"}},
		"email":     {[]string{"ann@shop.example", "a+b@localhost"}, []string{"ann", "@shop.example", "ann@", "a b@c", "a@-b"}},
		"hostname":  {[]string{"shop.example", "a-1"}, []string{"", "-a", "a..b", "ä", strings.Repeat("a", 64)}},
		"ipv4":      {[]string{"10.0.0.1"}, []string{"10.0.0", "10.0.0.256", "::1"}},
		"ipv6":      {[]string{"::1", "2001:db8::1"}, []string{"10.0.0.1", "::1%eth0", ":::"}},
		"uri":       {[]string{"https://shop.example/a?b#c", "urn:a:b"}, []string{"/a", "https://a b", "%zz:"}},
		"uuid":      {[]string{"2EB8AA08-aa98-11ea-b4aa-73b441d16380"}, []string{"2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638g", ""}},
		"regex":     {[]string{"^a+$"}, []string{"("}},
		"byte":      {[]string{"aGk=", ""}, []string{"a", "ä"}},
	} {
		schema, err := compile(`{format: `+format+`}`, jsonschema.OpenAPI31)
		if err != nil {
			t.Fatal(err)
		}
		for _, right := range values.right {
			if got := told(schema, right); got != "" {
				t.Errorf("%s: %s", format, got)
			}
		}
		for _, wrong := range values.wrong {
			if got := told(schema, wrong); got == "" {
				t.Errorf("%q is taken for %s", wrong, format)
			}
		}
		for _, other := range []any{nil, true, []any{}} {
			if got := told(schema, other); got != "" {
				t.Errorf("%s judges what isn't text: %s", format, got)
			}
		}
	}
	for format, values := range map[string]struct{ right, wrong []any }{
		"int32":    {[]any{int64(2147483647), 1.0, "x"}, []any{int64(2147483648), 1.5}},
		"int64":    {[]any{int64(9223372036854775807)}, []any{1e19}},
		"password": {[]any{"x", int64(1)}, nil},
		"price":    {[]any{"what anybody may mean"}, nil},
	} {
		schema, err := compile(`{format: `+format+`}`, jsonschema.OpenAPI30)
		if err != nil {
			t.Fatal(err)
		}
		for _, right := range values.right {
			if got := told(schema, right); got != "" {
				t.Errorf("%s: %s", format, got)
			}
		}
		for _, wrong := range values.wrong {
			if got := told(schema, wrong); got == "" {
				t.Errorf("%v is taken for %s", wrong, format)
			}
		}
	}
}

func TestASchemaThatCannotBeHonouredIsWrongAtItsPlace(t *testing.T) {
	for _, tt := range []struct {
		why, schema string
		dialect     jsonschema.Dialect
		want        string
	}{
		{"no schema", `[1]`, jsonschema.Draft2020, `schema.json:1:1: expected a schema, as in {type: object}, true or false, found a list`},
		{"another draft", `{$schema: "http://json-schema.org/draft-04/schema#"}`, jsonschema.Draft2020, `schema.json:1:11: $schema: "http://json-schema.org/draft-04/schema#" is not known: drafts 2020-12 (https://json-schema.org/draft/2020-12/schema) and 7 (http://json-schema.org/draft-07/schema#) are`},
		{"null that YAML takes for nothing", `{type: null}`, jsonschema.Draft2020, `schema.json:1:8: type: quote it: "null"; null alone is nothing in YAML`},
		{"a word of no draft", `{minimun: 1}`, jsonschema.Draft2020, `schema.json:1:2: unknown keyword "minimun": did you mean "minimum"?`},
		{"a word of nobody", `{frobnicate: 1}`, jsonschema.Draft2020, `schema.json:1:2: unknown keyword "frobnicate" of a schema; words of your own begin with x-`},
		{"a word of another draft", `{$schema: "http://json-schema.org/draft-07/schema#", unevaluatedItems: false}`, jsonschema.Draft2020, `schema.json:1:54: unknown keyword "unevaluatedItems" of a schema; words of your own begin with x-`},
		{"a dynamic reference", `{$dynamicRef: "#a"}`, jsonschema.Draft2020, `schema.json:1:2: $dynamicRef can't be honoured here: refer to schemas by $ref`},
		{"a part with a name", `{properties: {a: {$id: x}}}`, jsonschema.Draft2020, `schema.json:1:24: $id: a part of a document can't have a name of its own here: refer to it by $anchor or by its path`},
		{"a bound that is no number", `{minimum: "1"}`, jsonschema.Draft2020, `schema.json:1:11: expected a number, found "1"`},
		{"a count that is none", `{minItems: -1}`, jsonschema.Draft2020, `schema.json:1:12: expected a whole number from 0 on, found the number -1`},
		{"steps of nothing", `{multipleOf: 0}`, jsonschema.Draft2020, `schema.json:1:14: multipleOf: must be more than 0`},
		{"an empty choice", `{anyOf: []}`, jsonschema.Draft2020, `schema.json:1:9: expected a list of schemas, found a list`},
		{"what is needed isn't a list", `{required: a}`, jsonschema.Draft2020, `schema.json:1:12: expected a list of names, found "a"`},
		{"a bound's companion alone", `{exclusiveMinimum: true}`, jsonschema.OpenAPI30, `schema.json:1:20: exclusiveMinimum: says nothing without minimum`},
		{"a schema that is itself", `{$ref: "#"}`, jsonschema.Draft2020, `schema.json:1:8: the schema refers to itself for one and the same value, without end`},
		{"by a detour", `{$defs: {a: {anyOf: [{$ref: "#/$defs/b"}]}, b: {allOf: [{$ref: "#/$defs/a"}]}}, $ref: "#/$defs/a"}`, jsonschema.Draft2020, `schema.json:1:64: the schema refers to itself for one and the same value, without end`},
		{"a definition that nothing refers to", `{$defs: {a: {type: strng}}}`, jsonschema.Draft2020, `schema.json:1:20: unknown type "strng": did you mean "string"?`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := compile(tt.schema, tt.dialect)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.schema, diff)
			}
		})
	}
}

func TestJudgingIsBounded(t *testing.T) {
	deep, err := expect.ParseJSON([]byte(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)))
	if err != nil {
		t.Fatal(err)
	}
	wide := make([]any, 200_000)
	for _, tt := range []struct {
		why, schema string
		doc         any
		want        string
	}{
		{"in depth", `{items: {$ref: "#"}}`, deep, "$ is nested too deeply for its schema: over 2000 levels, expected a value that can be held against its schema"},
		{"in length", `{items: {anyOf: [{}, {}], allOf: [{}, {}, {}, {}, {}]}}`, wide, "$ is too large for its schema: over 1000000 comparisons, expected a value that can be held against its schema"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			schema, err := compile(tt.schema, jsonschema.Draft2020)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(schema, tt.doc); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzSchema(f *testing.F) {
	f.Add(`{type: object, required: [a], properties: {a: {$ref: "#/$defs/b"}}, $defs: {b: {minimum: 1, multipleOf: 0.5}}}`, `{"a": 0.3}`)
	f.Add(`{oneOf: [{pattern: "^a"}, {contains: {const: null}}], unevaluatedItems: false, if: true, then: {uniqueItems: true}}`, `[null, 1, 1.0]`)
	f.Add(`{"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}, false], "additionalItems": {"$ref": "#"}}`, `[[], [[]]]`)
	f.Add(`{patternProperties: {"": {format: date-time}}, propertyNames: {maxLength: 1}, dependentSchemas: {a: {maxProperties: 0}}}`, `{"a": "x"}`)
	for _, file := range suite(f, "draft2020-12") {
		for _, g := range groupsOf(f, file) {
			f.Add(string(g.Schema), string(g.Tests[0].Data))
		}
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		schema, err := compile(text, jsonschema.Draft2020)
		if err != nil {
			return
		}
		doc, err := expect.ParseJSON([]byte(value))
		if err != nil {
			return
		}
		for _, m := range schema.Judge(doc) {
			if s := m.String(); !strings.HasPrefix(s, "$") || strings.ContainsAny(s, "\r\n") {
				t.Errorf("%q names no path, or is more than one line", s)
			}
		}
	})
}

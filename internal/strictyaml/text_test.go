package strictyaml_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// later is what is known when a check runs.
func later(name string) (any, error) {
	values := map[string]any{
		"green.url": "http://127.0.0.1:8080", "green.image": float64(12345678), "stage": "{{ vars.sku }}",
		"green.target_group": map[string]any{"id": int64(1)},
	}
	value, ok := values[name]
	if !ok {
		return nil, errors.New("nothing was captured")
	}
	return value, nil
}

func TestTextsAreFilledIn(t *testing.T) {
	for _, tt := range []struct{ name, yaml, shown, want string }{
		{"no names", `plain`, "plain", "plain"},
		{"a number is text as it is written", `1.50`, "1.50", "1.50"},
		{"a boolean is text as it is written", `True`, "True", "True"},
		{"empty", `""`, "", ""},
		{"static name", `"{{ vars.host }}"`, "shop.example.com", "shop.example.com"},
		{"static names in a text", `"https://{{vars.host}}:{{  vars.sku  }}/{{ vars.user.name }}"`, "https://shop.example.com:42/ann", "https://shop.example.com:42/ann"},
		{"numbers have no exponent", `"{{ vars.huge }} {{ vars.ratio }} {{ vars.dry }}"`, "1000000000000000000000 0.5 true", "1000000000000000000000 0.5 true"},
		{"later name", `"{{green.url}}/health"`, "{{ green.url }}/health", "http://127.0.0.1:8080/health"},
		{"both", `"{{ green.url }}/{{ vars.sku }}"`, "{{ green.url }}/42", "http://127.0.0.1:8080/42"},
		{"a later number has no exponent", `"{{ green.image }}"`, "{{ green.image }}", "12345678"},
		{"quoted braces", `'{{ "{{" }} name {{ "}}" }}'`, "{{ name }}", "{{ name }}"},
		{"braces quoted in the other way", `"a {{ '{{' }} b"`, "a {{ b", "a {{ b"},
		{"a static value with braces is text", `"{{ vars.braces }}/{{ green.url }}"`, "{{ green.url }}/{{ green.url }}", "{{ green.url }}/http://127.0.0.1:8080"},
		{"a static value with YAML is text", `"{{ vars.yaml }}"`, "a: b\n- c: \"d\"", "a: b\n- c: \"d\""},
		{"a later value with braces is text", `"<{{ stage }}>"`, "<{{ stage }}>", "<{{ vars.sku }}>"},
		{"several lines", "|\n  {{ vars.sku }}\n  {{ green.url }}", "42\n{{ green.url }}", "42\nhttp://127.0.0.1:8080"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p struct {
				Text strictyaml.Text `yaml:"text"`
			}
			if err := read("text: "+tt.yaml, &p); err != nil {
				t.Fatal(err)
			}
			if got := p.Text.String(); got != tt.shown {
				t.Errorf("shown as %q, want %q", got, tt.shown)
			}
			got, err := p.Text.Expand(later)
			if err != nil || got != tt.want {
				t.Errorf("expands to %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestTextTellsOfItself(t *testing.T) {
	var none strictyaml.Text
	if literal, ok := none.Literal(); !none.IsZero() || !ok || literal != "" || none.String() != "" || none.Names() != nil {
		t.Error("the zero Text is empty, and says that it is zero")
	}
	made := strictyaml.Literal("{{ x }}")
	if got, err := made.Expand(nil); made.IsZero() || err != nil || got != "{{ x }}" {
		t.Errorf("words that mean themselves expand to %q, %v", got, err)
	}
	var p plan
	if err := read("version: 1\ngreen: \"\"\nchecks: [{url: \"{{ green.url }}-{{ vars.sku }}-{{ stage }}\"}]", &p); err != nil {
		t.Fatal(err)
	}
	if p.Green.IsZero() {
		t.Error("an empty text in a file isn't zero")
	}
	if diff := cmp.Diff([]string{"green.url", "stage"}, p.Checks[0].URL.Names()); diff != "" {
		t.Errorf("names that are left (-want +got):\n%s", diff)
	}
	if _, ok := p.Checks[0].URL.Literal(); ok {
		t.Error("a text with names left has no literal")
	}
	if got := p.Checks[0].URL.Position().String(); got != "plan.yaml:3:16" {
		t.Errorf("the text stands at %s", got)
	}
}

func TestNamesKeepTheirTypes(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       any
	}{
		{"integer", `"{{ vars.sku }}"`, int64(42)},
		{"fraction", `"{{ vars.ratio }}"`, 0.5},
		{"boolean", `"{{ vars.dry }}"`, true},
		{"text", `"{{ vars.wait }}"`, "90s"},
		{"null", `"{{ vars.nothing }}"`, nil},
		{"mapping", `"{{ vars.user }}"`, map[string]any{"id": int64(7), "name": "ann"}},
		{"list", `"{{ vars.list }}"`, []any{"one", int64(2)}},
		{"in a text it is text", `"{{ vars.sku }}."`, "42."},
		{"with a space it is text", `" {{ vars.sku }}"`, " 42"},
		{"later mapping", `"{{ green.target_group }}"`, map[string]any{"id": int64(1)}},
		{"later number", `"{{ green.image }}"`, float64(12345678)},
		{"static value with braces", `"{{ vars.braces }}"`, "{{ green.url }}"},
		{"a tree", `{a: [1, 2.5, ~, no, "{{ stage }}", {b: "{{ vars.sku }}"}], 3: 1e3}`, map[string]any{
			"a": []any{int64(1), 2.5, nil, "no", "{{ vars.sku }}", map[string]any{"b": int64(42)}}, "3": 1000.0,
		}},
		{"whole numbers to the last", `[9223372036854775807, -9223372036854775808, 0x1F, 1_000]`, []any{int64(1<<63 - 1), int64(-1 << 63), int64(31), int64(1000)}},
		{"quoted number", `"42"`, "42"},
		{"date", `2026-01-02`, "2026-01-02"},
		{"explicit null", `~`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p struct {
				Any strictyaml.Value `yaml:"any"`
			}
			if err := read("any: "+tt.yaml, &p); err != nil {
				t.Fatal(err)
			}
			got, err := p.Any.Expand(later)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if p.Any.IsZero() {
				t.Error("a value that is there isn't zero")
			}
		})
	}
}

func TestFilledValuesNeverChangeTheStructure(t *testing.T) {
	nasty := []string{"a: b", "- x", "]", "}", "\"", "'", "\n", "# no comment", "&a", "*a", "!!int 3", "{{ stage }}", "{{", "}}", "~", "null", "true", "7", "", "\x00\u202e"}
	for _, value := range nasty {
		t.Run(fmt.Sprintf("%q", value), func(t *testing.T) {
			var p struct {
				Text strictyaml.Text                    `yaml:"text"`
				Any  strictyaml.Value                   `yaml:"any"`
				List []string                           `yaml:"list"`
				Map  strictyaml.Map[strictyaml.Text]    `yaml:"map"`
				Many strictyaml.OneOrMany[string]       `yaml:"many"`
				Deep strictyaml.Value                   `yaml:"deep"`
				Each []strictyaml.OneOrMany[string]     `yaml:"each"`
				Pair strictyaml.Map[strictyaml.Value]   `yaml:"pair"`
				Some *strictyaml.OneOrMany[string]      `yaml:"some"`
				Last strictyaml.Map[[]strictyaml.Value] `yaml:"last"`
			}
			root, err := strictyaml.Parse("plan.yaml", []byte(`
text: "{{ vars.x }}"
any: "{{ vars.x }}"
list: ["{{ vars.x }}", "<{{ vars.x }}>"]
map: {k: "{{ vars.x }}"}
many: "{{ vars.x }}"
deep: {k: ["{{ vars.x }}", "<{{ vars.x }}>"]}
each: ["{{ vars.x }}"]
pair: {k: "{{ vars.x }}"}
some: "{{ vars.x }}"
last: {k: ["{{ vars.x }}"]}
`))
			if err != nil {
				t.Fatal(err)
			}
			d := strictyaml.NewDecoder(strictyaml.Names{Static: map[string]any{"vars": map[string]any{"x": value}}, Later: []string{"stage"}})
			d.Decode(root, &p)
			if err := d.Err(); err != nil {
				t.Fatal(err)
			}
			text, _ := p.Text.Expand(later)
			whole, _ := p.Any.Expand(later)
			inMap, _ := p.Map[0].Value.Expand(later)
			deep, _ := p.Deep.Expand(later)
			pair, _ := p.Pair[0].Value.Expand(later)
			last, _ := p.Last[0].Value[0].Expand(later)
			got := []any{text, whole, p.List, inMap, []string(p.Many), deep, []string(p.Each[0]), pair, []string(*p.Some), last}
			one := []string{value}
			want := []any{value, value, []string{value, "<" + value + ">"}, value, one, map[string]any{"k": []any{value, "<" + value + ">"}}, one, value, one, value}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFilledNodesAreFinal(t *testing.T) {
	root, err := strictyaml.Parse("plan.yaml", []byte(`"{{ vars.braces }}"`))
	if err != nil {
		t.Fatal(err)
	}
	d := strictyaml.NewDecoder(names())
	filled, ok := d.Static(root)
	var text strictyaml.Text
	var value strictyaml.Value
	d.Decode(filled, &text)
	d.Decode(filled, &value)
	again, _ := d.Static(filled)
	if err := d.Err(); !ok || err != nil {
		t.Fatal(err)
	}
	expanded, _ := value.Expand(later)
	for _, got := range []any{filled.Text(), again.Text(), expanded} {
		if got != "{{ green.url }}" {
			t.Errorf("braces in a filled value were read again: %v", got)
		}
	}
	if got, ok := text.Literal(); !ok || got != "{{ green.url }}" {
		t.Errorf("braces in a filled text were read again: %q", got)
	}
}

func TestLookupErrorsTellThePlace(t *testing.T) {
	gone := errors.New("nothing was captured")
	for _, tt := range []struct{ name, yaml, want string }{
		{"in a text", `"a {{ stage }} b"`, "plan.yaml:1:9: {{ stage }}: nothing was captured"},
		{"the whole text", `"{{ stage }}"`, "plan.yaml:1:7: {{ stage }}: nothing was captured"},
		{"the first of several, in order", "{b: \"{{ green.url }}\", a: [\"{{ stage }}\"]}", "plan.yaml:1:34: {{ stage }}: nothing was captured"},
		{"on a line of its own", "|\n  one\n  two {{ stage }}", "plan.yaml:3:7: {{ stage }}: nothing was captured"},
		{"in a folded text", ">\n  one\n  two {{ stage }}", "plan.yaml:1:6: {{ stage }}: nothing was captured"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p struct {
				Any strictyaml.Value `yaml:"any"`
			}
			if err := read("any: "+tt.yaml, &p); err != nil {
				t.Fatal(err)
			}
			_, err := p.Any.Expand(func(string) (any, error) { return nil, gone })
			if !errors.Is(err, gone) || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestWhatIsNoTextIsRefusedInTheMiddleOfOne(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{nil, "plan.yaml:1:7: {{ stage }}: the value is null, and can't stand in a text"},
		{[]any{1}, "plan.yaml:1:7: {{ stage }}: the value is a list, and can't stand in the middle of a text"},
		{map[string]any{}, "plan.yaml:1:7: {{ stage }}: the value is a mapping, and can't stand in the middle of a text"},
		{struct{}{}, "plan.yaml:1:7: {{ stage }}: a value of type struct {} can't stand in a text"},
	} {
		var p struct {
			Text strictyaml.Text `yaml:"a"`
		}
		if err := read(`a: "a {{ stage }}"`, &p); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Text.Expand(func(string) (any, error) { return tt.value, nil }); err == nil || err.Error() != tt.want {
			t.Errorf("%v: got %v, want %s", tt.value, err, tt.want)
		}
	}
	var p struct {
		Text strictyaml.Text `yaml:"a"`
	}
	if err := read(`a: "id={{ stage }}"`, &p); err != nil {
		t.Fatal(err)
	}
	got, err := p.Text.Expand(func(string) (any, error) { return json.Number("12345678901234567890"), nil })
	if err != nil || got != "id=12345678901234567890" {
		t.Errorf("a json.Number keeps its digits, got %q, %v", got, err)
	}
}

package strictyaml_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/gocomment"
)

func noComments(reflect.Type, string) string { return "" }

func document(t *testing.T, s *strictyaml.Schema) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// quantities is a file of what reads text in its own way.
type quantities struct {
	Duration strictyaml.Duration `yaml:"duration"`
	Size     strictyaml.Size     `yaml:"size"`
}

// All texts of up to four of the pieces that quantities are made of are taken, or refused, by schema and Decoder alike.
func TestTheSchemaOfAQuantityAgreesWithItsDecoder(t *testing.T) {
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(document(t, strictyaml.NewDescriber(noComments).Document("quantities", &quantities{}))), &s); err != nil {
		t.Fatal(err)
	}
	schema, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]string{
		"duration": {"", "0", "5.", ".5", "-", "+", "d", "h", "µs", " "},
		"size":     {"", "0", ".5", "1.", "-", "B", "KB", "MiB", "kb", " "},
	}
	for key, pieces := range tests {
		taken, refused := 0, 0
		for _, text := range joined(pieces, 4) {
			quoted, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			root, err := strictyaml.Parse("q", []byte(`{"`+key+`": `+string(quoted)+`}`))
			if err != nil {
				t.Fatal(err)
			}
			dec := strictyaml.NewDecoder(strictyaml.Names{})
			dec.Decode(root, &quantities{})
			problem, verdict := dec.Err(), schema.Validate(map[string]any{key: text})
			if (problem == nil) != (verdict == nil) {
				t.Errorf("%s %q: the Decoder says %v, the schema %v", key, text, problem, verdict)
			}
			if problem == nil {
				taken++
			} else {
				refused++
			}
		}
		if taken < 20 || refused < 200 {
			t.Errorf("of %s %d were taken and %d refused: the pieces say little", key, taken, refused)
		}
	}
}

func joined(pieces []string, most int) []string {
	if most == 0 {
		return []string{""}
	}
	seen, all := map[string]bool{}, []string{}
	for _, rest := range joined(pieces, most-1) {
		for _, piece := range pieces {
			if text := piece + rest; !seen[text] {
				seen[text] = true
				all = append(all, text)
			}
		}
	}
	return all
}

// shared and asked are read from one mapping, as what all checks have and what belongs to a kind.
type shared struct {
	// what it is called
	Name  strictyaml.Text `yaml:"name,required"`
	Retry *node           `yaml:"retry"`
}

type asked struct {
	inline `yaml:",inline"`
	At     strictyaml.Position                                    `yaml:",position"`
	Query  strictyaml.Map[strictyaml.OneOrMany[strictyaml.Value]] `yaml:"query"`
	Inner  []inline                                               `yaml:"inner"`
}

type inline struct {
	Serial *bool `yaml:"serial"` // one after the other
}

// node is read elsewhere, and says so.
type node struct{}

func (*node) DecodeNode(*strictyaml.Decoder, strictyaml.Node) {}
func (*node) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return &strictyaml.Schema{Type: strictyaml.Types{"null"}}
}

func TestOneMappingMayBeDescribedByManyStructs(t *testing.T) {
	comments, err := gocomment.Read("../..", "github.com/greenlight-deploy/greenlight", "internal/strictyaml")
	if err != nil {
		t.Fatal(err)
	}
	commented := func(of reflect.Type, field string) string {
		return strings.ToLower(of.Name()+"."+field) + comments(of, field) // those of tests aren't read
	}
	d := strictyaml.NewDescriber(commented)
	const want = `{"type":"object","properties":{` +
		`"name":{"$ref":"#/$defs/text","description":"shared.name"},` +
		`"retry":{"$ref":"#/$defs/node","description":"shared.retry"},` +
		`"serial":{"description":"inline.serial","anyOf":[{"type":"boolean"},{"type":"string","pattern":"\\{\\{"}]},` +
		`"query":{"description":"asked.query","type":"object","propertyNames":{"not":{"pattern":"\\{\\{.*\\}\\}"}},"additionalProperties":{"anyOf":[{"$ref":"#/$defs/value"},{"type":"array","items":{"$ref":"#/$defs/value"},"minItems":1}]}},` +
		`"inner":{"description":"asked.inner","type":"array","items":{"$ref":"#/$defs/inline"}}` +
		`},"required":["name"],"additionalProperties":false}`
	if diff := cmp.Diff(want, document(t, d.Fields(&shared{}, &asked{}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// silent decodes itself and doesn't say how: a schema that guesses would be wrong without anybody's notice.
type silent struct{}

func (*silent) DecodeNode(*strictyaml.Decoder, strictyaml.Node) {}

func TestATypeThatDecodesItselfMustDescribeItself(t *testing.T) {
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, "silent decodes itself, and must describe itself") {
			t.Errorf("it said %q", said)
		}
	}()
	strictyaml.Of[silent](strictyaml.NewDescriber(noComments))
}

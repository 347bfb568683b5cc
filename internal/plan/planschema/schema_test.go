package planschema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plan/planschema"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/gocomment"
)

const (
	root   = "../../.."
	module = "github.com/greenlight-deploy/greenlight"
)

var update = flag.Bool("update", false, "write greenlight.schema.json anew")

// language is what plans may hold in the binary.
func language() plan.Language {
	return plan.Language{Kinds: registry.Kinds(registry.Environment{CommandLine: true}), Names: deployment.Names()}
}

// described is the schema as the definitions and their comments have it.
func described(t *testing.T, l plan.Language) *strictyaml.Schema {
	t.Helper()
	// A kind's types may be of any package.
	var packages []string
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == "testdata" {
			return filepath.SkipDir
		}
		if err == nil && filepath.Ext(path) == ".go" {
			folder, err := filepath.Rel(root, filepath.Dir(path))
			packages = append(packages, filepath.ToSlash(folder))
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(packages)
	packages = slices.Compact(packages)
	comments, err := gocomment.Read(root, module, packages...)
	if err != nil {
		t.Fatal(err)
	}
	return l.Schema(strictyaml.NewDescriber(comments))
}

// A kind is described by its definitions. Where one can't be, this says of which kind, and what is to be done; the other
// tests of this package then fail for the same reason.
func TestEachKindOfCheckDescribesItself(t *testing.T) {
	for _, kind := range registry.Kinds(registry.Environment{}) {
		t.Run(kind.Key, func(t *testing.T) {
			defer func() {
				if wrong := recover(); wrong != nil {
					t.Errorf("the kind %s can't be described: %v.\nGive the type a method `JSONSchema(*strictyaml.Describer) *strictyaml.Schema` beside its "+
						"DecodeNode, as internal/check/http/schema.go does; then go test ./internal/plan/planschema -update writes the schema anew", kind.Key, wrong)
				}
			}()
			kinds := []check.Kind{kind}
			for _, key := range unexplained(described(t, plan.Language{Kinds: kinds})) {
				t.Errorf("%s has no description: write a comment for its field, as users are to read it", key)
			}
		})
	}
}

// unexplained lists the keys that have no description.
func unexplained(whole *strictyaml.Schema) []string {
	var keys []string
	var walk func(at string, s *strictyaml.Schema)
	walk = func(at string, s *strictyaml.Schema) {
		if s == nil {
			return
		}
		for _, p := range s.Properties {
			if p.Schema.Description == "" {
				keys = append(keys, at+"."+p.Name)
			}
			walk(at+"."+p.Name, p.Schema)
		}
		for name, def := range s.Defs {
			walk(name, def)
		}
		for _, part := range slices.Concat(s.AnyOf, s.OneOf, []*strictyaml.Schema{s.Items, s.Additional}) {
			walk(at, part)
		}
	}
	walk("plan", whole)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestTheSchemaIsThatOfTheDefinitions(t *testing.T) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(described(t, language())); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(planschema.FileName, text.Bytes(), 0o644); err != nil { //nolint:gosec // it is for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text.String(), planschema.Text()); diff != "" {
		t.Errorf("greenlight.schema.json is of old; go test ./internal/plan/planschema -update renews it (-definitions +file):\n%s", diff)
	}
}

func TestEveryReferenceOfTheSchemaLeadsSomewhere(t *testing.T) {
	var whole struct {
		Defs map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(planschema.Text()), &whole); err != nil {
		t.Fatal(err)
	}
	for name := range whole.Defs {
		if !strings.Contains(planschema.Text(), fmt.Sprintf(`"#/$defs/%s"`, name)) {
			t.Errorf("nothing refers to the definition %s", name)
		}
	}
	for _, reference := range strings.Split(planschema.Text(), `"#/$defs/`)[1:] {
		name, _, _ := strings.Cut(reference, `"`)
		if whole.Defs[name] == nil {
			t.Errorf("the schema refers to %s, which it doesn't define", name)
		}
	}
}

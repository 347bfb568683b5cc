package jsonschema_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/jsonschema"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// group is a schema of the official test suite with values that are valid by it or not.
//
// https://github.com/json-schema-org/JSON-Schema-Test-Suite
type group struct {
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
}

// refused is how schemas of the suite are refused when they are compiled: by the names of what isn't honoured.
var refused = []string{
	"nothing is fetched when a plan is read",
	"a part of a document can't have a name of its own",
	"can't be honoured here",
	"says nothing beside $ref in this version",
	"the schema refers to itself",
	"$schema: \"",
	"this file isn't here",
	"nothing has the $anchor",
}

// The suite comes with the module that this package's schemas are held against elsewhere.
func TestTheOfficialSuiteIsJudgedAsItSays(t *testing.T) {
	const leastJudged = 1800
	judged := 0
	for folder, dialect := range map[string]jsonschema.Dialect{"draft2020-12": jsonschema.Draft2020, "draft7": jsonschema.Draft7} {
		for _, file := range suite(t, folder) {
			t.Run(folder+"/"+filepath.Base(file), func(t *testing.T) { judged += judgeSuite(t, file, dialect) })
		}
	}
	if judged < leastJudged {
		t.Errorf("%d values were judged, want %d at least", judged, leastJudged)
	}
}

// suite gives the files of a part of the suite.
func suite(t testing.TB, folder string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/jsonschema-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "jsonschema", "testdata", folder, "*.json"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files of %s, %v", len(files), folder, err)
	}
	return files
}

func groupsOf(t testing.TB, file string) []group {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var groups []group
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	return groups
}

// judgeSuite judges the values of one file, and gives their number.
func judgeSuite(t *testing.T, file string, dialect jsonschema.Dialect) int {
	judged := 0
	for _, g := range groupsOf(t, file) {
		schema, err := compile(string(g.Schema), dialect)
		if err != nil {
			if !slices.ContainsFunc(refused, func(why string) bool { return strings.Contains(err.Error(), why) }) {
				t.Errorf("%s: %v", g.Description, err)
			}
			continue
		}
		judged += len(g.Tests)
		for _, test := range g.Tests {
			doc, err := expect.ParseJSON(test.Data)
			if err != nil {
				t.Fatal(err)
			}
			if found := schema.Judge(doc); (len(found) == 0) != test.Valid {
				t.Errorf("%s: %s: %s is valid: %v, by %s: %v", g.Description, test.Description, test.Data, test.Valid, g.Schema, found)
			}
		}
	}
	return judged
}

func compile(text string, dialect jsonschema.Dialect) (*jsonschema.Schema, error) {
	root, err := strictyaml.Parse("schema.json", []byte(text))
	if err != nil {
		return nil, err
	}
	d := strictyaml.NewDecoder(strictyaml.Names{})
	c := jsonschema.NewCompiler(d, dialect, func(file string) (jsonschema.Document, error) {
		return jsonschema.Document{}, errors.New("this file isn't here")
	})
	schema := c.Whole(jsonschema.Document{Name: "schema.json", Root: root})
	return schema, d.Err()
}

package plantest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/gocomment"
)

var update = flag.Bool("update", false, "write cases.schema.json anew")

func TestTheSchemaIsThatOfTheDefinitions(t *testing.T) {
	comments, err := gocomment.Read("../..", "github.com/greenlight-deploy/greenlight", "internal/plantest")
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(described(strictyaml.NewDescriber(comments))); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("cases.schema.json", text.Bytes(), 0o644); err != nil { //nolint:gosec // it is for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text.String(), Schema()); diff != "" {
		t.Errorf("cases.schema.json is of old; go test ./internal/plantest -run Schema -update renews it (-definitions +file):\n%s", diff)
	}
}

// Files that differ in one thing from one that is right, and whether they are right.
func TestSchemaAndDecoderAgreeOnCases(t *testing.T) {
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(Schema()), &s); err != nil {
		t.Fatal(err)
	}
	schema, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	const one = `cases: [{name: x, expect: failed}]`
	withCase := func(keys string) string {
		return "version: 1\nplan: p.yaml\ncases: [{name: x, expect: failed, " + keys + "}]"
	}
	for _, tt := range []struct {
		text  string
		right bool
		why   string
	}{
		{"version: 1\nplan: p.yaml\n" + one, true, "the least"},
		{"version: 2\nplan: p.yaml\n" + one, false, "another version"},
		{"plan: p.yaml\n" + one, false, "no version"},
		{"version: 1\n" + one, false, "no plan"},
		{"version: 1\nplan: p.yaml", false, "no cases"},
		{"version: 1\nplan: p.yaml\ncases: []", false, "an empty list tries nothing"},
		{"version: 1\nplan: p.yaml\ncases: [{name: x}]", false, "what is expected isn't said"},
		{"version: 1\nplan: p.yaml\ncases: [{expect: passed}]", false, "a case has a name"},
		{"version: 1\nplan: p.yaml\nvars: {a: 1}\nnames: {green.image: {b: 1}}\ngreen: refused\nblue: []\nresults: {a: passed}\n" + one, true, "all keys of the file"},
		{withCase("stage: AfterInstall, rollback: true, create: false, vars: {a: b}"), true, "keys of a case"},
		{withCase("stage: Aftermath"), false, "no stage"},
		{withCase("name2: x"), false, "an unknown key"},
		{withCase("green: [{request: GET /, answer: 200}]"), true, "a status"},
		{withCase("green: [{request: '*', answers: [503, {status: 200, body: x, headers: {a: b}, after: 1s}]}]"), true, "several"},
		{withCase("green: [{request: /, answer: {json: {a: null}}}]"), true, "JSON"},
		{withCase("green: [{request: /, answer: {error: reset, after: 5ms}}]"), true, "no answer"},
		{withCase("green: [{request: /, answer: {error: reset, status: 200}}]"), false, "an answer and none"},
		{withCase("green: [{request: /, answer: {error: refused}}]"), false, "what no single request can be"},
		{withCase("green: [{request: /, answer: {body: x, json: 1}}]"), false, "two bodies"},
		{withCase("green: [{request: /, answer: {body: x, base64: eA==}}]"), false, "two bodies of bytes"},
		{withCase("green: [{request: /, answer: {error: reset, base64: eA==}}]"), false, "bytes and no answer"},
		{withCase("green: [{request: /, answer: {base64: \"eHl6\\n  eHl6\", headers: {set-cookie: [a=1, b=2]}}}]"), true, "bytes, and several lines of a header"},
		{withCase("green: [{request: /, answer: {base64: '%%%'}}]"), false, "what is no base64"},
		{withCase("green: [{request: /, answer: {headers: {a: []}}}]"), false, "a header without a line"},
		{withCase("green: [{request: /, answer: 100}]"), false, "no answer yet"},
		{withCase("green: [{request: /, answer: 600}]"), false, "no status"},
		{withCase("green: [{request: /, answer: 200, answers: [200]}]"), false, "one or many"},
		{withCase("green: [{request: /, answers: []}]"), false, "none of many"},
		{withCase("green: [{request: /}]"), false, "no answer"},
		{withCase("green: [{request: health, answer: 200}]"), false, "a path begins with a slash"},
		{withCase("green: [{request: get /, answer: 200}]"), false, "methods are in capitals"},
		{withCase("green: gone"), false, "a word that means nothing"},
		{withCase("results: {a: {outcome: failed, reason: x}, b: inconclusive}"), true, "results"},
		{withCase("results: {a: fine}"), false, "no outcome"},
		{"version: 1\nplan: p.yaml\ncases: [{name: x, expect: {outcome: passed, succeeded: true, check: a, reason: '~ x', rule: a, checks: {a: passed}}}]", true, "all that can be expected"},
		{"version: 1\nplan: p.yaml\ncases: [{name: x, expect: {check: a}}]", false, "an expectation without an outcome"},
		{"version: 1\nplan: p.yaml\ncases: [{name: x, expect: fine}]", false, "no outcome"},
		{"version: 1\nplan: p.yaml\ncases: [{name: '', expect: failed}]", false, "an empty name"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			root, err := strictyaml.Parse("c.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			dec := strictyaml.NewDecoder(strictyaml.Names{})
			dec.Decode(root, &file{})
			if err := dec.Err(); (err == nil) != tt.right {
				t.Errorf("the decoder says %v, in\n%s", err, tt.text)
			}
			var tree any
			if err := yaml.Unmarshal([]byte(tt.text), &tree); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(tree); (err == nil) != tt.right {
				t.Errorf("the schema says %v, in\n%s", err, tt.text)
			}
		})
	}
}

// FuzzCases: whatever is written is cases, or refused with its place.
func FuzzCases(f *testing.F) {
	f.Add("version: 1\nplan: p.yaml\ngreen: refused\nresults: {a: {outcome: failed, reason: x}}\ncases: [{name: x, stage: AfterInstall, expect: failed}]", "/a")
	f.Add("version: 1\nplan: p.yaml\ncases: [{name: x, green: [{request: 'GET /a*b?c=*', answers: [503, {json: {a: 1}, after: 1s}]}], expect: {outcome: passed, reason: '~ x'}}]", "/axb?c=1")
	f.Add("version: 1\nplan: p.yaml\ncases: [{name: x, green: [{request: '*', answer: {error: reset}}], expect: passed}]", "/")
	docs, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		f.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(docs, -1) {
		f.Add(string(block[1]), "/cart?a=b")
	}
	f.Fuzz(func(t *testing.T, text, target string) {
		root, err := strictyaml.Parse("c.yaml", []byte(text))
		if err != nil {
			return
		}
		dec := strictyaml.NewDecoder(strictyaml.Names{})
		var cases file
		dec.Decode(root, &cases)
		var problems strictyaml.Problems
		if err := dec.Err(); err != nil && (!errors.As(err, &problems) || problems[0].Line == 0) {
			t.Fatalf("%v has no place", err)
		}
		asked, err := http.NewRequest(http.MethodGet, "http://green"+target, nil)
		if err != nil {
			return
		}
		for _, c := range cases.Cases {
			for _, r := range c.Green.over(cases.Green).rules {
				if everything := r.Request.target == "*"; everything && r.Request.method == "" && !r.Request.matches(asked) {
					t.Errorf("* doesn't fit %s", target)
				}
				r.Request.matches(asked)
			}
		}
	})
}

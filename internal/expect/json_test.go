package expect_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/expect"
)

const document = `{
	"status": "ok", "version": "3.1", "build": "3.1-beta", "count": 1, "ratio": 1.0, "tenth": 0.1, "quoted": "1",
	"none": null, "yes": true, "id": 9007199254740993, "huge": 12345678901234567890, "beyond": 1e400,
	"items": [{"price": 3, "name": "a"}, {"price": 5}, {"price": 8}],
	"tags": ["x", "y"], "map": {"b": 2, "a": 1, "c": 3}, "empty": [], "a b": {"c.d": 7},
	"text": "null"
}`

func TestJSONPathsAreComparedByTypeAndValue(t *testing.T) {
	tests := []struct{ why, src, want string }{
		{"the text itself", `$.status: ok`, ""},
		{"another text", `$.status: down`, `$.status is "ok", expected "down"`},
		{"a number by its value", `$.ratio: 1`, ""},
		{"written either way", `$.count: 1.0`, ""},
		{"a fraction is the one of the plan", `$.tenth: 0.1`, ""},
		{"a fraction is the one of the plan, also under !=", `$.tenth: "!= 0.10"`, `$.tenth is 0.1, expected != 0.10`},
		{"a text isn't a number", `$.quoted: 1`, `$.quoted is "1", expected 1`},
		{"a number isn't a text", `$.count: "1"`, `$.count is 1, expected "1"`},
		{"a large number is exact", `$.id: 9007199254740993`, ""},
		{"its neighbour is another", `$.id: 9007199254740992`, `$.id is 9007199254740993, expected 9007199254740992`},
		{"a number beyond 64 bits is exact too", `$.huge: "> 12345678901234567889"`, ""},
		{"and not less than itself", `$.huge: < 12345678901234567890`, `$.huge is 12345678901234567890, expected < 12345678901234567890`},
		{"a number beyond all is still shown", `$.beyond: 1`, `$.beyond is 1e400, expected 1`},
		{"null is a value", `$.none: null`, ""},
		{"null isn't a text", `$.none: "null"`, `$.none is null, expected "null"`},
		{"null isn't missing", `$.nothing: null`, `$.nothing is missing, expected null`},
		{"a boolean", `$.yes: true`, ""},
		{"another boolean", `$.yes: false`, `$.yes is true, expected false`},
		{"a list", `$.tags: [x, y]`, ""},
		{"a list in another order", `$.tags: [y, x]`, `$.tags is ["x","y"], expected ["y","x"]`},
		{"a mapping in any order", `$.map: {a: 1, b: 2, c: 3}`, ""},
		{"a mapping with less", `$.map: {a: 1, b: 2}`, `$.map is {"a":1,"b":2,"c":3}, expected {"a":1,"b":2}`},
		{"the whole", `$.map: {a: 1, b: 2, c: 4}`, `$.map is {"a":1,"b":2,"c":3}, expected {"a":1,"b":2,"c":4}`},
		{"names with any characters", `$['a b']['c.d']: 7`, ""},
		{"an index from the end", `$.items[-1].price: 8`, ""},

		{"nothing selected is false", `$.nope: 1`, `$.nope is missing, expected 1`},
		{"also under !=", `$.nope: "!= 1"`, `$.nope is missing, expected != 1`},
		{"also under a pattern", `$.nope: ~ .*`, `$.nope is missing, expected ~ .*`},
		{"also for an index out of range", `$.items[9].price: 1`, `$.items[9].price is missing, expected 1`},
		{"also for a filter", `$.items[?(@.price > 100)].price: "> 0"`, `$.items[?(@.price > 100)].price is missing, expected > 0`},

		{"a number that is large enough", `$.count: ">= 1"`, ""},
		{"a text that is a number", `$.version: ">= 3"`, ""},
		{"a text that is none", `$.build: ">= 3"`, `$.build is "3.1-beta", which is not a number, expected >= 3`},
		{"a boolean has no order", `$.yes: "> 0"`, `$.yes is true, which is not a number, expected > 0`},
		{"nor has null", `$.none: "< 1"`, `$.none is null, which < can't compare, expected < 1`},
		{"nor a list", `$.tags: "> 0"`, `$.tags is ["x","y"], which > can't compare, expected > 0`},
		{"a pattern in a text", `$.build: ~ beta$`, ""},
		{"a pattern in a number", `$.count: ~ ^\d$`, ""},
		{"a pattern in null", `$.none: ~ .*`, `$.none is null, which ~ can't compare, expected ~ .*`},
		{"a pattern in a list", `$.tags: ~ x`, `$.tags is ["x","y"], which ~ can't compare, expected ~ x`},
		{"another text", `$.status: "!= down"`, ""},
		{"the very text", `$.status: "!= ok"`, `$.status is "ok", expected != ok`},
		{"the very number, as text", `$.quoted: "!= 1"`, `$.quoted is "1", expected != 1`},
		{"the very number, written otherwise", `$.count: "!= 1.0"`, `$.count is 1, expected != 1.0`},
		{"other than null", `$.none: "!= null"`, `$.none is null, expected != null`},
		{"a list is no text", `$.tags: "!= x"`, ""},

		{"each of several", `$.items[*].price: "> 2"`, ""},
		{"one of several is wrong", `$.items[*].price: "> 4"`, `$.items[0].price is 3, expected > 4`},
		{"a later one of several is wrong", `$.items[*].price: < 8`, `$.items[2].price is 8, expected < 8`},
		{"several as a list", `$.items[*].price: [3, 5, 8]`, ""},
		{"several as another list", `$.items[*].price: [3, 5]`, `$.items[*].price is [3,5,8], expected [3,5]`},
		{"values of a mapping, by its keys", `$.map.*: [1, 2, 3]`, ""},
		{"the same in any depth", `$..price: [3, 5, 8]`, ""},
		{"a slice", `$.items[1:].price: [5, 8]`, ""},
		{"a union, as it is written", `$.items[2,0].price: [8, 3]`, ""},
		{"a filter", `$.items[?(@.price >= 5)].price: [5, 8]`, ""},
		{"only some have it", `$.items[*].name: a`, ""},

		{"a static name keeps its type", `$.sku: "{{ vars.sku }}"`, `$.sku is missing, expected 42`},
		{"a static list", `$.tags: "{{ vars.list }}"`, `$.tags is ["x","y"], expected [1,2]`},
		{"a later name keeps its type", `$.count: "{{ green.port }}"`, `$.count is 1, expected 8080`},
		{"a later name in a text", `$.status: "is {{ green.port }}"`, `$.status is "ok", expected "is 8080"`},
		{"a static name is no operator", `$.count: "{{ vars.operator }}"`, `$.count is 1, expected "< 5"`},
		{"a later name is no operator", `$.count: "{{ green.operator }}"`, `$.count is 1, expected "!= nothing"`},
		{"a later name without a value", `$.count: "{{ cart }}"`, `error: plan.yaml:1:11: {{ cart }}: it has no value`},
		{"a later name behind !=", `$.count: "!= {{ cart }}"`, `error: plan.yaml:1:14: {{ cart }}: it has no value`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			doc, err := expect.ParseJSON([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			key, value, _ := strings.Cut(tt.src, ": ")
			src := "json: {" + quoted(key) + ": " + value + "}"
			a := decode(t, src)
			all, err := a.JSON.Judge(doc, lookup)
			got := strings.TrimSpace(saidAll(all, err))
			got = strings.ReplaceAll(got, "plan.yaml:1:"+columnOf(src), "plan.yaml:1:"+columnOf(tt.src))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

// columnOf is where the first name of a line stands.
func columnOf(line string) string { return strconv.Itoa(strings.Index(line, "{{") + 1) }

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestParsedJSONKeepsLargeNumbersExact(t *testing.T) {
	got, err := expect.ParseJSON([]byte(`[1, -9223372036854775808, 9223372036854775808, 1.5, 1e2, 1e400, {"a": [2]}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		int64(1), int64(-9223372036854775808), json.Number("9223372036854775808"), 1.5, 100.0, json.Number("1e400"),
		map[string]any{"a": []any{int64(2)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestWhatIsNotJSONIsToldWithItsPlace(t *testing.T) {
	for src, want := range map[string]string{
		"":                  "it is empty",
		" \n":               "it is empty",
		"<html>":            "invalid character '<' looking for beginning of value, at byte 1",
		`{"a": 1`:           "it ends in the middle of JSON",
		`"a`:                "it ends in the middle of JSON",
		`a`:                 "invalid character 'a' looking for beginning of value, at byte 1",
		`[1}`:               "invalid character '}' after array element, at byte 3",
		`{"a": 1} {"b": 2}`: "after a JSON value, more follows at byte 10",
		`{"a": 01}`:         "invalid character '1' after object key:value pair, at byte 8",
	} {
		_, err := expect.ParseJSON([]byte(src))
		if err == nil || err.Error() != want {
			t.Errorf("parsing %q gives the error %v, want %q", src, err, want)
		}
	}
}

func TestJSONJudgesEveryPath(t *testing.T) {
	a := decode(t, "json: {$.a: 1, $.b: 2, $.c: 3}")
	all, err := a.JSON.Judge(map[string]any{"b": int64(2)}, lookup)
	if got, want := saidAll(all, err), "$.a is missing, expected 1\n$.c is missing, expected 3\n"; got != want {
		t.Errorf("the mismatches are %q, want %q", got, want)
	}
}

var errNothing = errors.New("nothing")

// FuzzJSONPathAndWhatIsExpectedThere: whatever path and expectation meet whatever answer, the judgement is told in lines, and a path that
// selects nothing makes nothing true. The seeds are the paths of the documentation and the examples, and those of RFC 9535.
func FuzzJSONPathAndWhatIsExpectedThere(f *testing.F) {
	f.Add("$.items[*].price", "> 2", []byte(document))
	f.Add("$..price", "~ ^3", []byte(document))
	f.Add("$.items[?(@.price > 4)].price", "5", []byte(document))
	f.Add("$['a b']['c.d']", "!= null", []byte(document))
	f.Add("$.items[0,2:1]", "<= 1e400", []byte(document))
	for _, path := range []string{
		"$.store.book[*].author", "$..author", "$.store.*", "$.store..price", "$..book[2].author", "$..book[-1]", "$..book[0,1]", "$..book[:2]", "$..book[?@.isbn]", "$..book[?@.price<10]", "$..*",
		`$.o['j j']['k.k']`, `$["'"]["@"]`, "$[5:1:-2]", "$[::-1]", "$.a[?@.b == 'kilo' || @.b == 'k']", "$.a[?match(@.b, '[jk]')]", "$[?length(@.authors) >= 5]", "$.o[?@<3, ?@<3]", "$[?!@.x && count(@.*) == 1]",
	} {
		f.Add(path, "!= 1", []byte(`{"store": {"book": [{"author": "Herman Melville", "isbn": "0-553-21311-3", "price": 8.99}, {"price": 22.99}]}, "o": {"j j": {"k.k": 3}}, "a": [3, {"b": "kilo"}]}`))
	}
	for _, path := range documented(f, `\$(\.[A-Za-z_]\w*|\[[^\]]*\])+`) {
		f.Add(path, "ok", []byte(`[{"status": "ok", "items": [{"sku": 42}]}, null, 1e999, "\ud800"]`))
	}
	f.Fuzz(func(t *testing.T, path, want string, body []byte) {
		doc, err := expect.ParseJSON(body)
		if (err == nil) != json.Valid(body) {
			t.Fatalf("%q is read with %v", body, err)
		}
		if err != nil {
			return
		}
		a, err := tryDecode("json: {" + quoted(path) + ": " + quoted(want) + "}")
		if err != nil {
			return
		}
		all, err := a.JSON.Judge(doc, func(string) (any, error) { return nil, errNothing })
		for _, m := range all {
			if line := m.String(); strings.ContainsAny(line, "\r\n") {
				t.Errorf("%q of %q says %q, which is not one line", path, body, line)
			}
		}
		_ = saidAll(all, err)
	})
}

// documented are all texts of a form that the documentation and the examples hold.
func documented(t testing.TB, form string) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../docs/checks/*.md", "../../examples/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range regexp.MustCompile(form).FindAllString(string(text), -1) {
				if !slices.Contains(found, one) {
					found = append(found, one)
				}
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("nothing has the form %s", form)
	}
	return found
}

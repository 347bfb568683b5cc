package strictyaml_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// What a text file in testdata can't hold, or would hold badly: other encodings, line ends, tabs, control characters.
func TestBytesOfAFile(t *testing.T) {
	for _, tt := range []struct{ name, src, want, why string }{
		{
			name: "not UTF-8", src: "version: 1\ngreen: \xff\n",
			want: "plan.yaml:1:1: the file is not UTF-8 text\n",
			why:  "Latin-1 from an old editor",
		},
		{
			name: "UTF-16", src: "\xff\xfev\x00:\x001\x00",
			want: "plan.yaml:1:1: the file is not UTF-8 text\n",
			why:  "PowerShell's > writes it",
		},
		{
			name: "byte order mark", src: "\uFEFFversion: one\n",
			want: "plan.yaml:1:10: version: expected a number, found \"one\"\n   1 | version: one\n     |          ^~~\n",
			why:  "editors on Windows write it, and show columns without it",
		},
		{
			name: "CRLF", src: "version: 1\r\ngreen: [a]\r\nbudget: 5\r\n",
			want: "plan.yaml:2:8: green: expected text, found a list\n   2 | green: [a]\n     |        ^\n" +
				"plan.yaml:3:9: budget: 5 has no unit: write 5ms, 5s or 5m\n   3 | budget: 5\n     |         ^\n",
			why: "a \\r in an excerpt would overwrite it on a terminal",
		},
		{
			name: "CR", src: "version: 1\rbudget: 5\r",
			want: "plan.yaml:2:9: budget: 5 has no unit: write 5ms, 5s or 5m\n   2 | budget: 5\n     |         ^\n",
			why:  "YAML ends lines there",
		},
		{
			name: "line breaks of Unicode", src: "version: 1 # a\u2028# b\u0085budget: 5\n",
			want: "plan.yaml:3:9: budget: 5 has no unit: write 5ms, 5s or 5m\n   3 | budget: 5\n     |         ^\n",
			why:  "the parser counts lines at them",
		},
		{
			name: "empty", src: "",
			want: "plan.yaml:1:1: the file is empty\n", why: "nothing to read",
		},
		{
			name: "white space", src: " \n\n  \n",
			want: "plan.yaml:1:1: the file is empty\n", why: "nothing to read",
		},
		{
			name: "tab as indentation", src: "version: 1\nowner:\n\tteam: a\n",
			want: "plan.yaml:3:1: the line is indented with a tab; YAML takes spaces only\n   3 | \tteam: a\n     | ^\n",
			why:  "the commonest of YAML's traps",
		},
		{
			name: "tab after spaces", src: "version: 1\nowner:\n  team: a\n  \tpage: true\n",
			want: "plan.yaml:4:3: the line is indented with a tab; YAML takes spaces only\n   4 |   \tpage: true\n     |   ^\n",
			why:  "the caret stands under the tab",
		},
		{
			name: "tab before the caret", src: "version: 1\nowner: {\tteam: [a]}\n",
			want: "plan.yaml:2:16: team: expected text, found a list\n   2 | owner: {\tteam: [a]}\n     |         \t      ^\n",
			why:  "the caret's line repeats the tab, however wide it is",
		},
		{
			name: "control character", src: "version: 1\ngreen: a\x07b\n",
			want: "plan.yaml:2:9: the file holds the control character U+0007\n   2 | green: a\uFFFDb\n     |         ^\n",
			why:  "shown as what it is, not sent to the terminal",
		},
		{
			name: "text that turns the direction of writing", src: "version: 1\nowner: \"\u202Eabc\"\n",
			want: "plan.yaml:2:8: owner: expected a mapping, found \"\\u202eabc\"\n   2 | owner: \"\uFFFDabc\"\n     |        ^~~~~~\n",
			why:  "an excerpt must not show other than what is read",
		},
		{
			name: "letters of several bytes", src: "version: 1\nowner: {größe: 1, team: ü}\n",
			want: "plan.yaml:2:9: owner: unknown key \"größe\": valid here: page, team\n   2 | owner: {größe: 1, team: ü}\n     |         ^~~~~\n",
			why:  "columns count bytes, carets count letters",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, shown(read(tt.src, new(plan)))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.why, diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	laughs := "version: 1\na: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		laughs += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	blockDeep := strings.Builder{}
	for i := range 200 {
		blockDeep.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for _, tt := range []struct{ name, src, want string }{
		{"a file of 10 MB", "any: " + strings.Repeat("x", 10<<20), "plan.yaml:1:1: the file has 10485765 bytes; at most 1048576 (1 MiB) are read"},
		{"aliases that multiply", laughs, "plan.yaml:2:23: the file has over 50000 values, with aliases followed"},
		{"many values", "any: [" + strings.Repeat("1,", 60_000) + "]", "over 50000 values, with aliases followed"},
		{"lists in lists", "any: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "plan.yaml:1:70: values are nested over 64 deep"},
		{"mappings in mappings", blockDeep.String(), "plan.yaml:65:65: values are nested over 64 deep"},
		{"a million open brackets", strings.Repeat("[", 1<<20), "values are nested over 64 deep"},
		{"a hundred thousand open mappings", strings.Repeat("{a: ", 100_000), "values are nested over 64 deep"},
		{"a chain of aliases", aliasChain(200), "values are nested over 64 deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := strictyaml.Parse("plan.yaml", []byte(tt.src))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// A file may be one line of a megabyte, wrong all over. What finds a place, and what cuts an excerpt, must not walk the
// line from its start for each of the problems: that takes minutes.
func TestProblemsOnOneLongLine(t *testing.T) {
	err := read("version: 1\nlabels: ["+strings.Repeat("[ä],", 20_000)+"]\n", new(plan))
	var problems strictyaml.Problems
	if !errors.As(err, &problems) || len(problems) != 20_000 {
		t.Fatalf("%d problems, %v", len(problems), err)
	}
	last := problems[len(problems)-1]
	if want := len("labels: [") + 19_999*len("[ä],") + 1; last.Column != want {
		t.Errorf("the last problem is in column %d, want %d", last.Column, want)
	}
	for _, p := range problems {
		if excerpt := p.Excerpt(); len(excerpt) > 1000 {
			t.Fatalf("an excerpt of %d bytes", len(excerpt))
		}
	}
}

// aliasChain nests by aliases alone: each list holds the one before it.
func aliasChain(n int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x]\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	return b.String()
}

func TestAliasesAreValuesOfTheirOwn(t *testing.T) {
	var p plan
	err := read("version: 1\nlabels: &l [a, b]\nassert: *l\nowner: {team: &t shop}\ngreen: *t\n", &p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, []string(p.Assert)); diff != "" {
		t.Errorf("assert (-want +got):\n%s", diff)
	}
	if got := p.Green.String(); got != "shop" {
		t.Errorf("green = %q", got)
	}
	if got := p.Green.Position().String(); got != "plan.yaml:4:15" {
		t.Errorf("an alias stands where its value is written, got %s", got)
	}
}

func TestNodesTellWhatTheyAre(t *testing.T) {
	root, err := strictyaml.Parse("f", []byte("a: 1\nb: 'x'\nc: [true, ~]\nd: {e: 2.5}\nf:\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(root.Pairs()), 5; got != want {
		t.Errorf("%d pairs, want %d", got, want)
	}
	for key, want := range map[string]string{"a": "the number 1", "b": `"x"`, "c": "a list", "d": "a mapping", "f": "nothing"} {
		n, ok := root.Get(key)
		if !ok || n.Describe() != want {
			t.Errorf("%s: got %s, want %s", key, n.Describe(), want)
		}
	}
	list, _ := root.Get("c")
	if items := list.Items(); len(items) != 2 || !items[0].IsBool() || !items[1].IsNull() || items[1].IsScalar() {
		t.Errorf("the list's items are wrong: %v", items)
	}
	if _, ok := root.Get("nope"); ok {
		t.Error("a key that isn't there was found")
	}
	var none strictyaml.Node
	if !none.IsZero() || !none.IsNull() || none.IsScalar() || none.Text() != "" || none.Items() != nil || none.Pairs() != nil || none.Position() != (strictyaml.Position{}) {
		t.Error("the zero Node is nothing at all")
	}
}

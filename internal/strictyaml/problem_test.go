package strictyaml_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func TestExcerptCutsLongLinesAroundThePlace(t *testing.T) {
	long := strings.Repeat("abcdefghij", 30)
	at := func(column int) strictyaml.Position {
		return strictyaml.Position{File: "f", Line: 12345, Column: column}
	}
	for _, tt := range []struct {
		name    string
		problem strictyaml.Problem
		want    string
	}{
		{"start", strictyaml.Problem{Position: at(1), Source: long, Width: 3}, "12345 | " + long[:59] + "…\n      | ^~~"},
		{"middle", strictyaml.Problem{Position: at(151), Source: long, Width: 3}, "12345 | …" + long[91:150] + long[150:209] + "…\n      | " + strings.Repeat(" ", 60) + "^~~"},
		{"wider than what is shown", strictyaml.Problem{Position: at(1), Source: long, Width: 300}, "12345 | " + long[:59] + "…\n      | ^" + strings.Repeat("~", 59)},
		{"end of the line", strictyaml.Problem{Position: at(4), Source: "abc", Width: 1}, "12345 | abc\n      |    ^"},
		{"no width", strictyaml.Problem{Position: at(2), Source: "abc"}, "12345 | abc\n      |  ^"},
		{"past the end of the line", strictyaml.Problem{Position: at(5), Source: "abc", Width: 1}, ""},
		{"no column", strictyaml.Problem{Source: "abc"}, ""},
		{"blank line", strictyaml.Problem{Position: at(1), Source: "   "}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.problem.Excerpt()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestErrorFitsOneLine(t *testing.T) {
	one := strictyaml.Problem{Position: strictyaml.Position{File: "f", Line: 1, Column: 2}, Message: "wrong"}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"one problem", strictyaml.Problems{one}, "f:1:2: wrong"},
		{"two problems", strictyaml.Problems{one, one}, "f:1:2: wrong (and 1 more problem)"},
		{"three problems", strictyaml.Problems{one, one, one}, "f:1:2: wrong (and 2 more problems)"},
		{"a problem of no file", strictyaml.Problem{Message: "wrong"}, "wrong"},
		{"a problem of a whole file", strictyaml.Problem{Position: strictyaml.Position{File: "f"}, Message: "wrong"}, "f: wrong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUnknownNamesTheNearest(t *testing.T) {
	stages := []string{"AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"}
	for _, tt := range []struct {
		name, given string
		valid       []string
		want, why   string
	}{
		{"letters swapped", "tiemout", []string{"timeout", "retry"}, `unknown key "tiemout": did you mean "timeout"?`, "one swap is one mistake"},
		{"letter missing", "htp", []string{"http", "tcp"}, `unknown key "htp": did you mean "http"?`, "nearer than tcp"},
		{"dash for underscore", "on-rollback", []string{"on_rollback"}, `unknown key "on-rollback": did you mean "on_rollback"?`, "no distance at all"},
		{"nearest of several", "AfterAlowTraffic", stages, `unknown key "AfterAlowTraffic": did you mean "AfterAllowTraffic"?`, "BeforeAllowTraffic is farther"},
		{"nothing near", "x", []string{"b", "a", "b"}, `unknown key "x": valid here: a, b`, "sorted, each once"},
		{"short names are not near", "ip", []string{"id"}, `unknown key "ip": valid here: id`, "half of the letters differ"},
		{"nothing valid", "x", nil, `unknown key "x"`, "no list to show"},
		{"line break", "a\nb", nil, `unknown key "a\nb"`, "one line"},
		{"empty name", "", []string{"a"}, `unknown key "": valid here: a`, "an empty key can stand in a file"},
		{"far too long", strings.Repeat("x", 1000), []string{"a"}, `unknown key "` + strings.Repeat("x", 60) + `…": valid here: a`, "cut"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strictyaml.Unknown("key", tt.given, tt.valid); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.why, got, tt.want)
			}
		})
	}
}

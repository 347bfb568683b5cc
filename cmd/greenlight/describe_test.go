//go:build !function

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// A command that doesn't hand its flags over would be completed wrongly, and the manual page would be silent about them.
func TestEveryCommandIsDescribedWithTheFlagsThatItsHelpShows(t *testing.T) {
	p := describeProgram()
	if len(p.Commands) != len(commands())+1 {
		t.Errorf("%d commands are described, there are %d and help", len(p.Commands), len(commands()))
	}
	for i, c := range commands() {
		var out strings.Builder
		a := app{stdin: strings.NewReader(""), stdout: &out, stderr: &out, env: func(string) string { return "" }}
		if code := c.run(t.Context(), a, c, []string{"--help"}); code != exitPassed {
			t.Fatalf("%s --help exits with %d: %s", c.name, code, out.String())
		}
		_, shown, _ := strings.Cut(out.String(), "\nFlags:\n")
		want := regexp.MustCompile(`(?m)^  (--?\S+)`).FindAllString(shown, -1)
		got := make([]string, 0, len(want))
		for _, f := range p.Commands[i].Flags {
			got = append(got, "  "+f.Dashed())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: described with %q, its help shows %q", c.name, got, want)
		}
	}
}

// What shells offer is put between spaces and in lists with commas: no word may have these, or what a shell would read in it.
func TestWhatIsKnownOfValuesAreWordsThatNoShellReadsMoreIn(t *testing.T) {
	plain := regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	var suggested int
	check := func(command string, v usage.Values) {
		for _, w := range v.Words {
			suggested++
			if !plain.MatchString(w) {
				t.Errorf("%s: %q", command, w)
			}
		}
	}
	for _, c := range describeProgram().Commands {
		check(c.Name, usage.Values{Words: []string{c.Name}})
		check(c.Name, c.Operands)
		for _, f := range c.Flags {
			check(c.Name+" "+f.Name, usage.Values{Words: []string{f.Name}})
			check(c.Name+" "+f.Name, f.Values)
		}
	}
	if suggested < 50 {
		t.Errorf("only %d words are known", suggested)
	}
}

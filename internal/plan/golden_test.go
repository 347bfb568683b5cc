package plan_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

var update = flag.Bool("update", false, "write what the code says now into testdata")

// TestPlans reads every archive in testdata: pairs of <case>.yaml, a plan, and <case>.want: what was understood, or all
// that is wrong with it. Renew the texts with -update, and read the difference.
func TestPlans(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			testArchive(t, archive)
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// testArchive adds the .want of a plan that has none when it is to write.
func testArchive(t *testing.T, archive *txtar.Archive) {
	for i := 0; i < len(archive.Files); i += 2 {
		in := archive.Files[i]
		name := strings.TrimSuffix(in.Name, ".yaml")
		if paired := i+1 < len(archive.Files) && archive.Files[i+1].Name == name+".want"; !paired {
			if !*update {
				t.Fatalf("no %s.want after %s", name, in.Name)
			}
			rest := append([]txtar.File{{Name: name + ".want"}}, archive.Files[i+1:]...)
			archive.Files = append(archive.Files[:i+1], rest...)
		}
		want := &archive.Files[i+1]
		t.Run(name, func(t *testing.T) {
			got := understood(parse(string(in.Data)))
			if *update {
				want.Data = []byte(got)
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("what came of the plan (-want +got):\n%s", diff)
			}
		})
	}
}

func understood(p *plan.Plan, err error) string {
	if err != nil {
		return problems(err)
	}
	var b strings.Builder
	if !p.Green.IsZero() {
		fmt.Fprintf(&b, "green: %s\n", p.Green)
	}
	if !p.Blue.IsZero() {
		fmt.Fprintf(&b, "blue: %s\n", p.Blue)
	}
	if p.Anywhere() != nil {
		b.WriteString("anywhere:\n" + stage(p.Anywhere()))
	}
	for _, name := range p.Stages() {
		fmt.Fprintf(&b, "%s:\n%s", name, stage(p.Stage(name)))
	}
	return b.String()
}

func stage(s *plan.Stage) string {
	var b strings.Builder
	if s.Budget > 0 {
		fmt.Fprintf(&b, "  budget %s, from %s\n", s.Budget, s.BudgetAt)
	}
	if s.Serial {
		b.WriteString("  serial\n")
	}
	if s.KeepGoing {
		b.WriteString("  keeps going\n")
	}
	if s.RunOnRollback {
		b.WriteString("  asked in a rollback too\n")
	}
	if s.PassOnCreate {
		b.WriteString("  not asked when the service is created\n")
	}
	if s.Callback != plan.DefaultCallback {
		fmt.Fprintf(&b, "  callback %s\n", s.Callback)
	}
	if i := s.Identity; i != nil {
		fmt.Fprintf(&b, "  green is known by %s: %q, %s\n    %d in a row within %s, one every %s, timeout %s\n", i.Check.At, i.Check.Name,
			i.Check.Check.(interface{ asks() string }).asks(), i.Consecutive, i.Check.Eventually.Within, i.Check.Eventually.Every, i.Check.Timeout)
	}
	for _, c := range s.Checks {
		fmt.Fprintf(&b, "  %s: %q, a %s\n    asks %s\n    timeout %s\n", c.At, c.Name, c.Kind, c.Check.(interface{ asks() string }).asks(), c.Timeout)
		if c.Retry != plan.DefaultRetry() {
			fmt.Fprintf(&b, "    retry: attempts %d, delay %s\n", c.Retry.Attempts, c.Retry.Delay)
		}
		if c.Eventually != nil {
			fmt.Fprintf(&b, "    eventually: within %s, every %s\n", c.Eventually.Within, c.Eventually.Every)
		}
		if c.For != nil {
			fmt.Fprintf(&b, "    for: lasting %s, every %s\n", c.For.Lasting, c.For.Every)
		}
		if c.Warn {
			b.WriteString("    warns only\n")
		}
		if c.PassInconclusive {
			b.WriteString("    no answer passes\n")
		}
	}
	return b.String()
}

// problems shows an error as the command line does.
func problems(err error) string {
	var all strictyaml.Problems
	if !errors.As(err, &all) {
		return "not Problems: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, p := range all {
		b.WriteString(p.Error() + "\n")
		if excerpt := p.Excerpt(); excerpt != "" {
			b.WriteString(excerpt + "\n")
		}
	}
	return b.String()
}

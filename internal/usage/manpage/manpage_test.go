package manpage_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/usage"
	"github.com/greenlight-deploy/greenlight/internal/usage/manpage"
)

var update = flag.Bool("update", false, "write what the code says now into testdata")

// page has all that a page can have, and texts with what roff reads in them.
func page() manpage.Page {
	return manpage.Page{
		Version: "1.2.3", Date: time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("", -3600)),
		Description: "It is a tool.\n\nIt does it,\nand more.",
		Program: usage.Program{
			Name: "tool", Summary: "does it",
			Commands: []usage.Command{
				{
					Name: "run", Arguments: "[plan…] [flags]", Summary: "Run a plan",
					Help: "Reads .tool.yaml and\n'others'; C:\\plans too. Then:\n\n  tool run --stage X   # as \"it\" is\n  .dot\n\nAnd ends.",
					Flags: []usage.Flag{
						{Name: "stage", Value: "No", Usage: "the stage, e.g. `X`", Values: usage.Values{Words: []string{"A", "B"}}},
						{Name: "w", Usage: "write"},
					},
				},
				{Name: "version", Summary: "Print the version"},
			},
		},
		Sections: []manpage.Section{{Title: "FILES", Items: []manpage.Item{{Term: "tool.yaml", Text: "The plan ~ ^ café."}}}},
		SeeAlso:  []string{"https://example.com/tool-page"},
	}
}

func TestAPageIsWrittenAsRoff(t *testing.T) {
	var got strings.Builder
	if err := page().Write(&got); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/page.golden"
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Whatever a text holds, no line of it becomes a request, a macro or an escape.
func TestNoTextIsTakenForAnInstructionToRoff(t *testing.T) {
	p := page()
	const nasty = ".Sh X\n'de x\n\\fB .. \\\n.\\\" comment\n  .Ed\n  'ig\n\n.Pp"
	p.Description, p.Program.Summary, p.Program.Commands[0].Help = nasty, nasty, nasty
	p.Program.Commands[0].Flags[0].Usage, p.Sections[0].Items[0].Text = nasty, nasty
	var out strings.Builder
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	own := regexp.MustCompile(`^\.(Dd|Dt|Os|Sh|Ss|Nm|Nd|Ar|Op|Pp|Bl|It|El|Bd|Ed|Lk)( |$)`)
	escapes := regexp.MustCompile(`\\(&|e|-|\(ga|\(aq|\(ha|\(ti|\(dq|\[u[0-9A-F]{4,}\])`)
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !own.MatchString(line) {
			t.Errorf("roff obeys %q", line)
		}
		if strings.Contains(escapes.ReplaceAllString(line, ""), `\`) {
			t.Errorf("roff reads an escape in %q", line)
		}
	}
}

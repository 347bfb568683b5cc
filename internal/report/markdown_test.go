package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/report"
)

func TestAVerdictAsMarkdown(t *testing.T) {
	for name, v := range map[string]check.Verdict{
		"refused": refused(), "let-through": letThrough(), "passed": passed(), "unproven": unproven(), "unclean": unclean(), "inconclusive": inconclusive(),
	} {
		var out strings.Builder
		if err := report.Markdown(&out, v); err != nil {
			t.Fatal(err)
		}
		golden(t, "markdown-"+name, out.String())
	}
}

// Names come from plans, reasons quote what servers sent: neither may become a link, a picture, a heading, HTML or another cell.
func TestNothingInAVerdictIsTakenForMarkdown(t *testing.T) {
	const nasty = "</code><script>alert(1)</script> ![x](http://evil/x.png) [a](javascript:b) | cell | `c` *d* __e__ ~f~ $g$ \\ # h\n\n# i\r- j &lt; @user www.evil.example <!-- k"
	v := check.Verdict{
		Outcome: check.Failed, Reason: nasty, Deployment: nasty, Found: nasty,
		Checks: []check.Report{{Name: nasty, Reason: nasty, Warning: nasty, Outcome: check.Failed, Duration: time.Second}},
	}
	var out strings.Builder
	if err := report.Markdown(&out, v); err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`&#\d+;`).ReplaceAllString(strings.NewReplacer("<code>", "", "</code>", "").Replace(out.String()), "")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimPrefix(line, "### ")
		switch {
		case strings.HasPrefix(line, "|") && strings.Count(line, "|") == 5: // a row of four cells
			line = strings.ReplaceAll(line, "|", "")
		}
		if i > 0 && strings.HasPrefix(line, "---") {
			continue
		}
		if strings.ContainsAny(line, "<>[]!`*_~$\\#&@|=\"") || strings.Contains(line, "://") || strings.Contains(line, "www.") {
			t.Errorf("line %d: %q", i+1, line)
		}
	}
	if n := len(lines); n != 13 {
		t.Errorf("%d lines, want 13:\n%s", n, out.String())
	}
}

func TestMarkdownFitsASummaryOfGitHub(t *testing.T) {
	v := check.Verdict{Outcome: check.Failed, Reason: strings.Repeat("<", 1<<20)}
	for range 5000 {
		v.Checks = append(v.Checks, check.Report{Name: strings.Repeat("*", 5000), Reason: strings.Repeat("|", 5000), Outcome: check.Failed})
	}
	var out strings.Builder
	if err := report.Markdown(&out, v); err != nil {
		t.Fatal(err)
	}
	more := 0
	if at := strings.Index(out.String(), "and "); at < 0 {
		t.Error("nothing says that checks were left out")
	} else if _, err := fmt.Sscanf(out.String()[at:], "and %d more", &more); err != nil {
		t.Error(err)
	}
	if told := strings.Count(out.String(), "| ❌ failed |"); out.Len() > 1<<20 || told+more != 5000 {
		t.Errorf("%d bytes, %d checks are told, and %d more", out.Len(), told, more)
	}
}

func TestOutputsAreALineEach(t *testing.T) {
	var out strings.Builder
	if err := report.Outputs(&out, check.Verdict{Outcome: check.Inconclusive, Succeeded: true, Reason: "a=b\nsucceeded=false <<X"}); err != nil {
		t.Fatal(err)
	}
	if want := "outcome=inconclusive\nsucceeded=true\nreason=a=b succeeded=false <<X\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// mostMarkdown is how much is written of the checks, in bytes: GitHub shows no summary of a step that has more than 1 MiB.
//
// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits
const mostMarkdown = 900 << 10

// Markdown writes a verdict as a page for people, such as the summary of a job in GitHub Actions.
func Markdown(out io.Writer, v check.Verdict) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s greenlight: %s\n\n", markdownMark(v), inMarkdown(title(v)))
	fmt.Fprintf(&b, "%s\n\n", quoted(v.Reason))
	if v.Found != "" {
		fmt.Fprintf(&b, "%s\n\n", quoted(v.Found))
	}
	if len(v.Checks) > 0 {
		b.WriteString("| Outcome | Check | Time | Why |\n|---|---|---:|---|\n")
		for i, r := range v.Checks {
			if b.Len() > mostMarkdown {
				fmt.Fprintf(&b, "| | and %d more | | |\n", len(v.Checks)-i)
				break
			}
			b.WriteString(markdownRow(r))
		}
		fmt.Fprintf(&b, "\n%s\n\n", inMarkdown(strings.TrimSpace(counts(v))))
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("writing the verdict as Markdown: %w", err)
	}
	return nil
}

func markdownMark(v check.Verdict) string {
	switch {
	case v.Succeeded:
		return "✅"
	case v.Outcome == check.Inconclusive:
		return "❔"
	}
	return "❌"
}

func markdownRow(r check.Report) string {
	outcome := "✅ " + r.Outcome.String()
	switch {
	case r.Cancelled:
		outcome = "⏹ cancelled"
	case r.Outcome == check.Passed:
	case r.Warn:
		outcome = "⚠ " + r.Outcome.String() + ", warns only"
	case r.Outcome == check.Inconclusive:
		outcome = "❔ " + r.Outcome.String()
	default:
		outcome = "❌ " + r.Outcome.String()
	}
	why := quoted(r.Reason)
	if r.Warning != "" {
		why = strings.TrimSpace(why + " ⚠ " + quoted(r.Warning))
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", outcome, quoted(r.Name), inMarkdown(Elapsed(r.Duration)), why)
}

// quoted shows a text that may come from a plan or a server as it is: as code, where GitHub makes no mentions, no links to
// issues and no pictures of it either.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + inMarkdown(shorten(clean(s), 2*longestLine)) + "</code>"
}

// inMarkdown writes text so that Markdown takes none of it for its own, in or outside a table: what could begin something is
// written as a character reference, which Markdown takes for plain text.
//
// https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references
func inMarkdown(s string) string {
	const harmless = " ,;()/%'"
	var b strings.Builder
	for i, r := range s {
		switch {
		case r > unicode.MaxASCII, 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(harmless, r):
			b.WriteRune(r)
		case r == '.' && !endsInWWW(s[:i]), r == '-' && i > 0:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// endsInWWW says that with a dot what follows would be taken for an address, and made a link.
func endsInWWW(s string) bool {
	return len(s) >= 3 && strings.EqualFold(s[len(s)-3:], "www")
}

// Outputs writes a verdict as lines of a name and a value: outcome, succeeded and reason. Both GitHub Actions, in $GITHUB_OUTPUT, and
// GitLab, as a report of the kind dotenv, read that.
//
// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#setting-an-output-parameter
func Outputs(out io.Writer, v check.Verdict) error {
	if _, err := fmt.Fprintf(out, "outcome=%s\nsucceeded=%t\nreason=%s\n", v.Outcome, v.Succeeded, clean(v.Reason)); err != nil {
		return fmt.Errorf("writing the verdict's outputs: %w", err)
	}
	return nil
}

package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/report"
)

// Text writes a report for people: by area, what is wrong with its remedy, and with all also what is right. Lines are folded
// to the style's width, remedies never: they are there to be pasted.
func Text(out io.Writer, r Report, style report.Style, all bool) error {
	p := printer{style: style}
	p.line(report.Clean(r.About), 0)
	area, width := "", 0
	for _, f := range r.Findings {
		width = max(width, len(f.Check))
	}
	for _, f := range r.Findings {
		if f.Status == Pass && !all {
			continue
		}
		if f.Area != area {
			area = f.Area
			p.text.WriteString("\n")
			p.line(report.Clean(area), 0)
		}
		p.finding(f, width)
	}
	p.text.WriteString("\n")
	p.line(p.summary(r, all), 2)
	for _, name := range r.Unread {
		p.line(report.Clean(name)+" could not be read: nothing is known about it", 2)
	}
	if _, err := io.WriteString(out, p.text.String()); err != nil {
		return fmt.Errorf("writing what was found: %w", err)
	}
	return nil
}

type printer struct {
	style report.Style
	text  strings.Builder
}

func (p *printer) line(text string, indent int) {
	p.text.WriteString(p.style.Fold(text, 0, indent) + "\n")
}

// mark is the one that greenlight run has for the same meaning.
func mark(s Status) (string, report.Color) {
	switch s {
	case Warn:
		return "!", report.Doubt
	case Fail:
		return "✗", report.Bad
	case Skip:
		return "?", report.Doubt
	default:
		return "✓", report.Good
	}
}

func (p *printer) finding(f Finding, width int) {
	sign, color := mark(f.Status)
	name := f.Check + strings.Repeat(" ", width-len(f.Check))
	indent := 2 + 2 + width + 2
	if p.style.Width > 0 && indent > p.style.Width/2 {
		name, indent = f.Check, 4 // a narrow terminal has no room for a column
	}
	p.line("  "+p.style.Paint(color, sign)+" "+p.style.Paint(report.Aside, name)+"  "+report.Clean(f.Text), indent)
	if f.Remedy == "" {
		return
	}
	for line := range strings.Lines(f.Remedy) {
		p.text.WriteString("      " + report.Clean(strings.TrimSuffix(line, "\n")) + "\n")
	}
}

func (p *printer) summary(r Report, all bool) string {
	passed := fmt.Sprintf("%d right", r.Count(Pass))
	if !all && r.Count(Pass) > 0 {
		passed += " (--verbose shows them)"
	}
	parts := []string{
		p.counted(r.Count(Fail), "failed", report.Bad), p.counted(r.Count(Warn), "to look at", report.Doubt),
		p.counted(r.Count(Skip), "not read", report.Doubt), passed,
	}
	return strings.Join(parts, ", ")
}

func (p *printer) counted(n int, what string, c report.Color) string {
	text := fmt.Sprintf("%d %s", n, what)
	if n == 0 {
		return text
	}
	return p.style.Paint(c, text)
}

// counts are how many findings there are of each status.
type counts struct {
	Pass int `json:"pass"`
	Warn int `json:"warn"`
	Fail int `json:"fail"`
	Skip int `json:"skip"`
}

// JSON writes a report as one document. It is an interface of its own: fields are added, never renamed.
func JSON(out io.Writer, r Report) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	document := struct {
		Report
		Counts counts `json:"counts"`
	}{r, counts{r.Count(Pass), r.Count(Warn), r.Count(Fail), r.Count(Skip)}}
	if err := enc.Encode(document); err != nil {
		return fmt.Errorf("writing what was found as JSON: %w", err)
	}
	return nil
}

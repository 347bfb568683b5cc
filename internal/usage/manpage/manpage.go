// Package manpage writes a manual page in the language mdoc, which man-db, groff and mandoc read.
//
// https://mandoc.bsd.lv/man/mdoc.7.html
package manpage

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// Page is a page of section 1 of the manual, for programs.
type Page struct {
	Program usage.Program
	Version string
	// Date is when what the page describes was written.
	Date time.Time
	// Description is what stands above the commands, in paragraphs. What is indented in it is shown as it is.
	Description string
	// Sections follow the commands, in the order in which manuals have them: ENVIRONMENT, FILES, EXIT STATUS, EXAMPLES.
	Sections []Section
	// SeeAlso are addresses.
	SeeAlso []string
}

// Section is a list of what there is.
type Section struct {
	Title string
	Items []Item
}

// Item is a term with what it is.
type Item struct{ Term, Text string }

// Write writes the page.
func (p Page) Write(out io.Writer) error {
	var r roff
	r.line(".Dd %s", p.Date.UTC().Format("January 2, 2006"))
	r.line(".Dt %s 1", strings.ToUpper(p.Program.Name))
	r.line(".Os %s", arguments(p.Program.Name+" "+p.Version))
	r.line(".Sh NAME\n.Nm %s\n.Nd %s", p.Program.Name, arguments(p.Program.Summary))
	r.line(".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar arguments")
	r.line(".Sh DESCRIPTION")
	r.paragraphs(p.Description)
	r.line(".Sh COMMANDS\nFlags and arguments may stand in any order.")
	for _, c := range p.Program.Commands {
		r.command(p.Program.Name, c)
	}
	for _, s := range p.Sections {
		r.line(".Sh %s\n.Bl -tag -width Ds", s.Title)
		for _, i := range s.Items {
			r.line(".It %s", arguments(i.Term))
			r.text(i.Text)
		}
		r.line(".El")
	}
	if len(p.SeeAlso) > 0 {
		r.line(".Sh SEE ALSO")
		for _, address := range p.SeeAlso {
			r.line(".Lk %s", arguments(address))
		}
	}
	if _, err := io.WriteString(out, r.String()); err != nil {
		return fmt.Errorf("writing the manual page: %w", err)
	}
	return nil
}

type roff struct{ strings.Builder }

func (r *roff) line(format string, args ...any) { fmt.Fprintf(r, format+"\n", args...) }

func (r *roff) command(program string, c usage.Command) {
	r.line(".Ss %s", arguments(c.Name))
	r.text(sentence(c.Summary))
	r.literal([]string{strings.TrimSpace(program + " " + c.Name + " " + c.Arguments)})
	if c.Help != "" {
		r.line(".Pp")
		r.paragraphs(c.Help)
	}
	if len(c.Flags) == 0 {
		return
	}
	r.line(".Bl -tag -width Ds")
	for _, f := range c.Flags {
		value := ""
		if f.Value != "" {
			value = " Ar " + arguments(f.Value)
		}
		// mdoc's own dash is before the argument of Fl.
		r.line(".It Fl %s%s", arguments(strings.TrimPrefix(f.Dashed(), "-")), value)
		r.text(sentence(f.Usage))
		if len(f.Values.Words) > 0 {
			r.text("Known: " + strings.Join(f.Values.Words, ", ") + ".")
		}
	}
	r.line(".El")
}

// sentence makes one of what a line of help has, without its full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// paragraphs writes text whose paragraphs are parted by blank lines; what is indented in it is shown as it is.
func (r *roff) paragraphs(text string) {
	between := false
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var flowing, literal []string
		flush := func() {
			r.text(strings.Join(flowing, " "))
			flowing = nil
			r.literal(literal)
			literal = nil
		}
		if between && !strings.HasPrefix(paragraph, " ") {
			r.line(".Pp")
		}
		for line := range strings.SplitSeq(paragraph, "\n") {
			indented := strings.HasPrefix(line, " ")
			if !indented && len(literal) > 0 {
				flush()
				r.line(".Pp")
			}
			if indented {
				literal = append(literal, line)
			} else {
				flowing = append(flowing, line)
			}
		}
		// A display parts what follows by itself, but doesn't say so.
		between = true
		flush()
	}
}

func (r *roff) literal(lines []string) {
	if len(lines) == 0 {
		return
	}
	r.line(".Bd -literal -offset indent")
	for _, line := range lines {
		r.line("%s", input(escape(strings.TrimRight(strings.TrimPrefix(line, "  "), " "))))
	}
	r.line(".Ed")
}

// width of the lines of input: roff fills lines by itself, and its readers want to see them.
const width = 78

// text writes flowing text. Each sentence begins a line, by which roff knows where one ends.
func (r *roff) text(s string) {
	line := ""
	flush := func() {
		if line != "" {
			r.line("%s", line)
		}
		line = ""
	}
	for word := range strings.FieldsSeq(s) {
		word = escape(word)
		if line != "" && len(line)+1+len(word) > width {
			flush()
		}
		if line == "" {
			line = input(word)
		} else {
			line += " " + word
		}
		if strings.HasSuffix(word, ".") || strings.HasSuffix(word, "?") || strings.HasSuffix(word, "!") {
			flush()
		}
	}
	flush()
}

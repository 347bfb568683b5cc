package report

import (
	"fmt"
	"io"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// TestCase is what came of a case of a plan's tests.
type TestCase struct {
	Name string
	At   strictyaml.Position
	// Wrong says on a line each what isn't as expected; none where all is.
	Wrong []string
	// Reason is the verdict, and Requests what was asked, for whoever wants to see more.
	Reason   string
	Requests []string
	Duration time.Duration
}

// Tests writes what comes of a plan's tests, a line for each case.
type Tests struct {
	out     io.Writer
	t       Terminal
	verbose bool
}

// NewTests makes a Tests. When it is verbose it shows the verdict and the requests of each case.
func NewTests(out io.Writer, style Style, verbose bool) *Tests {
	return &Tests{out: out, t: Terminal{style: style}, verbose: verbose}
}

// Case writes one case.
func (w *Tests) Case(c TestCase) {
	word, color := "ok  ", green
	if len(c.Wrong) > 0 {
		word, color = "FAIL", red
	}
	_, _ = fmt.Fprintf(w.out, "%s  %s  %s\n", w.t.paint(color, word), clean(c.Name), w.t.paint(dim, seconds(c.Duration)))
	if len(c.Wrong) > 0 {
		_, _ = fmt.Fprintf(w.out, "      %s\n", w.t.paint(dim, clean(c.At.String())))
	}
	for _, wrong := range c.Wrong {
		_, _ = fmt.Fprintf(w.out, "      %s\n", clean(wrong))
	}
	if w.verbose {
		_, _ = fmt.Fprintf(w.out, "      %s\n", w.t.paint(dim, clean(c.Reason)))
		for _, request := range c.Requests {
			_, _ = fmt.Fprintf(w.out, "      %s\n", w.t.paint(dim, clean(request)))
		}
	}
}

// Note writes a line that is about all cases.
func (w *Tests) Note(text string) {
	_, _ = fmt.Fprintln(w.out, w.t.paint(yellow, clean(text)))
}

// End writes the last line of a file.
func (w *Tests) End(file string, passed, failed int, took time.Duration) {
	if failed > 0 {
		_, _ = fmt.Fprintf(w.out, "%s  %s: %d of %d cases failed  %s\n", w.t.paint(red, "FAIL"), clean(file), failed, passed+failed, seconds(took))
		return
	}
	noun := "cases"
	if passed == 1 {
		noun = "case"
	}
	_, _ = fmt.Fprintf(w.out, "%s  %s: %d %s  %s\n", w.t.paint(green, "ok  "), clean(file), passed, noun, seconds(took))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }

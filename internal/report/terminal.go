// Package report tells people and programs what came of an execution: live on a terminal, as lines of text, as JSON,
// as log lines. It reads verdicts and never makes them.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Style is how a Terminal writes.
type Style struct {
	// Width is that of the terminal in columns; lines are folded to it. 0: lines are not folded.
	Width int
	// Color marks outcomes by colour.
	Color bool
	// Live keeps a last line with what is running, redrawn in place. It needs a Width.
	Live bool
}

// Terminal writes an execution as lines that people read: one for each check when it is over, the verdict last. Its
// methods may be called from several goroutines.
type Terminal struct {
	out   io.Writer
	style Style

	mu      sync.Mutex
	total   int
	done    int
	running []runningCheck
	shown   bool // a live line stands on the terminal
}

// narrowest is the least width for a live line: a narrower one would say nothing.
const narrowest = 10

type runningCheck struct {
	name     string
	since    time.Time
	retrying string
}

// NewTerminal makes a Terminal for an execution of so many checks.
func NewTerminal(out io.Writer, style Style, total int) *Terminal {
	return &Terminal{out: out, style: style, total: total}
}

// Header writes a line before the first check, and an empty one.
func (t *Terminal) Header(line string) {
	t.write(fold(clean(line), t.style.Width, 0, 0) + "\n\n")
}

// Started says that a check runs.
func (t *Terminal) Started(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = append(t.running, runningCheck{name: clean(name), since: time.Now()})
	t.redraw()
}

// Retrying says that a check will be asked again, and why.
func (t *Terminal) Retrying(name, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.running {
		if t.running[i].name == clean(name) {
			t.running[i].retrying = clean(why)
		}
	}
	t.redraw()
}

// Finished writes what came of a check.
func (t *Terminal) Finished(r check.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	if i := slices.IndexFunc(t.running, func(c runningCheck) bool { return c.name == clean(r.Name) }); i >= 0 {
		t.running = slices.Delete(t.running, i, i+1)
	}
	t.clear()
	_, _ = io.WriteString(t.out, t.checkLines(r))
	t.redraw()
}

// Verdict writes the last line, and before it, where green was looked for, where it was found.
func (t *Terminal) Verdict(v check.Verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	word, color := v.Outcome.String(), colorOf(v.Outcome)
	switch {
	case v.Suspended != nil:
		word = "in progress"
	case v.Succeeded:
		word, color = "succeeded", green
	}
	found := ""
	if v.Found != "" {
		found = fold(t.paint(dim, "found")+": "+clean(v.Found), t.style.Width, 0, 2) + "\n"
	}
	reason := strings.TrimPrefix(strings.TrimPrefix(v.Reason, "inconclusive: "), "in progress: ")
	_, _ = io.WriteString(t.out, "\n"+found+fold(t.paint(color, word)+": "+clean(reason), t.style.Width, 0, 2)+"\n")
}

// Tick redraws the live line: its clocks run on while nothing happens.
func (t *Terminal) Tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.redraw()
}

func (t *Terminal) write(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.out, s)
}

func (t *Terminal) checkLines(r check.Report) string {
	mark, word, color := "✓", "", colorOf(r.Outcome)
	switch {
	case r.Cancelled:
		mark, word, color = "-", "cancelled", dim
	case r.Outcome == check.Failed:
		mark, word = "✗", "failed"
	case r.Outcome == check.Inconclusive:
		mark, word = "?", "inconclusive"
	}
	if r.Warn && r.Outcome != check.Passed && !r.Cancelled {
		mark, word, color = "!", word+", warns only", yellow
	}
	head := t.paint(color, mark) + " " + clean(r.Name)
	if word != "" {
		head += ": " + t.paint(color, word)
	}
	if !r.Cancelled {
		head += t.paint(dim, "  "+Elapsed(r.Duration))
	}
	lines := fold(head, t.style.Width, 0, 2) + "\n"
	if r.Reason != "" && !r.Cancelled {
		lines += "    " + fold(clean(r.Reason), t.style.Width, 4, 4) + "\n"
	}
	if r.Warning != "" {
		lines += "    " + fold(t.paint(yellow, "warning")+": "+clean(r.Warning), t.style.Width, 4, 4) + "\n"
	}
	return lines
}

func (t *Terminal) clear() {
	if t.shown {
		_, _ = io.WriteString(t.out, "\r\x1b[K")
		t.shown = false
	}
}

// roomForEcho is left free behind the live line: a terminal writes ^C there, and would break the line that has no room
// for it, so that clearing it would leave a part standing.
const roomForEcho = 3

func (t *Terminal) redraw() {
	if !t.style.Live || t.style.Width < narrowest {
		return
	}
	t.clear()
	if len(t.running) == 0 {
		return
	}
	parts := make([]string, 0, len(t.running))
	for _, c := range t.running {
		part := c.name + " " + clock(time.Since(c.since))
		if c.retrying != "" {
			part += " (" + c.retrying + ")"
		}
		parts = append(parts, part)
	}
	line := fmt.Sprintf("%d of %d done; running: %s", t.done, t.total, strings.Join(parts, ", "))
	// The last column stays free: some terminals go to the next line when it is written.
	_, _ = io.WriteString(t.out, t.paint(dim, cut(line, t.style.Width-roomForEcho)))
	t.shown = true
}

// clock writes a time that runs, so that its width changes as little as can be.
func clock(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	}
	return strictyaml.Duration(d.Truncate(time.Second)).String()
}

// Elapsed writes a time that something took, with what precision a person compares.
func Elapsed(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return strictyaml.Duration(d.Round(100 * time.Millisecond)).String()
	}
	return strictyaml.Duration(d.Round(time.Second)).String()
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	dim    = "\x1b[2m"
	reset  = "\x1b[0m"
)

func colorOf(o check.Outcome) string {
	switch o {
	case check.Passed:
		return green
	case check.Inconclusive:
		return yellow
	case check.Failed:
		return red
	}
	return ""
}

func (t *Terminal) paint(color, s string) string {
	if !t.style.Color || s == "" {
		return s
	}
	return color + s + reset
}

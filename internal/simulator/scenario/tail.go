package scenario

import (
	"bytes"
	"strings"
	"sync"
)

// tail keeps the last line that was written, and hands each on.
type tail struct {
	each func(line string) // nil for nobody

	mu   sync.Mutex
	line []byte
	open bool // the line has no end yet
}

// mostTail bounds the line that is kept.
const mostTail = 300

// Write keeps the last line of p.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range bytes.Lines(p) {
		text := bytes.TrimRight(line, "\r\n")
		ended := len(text) != len(line)
		switch {
		case t.open:
		case len(bytes.TrimSpace(text)) == 0:
			continue
		default:
			t.line = t.line[:0]
		}
		t.line = append(t.line, text[:min(len(text), mostTail-min(len(t.line), mostTail))]...)
		t.open = !ended
		if ended && t.each != nil {
			t.each(strings.ToValidUTF8(string(t.line), "\uFFFD"))
		}
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.line)
}

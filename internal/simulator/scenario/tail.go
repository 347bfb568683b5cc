package scenario

import (
	"bytes"
	"io"
	"sync"
)

// tail keeps the last line that was written.
type tail struct {
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
		if !t.open {
			if len(bytes.TrimSpace(text)) == 0 {
				continue
			}
			t.line = t.line[:0]
		}
		t.line = append(t.line, text[:min(len(text), mostTail-min(len(t.line), mostTail))]...)
		t.open = len(text) == len(line)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.line)
}

// and gives a writer to both the tail and, where there is one, to out.
func (t *tail) and(out io.Writer) io.Writer {
	if out == nil {
		return t
	}
	return io.MultiWriter(t, out)
}

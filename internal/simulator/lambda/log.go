package lambda

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// LogLine is one line of a function's log.
type LogLine struct {
	Time     time.Time
	Function string
	Version  string // $LATEST or a number
	// Stream names the sandbox that wrote it, as a log stream of CloudWatch does.
	Stream string
	// RequestID is the invocation during which the line arrived, empty in init.
	RequestID string
	// Platform marks the lines that Lambda writes: INIT_START, START, END, REPORT and the
	// reason of a crash or a timeout.
	Platform bool
	// Text is the line without its line break, at most 256 KB of it.
	Text string
}

// maxLogLine is the size of one CloudWatch log event; longer lines arrive in pieces.
const maxLogLine = 256 << 10

// logPipe brings a sandbox's standard output and standard error to the log.
//
// The platform's own lines must stand where they belong among the function's lines, and
// an invocation must not be over before its last line has arrived. Both follow from one
// trick: the platform writes marks into the very pipe that the process writes to, and the
// reader carries out what a mark stands for when it comes to it.
type logPipe struct {
	r, w *os.File
	mark []byte
	emit func(text string)
	done chan struct{}

	writing sync.Mutex // orders marks; guards closed
	closed  bool

	// mu guards pending and is never held during a write: the reader needs it, and a
	// write into a full pipe waits for the reader.
	mu      sync.Mutex
	pending []func()
}

func newLogPipe(emit func(text string)) (*logPipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("opening a pipe for the function's log: %w", err)
	}
	// Nobody can print the mark by chance or knowingly: it is random.
	p := &logPipe{r: r, w: w, mark: []byte("\x1e" + rand.Text()), emit: emit, done: make(chan struct{})}
	go p.read()
	return p, nil
}

func (p *logPipe) read() {
	defer close(p.done)
	lines := bufio.NewReaderSize(p.r, maxLogLine)
	for {
		line, err := lines.ReadSlice('\n')
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch {
		case bytes.Equal(line, p.mark):
			p.next()()
		case len(line) > 0: // CloudWatch takes no empty events
			p.emit(string(bytes.TrimSuffix(line, []byte("\r"))))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (p *logPipe) next() func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.pending[0]
	p.pending = p.pending[1:]
	return f
}

// then runs f after all that was written before has been read. It reports false, and
// doesn't run f, once the pipe is closed.
func (p *logPipe) then(f func()) bool {
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.closed {
		return false
	}
	p.mu.Lock()
	p.pending = append(p.pending, f)
	p.mu.Unlock()
	// The line break in front ends a line that the process left open. A pipe takes so short
	// a write whole.
	if _, err := p.w.Write(slices.Concat([]byte{'\n'}, p.mark, []byte{'\n'})); err != nil {
		p.closed = true
		return false
	}
	return true
}

// flush returns when everything written before has been read.
func (p *logPipe) flush() {
	read := make(chan struct{})
	if p.then(func() { close(read) }) {
		<-read
	}
}

// close reads what is left and ends the reader, even where a runaway grandchild still
// holds the writing end.
func (p *logPipe) close() {
	p.flush()
	p.writing.Lock()
	p.closed = true
	p.writing.Unlock()
	_ = p.w.Close()
	_ = p.r.Close()
	<-p.done
}

// maxLogTail is how much of its log a caller may have with the answer:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-LogType.
const maxLogTail = 4 << 10

// logTail is the end of a log, at most maxLogTail bytes of it.
type logTail []byte

func (t *logTail) add(line string) {
	*t = append(append(*t, line[max(0, len(line)-maxLogTail):]...), '\n')
	if over := len(*t) - maxLogTail; over > 0 {
		*t = append((*t)[:0], (*t)[over:]...)
	}
}

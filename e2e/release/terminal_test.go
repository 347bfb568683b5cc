//go:build release

package release

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// program is the path that a variable names.
func program(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: .ci/release-checks sets it", variable)
	}
	return path
}

// terminal is a program on a terminal of its own.
type terminal struct {
	t      *testing.T
	master *os.File

	mu     sync.Mutex
	shown  bytes.Buffer
	from   int // of what was shown, where the next expectation begins
	more   chan struct{}
	closed bool
}

// startOnTerminal starts a program as a terminal does. It is ended with the test.
func startOnTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("opening a terminal: %v", err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatalf("finding the terminal's number: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatalf("unlocking the terminal: %v", err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("opening the terminal's other end: %v", err)
	}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200}); err != nil {
		t.Fatalf("setting the terminal's size: %v", err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", cmd.Path, err)
	}
	_ = slave.Close()
	term := &terminal{t: t, master: master, more: make(chan struct{}, 1)}
	read := make(chan struct{})
	go func() { defer close(read); term.read() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-read // its end is closed
		_ = master.Close()
	})
	return term
}

func (term *terminal) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := term.master.Read(buffer)
		term.mu.Lock()
		term.shown.Write(buffer[:n])
		term.closed = err != nil
		term.mu.Unlock()
		select {
		case term.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// enter types text, as it is.
func (term *terminal) enter(text string) {
	term.t.Helper()
	if _, err := term.master.WriteString(text); err != nil {
		term.t.Fatalf("typing %q: %v", text, err)
	}
}

// patience is how long a shell is waited for on a busy machine, before what it has shown is told.
const patience = 3 * time.Minute

// expect waits until a text is shown, after what was expected before.
func (term *terminal) expect(text string) {
	term.t.Helper()
	waiting, stop := context.WithTimeout(term.t.Context(), patience)
	defer stop()
	for {
		term.mu.Lock()
		shown, closed := term.shown.Bytes()[term.from:], term.closed
		at := bytes.Index(shown, []byte(text))
		if at >= 0 {
			term.from += at + len(text)
		}
		seen := string(shown)
		term.mu.Unlock()
		switch {
		case at >= 0:
			return
		case closed:
			term.t.Fatalf("%q isn't shown before the end; shown is %q", text, seen)
		}
		select {
		case <-term.more:
		case <-waiting.Done():
			term.t.Fatalf("%q isn't shown; shown is %q", text, seen)
		}
	}
}

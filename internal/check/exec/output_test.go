//go:build unix

package execcheck

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// On a busy machine the reading may come to nothing of what was written before its time is up.
func TestWhatLiesInThePipeIsKeptHoweverLateTheReadingIs(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	another, err := syscall.Dup(int(write.Fd())) // as a process has that holds the pipe open
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 4<<10)
	if _, err := write.WriteString(text); err != nil {
		t.Fatal(err)
	}
	_ = read.SetReadDeadline(time.Unix(1, 0))
	var kept output
	k := &keeping{read: read, write: write, into: &kept, done: make(chan struct{})}
	k.begin()
	<-k.done
	if got := kept.String(); got != "" {
		t.Fatalf("the reading was in time, and kept %q", got)
	}
	k.halt()
	if got := kept.String(); got != text {
		t.Errorf("%d bytes were kept, want %d", len(got), len(text))
	}
	for _, err := range []error{read.Close(), write.Close(), syscall.Close(another)} {
		if err != nil {
			t.Error(err)
		}
	}
}

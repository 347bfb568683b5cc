package networktest

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Time gives a context whose time is up when end is called: a test that waits until what it is about is under way needs no
// guess of how long that takes.
func Time(t *testing.T) (ctx context.Context, end func()) {
	t.Helper()
	c := &timed{Context: t.Context(), deadline: time.Now().Add(time.Hour), up: make(chan struct{})}
	return c, sync.OnceFunc(func() { close(c.up) })
}

type timed struct {
	context.Context
	deadline time.Time
	up       chan struct{}
}

func (c *timed) Deadline() (time.Time, bool) { return c.deadline, true }

func (c *timed) Done() <-chan struct{} { return c.up }

func (c *timed) Err() error {
	select {
	case <-c.up:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

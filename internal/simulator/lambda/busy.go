package lambda

import (
	"context"
	"fmt"
	"sync"
)

// busy counts what functions have to do: invocations that run or are about to, and not those that wait to be tried again.
type busy struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n comes to 0; nil while nobody waits for that
}

func (b *busy) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
}

func (b *busy) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n--; b.n == 0 && b.idle != nil {
		close(b.idle)
		b.idle = nil
	}
}

// whenIdle gives a channel that is closed once there is nothing to do, nil where there isn't anything now.
func (b *busy) whenIdle() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n == 0 {
		return nil
	}
	if b.idle == nil {
		b.idle = make(chan struct{})
	}
	return b.idle
}

// Settle waits until no function runs. A hook writes on after it has reported, and the deployment may be over before it is done.
func (s *Service) Settle(ctx context.Context) error {
	idle := s.busy.whenIdle()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for functions to end: %w", ctx.Err())
	}
}

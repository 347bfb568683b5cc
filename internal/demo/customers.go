package demo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// customers send requests to production all the time, and remember who answered.
type customers struct {
	stop func()
	done sync.WaitGroup

	mu       sync.Mutex
	answered map[string]int // by version
	troubled int            // no answer, or none from the shop
	visited  chan struct{}  // closed and renewed with each visit
}

// between two requests of the customers. Often enough to meet a version that is live for a hundredth of a second.
const between = time.Millisecond

func startCustomers(ctx context.Context, url string) *customers {
	ctx, cancel := context.WithCancel(ctx)
	c := &customers{stop: cancel, answered: map[string]int{}, visited: make(chan struct{})}
	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	c.done.Go(func() {
		defer client.CloseIdleConnections()
		ticker := time.NewTicker(between)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.visit(ctx, client, url)
			case <-ctx.Done():
				return
			}
		}
	})
	return c
}

func (c *customers) visit(ctx context.Context, client *http.Client, url string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/", nil)
	if err != nil {
		return
	}
	response, err := client.Do(request)
	if ctx.Err() != nil {
		return // the demo ended, not the shop
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.visited)
	c.visited = make(chan struct{})
	if err != nil {
		c.troubled++
		return
	}
	_ = response.Body.Close()
	version := response.Header.Get(versionHeader)
	if version == "" || response.StatusCode != http.StatusOK {
		c.troubled++
		return
	}
	c.answered[version]++
}

// await waits until so many have come since the last call of seen.
func (c *customers) await(ctx context.Context, visits int) error {
	for {
		c.mu.Lock()
		came, visited := sum(c.answered)+c.troubled, c.visited
		c.mu.Unlock()
		if came >= visits {
			return nil
		}
		select {
		case <-visited:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the shop's customers: %w", ctx.Err())
		}
	}
}

// seen gives what customers met since the last call.
func (c *customers) seen() (answered map[string]int, troubled int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answered, troubled = c.answered, c.troubled
	c.answered, c.troubled = map[string]int{}, 0
	return answered, troubled
}

func (c *customers) leave() {
	c.stop()
	c.done.Wait()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/gate"
)

// bare makes a stage's requests as plainly as net/http lets one: so many side by side as the gate has, each over a
// connection of its own, the answer read and its status looked at. It gives the time that they took together.
func bare(ctx context.Context, url string, requests int) (time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	errs := make([]error, requests)
	places := make(chan struct{}, gate.MaxSideBySide)
	started := time.Now()
	var running sync.WaitGroup
	for i := range requests {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			errs[i] = get(ctx, client, url)
		})
	}
	running.Wait()
	took := time.Since(started)
	if err := errors.Join(errs...); err != nil {
		return took, fmt.Errorf("making requests bare: %w", err)
	}
	return took, nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return nil
}

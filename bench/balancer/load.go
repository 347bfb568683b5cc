package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load is what clients do: each asks again as soon as it is answered.
type load struct {
	clients int
	path    string
}

func (l load) String() string {
	body := "5 bytes"
	if l.path != "/" {
		body = fmt.Sprintf("%d KiB", largeBody>>10)
	}
	return fmt.Sprintf("%d at once, %s", l.clients, body)
}

// result is what one load came to.
type result struct {
	perSecond   float64
	median, p99 time.Duration
}

// put loads a peer for a while.
func (l load) put(ctx context.Context, url string, span time.Duration) (result, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: l.clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	took, errs := make([][]time.Duration, l.clients), make([]error, l.clients)
	began := time.Now()
	var running sync.WaitGroup
	for i := range l.clients {
		running.Go(func() {
			for time.Since(began) < span && errs[i] == nil {
				asked := time.Now()
				errs[i] = get(ctx, client, url+l.path)
				took[i] = append(took[i], time.Since(asked))
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return result{}, err
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	return result{float64(len(all)) / time.Since(began).Seconds(), all[len(all)/2], all[len(all)*99/100]}, nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: %s", url, answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// rate is how many deployments ended in a second.
type rate struct {
	groups int
	hooks  int // of each deployment
	perSec float64
}

// span is how long each rate is measured.
const span = 3 * time.Second

// throughput runs deployments in one group and in many at once, one after the other in each.
func throughput(ctx context.Context, hook string, many int) ([]rate, error) {
	var rates []rate
	for _, r := range []rate{{groups: 1}, {groups: many}, {groups: 1, hooks: 5}, {groups: many, hooks: 5}} {
		if err := r.measure(ctx, hook); err != nil {
			return nil, err
		}
		rates = append(rates, r)
	}
	return rates, nil
}

func (r *rate) measure(ctx context.Context, hook string) (err error) {
	g, err := createGroups(ctx, hook, r.groups)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	var running sync.WaitGroup
	counts, errs := make([]int, r.groups), make([]error, r.groups)
	began := time.Now()
	for i, name := range g.names {
		running.Go(func() {
			for time.Since(began) < span && errs[i] == nil {
				errs[i] = g.deploy(ctx, name, r.hooks > 0)
				counts[i]++
			}
		})
	}
	running.Wait()
	ended := 0
	for _, n := range counts {
		ended += n
	}
	r.perSec = float64(ended) / time.Since(began).Seconds()
	return errors.Join(errs...)
}

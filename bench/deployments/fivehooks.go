package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// durations are how long deployments took.
type durations []time.Duration

func (d durations) quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[int(q*float64(len(sorted)-1))]
}

func (d durations) judge() error {
	if median := d.quantile(0.5); float64(median) > leeway*float64(fiveHooksBudget) {
		return fmt.Errorf("a deployment with five hooks takes %v, and the budget is %v", median, fiveHooksBudget)
	}
	return nil
}

// fiveHooks runs deployments one after the other. The first, whose functions are cold, isn't counted.
func fiveHooks(ctx context.Context, hook string, rounds int) (took durations, err error) {
	s, err := simulate(ctx, hook)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for i := range rounds + 1 {
		began := time.Now()
		if err := deploy(ctx, s, spec(fmt.Sprintf("version %d", i), true)); err != nil {
			return nil, err
		}
		if i > 0 {
			took = append(took, time.Since(began))
		}
	}
	return took, nil
}

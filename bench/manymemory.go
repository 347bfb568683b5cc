package main

import (
	"context"
	"fmt"
	"io"
)

// mostPeak is what a function may have held when a stage of manyChecks is over, in MB.
const mostPeak = 60

// manyMemory measures what the packaged function holds at most while it runs a stage of manyChecks.
func (o options) manyMemory(ctx context.Context, entered lineup, out io.Writer) ([]judged, error) {
	var peak sample
	plan := "GREENLIGHT_PLAN=" + string(stagePlan(o.cloud.greenHost, manyChecks).Text)
	starts := max(o.starts/10, 1)
	fmt.Fprintf(o.progress, "bench: memory of a stage of %d checks: %d times\n", manyChecks, starts)
	for range starts {
		held, err := o.peakOf(ctx, entered.greenlight.bootstrap, plan)
		if err != nil {
			return nil, err
		}
		peak = append(peak, held)
	}
	fmt.Fprintf(out, "### A stage of %d checks\n\nThe packaged function has held at most, in MB, %d starts: %s.\n\n", manyChecks, starts, spread(peak))
	return []judged{{fmt.Sprintf("peak after a stage of %d checks", manyChecks), "MB", mostPeak, peak.median(), 0}}, nil
}

func (o options) peakOf(ctx context.Context, b bootstrap, plan string) (float64, error) {
	s, err := start(ctx, b, o.cloud, plan)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if _, err := s.ready(ctx); err != nil {
		return 0, err
	}
	if _, err := s.invoke(ctx, true); err != nil {
		return 0, err
	}
	held, err := settledMemory(ctx, s.cmd.Process.Pid)
	return held.peak, err
}

package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// figure is what the rounds of one load came to, each value the median of the rounds.
type figure struct {
	load                    load
	direct, nginx, balancer result
}

// carries is how many times as many requests nginx carries.
func (f figure) carries() float64 { return f.nginx.perSecond / f.balancer.perSecond }

// holds is how many times as long as nginx the load balancer holds a request: what it adds to the target's own time.
func (f figure) holds() float64 {
	return float64(f.balancer.median-f.direct.median) / float64(f.nginx.median-f.direct.median)
}

func (f figure) broken() bool { return f.carries() > leeway*budget || f.holds() > leeway*budget }

func measure(ctx context.Context, opts options) ([]figure, error) {
	p, err := startPeers(ctx, opts.nginx)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	var figures []figure
	for _, l := range []load{{1, "/"}, {16, "/"}, {64, "/"}, {16, "/large"}} {
		f, err := p.measure(ctx, l, opts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l, err)
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// measure loads the peers in turns.
func (p *peers) measure(ctx context.Context, l load, opts options) (figure, error) {
	urls := []string{p.target, p.nginx, p.balancer}
	rounds := make([][]result, len(urls))
	for range opts.rounds {
		for i, url := range urls {
			r, err := l.put(ctx, url, opts.span)
			if err != nil {
				return figure{}, err
			}
			rounds[i] = append(rounds[i], r)
		}
	}
	return figure{l, medianOf(rounds[0]), medianOf(rounds[1]), medianOf(rounds[2])}, nil
}

func medianOf(rounds []result) result {
	return result{
		median(rounds, func(r result) float64 { return r.perSecond }),
		median(rounds, func(r result) time.Duration { return r.median }),
		median(rounds, func(r result) time.Duration { return r.p99 }),
	}
}

func median[T float64 | time.Duration](rounds []result, value func(result) T) T {
	values := make([]T, len(rounds))
	for i, r := range rounds {
		values[i] = value(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func write(out io.Writer, figures []figure) {
	fmt.Fprintf(out, "On %d processors, %s; nginx with as many workers.\n\n", runtime.NumCPU(), runtime.Version())
	fmt.Fprint(out, "| load | direct, requests/s | nginx | load balancer | nginx to it | nginx adds, µs | it adds, µs | ratio | p99 direct, nginx, it, ms |\n"+
		"|---| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, f := range figures {
		fmt.Fprintf(out, "| %s | %.0f | %.0f | %.0f | %.2f× | %.0f | %.0f | %.2f× | %.1f, %.1f, %.1f |\n", f.load,
			f.direct.perSecond, f.nginx.perSecond, f.balancer.perSecond, f.carries(),
			micros(f.nginx.median-f.direct.median), micros(f.balancer.median-f.direct.median), f.holds(),
			1000*f.direct.p99.Seconds(), 1000*f.nginx.p99.Seconds(), 1000*f.balancer.p99.Seconds())
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

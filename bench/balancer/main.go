// Command balancer measures the simulator's load balancer beside nginx as a reverse proxy: both in front of the same
// target, under the same load, in turns, each in a process of its own on loopback. What the same load gets from the
// target without anything between tells how much of it is the client's and the target's.
//
// It writes Markdown to standard output, for docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// budget is how many times as many requests nginx may carry, and how many times as long a request may be held.
const (
	budget = 2.0
	leeway = 4.0 / 3 // machines are shared
)

// Roles of a child process, which is this program again.
const (
	roleTarget   = "target"
	roleBalancer = "balancer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

type options struct {
	nginx  string
	rounds int
	span   time.Duration
	check  bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case roleTarget:
			return serve(ctx, stdout, stderr, startTarget)
		case roleBalancer:
			return serve(ctx, stdout, stderr, func(ctx context.Context) (string, error) { return startBalancer(ctx, args[1]) })
		}
	}
	opts := options{}
	flags := flag.NewFlagSet("balancer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.nginx, "nginx", "nginx", "the nginx to measure beside, by name or `path`")
	flags.IntVar(&opts.rounds, "rounds", 9, "load each of them `n` times with each concurrency")
	flags.DurationVar(&opts.span, "span", 400*time.Millisecond, "load for this `time` each time")
	flags.BoolVar(&opts.check, "check", false, "exit with 1 if a load breaks the budget by more than a third, each time that it is measured")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	nginx, err := exec.LookPath(opts.nginx)
	if err != nil {
		fmt.Fprintf(stderr, "not measured: %v; Debian's package is nginx-light\n", err)
		return 0
	}
	opts.nginx = nginx
	if err := compare(ctx, opts, stdout); err != nil {
		fmt.Fprintf(stderr, "measuring the load balancer: %v\n", err)
		return 1
	}
	return 0
}

// measurements are how often a load may break the budget before it counts: a regression does each time, and a neighbour on the machine
// is none.
const measurements = 3

func compare(ctx context.Context, opts options, out io.Writer) error {
	var broken []figure
	for n := range measurements {
		figures, err := measure(ctx, opts)
		if err != nil {
			return err
		}
		write(out, figures)
		now := slices.DeleteFunc(figures, func(f figure) bool { return !f.broken() })
		if n > 0 {
			now = slices.DeleteFunc(now, func(f figure) bool {
				return !slices.ContainsFunc(broken, func(before figure) bool { return before.load == f.load })
			})
		}
		if broken = now; !opts.check || len(broken) == 0 {
			return nil
		}
	}
	f := broken[0]
	return fmt.Errorf("with %s nginx carries %.2f times as many requests, and the load balancer holds one %.2f times as long, at the last of %d measurements; the budget is %g",
		f.load, f.carries(), f.holds(), measurements, budget)
}

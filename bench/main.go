// Command bench measures what greenlight costs: from exec to the first /next of the Runtime API, in memory and in the
// zip; the first event under the CPU share that Lambda gives; and what the gate adds to the requests of a stage. It
// serves the Runtime API, CodeDeploy's endpoint over TLS and green on loopback, and starts what it measures in turns
// with the least program that could do it and with a rival, so that a busy machine is busy for all of them.
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
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitMeasured = 0
	exitBroken   = 1 // a budget is broken, or something couldn't be measured
	exitUsage    = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// lab is what all measurements share.
type lab struct {
	starts   int
	rounds   int
	period   time.Duration
	cloud    *cloud
	progress io.Writer
}

type options struct {
	lab
	check      bool
	greenlight string
	others     bootstraps
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts := options{lab: lab{progress: stderr}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&opts.starts, "starts", 30, "start each bootstrap `n` times in each circumstance")
	flags.IntVar(&opts.rounds, "rounds", 100, "run each stage, and its requests made bare, `n` times")
	flags.DurationVar(&opts.period, "period", 20*time.Millisecond, "enforce CPU shares over this `time`; Lambda's is about 20ms")
	flags.BoolVar(&opts.check, "check", false, "exit with 1 if a budget is broken by more than a third")
	flags.StringVar(&opts.greenlight, "greenlight", "", "measure the greenlight bootstrap at this `path` instead of building one")
	flags.Var(&opts.others, "bootstrap", "measure another hook beside it, `name=path`; may be given several times")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitMeasured
	case err != nil:
		return exitUsage
	case flags.NArg() > 0 || opts.starts < 1 || opts.rounds < 1:
		fmt.Fprintln(stderr, "bench: takes flags only, and at least one start and one round")
		return exitUsage
	case runtime.GOOS != "linux":
		fmt.Fprintln(stderr, "bench: bootstraps are Linux programs: measure on Linux")
		return exitUsage
	}
	budgets, err := opts.measure(ctx, stdout)
	if err == nil && opts.check && len(brokenOf(budgets)) > 0 {
		// A neighbour on a shared machine can break a budget, but not in both of two runs.
		fmt.Fprintln(stderr, "bench: a budget is broken; measuring again")
		budgets, err = opts.measure(ctx, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return exitBroken
	}
	return opts.verdict(budgets, stderr)
}

// verdict is the exit code, after saying which budgets are broken.
func (o options) verdict(budgets []judged, stderr io.Writer) int {
	list := brokenOf(budgets)
	for _, j := range list {
		fmt.Fprintln(stderr, "bench: budget broken by more than a third:", j)
	}
	if o.check && len(list) > 0 {
		return exitBroken
	}
	return exitMeasured
}

// measure writes each section when it is measured, and gives the figures that have a budget.
func (o options) measure(ctx context.Context, out io.Writer) (budgets []judged, err error) {
	folder, err := os.MkdirTemp("", "greenlight-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	entered, err := o.lineup(ctx, folder)
	if err != nil {
		return nil, err
	}
	if o.cloud, err = openCloud(folder); err != nil {
		return nil, err
	}
	defer o.cloud.close()

	fmt.Fprintf(out, "Measured on %s; %d starts each, in turns.\n\n", describeMachine(), o.starts)
	for _, part := range []func(context.Context, lineup, io.Writer) ([]judged, error){o.coldStart, o.firstEvent, o.gateCost, o.manyMemory} {
		more, err := part(ctx, entered, out)
		if err != nil {
			return nil, err
		}
		budgets = append(budgets, more...)
	}
	writeBudgets(out, budgets)
	return budgets, nil
}

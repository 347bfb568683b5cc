// Command deployments measures the simulator at instant speed: how long a deployment with five hooks takes whose
// functions are warm, how many deployments a second it runs in one deployment group and in many at once, and how its
// memory grows with their number.
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
	"path/filepath"
	"syscall"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
)

// Budgets of the simulator. They hold on two cores; -check lets each be broken by a third, since machines are shared.
const (
	fiveHooksBudget = 300 * time.Millisecond
	growthBudget    = 1.5 // memory after all deployments, to that after a tenth of them
	leeway          = 4.0 / 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

type options struct {
	rounds, deployments, groups int
	check                       bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts := options{}
	flags := flag.NewFlagSet("deployments", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&opts.rounds, "rounds", 30, "run `n` deployments with five hooks")
	flags.IntVar(&opts.deployments, "deployments", 10000, "run `n` deployments for the memory")
	flags.IntVar(&opts.groups, "groups", 50, "run deployments in `n` groups at once")
	flags.BoolVar(&opts.check, "check", false, "exit with 1 if a budget is broken by more than a third")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := measure(ctx, opts, stdout); err != nil {
		fmt.Fprintf(stderr, "measuring the simulator: %v\n", err)
		return 1
	}
	return 0
}

func measure(ctx context.Context, opts options, out io.Writer) error {
	folder, err := os.MkdirTemp("", "greenlight-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	hook, err := buildHook(ctx, folder)
	if err != nil {
		return err
	}
	took, err := fiveHooks(ctx, hook, opts.rounds)
	if err != nil {
		return fmt.Errorf("deploying with five hooks: %w", err)
	}
	rates, err := throughput(ctx, hook, opts.groups)
	if err != nil {
		return fmt.Errorf("deploying in many groups: %w", err)
	}
	grown, err := memory(ctx, opts.deployments)
	if err != nil {
		return fmt.Errorf("deploying %d times: %w", opts.deployments, err)
	}
	write(out, took, rates, grown)
	if opts.check {
		return errors.Join(took.judge(), grown.judge())
	}
	return nil
}

// buildHook makes the greenlight function that is every hook.
func buildHook(ctx context.Context, folder string) (path string, err error) {
	path = filepath.Join(folder, "bootstrap")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", bundle.Tags, "-ldflags", "-s -w",
		"-o", path, "github.com/greenlight-deploy/greenlight/cmd/greenlight")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // the toolchain needs its user's settings
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the hook: %w\n%s", err, out)
	}
	return path, nil
}

//go:build !function

package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/greenlight-deploy/greenlight/internal/demo"
)

func demoCommand() command {
	return command{
		name: "demo", summary: demoSummary,
		help: "Starts a shop, a load balancer, a Lambda service and a CodeDeploy endpoint on loopback, and deploys a good\n" +
			"version of the shop, then a bad one. Needs no network and no AWS account, and takes a few seconds.",
		run: runDemo,
	}
}

func runDemo(ctx context.Context, a app, c command, args []string) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	arguments, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	if len(arguments) > 0 {
		return a.wrong("demo takes no arguments, got %q", arguments[0])
	}
	binary, err := os.Executable()
	if err != nil {
		fmt.Fprintln(a.stderr, "greenlight: finding the binary that serves the demo's hooks:", err)
		return exitFailed
	}
	if err := (demo.Demo{Binary: binary, Out: a.stdout, Color: a.style(a.stdout).Color}).Run(ctx); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(a.stderr, "greenlight: interrupted")
			return exitInterrupted
		}
		fmt.Fprintln(a.stderr, "greenlight: the demo failed:", err)
		return exitFailed
	}
	return exitPassed
}

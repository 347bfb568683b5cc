//go:build function

package main

import "context"

// In the build that Lambda runs, commands that read an account are left out: the clients that they read it with would be paid
// for at each cold start.

func doctorCommand() command { return leftOut("doctor", doctorSummary) }

func explainCommand() command { return leftOut("explain", explainSummary) }

func leftOut(name, summary string) command {
	return command{
		name: name, summary: summary,
		run: func(_ context.Context, a app, _ command, _ []string) int {
			return a.wrong("this greenlight was built as a Lambda function, without %s: use one that `make build` or `go build` made", name)
		},
	}
}

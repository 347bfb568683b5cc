//go:build function

package main

import "context"

// doctorCommand stands in for the command in the build that Lambda runs: the clients that it reads an account with would be
// paid for at each cold start.
func doctorCommand() command {
	return command{
		name: "doctor", summary: doctorSummary,
		run: func(_ context.Context, a app, _ command, _ []string) int {
			return a.wrong("this greenlight was built as a Lambda function, without doctor: use one that `make build` or `go build` made")
		},
	}
}

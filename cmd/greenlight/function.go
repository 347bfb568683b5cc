//go:build function

package main

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// In the build that Lambda runs, what only people need is left out: the simulator, and the clients that an account is read with,
// would be paid for at each cold start.

func doctorCommand() command { return leftOut("doctor", doctorSummary) }

func explainCommand() command { return leftOut("explain", explainSummary) }

func testCommand() command { return leftOut("test", testSummary) }

func fmtCommand() command { return leftOut("fmt", fmtSummary) }

func schemaCommand() command { return leftOut("schema", schemaSummary) }

func simulateCommand() command { return leftOut("simulate", simulateSummary) }

func initCommand() command { return leftOut("init", initSummary) }

func migrateCommand() command { return leftOut("migrate", migrateSummary) }

func verifyAccountCommand() command { return leftOut("verify-account", verifyAccountSummary) }

func completionCommand() command { return leftOut("completion", completionSummary) }

func manCommand() command { return leftOut("man", manSummary) }

func demoCommand() command { return leftOut("demo", demoSummary) }

// isStandIn says that greenlight was started as a stand-in for somebody's function: a simulator does that.
func isStandIn([]string) bool { return false }

// commandLineSettings are those of the environment: profiles and SSO don't exist in a function.
func commandLineSettings(context.Context) awsSettings {
	return func() (aws.Config, error) { return hook.LambdaConfig(os.Getenv) }
}

// recorder records runs, which is for people.
type recorder struct{}

func newRecorder(string, bool, plan.Source) (*recorder, error) {
	return nil, errors.New("--record: this greenlight was built as a Lambda function, which records nothing: use one that `make build` or `go build` made")
}

func (*recorder) watch(*plan.Plan, deployment.Deployment, *plan.Stage, map[string]string, func(string) string) {
}

func (*recorder) write(context.Context, check.Verdict) ([]string, error) { return nil, nil }

func leftOut(name, summary string) command {
	return command{
		name: name, summary: summary,
		run: func(_ context.Context, a app, _ command, _ []string) int {
			return a.wrong("this greenlight was built as a Lambda function, without %s: use one that `make build` or `go build` made", name)
		},
	}
}

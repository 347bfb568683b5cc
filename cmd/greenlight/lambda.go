package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// envStage says which stage this function serves.
const envStage = "GREENLIGHT_STAGE"

// serveLambda serves a deployment's hook until Lambda ends the process.
//
// The system's root certificates take longest to read of all that the first event needs, for CodeDeploy's endpoint and
// for https checks: they are read while the plan is.
func serveLambda(env func(string) string, folder string) {
	go func() { _, _ = x509.SystemCertPool() }()
	// The runtime's own words, about an invocation that ends in an error, are JSON lines like all others.
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	hook.Serve(newDecider(env, folder))
}

// taskRoot is the folder of the function's code, where a plan beside the binary lies.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func taskRoot() string {
	if root := os.Getenv("LAMBDA_TASK_ROOT"); root != "" {
		return root
	}
	binary, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(binary)
}

// decider runs the plan for each execution. The plan is read when the process starts: Lambda gives the full processor
// during initialisation, and a fraction of it after.
type decider struct {
	plan    *plan.Plan
	planErr error
	env     func(string) string
}

func newDecider(env func(string) string, folder string) *decider {
	d := &decider{env: env}
	source, err := plan.Find(env, folder)
	if err != nil {
		d.planErr = err
		return d
	}
	d.plan, d.planErr = language(nil).Parse(source)
	return d
}

// Decide makes the verdict of one execution.
func (d *decider) Decide(ctx context.Context, e hook.Execution) hook.Verdict {
	logger := hook.Logger(ctx)
	execution, err := d.execution(e)
	if err != nil {
		logProblems(ctx, logger, err)
		return answer(check.Refused(err.Error()))
	}
	if stage := execution.Stage; stage != "" {
		logger = logger.With("stage", string(stage))
	}
	execution.Scope.Logger = logger
	execution.Observe = func(e gate.Event) {
		switch {
		case e.Report != nil:
			report.LogCheck(ctx, logger, *e.Report)
		case e.Resumed != "":
			logger.DebugContext(ctx, "resumed", "check", e.Check.Name, "progress", e.Resumed)
		case e.Retrying != "":
			logger.DebugContext(ctx, "retrying", "check", e.Check.Name, "reason", e.Retrying)
		case e.Holding != "":
			logger.DebugContext(ctx, "passed, to pass again", "check", e.Check.Name, "progress", e.Holding)
		}
	}
	return answer(gate.Run(ctx, execution))
}

// execution puts together what the gate is to judge.
func (d *decider) execution(e hook.Execution) (gate.Execution, error) {
	if d.planErr != nil {
		return gate.Execution{}, d.planErr
	}
	described := deployment.Deployment{ID: e.DeploymentID}
	switch name := d.env(envStage); {
	case name != "":
		stage, ok := lifecycle.ParseStage(name)
		if !ok {
			return gate.Execution{}, fmt.Errorf("%s: %s", envStage, strictyaml.Unknown("stage", name, lifecycle.Names()))
		}
		described.Stage = stage
	case d.plan.NeedsStage():
		return gate.Execution{}, fmt.Errorf("%s has checks for %s, and the event doesn't say which stage this is: set %s",
			d.plan.Source, stageList(d.plan), envStage)
	}
	if err := sides(&described, d.plan, "", "", d.env(plan.EnvALBURL)); err != nil {
		return gate.Execution{}, err
	}
	return gate.Execution{
		DeploymentID: described.ID, Stage: described.Stage, Asked: d.plan.Stage(described.Stage),
		Scope: check.Scope{
			Green: side(described.Green), Blue: side(described.Blue), UserAgent: userAgent(described), Lookup: described.Lookup,
		},
	}, nil
}

// answer turns the gate's verdict into the hook's.
func answer(v check.Verdict) hook.Verdict {
	answer := hook.Verdict{Status: hook.Failed, Reason: v.Reason, Attrs: report.Attrs(v)}
	if v.Succeeded {
		answer.Status = hook.Succeeded
	}
	return answer
}

// logProblems writes all that is wrong with a plan: the verdict's one line has room for the first.
func logProblems(ctx context.Context, logger *slog.Logger, err error) {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return
	}
	for _, p := range problems {
		logger.ErrorContext(ctx, "plan", "at", p.Position.String(), "problem", p.Message)
	}
}

//go:build !function

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/awsconfig"
	"github.com/greenlight-deploy/greenlight/internal/explain"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func explainCommand() command {
	return command{
		name: "explain", arguments: "[plan] --event FILE [flags]", summary: explainSummary,
		help: "Reads an event that a hook was called with, from a file or - for standard input, and what AWS says of its deployment, and tells what\n" +
			"the function would ask, of whom, and why. It asks green nothing, and changes nothing. Without a plan it reads " + plan.EnvPlan + "\nor ./" + plan.FileName + ".\n\n" +
			"Exit codes: 0 checks would run, or it would be let through, 1 it would be answered Failed at once, 2 the event, the plan or the\ncommand line is wrong, 3 AWS couldn't be asked.",
		run: runExplain,
	}
}

// maxEvent is more than Lambda takes for an event.
const maxEvent = 8 << 20

func runExplain(ctx context.Context, a app, c command, args []string) int {
	var event, region, profile, function string
	var asJSON bool
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.StringVar(&event, "event", "", "the event's `file`, - for standard input")
	flags.StringVar(&function, "function", "", "the function's `name`, by which an AppSpec calls it")
	flags.StringVar(&region, "region", "", "the AWS `region`")
	flags.StringVar(&profile, "profile", "", "the `profile` of the AWS settings")
	flags.BoolVar(&asJSON, "json", false, "write one JSON document")
	arguments, code, ok := a.parse(c, flags, args)
	switch {
	case !ok:
		return code
	case len(arguments) > 1:
		return a.wrong("explain takes one plan, got %s", strings.Join(arguments, ", "))
	case event == "":
		return a.wrong("explain: --event is missing: the event that CodeDeploy, Amazon ECS or EventBridge calls the function with, as JSON")
	}
	execution, err := a.readEvent(event)
	if err != nil {
		return a.wrong("explain: %s", err)
	}
	source, err := a.find(strings.Join(arguments, ""))
	if err != nil {
		return a.wrongPlan(err, false)
	}
	own, err := new(decider).parse(source)
	if err != nil {
		return a.wrongPlan(err, false)
	}
	cfg, err := awsconfig.Load(ctx, profile, region)
	switch {
	case errors.Is(err, awsconfig.ErrNoRegion):
		return a.wrong("explain: %s", err)
	case err != nil:
		fmt.Fprintln(a.stderr, "greenlight: explain:", strictyaml.OneLine(err.Error()))
		return exitInconclusive
	}
	env := func(name string) string {
		if name == envFunction && function != "" {
			return function
		}
		return a.env(name)
	}
	d := newPlanlessDecider(env, ".", cfg, nil)
	d.own = own
	x := d.explain(ctx, execution)
	write := explain.Text
	if asJSON {
		write = explain.JSON
	}
	if err := write(a.stdout, x); err != nil {
		fmt.Fprintln(a.stderr, "greenlight:", err)
		return exitInconclusive
	}
	if x.Verdict != nil && !x.Verdict.Succeeded {
		return exitFailed
	}
	return exitPassed
}

func (a app) readEvent(path string) (hook.Execution, error) {
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(a.stdin, maxEvent))
	} else {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return hook.Execution{}, fmt.Errorf("reading the event: %w", err)
	}
	return hook.ParseExecution(text)
}

// explain goes the way of Decide as far as it changes nothing.
func (d *decider) explain(ctx context.Context, e hook.Execution) explain.Explanation {
	asked, err := d.planFor(ctx, e)
	if err = errors.Join(d.settingsErr, err); err != nil {
		x := explain.Explanation{Caller: e.Contract.String(), Deployment: e.DeploymentID}
		x.Refuse(err.Error())
		return x
	}
	before, err := readProgress(e.State)
	described, describeErr := d.describe(ctx, &asked, e, before.Stage)
	quiet := slog.New(slog.DiscardHandler)
	execution := d.execution(ctx, quiet, asked, described, e, before)
	x := explain.New(e, described, asked.plan, execution)
	if described.CanProve() {
		proof := described.Prove(ctx)
		x.Proof = &explain.Proof{Shown: proof.Shown, Reason: proof.Reason}
	}
	skippedBy := skippedBySetting(d.env(envSkip), e.DeploymentID)
	if saysSkip(described.Description) {
		skippedBy = "the deployment's description says " + skipMark
	}
	switch {
	case skippedBy != "":
		x.Skip(skipped(ctx, quiet, skippedBy))
	case err != nil:
		x.Refuse(err.Error())
	case asked.plan == nil && described.Closed == "":
		x.Refuse(describeErr.Error())
	case describeErr != nil:
		v := d.undescribed(execution, describeErr)
		x.Verdict, x.Checks = &explain.Verdict{Succeeded: v.Succeeded, Reason: v.Reason}, []explain.Check{}
	case described.Closed != "":
		x.Refuse("the event is over: " + described.Closed)
	}
	return x
}

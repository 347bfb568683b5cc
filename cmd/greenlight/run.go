package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func runCommand() command {
	return command{
		name: "run", arguments: "[plan] [flags]", summary: "Run a plan's checks and say whether they pass",
		help: "Without a plan it reads " + plan.EnvPlan + " or ./" + plan.FileName + "; - is standard input; s3://bucket/key and\n" +
			"ssm:/name are read from AWS. With " + plan.EnvALBURL + " set and no plan, it asks HEAD for each of " + plan.EnvRoutes + ".\n\nAs a script of the CodeDeploy agent, such as ValidateService, it takes the stage and the deployment from the agent's\n" +
			"variables, and ends with a summary that fits what CodeDeploy's console shows.\n\n--record writes what a version answered that passed, for greenlight test: change an answer there, and see that the\n" +
			"plan says no. Secrets are masked.\n\nExit codes: 0 passed, 1 failed, 2 the plan or the command line is wrong, 3 inconclusive, 130 interrupted.",
		run: runRun,
	}
}

type runFlags struct {
	stage, green, blue string
	vars               variables
	json, verbose      bool
	record             string
	force              bool
	summary, outputs   string
}

func runRun(ctx context.Context, a app, c command, args []string) int {
	opts := runFlags{vars: variables{}}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.Var(word{to: &opts.stage, likely: lifecycle.Names}, "stage", "run the checks of this `stage`, by CodeDeploy's name or ECS's")
	flags.StringVar(&opts.green, "green", "", "the new version's base `URL`")
	flags.StringVar(&opts.blue, "blue", "", "the live version's base `URL`")
	flags.Var(opts.vars, "var", "set the plan's variable, `name=value`; may be given several times")
	flags.BoolVar(&opts.json, "json", false, "write one JSON document to standard output, progress to standard error")
	flags.BoolVar(&opts.verbose, "verbose", false, "write each request with its timings to standard error")
	flags.StringVar(&opts.record, "record", "", "write what was answered to a `file` for greenlight test, or to greenlight.test.yaml in a folder, where the run passes")
	flags.BoolVar(&opts.force, "force", false, "let --record replace a file")
	flags.StringVar(&opts.summary, "summary", "", "append the verdict to this `file` as Markdown, such as $GITHUB_STEP_SUMMARY")
	flags.StringVar(&opts.outputs, "outputs", "", "append outcome, succeeded and reason to this `file` as name=value, such as $GITHUB_OUTPUT")
	arguments, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	if len(arguments) > 1 {
		return a.wrong("run takes one plan, got %s", strings.Join(arguments, ", "))
	}
	if opts.force && opts.record == "" {
		return a.wrong("--force is for --record")
	}
	settings := commandLineSettings(ctx)
	source, err := a.source(ctx, strings.Join(arguments, ""), settings)
	if err != nil {
		return a.wrongPlan(err, opts.json)
	}
	var rec *recorder
	if opts.record != "" {
		if rec, err = newRecorder(opts.record, opts.force, source); err != nil {
			return a.wrong("%s", err)
		}
	}
	p, err := language(opts.vars, registry.Environment{AWS: settings, CommandLine: true}).Parse(source)
	if err != nil {
		return a.wrongPlan(err, opts.json)
	}
	d, err := a.localDeployment(p, opts)
	if err != nil {
		return a.wrong("%s", err)
	}
	return a.judge(ctx, p, d, settings, opts, rec)
}

// localDeployment is what the command line says of a deployment.
func (a app) localDeployment(p *plan.Plan, opts runFlags) (deployment.Deployment, error) {
	var d deployment.Deployment
	var err error
	switch {
	case opts.stage != "":
		d, _ = a.agentDeployment(p) // what it can't tell is the stage
		stage, ok := lifecycle.ParseStage(opts.stage)
		if !ok {
			return d, fmt.Errorf("--stage: %s", strictyaml.Unknown("stage", opts.stage, lifecycle.Names()))
		}
		d.Stage = stage
	case a.byAgent():
		if d, err = a.agentDeployment(p); err != nil {
			return d, err
		}
	case p.NeedsStage():
		return d, fmt.Errorf("%s has checks for %s: say which with --stage", p.Source, stageList(p))
	}
	return d, sides(&d, p, opts.green, opts.blue, a.env(plan.EnvALBURL))
}

func stageList(p *plan.Plan) string {
	names := make([]string, 0, len(p.Stages()))
	for _, s := range p.Stages() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func (a app) judge(ctx context.Context, p *plan.Plan, d deployment.Deployment, settings awsSettings, opts runFlags, rec *recorder) int {
	out := a.stdout
	if opts.json {
		out = a.stderr
	}
	asked := p.Stage(d.Stage)
	checks := 0
	if asked != nil {
		checks = len(asked.Checks)
	}
	secrets, err := newSecrets(a.env, settings)
	if err != nil {
		return a.wrong("%s", err)
	}
	execution := gate.Execution{
		DeploymentID: d.ID, Stage: d.Stage, Asked: asked,
		Scope: check.Scope{
			Green: side(d.Green), Blue: side(d.Blue), UserAgent: userAgent(d), Lookup: d.Lookup, Logger: a.requestLog(opts.verbose, secrets.Masker()),
			Mask: secrets.Masker().Mask,
		},
		Prepare: fetching(secrets, asked),
	}
	rec.watch(p, d, asked, opts.vars, secrets.Masker().Mask)
	terminal := report.NewTerminal(out, a.style(out), execution.Reports())
	execution.Observe = func(e gate.Event) { show(terminal, e) }
	terminal.Header(heading(p, d, checks))
	stopTicking := keepTicking(terminal, a.style(out).Live)
	verdict := gate.Run(ctx, execution)
	stopTicking()
	interrupted := ctx.Err() != nil && !verdict.Succeeded
	if interrupted {
		verdict.Reason = fmt.Sprintf("interrupted: %d of %d checks were done", done(verdict), checks)
	}
	terminal.Verdict(verdict)
	if a.byAgent() {
		fmt.Fprint(out, "\n"+report.Summary(verdict, agentTail))
	}
	if opts.json {
		if err := report.JSON(a.stdout, verdict); err != nil {
			fmt.Fprintln(a.stderr, "greenlight:", err)
			return exitInconclusive
		}
	}
	if err := errors.Join(
		appendVerdict(opts.summary, report.Markdown, verdict),
		appendVerdict(opts.outputs, report.Outputs, verdict),
	); err != nil {
		fmt.Fprintln(a.stderr, "greenlight:", err)
		return exitInconclusive
	}
	code := exitCode(verdict, interrupted)
	if rec != nil {
		code = a.recorded(ctx, rec, verdict, out, code)
	}
	return code
}

// recorded writes what was recorded. Where a run that passed couldn't be, that is told by the exit code too.
func (a app) recorded(ctx context.Context, rec *recorder, v check.Verdict, out io.Writer, code int) int {
	lines, err := rec.write(ctx, v)
	if err != nil {
		fmt.Fprintln(a.stderr, "greenlight:", err)
		if code == exitPassed {
			return exitWrongInput
		}
		return code
	}
	fmt.Fprint(out, "\n"+strings.Join(lines, "\n")+"\n")
	return code
}

// appendVerdict adds a verdict to a file that others write to as well; to none where none is named.
func appendVerdict(path string, write func(io.Writer, check.Verdict) error, v check.Verdict) error {
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // the user names it, and shares it
	if err != nil {
		return fmt.Errorf("writing the verdict: %w", err)
	}
	return errors.Join(write(file, v), file.Close())
}

func heading(p *plan.Plan, d deployment.Deployment, checks int) string {
	line := p.Source + ": " + counted(checks, "check")
	if d.Stage != "" {
		line += " at " + string(d.Stage)
	}
	if d.Green.URL != "" {
		line += ", green is " + d.Green.URL
	}
	if d.Blue.URL != "" {
		line += ", blue is " + d.Blue.URL
	}
	return line
}

func show(t *report.Terminal, e gate.Event) {
	switch {
	case e.Report != nil:
		t.Finished(*e.Report)
	case e.Retrying != "":
		t.Retrying(e.Check.Name, e.Retrying)
	case e.Holding != "":
		t.Retrying(e.Check.Name, "passed "+e.Holding)
	default:
		t.Started(e.Check.Name)
	}
}

// keepTicking keeps the clocks of the live line going until it is told to stop.
func keepTicking(t *report.Terminal, live bool) (stop func()) {
	if !live {
		return func() {}
	}
	const often = 100 * time.Millisecond
	ticker, done, stopped := time.NewTicker(often), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ticker.C:
				t.Tick()
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-stopped }
}

func (a app) requestLog(verbose bool, secrets *secret.Masker) *slog.Logger {
	if !verbose {
		return slog.New(slog.DiscardHandler)
	}
	lines := slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime})
	return slog.New(secret.Handler(lines, secrets))
}

func withoutTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

// done counts the checks that came to an outcome of their own.
func done(v check.Verdict) int {
	return v.CountChecks(func(r check.Report) bool { return r.Outcome != check.Inconclusive })
}

func exitCode(v check.Verdict, interrupted bool) int {
	switch {
	case interrupted:
		return exitInterrupted
	case v.Succeeded:
		return exitPassed
	case v.Outcome == check.Inconclusive:
		return exitInconclusive
	}
	return exitFailed
}

//go:build !function

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/awsconfig"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/migrate"
	"github.com/greenlight-deploy/greenlight/internal/migrate/proof"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func migrateCommand() command {
	return command{
		name: "migrate", arguments: "[flags]", summary: migrateSummary,
		help: "Reads a deployment group of CodeDeploy's, its AppSpec, its service and its load balancer, and prints the configuration with which\n" +
			"Amazon ECS deploys the service itself, hooks included; what has no counterpart, and what must be done by hand, is said on standard\n" +
			"error. It changes nothing.\n\n" +
			"  greenlight migrate --application NAME > service.json     its only deployment group, or with --group\n" +
			"  aws ecs update-service --cli-input-json file://service.json\n" +
			"  greenlight migrate --appspec appspec.yaml                asks nothing of AWS; what isn't known is a word in capitals\n\n" +
			"With --prove it deploys releases on this machine, under CodeDeploy and under ECS, and says whether the plan's verdicts are the same:\n\n" +
			"  greenlight migrate --appspec appspec.yaml --prove --blue './shop --version 1' --green './shop --version 2' --bad './shop --broken'\n\n" +
			"Exit codes: 0 done, with --prove the verdicts are the same; 1 they differ, or --green failed or a --bad passed; 2 the command line, the AppSpec or the plan is\n" +
			"wrong; 3 AWS couldn't be asked; 130 interrupted.",
		run: runMigrate,
	}
}

type migrateFlags struct {
	application, group, appspec, config string
	region, profile                     string
	names                               migrate.Names
	format                              string
	json, prove                         bool
	plan, blue, green                   string
	bad                                 texts
}

// texts collects a flag that may be given several times.
type texts []string

func (t *texts) String() string { return strings.Join(*t, ", ") }

// Repeats says that each further one is added.
func (t *texts) Repeats() bool { return true }

// Set adds one.
func (t *texts) Set(text string) error {
	*t = append(*t, text)
	return nil
}

func runMigrate(ctx context.Context, a app, c command, args []string) int {
	var opts migrateFlags
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.StringVar(&opts.application, "application", "", "CodeDeploy's application, by its `name`")
	flags.StringVar(&opts.group, "group", "", "its deployment group, by its `name`")
	flags.StringVar(&opts.appspec, "appspec", "", "the `file` with the AppSpec; default that of the group's last deployment")
	flags.StringVar(&opts.config, "deployment-config", "", "without --application: the `name` of one of CodeDeploy's configurations for ECS")
	flags.StringVar(&opts.names.HookRole, "hook-role", "", "the `ARN` of the role with which ECS calls the hooks")
	flags.StringVar(&opts.names.BalancerRole, "load-balancer-role", "", "the `ARN` of the role with which ECS changes the listeners' rules")
	opts.format = string(migrate.CLI)
	flags.Var(word{to: &opts.format, likely: words(migrate.Formats)}, "format", "what is printed: `cli`, cloudformation or terraform")
	flags.StringVar(&opts.region, "region", "", "the AWS `region`")
	flags.StringVar(&opts.profile, "profile", "", "the `profile` of the AWS settings")
	flags.BoolVar(&opts.json, "json", false, "write one JSON document, notes and proof included")
	flags.BoolVar(&opts.prove, "prove", false, "deploy releases in the simulator and compare the verdicts")
	flags.StringVar(&opts.plan, "plan", plan.FileName, "with --prove: the plan's `file`")
	flags.StringVar(&opts.blue, "blue", "", "with --prove: the live version, its base URL or the `command` that starts it on $PORT")
	flags.StringVar(&opts.green, "green", "", "with --prove: a release that is to pass, its base URL or the `command`")
	flags.Var(&opts.bad, "bad", "with --prove: a release that is to fail, its base URL or the `command`; may be given several times")
	arguments, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	if problem := opts.problem(arguments); problem != "" {
		return a.wrong("migrate: %s", problem)
	}
	from, code := a.migrationSource(ctx, opts)
	if code != exitPassed {
		return code
	}
	to, notes := migrate.NewService(from, opts.names)
	if opts.prove {
		return a.proveMigration(ctx, opts, from, to, notes)
	}
	if opts.json {
		return a.migrationJSON(migration{Service: to, Notes: notes})
	}
	if err := errors.Join(to.Write(a.stdout, migrate.Format(opts.format)), migrate.Text(a.stderr, notes)); err != nil {
		fmt.Fprintln(a.stderr, "greenlight: migrate:", err)
		return exitInconclusive
	}
	return exitPassed
}

// problem says what is wrong with the command line; empty: nothing.
func (o migrateFlags) problem(arguments []string) string {
	formats := words(migrate.Formats)()
	releases := o.blue + o.green + o.bad.String()
	switch {
	case len(arguments) > 0:
		return fmt.Sprintf("it takes no arguments, got %q", arguments[0])
	case o.application == "" && o.appspec == "":
		return "name the --application, or give an --appspec"
	case o.group != "" && o.application == "":
		return "--group belongs to an application: give --application"
	case o.config != "" && o.application != "":
		return "--deployment-config is for where no --application is read"
	case !slices.Contains(formats, o.format):
		return "--format: " + strictyaml.Unknown("format", o.format, formats)
	case !o.prove && releases != "":
		return "--blue, --green and --bad belong to --prove"
	case o.prove && (o.blue == "" || o.green == ""):
		return "--prove needs --blue and --green: a base URL such as http://127.0.0.1:8080, or a command that serves on $PORT"
	}
	return ""
}

// migrationSource reads what is to be taken over. The exit code is exitPassed where it could be.
func (a app) migrationSource(ctx context.Context, opts migrateFlags) (migrate.Source, int) {
	var spec *appspec.Spec
	if opts.appspec != "" {
		text, err := os.ReadFile(opts.appspec)
		if err != nil {
			return migrate.Source{}, a.wrong("migrate: reading the AppSpec: %s", err)
		}
		read, err := appspec.Parse(string(text))
		if err != nil {
			return migrate.Source{}, a.wrong("migrate: %s: %s", opts.appspec, strings.Join(strings.Fields(err.Error()), " "))
		}
		if read.Function != "" {
			return migrate.Source{}, a.wrong("migrate: %s deploys the Lambda function %s: only deployments to Amazon ECS can be taken over by it", opts.appspec, read.Function)
		}
		spec = &read
	}
	if opts.application == "" {
		from := migrate.Source{AppSpec: *spec, Tasks: migrate.Tasks{TaskDefinition: spec.TaskDefinition}, Rollback: migrate.Rollback{OnFailure: true}}
		if opts.config == "" {
			return from, exitPassed
		}
		var err error
		if from.Shift, err = migrate.ParseShift(opts.config); err != nil {
			return from, a.wrong("migrate: --deployment-config: %s", err)
		}
		return from, exitPassed
	}
	cfg, err := awsconfig.Load(ctx, opts.profile, opts.region)
	if err == nil {
		var from migrate.Source
		if from, err = migrate.NewAccount(cfg).Read(ctx, opts.application, opts.group, spec); err == nil {
			return from, exitPassed
		}
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "greenlight: interrupted")
		return migrate.Source{}, exitInterrupted
	case errors.Is(err, awsconfig.ErrNoRegion), errors.Is(err, migrate.ErrPlatform):
		return migrate.Source{}, a.wrong("migrate: %s", err)
	}
	fmt.Fprintln(a.stderr, "greenlight: migrate:", strings.Join(strings.Fields(err.Error()), " "))
	return migrate.Source{}, exitInconclusive
}

// migration is all of it as one document.
type migration struct {
	Service migrate.Service `json:"service"`
	Notes   []migrate.Note  `json:"notes"`
	Proof   []proof.Result  `json:"proof,omitempty"`
}

func (a app) migrationJSON(m migration) int {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		fmt.Fprintln(a.stderr, "greenlight: migrate:", err)
		return exitInconclusive
	}
	return exitPassed
}

func (a app) proveMigration(ctx context.Context, opts migrateFlags, from migrate.Source, to migrate.Service, notes []migrate.Note) int {
	source, err := plan.ReadFile(opts.plan)
	if err == nil {
		_, err = language(nil, registry.Environment{}).Parse(source)
	}
	if err != nil {
		return a.wrongPlan(err, false)
	}
	path, err := filepath.Abs(opts.plan)
	if err != nil {
		return a.wrong("migrate: finding the plan: %s", err)
	}
	binary, err := os.Executable()
	if err != nil {
		return a.wrong("migrate: finding the greenlight binary: %s", err)
	}
	folder, err := os.Getwd()
	if err != nil {
		return a.wrong("migrate: finding this folder: %s", err)
	}
	trial := proof.Trial{
		From: from, To: to, Plan: path, Greenlight: binary, Folder: folder, Environ: os.Environ(),
		Blue: proof.ParseRelease("blue", opts.blue), Releases: []proof.Release{proof.ParseRelease("green: "+opts.green, opts.green)},
	}
	for _, text := range opts.bad {
		trial.Releases = append(trial.Releases, proof.ParseRelease("bad: "+text, text))
	}
	results, err := proof.Run(ctx, trial)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "greenlight: interrupted")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(a.stderr, "greenlight: migrate:", err)
		return exitWrongInput
	}
	code := exitPassed
	if opts.json {
		code = a.migrationJSON(migration{to, notes, results})
	} else if err := proof.Text(a.stdout, results); err != nil {
		fmt.Fprintln(a.stderr, "greenlight: migrate:", err)
		code = exitInconclusive
	}
	return cmp.Or(code, a.judgeProof(results))
}

// judgeProof says in a line what the comparison shows. The first release is to pass, the others are to fail.
func (a app) judgeProof(results []proof.Result) int {
	for i, r := range results {
		want := proof.Failed
		if i == 0 {
			want = proof.Succeeded
		}
		switch {
		case !r.Same():
			fmt.Fprintf(a.stderr, "greenlight: migrate: the verdicts differ on %s\n", r.Release)
			return exitFailed
		case r.ECS.Outcome != want:
			fmt.Fprintf(a.stderr, "greenlight: migrate: %s %s under both, and was to be the other: %s\n", r.Release, strings.ToLower(string(r.ECS.Outcome)), cmp.Or(r.ECS.Reason, "the plan has nothing against it"))
			return exitFailed
		}
	}
	fmt.Fprintf(a.stderr, "greenlight: migrate: the same verdicts under CodeDeploy and under ECS, for each of %d releases\n", len(results))
	return exitPassed
}

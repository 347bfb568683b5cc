//go:build !function

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awsconfig"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func doctorCommand() command {
	return command{
		name: "doctor", arguments: "[flags]", summary: doctorSummary,
		help: "Reads the deployment group or ECS service, the function that its hooks call, their roles, load balancer, network and alarms, and the\n" +
			"plan; each thing that would go wrong in a deployment is shown with what to do. It changes nothing.\n\n" +
			"  greenlight doctor --application NAME                 its only deployment group, or with --group\n" +
			"  greenlight doctor --cluster NAME --service NAME      a service that Amazon ECS deploys itself\n" +
			"  greenlight doctor --policy --feature codedeploy      the least IAM policy for a feature; asks nothing of AWS\n\n" +
			"Features: " + featureList() + ".\n\n" +
			"Exit codes: 0 nothing fails, 1 something does, 2 the command line is wrong, 3 what was asked about couldn't be read, 130 interrupted.",
		run: runDoctor,
	}
}

type doctorFlags struct {
	options                        doctor.Options
	plan, region, profile, account string
	deployed                       string
	features                       string
	json, verbose, policy          bool
}

func runDoctor(ctx context.Context, a app, c command, args []string) int {
	var opts doctorFlags
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.StringVar(&opts.options.Application, "application", "", "CodeDeploy's application, by its `name`")
	flags.StringVar(&opts.options.Group, "group", "", "its deployment group, by its `name`")
	flags.StringVar(&opts.options.Cluster, "cluster", "", "the ECS service's cluster, by its `name`; default default")
	flags.StringVar(&opts.options.Service, "service", "", "the ECS service, by its `name`")
	flags.StringVar(&opts.options.Function, "function", "", "the hook's function, by its `name` or ARN; default those that the hooks call")
	flags.StringVar(&opts.plan, "plan", "", "the plan, a `file`, s3://bucket/key or ssm:/name; default ./"+plan.FileName+", or the function's own; with --policy: what it takes")
	flags.StringVar(&opts.region, "region", "", "the AWS `region`")
	flags.StringVar(&opts.profile, "profile", "", "the `profile` of the AWS settings")
	flags.BoolVar(&opts.json, "json", false, "write one JSON document")
	flags.BoolVar(&opts.verbose, "verbose", false, "show what is right, too")
	flags.BoolVar(&opts.policy, "policy", false, "print the least IAM policy for --feature")
	flags.Var(word{to: &opts.features, likely: featureNames, list: true}, "feature", "with --policy: the features that a role is for, `name,name…`")
	flags.StringVar(&opts.deployed, "deployed", "", "with --policy: the Lambda function that CodeDeploy deploys, by its `name`")
	flags.StringVar(&opts.account, "account", "", "with --policy: the account's `number`")
	arguments, code, ok := a.parse(c, flags, args)
	switch {
	case !ok:
		return code
	case len(arguments) > 0:
		return a.wrong("doctor takes no arguments, got %q", arguments[0])
	case !opts.policy && (opts.features != "" || opts.account != "" || opts.deployed != ""):
		return a.wrong("doctor: --feature, --account and --deployed belong to --policy")
	case opts.policy:
		return a.printPolicy(opts)
	}
	return a.examine(ctx, opts)
}

func (a app) examine(ctx context.Context, opts doctorFlags) int {
	opts.options.Parse = language(nil, registry.Environment{}).Parse
	settings := sync.OnceValues(func() (aws.Config, error) { return awsconfig.Load(ctx, opts.profile, opts.region) })
	source, err := a.doctorsPlan(ctx, opts.plan, settings)
	if err != nil {
		return a.wrongPlan(err, false)
	}
	opts.options.Plan = source
	cfg, err := settings()
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "greenlight: interrupted")
		return exitInterrupted
	case errors.Is(err, awsconfig.ErrNoRegion):
		return a.wrong("doctor: %s", err)
	case err != nil:
		fmt.Fprintln(a.stderr, "greenlight: doctor:", strings.Join(strings.Fields(err.Error()), " "))
		return exitInconclusive
	}
	found, err := doctor.Examine(ctx, doctor.NewClients(cfg), opts.options)
	wrong := new(doctor.InputError)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "greenlight: interrupted")
		return exitInterrupted
	case errors.As(err, &wrong):
		return a.wrong("doctor: %s", wrong)
	case err != nil:
		fmt.Fprintln(a.stderr, "greenlight: doctor:", err)
		return exitInconclusive
	}
	return a.tell(found, opts)
}

// tell writes what was found, and gives the exit code.
func (a app) tell(found doctor.Report, opts doctorFlags) int {
	var err error
	if opts.json {
		err = doctor.JSON(a.stdout, found)
	} else {
		err = doctor.Text(a.stdout, found, a.style(a.stdout), opts.verbose)
	}
	switch {
	case err != nil:
		fmt.Fprintln(a.stderr, "greenlight:", err)
		return exitInconclusive
	case found.Count(doctor.Fail) > 0:
		return exitFailed
	case len(found.Unread) > 0:
		return exitInconclusive
	}
	return exitPassed
}

// doctorsPlan is the plan that is named, or the one that lies here; none where there is neither.
func (a app) doctorsPlan(ctx context.Context, named string, settings awsSettings) (plan.Source, error) {
	if named != "" {
		return a.source(ctx, named, settings)
	}
	source, err := plan.ReadFile(plan.FileName)
	if errors.Is(err, os.ErrNotExist) {
		return plan.Source{}, nil
	}
	return source, err
}

func featureNames() []string {
	var names []string
	for _, f := range doctor.Features() {
		names = append(names, f.Name)
	}
	return names
}

// featureList says what each feature is.
func featureList() string {
	var parts []string
	for _, f := range doctor.Features() {
		parts = append(parts, f.Name+" ("+f.Summary+")")
	}
	return strings.Join(parts, ",\n  ")
}

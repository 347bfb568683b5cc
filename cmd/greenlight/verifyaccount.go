//go:build !function

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/greenlight-deploy/greenlight/internal/awsconfig"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/verify"
)

func verifyAccountCommand() command {
	return command{
		name: "verify-account", arguments: "[flags]", summary: verifyAccountSummary,
		help: "Deploys the examples of templates/sam into your AWS account, each with the gate, on a network of its own: a Lambda function by CodeDeploy, an ECS\n" +
			"service by CodeDeploy, one by Amazon ECS itself, and one whose pauses the gate answers. A good version of each must go through, and a bad one must be stopped by the gate and taken\n" +
			"back. What AWS doesn't document and greenlight relies on is looked at on the way. Then all of it is taken away again, and a report is\n" +
			"written to standard output, which has no account's number and can be sent to anybody.\n\n" +
			"  greenlight verify-account > report.md        says first what it makes, how long that takes and what it costs, and asks\n" +
			"  greenlight verify-account --clean-up         takes away what an earlier run left\n\n" +
			"Everything is in CloudFormation stacks whose names begin with greenlight-verify-, with the tag " + verify.Tag + ".\n\n" +
			"Exit codes: 0 all is as expected and nothing is left; 1 something isn't; 2 the command line is wrong, or it wasn't confirmed; 3 AWS couldn't be asked;\n" +
			"130 interrupted, after what was made was taken away.",
		run: runVerifyAccount,
	}
}

type verifyFlags struct {
	function, contracts string
	vpc, subnets        string
	region, profile     string
	confirm             string
	keep, cleanUp, json bool
}

func runVerifyAccount(ctx context.Context, a app, c command, args []string) int {
	opts := verifyFlags{contracts: joined(verify.Contracts())}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.StringVar(&opts.function, "function", "dist/function-arm64.zip", "the `file` with the function's zip for arm64, out of a release or made by make package; default dist/function-arm64.zip")
	flags.Var(word{to: &opts.contracts, likely: contractNames, list: true}, "contracts", "which are tried, `name,name…`; default all: "+opts.contracts)
	flags.StringVar(&opts.vpc, "vpc", "", "the `id` of a VPC to deploy into; default a new one")
	flags.StringVar(&opts.subnets, "subnets", "", "with --vpc: the `id,id…` of private subnets in different zones, with a way to AWS and public.ecr.aws")
	flags.StringVar(&opts.region, "region", "", "the AWS `region`")
	flags.StringVar(&opts.profile, "profile", "", "the `profile` of the AWS settings")
	flags.StringVar(&opts.confirm, "confirm", "", "the account's `number`, in place of being asked for it")
	flags.BoolVar(&opts.keep, "keep", false, "leave everything in the account, to look at it")
	flags.BoolVar(&opts.cleanUp, "clean-up", false, "take away what earlier runs left, and do nothing else")
	flags.BoolVar(&opts.json, "json", false, "write the report as one JSON document")
	arguments, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	v, problem := opts.verification(arguments)
	if problem != "" {
		return a.wrong("verify-account: %s", problem)
	}
	return a.verifyAccount(ctx, opts, v)
}

// verification is what the flags ask for, or what is wrong with them.
func (o verifyFlags) verification(arguments []string) (v *verify.Verification, problem string) {
	v = &verify.Verification{Name: verify.NewName(), Keep: o.keep, Version: currentVersion(), Clock: systemClock{}}
	for name := range strings.SplitSeq(o.contracts, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(contractNames(), name) {
			return nil, "--contracts: " + strictyaml.Unknown("contract", name, contractNames())
		}
		if !slices.Contains(v.Contracts, verify.Contract(name)) {
			v.Contracts = append(v.Contracts, verify.Contract(name))
		}
	}
	subnets := strings.FieldsFunc(o.subnets, func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case len(arguments) > 0:
		return nil, fmt.Sprintf("it takes no arguments, got %q", arguments[0])
	case o.vpc == "" && len(subnets) > 0:
		return nil, "--subnets are those of a VPC: give --vpc"
	case o.vpc != "" && len(subnets) < 2:
		return nil, "--vpc needs two --subnets or more, in different zones"
	case o.cleanUp && (o.keep || o.vpc != ""):
		return nil, "--clean-up deploys nothing: it goes with --region, --profile and --confirm alone"
	}
	if o.vpc != "" {
		v.Network = &verify.Network{VPC: o.vpc, Subnets: subnets}
	}
	if o.cleanUp {
		return v, ""
	}
	zipped, err := os.ReadFile(o.function)
	if err == nil {
		v.Function, err = verify.ReadFunction(zipped)
	}
	if err != nil {
		return nil, fmt.Sprintf("--function %s: %s; `make package` makes it, and each release has it", o.function, strings.Join(strings.Fields(err.Error()), " "))
	}
	return v, ""
}

func (a app) verifyAccount(ctx context.Context, opts verifyFlags, v *verify.Verification) int {
	cfg, err := awsconfig.Load(ctx, opts.profile, opts.region)
	if err == nil {
		v.Account, err = verify.OpenAccount(ctx, cfg)
		v.Examine = func(ctx context.Context, o doctor.Options) (doctor.Report, error) {
			o.Parse = language(nil, registry.Environment{}).Parse
			return doctor.Examine(ctx, doctor.NewClients(cfg), o)
		}
	}
	var left []string
	if err == nil {
		left, err = v.Account.Leftovers(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return a.interrupted()
	case errors.Is(err, awsconfig.ErrNoRegion):
		return a.wrong("verify-account: %s", err)
	case err != nil:
		return a.notVerified(err)
	}
	v.Tell = func(l verify.Line) {
		fmt.Fprintf(a.stderr, "%6s  %-17s %s\n", l.Since, l.About, l.Text)
	}
	if opts.cleanUp {
		return a.cleanUpAccount(ctx, opts, v, left)
	}
	a.sayWhatIsMade(v, left)
	if code := a.confirmAccount(ctx, opts, v.Account.Number); code != exitPassed {
		return code
	}
	stop := context.AfterFunc(ctx, func() {
		fmt.Fprintln(a.stderr, "greenlight: interrupted: what was made is taken away, which takes up to half an hour. Interrupted again, it stays; then use greenlight verify-account --clean-up")
	})
	defer stop()
	report, err := v.Run(ctx)
	write := report.Markdown
	if opts.json {
		write = report.JSON
	}
	if len(report.Trials) > 0 {
		err = errors.Join(err, write(a.stdout))
	}
	switch {
	case ctx.Err() != nil && len(report.Left) == 0:
		return a.interrupted()
	case err != nil:
		return a.notVerified(err)
	case !report.OK() && !opts.keep:
		return exitFailed
	}
	return exitPassed
}

func (a app) cleanUpAccount(ctx context.Context, opts verifyFlags, v *verify.Verification, left []string) int {
	if len(left) == 0 {
		fmt.Fprintf(a.stderr, "There is nothing of an earlier run in account %s, region %s.\n", v.Account.Number, v.Account.Region)
		return exitPassed
	}
	fmt.Fprintf(a.stderr, "This deletes from account %s, region %s: %s.\n", v.Account.Number, v.Account.Region, strings.Join(left, ", "))
	if code := a.confirmAccount(ctx, opts, v.Account.Number); code != exitPassed {
		return code
	}
	if err := v.CleanUp(ctx); err != nil {
		return a.notVerified(err)
	}
	return exitPassed
}

// sayWhatIsMade says what comes, before anything does.
func (a app) sayWhatIsMade(v *verify.Verification, left []string) {
	items := verify.Estimate(v.Contracts, v.Network == nil)
	fmt.Fprintf(a.stderr, "Account %s, region %s, as %s.\n\nThis deploys, and takes away again:\n\n", v.Account.Number, v.Account.Region, v.Account.Caller)
	for _, c := range v.Contracts {
		fmt.Fprintf(a.stderr, "  %-17s %s: a good version and a bad one, with the gate and its roles\n", c, c.Title())
	}
	fmt.Fprintf(a.stderr, "\nIt takes about %d minutes and costs about %s at the list prices of us-east-1; %s if it took %d hours:\n\n",
		int(verify.Expected.Minutes()), verify.Total(items, verify.Expected), verify.Total(items, verify.AtMost), int(verify.AtMost.Hours()))
	for _, i := range items {
		fmt.Fprintf(a.stderr, "  %2d × %-36s $%.4f an hour each\n", i.Count, i.What, i.PerHour)
	}
	fmt.Fprintf(a.stderr, "\nAll of it is in stacks whose names begin with %s.\n", v.Name)
	if v.Keep {
		fmt.Fprintln(a.stderr, "It stays in the account, and goes on costing that, until greenlight verify-account --clean-up.")
	}
	if len(left) > 0 {
		fmt.Fprintf(a.stderr, "An earlier run left %s: greenlight verify-account --clean-up takes that away.\n", strings.Join(left, ", "))
	}
}

// confirmAccount has the user name the account: nobody is to deploy into another one than they believe.
func (a app) confirmAccount(ctx context.Context, opts verifyFlags, number string) int {
	given := opts.confirm
	if given == "" {
		fmt.Fprint(a.stderr, "\nType the account's number to go on: ")
		answer := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(a.stdin).ReadString('\n')
			answer <- strings.TrimSpace(line)
		}()
		select {
		case given = <-answer:
		case <-ctx.Done():
			fmt.Fprintln(a.stderr)
			return a.interrupted()
		}
	}
	if given != number {
		return a.wrong("verify-account: it was not confirmed: the account is %s, and %q was given; nothing was made", number, given)
	}
	return exitPassed
}

func (a app) interrupted() int {
	fmt.Fprintln(a.stderr, "greenlight: interrupted")
	return exitInterrupted
}

func (a app) notVerified(err error) int {
	for text := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(a.stderr, "greenlight: verify-account:", text)
	}
	return exitInconclusive
}

func contractNames() []string { return words(verify.Contracts)() }

func joined(contracts []verify.Contract) string {
	var names []string
	for _, c := range contracts {
		names = append(names, string(c))
	}
	return strings.Join(names, ",")
}

// systemClock waits in real time.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Wait(ctx context.Context, d time.Duration) error {
	return smithytime.SleepWithContext(ctx, d)
}

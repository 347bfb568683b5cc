package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func validateCommand() command {
	return command{
		name: "validate", arguments: "[plan…] [flags]", summary: "Say all that is wrong with plans",
		help: "Reads each plan as a deployment would, asks nothing of anyone, and shows every problem with its place.\n" +
			"Without a plan it reads " + plan.EnvPlan + " or ./" + plan.FileName + "; - is standard input, s3://bucket/key and ssm:/name are read from AWS.\n\nExit codes: 0 all plans are right, 2 one isn't.",
		run: runValidate,
	}
}

func runValidate(ctx context.Context, a app, c command, args []string) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	vars := variables{}
	flags.Var(vars, "var", "set the plan's variable, `name=value`; may be given several times")
	paths, code, ok := a.parse(c, flags, args)
	if !ok {
		return code
	}
	if len(paths) == 0 {
		paths = []string{""}
	}
	settings := commandLineSettings(ctx)
	for _, path := range paths {
		source, err := a.source(ctx, path, settings)
		if err != nil {
			code = a.wrongPlan(err, false)
			continue
		}
		p, err := language(vars, registry.Environment{CommandLine: true}).Parse(source)
		if err != nil {
			code = a.wrongPlan(err, false)
			continue
		}
		fmt.Fprintf(a.stdout, "%s: ok, %s\n", source.Name, summary(p))
	}
	return code
}

// summary counts what a plan asks.
func summary(p *plan.Plan) string {
	text := ""
	if anywhere := p.Anywhere(); anywhere != nil {
		text = counted(len(anywhere.Checks), "check")
	}
	stages := p.Stages()
	if len(stages) == 0 {
		return text
	}
	checks := 0
	for _, s := range stages {
		checks += len(p.Stage(s).Checks)
	}
	if text != "" {
		text += ", and "
	}
	return text + counted(checks, "check") + " in " + counted(len(stages), "stage")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

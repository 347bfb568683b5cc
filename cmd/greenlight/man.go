//go:build !function

package main

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/usage/manpage"
)

func manCommand() command {
	return command{
		name: "man", summary: manSummary,
		help: "  greenlight man | man -l -                                                # to read it\n" +
			"  greenlight man > /usr/local/share/man/man1/greenlight.1                  # to have it in the manual\n\n" +
			"Its date is that of the commit that was built, or " + envSourceDate + ".",
		run: runMan,
	}
}

// envSourceDate is the time, in seconds since 1970, that builds put into what they make in place of the time of day.
//
// https://reproducible-builds.org/specs/source-date-epoch/
const envSourceDate = "SOURCE_DATE_EPOCH"

func runMan(_ context.Context, a app, c command, args []string) int {
	arguments, code, ok := a.parse(c, flag.NewFlagSet(c.name, flag.ContinueOnError), args)
	switch {
	case !ok:
		return code
	case len(arguments) > 0:
		return a.wrong("man takes no arguments, got %q", arguments[0])
	}
	date, err := a.sourceDate()
	if err != nil {
		return a.wrong("man: %s", err)
	}
	page := manualPage()
	page.Version, page.Date = currentVersion(), date
	if err := page.Write(a.stdout); err != nil {
		fmt.Fprintln(a.stderr, "greenlight:", err)
		return exitFailed
	}
	return exitPassed
}

// sourceDate is when what was built was written: as the build says, else as the commit does. A build that knows neither is
// somebody's own, of today.
func (a app) sourceDate() (time.Time, error) {
	if set := a.env(envSourceDate); set != "" {
		seconds, err := strconv.ParseInt(set, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("%s is %q, and should be a number of seconds since 1970", envSourceDate, set)
		}
		return time.Unix(seconds, 0), nil
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key != "vcs.time" {
				continue
			}
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				return t, nil
			}
		}
	}
	return time.Now(), nil
}

func manualPage() manpage.Page {
	return manpage.Page{
		Program: describeProgram(),
		Description: "greenlight is the Lambda function that AWS CodeDeploy or Amazon ECS calls during a blue/green deployment: it finds the new version, green, " +
			"proves that it is green, asks it what a plan says, and answers Succeeded or Failed, so that traffic shifts or everything rolls back.\n\n" +
			"From a terminal the same program runs, checks and tries plans, simulates whole deployments, and says what would go wrong in an account.",
		Sections: []manpage.Section{
			{Title: "ENVIRONMENT", Items: []manpage.Item{
				{Term: plan.EnvPlan, Text: "The plan where none is named: a path, s3://bucket/key, ssm:/name, or the YAML itself."},
				{Term: plan.EnvALBURL, Text: "Where green answers, where neither --green nor the plan says it; without a plan, the classic check asks it."},
				{Term: plan.EnvRoutes, Text: "The routes of the classic check, with commas between them."},
				{Term: "AWS_PROFILE, AWS_REGION, …", Text: "The AWS CLI's settings; read where something is asked of AWS."},
				{Term: "HTTP_PROXY, HTTPS_PROXY, NO_PROXY", Text: "By which proxy green is asked."},
				{Term: envAgentEvent + ", " + envAgentDeployment, Text: "Set by the CodeDeploy agent: greenlight run is then a script of its AppSpec."},
				{Term: "NO_COLOR", Text: "Set to anything: no colours."},
				{Term: envSourceDate, Text: "The date of the manual page that greenlight man prints, in seconds since 1970."},
			}},
			{Title: "FILES", Items: []manpage.Item{
				{Term: plan.FileName, Text: "The plan that is read where none is named."},
				{Term: plantest.FileName, Text: "The cases that greenlight test tries."},
				{Term: scenarioFile, Text: "What greenlight simulate --init writes."},
			}},
			{Title: "EXIT STATUS", Items: []manpage.Item{
				{Term: strconv.Itoa(exitPassed), Text: "The checks passed; what was asked for is done."},
				{Term: strconv.Itoa(exitFailed), Text: "A check failed; what was tried isn't as it should be."},
				{Term: strconv.Itoa(exitWrongInput), Text: "The plan, another file or the command line is wrong."},
				{Term: strconv.Itoa(exitInconclusive), Text: "There was no answer to judge."},
				{Term: strconv.Itoa(exitInterrupted), Text: "It was interrupted."},
			}},
			{Title: "EXAMPLES", Items: []manpage.Item{
				{Term: "greenlight demo", Text: "Shows a good and a bad deployment on this machine."},
				{Term: "greenlight validate greenlight.yaml", Text: "Says all that is wrong with a plan."},
				{Term: "greenlight run --stage AfterAllowTestTraffic --green http://localhost:8080", Text: "Asks what a deployment would ask at that stage."},
			}},
		},
		SeeAlso: []string{"https://github.com/greenlight-deploy/greenlight"},
	}
}

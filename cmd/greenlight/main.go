// Command greenlight decides whether a blue/green deployment may go on. Started by Lambda it is the deployment's
// lifecycle hook; from a terminal it runs, checks and demonstrates plans.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes, for scripts and CI jobs.
const (
	exitPassed       = 0
	exitFailed       = 1
	exitWrongInput   = 2 // the plan or the command line
	exitInconclusive = 3
	exitInterrupted  = 130 // 128 + SIGINT, as shells have it
)

// envRuntimeAPI is where a function finds Lambda:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
const envRuntimeAPI = "AWS_LAMBDA_RUNTIME_API"

func main() {
	if os.Getenv(envRuntimeAPI) != "" && !isStandIn(os.Args[1:]) {
		serveLambda(os.Getenv, taskRoot())
		return
	}
	os.Exit(runMain())
}

// runMain is main for a command line, apart from leaving the process.
func runMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first Ctrl-C ends what runs in good order; a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	a := app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	return a.run(ctx, os.Args[1:])
}

// app is what a command may use of the process it runs in.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	// describe, where it is set, is given a command's flags in place of a run: the command line describes itself.
	describe func(*flag.FlagSet)
}

// command is one subcommand.
type command struct {
	name, arguments, summary string
	// help says what the summary leaves open; the flags are added to it.
	help string
	run  func(ctx context.Context, a app, c command, args []string) int
}

// The same in all builds.
const (
	programSummary = "decides whether a blue/green deployment may go on"

	completionSummary    = "Print what a shell completes greenlight's command line with"
	manSummary           = "Print the manual page"
	doctorSummary        = "Say what in an account would make a deployment go wrong"
	explainSummary       = "Say what an event would have the function ask, of whom, and why"
	testSummary          = "Try whether a plan says no when it should"
	fmtSummary           = "Lay plans and scenarios out in one way"
	schemaSummary        = "Print the JSON Schema of plans, for editors"
	simulateSummary      = "Run a deployment on this machine, with real hooks and traffic"
	migrateSummary       = "Take a service from CodeDeploy's deployments to Amazon ECS's own"
	demoSummary          = "Show a good and a bad deployment on this machine"
	verifyAccountSummary = "Deploy the examples into an account, say whether all is as expected, and take them away"
	initSummary          = "Write a plan, its tests, a deployment to simulate and the function's infrastructure"
)

func commands() []command {
	return []command{
		initCommand(), runCommand(), validateCommand(), testCommand(), fmtCommand(), schemaCommand(), simulateCommand(), doctorCommand(), explainCommand(),
		migrateCommand(), verifyAccountCommand(), demoCommand(), completionCommand(), manCommand(), versionCommand(),
	}
}

func (a app) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		a.usage(a.stderr)
		return exitWrongInput
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		return a.help(ctx, rest)
	case "--version", "-version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, a, c, rest)
		}
	}
	return a.wrong("%s", unknownCommand(name))
}

func (a app) help(ctx context.Context, args []string) int {
	if len(args) == 0 {
		a.usage(a.stdout)
		return exitPassed
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, a, c, []string{"--help"})
		}
	}
	return a.wrong("%s", unknownCommand(args[0]))
}

func (a app) usage(out io.Writer) {
	fmt.Fprint(out, "greenlight "+programSummary+".\n\nUsage: greenlight <command> [arguments]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-14s %s\n", c.name, c.summary)
	}
	fmt.Fprint(out, "\ngreenlight help <command> says more of each. Started by AWS Lambda, greenlight is the deployment's hook.\n")
}

// wrong tells what is wrong with the command line.
func (a app) wrong(format string, args ...any) int {
	fmt.Fprintf(a.stderr, "greenlight: "+format+"\n", args...)
	return exitWrongInput
}

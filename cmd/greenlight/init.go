//go:build !function

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"golang.org/x/term"

	"github.com/greenlight-deploy/greenlight/internal/starter"
)

func initCommand() command {
	return command{
		name: "init", arguments: "[folder] [flags]", summary: initSummary,
		help: "Looks at the folder (AppSpec, SAM, CDK and Terraform files, .github) and writes a plan with its tests, an AppSpec with hooks, a deployment to\n" +
			"simulate, the function's infrastructure, a CI job, and GREENLIGHT.md, which says what to do next. What isn't given is asked on a terminal;\n" +
			"with --yes, or without a terminal, what the folder tells is taken, or the default.\n\n" +
			"A file that is there and different is kept, but for --force. A second run changes nothing.\n\n" +
			"Exit codes: 0 done, 1 something could not be written, 2 the command line or the folder's AppSpec is wrong, 130 interrupted.",
		run: runInit,
	}
}

type initFlags struct {
	platform, tool, ci, name, function, health string
	yes, force, dryRun                         bool
}

func (o *initFlags) declare(flags *flag.FlagSet) {
	flags.Var(word{to: &o.platform, likely: words(starter.Platforms)}, "platform", "who deploys what: `ecs-codedeploy`, ecs or lambda")
	flags.Var(word{to: &o.tool, likely: words(starter.Tools)}, "tool", "what the infrastructure is written for: `sam`, cdk, terraform or none")
	flags.Var(word{to: &o.ci, likely: words(starter.CIs)}, "ci", "where jobs run: `github` or none")
	flags.StringVar(&o.name, "name", o.name, "what is deployed, by its `name`")
	flags.StringVar(&o.function, "function", o.function, "the hook's `name`, which begins with "+starter.FunctionPrefix)
	flags.StringVar(&o.health, "health", o.health, "the `path` at which the service says that it is well")
	flags.BoolVar(&o.yes, "yes", o.yes, "ask nothing")
	flags.BoolVar(&o.force, "force", o.force, "replace files that are there and different")
	flags.BoolVar(&o.dryRun, "dry-run", o.dryRun, "say what would be written, and write nothing")
}

// words are the texts of a list.
func words[T ~string](list func() []T) func() []string {
	return func() []string {
		var all []string
		for _, one := range list() {
			all = append(all, string(one))
		}
		return all
	}
}

func runInit(ctx context.Context, a app, c command, args []string) int {
	var opts initFlags
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	opts.declare(flags)
	arguments, code, ok := a.parse(c, flags, args)
	switch {
	case !ok:
		return code
	case len(arguments) > 1:
		return a.wrong("init takes one folder, got %s", strings.Join(arguments, ", "))
	}
	folder := cmp.Or(strings.Join(arguments, ""), ".")
	found, err := a.look(folder)
	if err != nil {
		return a.wrong("init: %s", err)
	}
	for _, why := range found.Because {
		fmt.Fprintln(a.stdout, why)
	}
	opts.fillIn(found)
	if !opts.yes && a.isAsked() {
		if err := a.askForChoice(ctx, &opts); err != nil {
			fmt.Fprintln(a.stderr, "\ngreenlight: interrupted")
			return exitInterrupted
		}
	}
	choice := starter.Choice{
		Platform: starter.Platform(opts.platform), Tool: starter.Tool(opts.tool), CI: starter.CI(opts.ci), Name: opts.name,
		Function: opts.function, Health: opts.health, AppSpec: found.AppSpec, Hooks: found.Hooks, Version: releasedVersion(version),
	}
	if err := choice.Validate(); err != nil {
		return a.wrong("init: %s", err)
	}
	files, err := starter.Files(choice)
	if err != nil {
		return a.wrong("init: %s", err)
	}
	results, err := starter.Write(folder, files, opts.force, opts.dryRun)
	a.tellWritten(results, opts.dryRun)
	if err != nil {
		fmt.Fprintln(a.stderr, "greenlight: init:", err)
		return exitFailed
	}
	a.tellNext(folder)
	return exitPassed
}

func (a app) look(folder string) (starter.Found, error) {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, os.ErrNotExist): // it is made when something is written
		return starter.Found{Name: starter.NameOf(folder), CI: starter.NoCI}, nil
	case err != nil:
		return starter.Found{}, fmt.Errorf("looking at the folder: %w", err)
	case !info.IsDir():
		return starter.Found{}, fmt.Errorf("%s is no folder", folder)
	}
	return starter.Look(os.DirFS(folder), starter.NameOf(folder))
}

// fillIn gives what no flag says: what the run before had, what the folder tells, or the default.
func (o *initFlags) fillIn(found starter.Found) {
	var last initFlags
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	last.declare(flags)
	if flags.Parse(found.Last) != nil {
		last = initFlags{} // somebody has edited the guide's first line
	}
	o.platform = cmp.Or(o.platform, string(found.Platform), last.platform, string(starter.ECSByCodeDeploy))
	o.tool = cmp.Or(o.tool, last.tool, string(found.Tool), string(starter.SAM))
	o.ci = cmp.Or(o.ci, last.ci, string(found.CI))
	o.name = cmp.Or(o.name, last.name, found.Name)
	hook := ""
	if len(found.Hooks) > 0 && strings.HasPrefix(found.Hooks[0], starter.FunctionPrefix) {
		hook = found.Hooks[0]
	}
	o.function = cmp.Or(o.function, last.function, hook, starter.FunctionPrefix+"greenlight")
	o.health = cmp.Or(o.health, last.health, "/")
}

// isAsked says that somebody is there to be asked.
func (a app) isAsked() bool {
	in, isFile := a.stdin.(*os.File)
	return isFile && term.IsTerminal(int(in.Fd())) && a.style(a.stdout).Live
}

// askForChoice asks for each setting; an empty line takes what stands in brackets. The error is the end of what there is to read, or ctx's.
func (a app) askForChoice(ctx context.Context, o *initFlags) error {
	lines := bufio.NewScanner(a.stdin)
	for _, q := range []struct {
		question string
		to       *string
	}{
		{"Who deploys what (ecs-codedeploy, ecs, lambda)", &o.platform},
		{"What the infrastructure is written for (sam, cdk, terraform, none)", &o.tool},
		{"Where jobs run (github, none)", &o.ci},
		{"What is deployed, by its name", &o.name},
		{"The hook's function", &o.function},
		{"The path at which the service says that it is well", &o.health},
	} {
		fmt.Fprintf(a.stdout, "%s [%s]: ", q.question, *q.to)
		if !lines.Scan() || ctx.Err() != nil {
			return cmp.Or(ctx.Err(), lines.Err(), io.EOF)
		}
		*q.to = cmp.Or(strings.TrimSpace(lines.Text()), *q.to)
	}
	return nil
}

// release is a version that has been released: a tag alone, and none of a commit after it, as `git describe`, the go command and goreleaser's
// snapshots name them.
var release = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)[.\d]*)?)$`)

// releasedVersion is the release that CI jobs are given: the one that built is of, or the first where it is of none.
func releasedVersion(built string) string {
	if m := release.FindStringSubmatch(built); m != nil {
		return m[1]
	}
	return "0.1.0"
}

func (a app) tellWritten(results []starter.Result, dryRun bool) {
	kept := 0
	for _, r := range results {
		done := string(r.Done)
		if dryRun && (r.Done == starter.Wrote || r.Done == starter.Replaced) {
			done = map[starter.Done]string{starter.Wrote: "would write", starter.Replaced: "would replace"}[r.Done]
		}
		fmt.Fprintf(a.stdout, "%-9s  %s\n", done, r.Path)
		if r.Done == starter.Kept {
			kept++
		}
	}
	if kept > 0 {
		fmt.Fprintf(a.stdout, "%d of them differ from what would be written, and were kept; --force replaces them\n", kept)
	}
}

func (a app) tellNext(folder string) {
	in := ""
	if folder != "." {
		in = "  cd " + folder + "\n"
	}
	fmt.Fprintf(a.stdout, "\nNext, on this machine:\n%s  greenlight validate\n  greenlight test\n  greenlight simulate %s\n%s says how it gets into an account.\n", in, starter.ScenarioFile, starter.GuideFile)
}

//go:build unix && !function

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// A terminal is where a reader of a page would be: a folder with the files that the page speaks of, and a shell. Programs
// that need nothing but this machine are run; what isn't is held to what is known of it.
type terminal struct {
	t      *testing.T
	page   page
	folder string
	env    []string
	shop   string // where the shop answers that the pages' plans check
	faults string // a simulated AWS whose faults can be switched

	made []string // files that commands would have made
	out  until    // what commands have printed
}

// A program holds a command of a page; its arguments begin with the program's name.
type program func(ctx context.Context, term *terminal, args []string) error

// programs are all that may stand in a page. Those that are held to nothing but their name are others' own: what they need is
// the network, an account or a tool that isn't here, and where a tool is there, its own tests in .ci run it.
func programs() map[string]program {
	return map[string]program{
		"greenlight": greenlight, "bin/greenlight": greenlight, "./greenlight": greenlight,
		"go": goTool, "make": makeTarget, "curl": switchFault,
		"aws": awsCommand, "sam": samCommand, "terraform": terraformCommand, "npm": npmScript,
		".ci/newcomer": script, ".ci/templates-sam": script, ".ci/templates-terraform": script,
		"docker": inContainer,
		"zip":    archive,

		"git": others, "gh": others, "goreleaser": others, "sha256sum": others, // a clone and its releases
		"npx": others, "pip": others, "moto_server": others, // fetch what they run
		"Out-String": others, "Invoke-Expression": others, // PowerShell's
	}
}

// others reads what is piped to it.
func others(ctx context.Context, _ *terminal, _ []string) error {
	_, err := io.Copy(io.Discard, interp.HandlerCtx(ctx).Stdin)
	return err
}

// commands says that an example is one of commands: each of its lines calls a program.
func (e example) commands() (*syntax.File, bool) {
	file, err := syntax.NewParser().Parse(strings.NewReader(e.text), e.page)
	if err != nil {
		return nil, false
	}
	known := programs()
	var unknown bool
	syntax.Walk(file, func(n syntax.Node) bool {
		call, is := n.(*syntax.CallExpr)
		if is && len(call.Args) > 0 {
			_, held := known[call.Args[0].Lit()]
			unknown = unknown || !held && !interp.IsBuiltin(call.Args[0].Lit())
		}
		return true
	})
	return file, !unknown && len(file.Stmts) > 0
}

// newTerminal gives each example a folder of its own: with the page's first plan, its first AppSpec, and what testdata/docs has.
func newTerminal(t *testing.T, p page, env []string, shop, faults string) *terminal {
	t.Helper()
	term := &terminal{t: t, page: p, folder: filepath.Join(t.TempDir(), "shop"), env: env, shop: shop, faults: faults}
	files := filepath.Join("testdata", "docs", "pages", strings.TrimSuffix(p.name, ".md"))
	err := os.Mkdir(term.folder, 0o700)
	if _, none := os.Stat(files); none == nil {
		err = errors.Join(err, os.CopyFS(term.folder, os.DirFS(files)))
	}
	if err != nil {
		t.Fatal(err)
	}
	if plans := p.in("yaml"); len(plans) > 0 {
		term.write("greenlight.yaml", plans[0].plan())
	}
	for _, name := range []string{"examples", "templates"} {
		target, err := filepath.Abs(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(term.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range []string{"bootstrap", "shop"} {
		found, err := exec.LookPath(map[string]string{"bootstrap": "greenlight", "shop": "shop"}[program])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(found, filepath.Join(term.folder, program)); err != nil {
			t.Fatal(err)
		}
	}
	return term
}

func (term *terminal) write(name, text string) {
	term.t.Helper()
	if err := os.WriteFile(filepath.Join(term.folder, name), []byte(text), 0o600); err != nil {
		term.t.Fatal(err)
	}
}

// run gives an example to a shell, in which its programs are held.
func (term *terminal) run(e example, file *syntax.File) {
	term.t.Helper()
	known := programs()
	runner, err := interp.New(
		interp.Dir(term.folder), interp.Env(expand.ListEnviron(term.env...)), interp.StdIO(strings.NewReader(""), &term.out, &term.out), interp.Params("-e"),
		interp.CallHandler(func(_ context.Context, args []string) ([]string, error) {
			if args[0] == "cd" { // whatever is written stays in the folder
				return []string{"true"}, term.folderIs(args[1])
			}
			return args, nil
		}),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
			return func(ctx context.Context, args []string) error {
				return known[args[0]](ctx, term, args)
			}
		}),
	)
	if err != nil {
		term.t.Fatal(err)
	}
	if err := runner.Run(term.t.Context(), file); err != nil {
		term.t.Errorf("%s:%d: %v, in\n%s\nwhich printed\n%s", e.page, e.line, err, e.text, term.out.written.String())
	}
}

// folderIs says that there is a folder in the repository, or that it is the clone's.
func (term *terminal) folderIs(name string) error {
	if name == "greenlight" {
		return nil
	}
	if info, err := os.Stat(filepath.Join(repository, name)); err != nil || !info.IsDir() {
		return fmt.Errorf("cd %s: there is no such folder", name)
	}
	return nil
}

// fileIs says that there is a file, in the folder or the repository, or that an earlier command would have made it.
func (term *terminal) fileIs(name string) error {
	if slices.Contains(term.made, name) {
		return nil
	}
	for _, folder := range []string{term.folder, repository} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("there is no file %s", name)
}

// elsewhere are addresses in pages of what a reader has: the shop answers in their place.
var elsewhere = regexp.MustCompile(`https?://(localhost|127\.0\.0\.1|[a-z.-]+\.example(\.com)?)(:\d+)?\b`)

// greenlight runs this program. It must do what it is asked, or, where it asks the account, have an answer.
func greenlight(ctx context.Context, term *terminal, args []string) error {
	if err := holdFlags(args[1:]); err != nil {
		return err
	}
	binary, err := exec.LookPath("greenlight")
	if err != nil {
		return err
	}
	given := make([]string, 0, len(args))
	for _, a := range args[1:] {
		given = append(given, elsewhere.ReplaceAllString(a, term.shop))
	}
	if args[1] == "simulate" && !slices.ContainsFunc(args, func(a string) bool { return a == "--init" || a == "--schema" || a == "--speed" }) {
		given = append(given, "--speed", "instant") // nobody waits for what is simulated
	}
	shell := interp.HandlerCtx(ctx)
	command := exec.CommandContext(ctx, binary, given...)
	command.Dir = shell.Dir
	for name, v := range shell.Env.Each {
		if v.Exported {
			command.Env = append(command.Env, name+"="+v.String())
		}
	}
	if args[1] == "verify-account" {
		if err := term.writeFunction(); err != nil {
			return err
		}
		command.Env = append(command.Env, "AWS_ENDPOINT_URL="+term.shop+"/account")
	}
	command.Stdin, command.Stdout, command.Stderr = shell.Stdin, shell.Stdout, shell.Stderr
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(answers(args), exit.ExitCode()) {
		return nil
	}
	if args[1] == "verify-account" && exit != nil && exit.ExitCode() == exitWrongInput && strings.Contains(term.out.written.String(), "it was not confirmed: the account is") {
		return nil // it went as far as it goes without somebody who names the account
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// writeFunction puts a function's zip where make package does.
func (term *terminal) writeFunction() error {
	folder := filepath.Join(term.folder, "dist")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return writeFunctionZip(filepath.Join(folder, "function-arm64.zip"))
}

// answers are exit codes that are an answer. The simulated account has no IAM, so that doctor finds that roles can't be read.
func answers(args []string) []int {
	if args[1] == "doctor" && !slices.Contains(args, "--policy") {
		return []int{exitFailed, exitInconclusive}
	}
	return nil
}

// holdFlags holds arguments against the command that they name: its flags, and the values and operands of which all are known.
func holdFlags(args []string) error {
	if len(args) == 0 {
		return errors.New("greenlight without a command")
	}
	all := commands()
	at := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] })
	if at < 0 {
		return errors.New(unknownCommand(args[0]))
	}
	flags := flagsOf(all[at])
	var complaint bytes.Buffer
	a := app{stdout: io.Discard, stderr: &complaint}
	operands, _, ok := a.parse(all[at], flags, args[1:])
	if !ok && complaint.Len() > 0 {
		return errors.New(strings.TrimSpace(complaint.String()))
	}
	for _, f := range usage.Flags(flags) {
		values := []string{flags.Lookup(f.Name).Value.String()}
		if f.Values.List {
			values = strings.Split(values[0], ",")
		}
		for _, value := range values {
			if len(f.Values.Words) > 0 && value != "" && !slices.Contains(f.Values.Words, value) {
				return fmt.Errorf("%s %s: it is one of %q", f.Dashed(), value, f.Values.Words)
			}
		}
	}
	if words := usage.Operands(all[at].arguments).Words; len(words) > 0 {
		for _, operand := range operands {
			if !slices.Contains(words, operand) {
				return fmt.Errorf("%s %s: it is one of %q", args[0], operand, words)
			}
		}
	}
	return nil
}

// goTool holds what is built and tested to folders that are there, and runs greenlight.
func goTool(ctx context.Context, term *terminal, args []string) error {
	switch args[1] {
	case "run":
		if args[2] != "./cmd/greenlight" {
			return fmt.Errorf("%s is no program of the documentation", args[2])
		}
		return greenlight(ctx, term, append([]string{"greenlight"}, args[3:]...))
	case "build", "test":
		for _, a := range args[2:] {
			if folder := strings.TrimSuffix(a, "/..."); strings.HasPrefix(a, "./") && folder != "." {
				if err := term.folderIs(folder); err != nil {
					return err
				}
			}
		}
		return nil
	case "mod":
		return nil
	default:
		return fmt.Errorf("go %s is held by nothing", args[1])
	}
}

// makeTarget holds a target and the plan to what there is.
func makeTarget(_ context.Context, term *terminal, args []string) error {
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(args[1]) + `:`).Match(makefile) {
		return fmt.Errorf("the Makefile has no target %s", args[1])
	}
	if args[1] == "package" {
		term.made = append(term.made, "dist/function-arm64.zip", "dist/function-amd64.zip")
	}
	for _, variable := range args[2:] {
		if plan, is := strings.CutPrefix(variable, "PLAN="); is && plan != "greenlight.yaml" { // that one is the reader's
			return term.fileIs(plan)
		}
	}
	return nil
}

// script holds a script of this repository to be there.
func script(_ context.Context, term *terminal, args []string) error { return term.fileIs(args[0]) }

// archive makes a file in name only.
func archive(_ context.Context, term *terminal, args []string) error {
	term.made = append(term.made, args[1])
	return nil
}

// inContainer holds what follows the image, which is greenlight.
func inContainer(_ context.Context, _ *terminal, args []string) error {
	at := slices.IndexFunc(args, func(a string) bool { return strings.Contains(a, "/greenlight:") })
	if args[1] != "run" || at < 0 {
		return fmt.Errorf("%q runs no image of greenlight", args)
	}
	return holdFlags(args[at+1:])
}

// switchFault makes the request that curl would make, to a simulator.
func switchFault(ctx context.Context, term *terminal, args []string) error {
	method, body, address := http.MethodGet, "", ""
	for i := 1; i < len(args); i++ {
		switch args[i] {
		case "-X":
			i++
			method = args[i]
		case "-d":
			i++
			body = args[i]
		default:
			address = args[i]
		}
	}
	at, err := url.Parse(address)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, term.faults+at.Path, strings.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s %s: %s: %s", method, address, answer.Status, text)
	}
	return nil
}

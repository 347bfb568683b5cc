//go:build !function

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/usage/completion"
)

func completionCommand() command {
	return command{
		name: "completion", arguments: strings.Join(completion.Shells(), "|"), summary: completionSummary,
		help: "Commands, flags, and the values that are known: stages, formats, features, files. In the shell's start-up file:\n\n" +
			"  source <(greenlight completion bash)                                     # ~/.bashrc\n" +
			"  source <(greenlight completion zsh)                                      # ~/.zshrc, after compinit\n" +
			"  greenlight completion fish | source                                      # ~/.config/fish/config.fish\n" +
			"  greenlight completion powershell | Out-String | Invoke-Expression        # $PROFILE",
		run: runCompletion,
	}
}

func runCompletion(_ context.Context, a app, c command, args []string) int {
	arguments, code, ok := a.parse(c, flag.NewFlagSet(c.name, flag.ContinueOnError), args)
	switch {
	case !ok:
		return code
	case len(arguments) != 1:
		return a.wrong("completion takes one of %s", strings.Join(completion.Shells(), ", "))
	}
	for _, shell := range completion.Shells() {
		if shell != arguments[0] {
			continue
		}
		if err := completion.Write(a.stdout, shell, describeProgram()); err != nil {
			fmt.Fprintln(a.stderr, "greenlight:", err)
			return exitFailed
		}
		return exitPassed
	}
	return a.wrong("completion: %s", strictyaml.Unknown("shell", arguments[0], completion.Shells()))
}

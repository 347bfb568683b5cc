//go:build !function

package main

import (
	"context"
	"flag"
	"io"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// describeProgram describes the whole command line.
func describeProgram() usage.Program {
	p := usage.Program{Name: "greenlight", Summary: programSummary}
	help := usage.Command{Name: "help", Arguments: "[command]", Summary: "Say how greenlight or a command of it is used"}
	for _, c := range commands() {
		help.Operands.Words = append(help.Operands.Words, c.name)
		p.Commands = append(p.Commands, usage.Command{
			Name: c.name, Arguments: c.arguments, Summary: c.summary, Help: strings.TrimSpace(c.help),
			Flags: usage.Flags(flagsOf(c)), Operands: usage.Operands(c.arguments),
		})
	}
	p.Commands = append(p.Commands, help)
	return p
}

// flagsOf has a command say which flags it takes, and do nothing else.
func flagsOf(c command) *flag.FlagSet {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	a := app{
		stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" },
		describe: func(described *flag.FlagSet) { flags = described },
	}
	c.run(context.Background(), a, c, nil)
	return flags
}

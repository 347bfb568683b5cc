package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/usage"
)

func unknownCommand(name string) string {
	names := []string{"help"}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return strictyaml.Unknown("command", name, names) + "; greenlight help lists them"
}

// parse reads flags and arguments in any order, as in `greenlight run plan.yaml --stage S`. It gives false, and the
// exit code, where the command is done: its help was asked for, or a flag is wrong.
func (a app) parse(c command, flags *flag.FlagSet, args []string) (arguments []string, code int, ok bool) {
	if a.describe != nil {
		a.describe(flags)
		return nil, exitPassed, false
	}
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	for {
		switch err := flags.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			a.commandHelp(c, flags)
			return nil, exitPassed, false
		case err != nil:
			return nil, a.wrong("%s: %s; greenlight help %s lists the flags", c.name, flagError(err, flags), c.name), false
		}
		rest := flags.Args()
		if len(rest) == 0 {
			return arguments, exitPassed, true
		}
		// What stands behind -- is an argument, whatever it looks like.
		if at := len(args) - len(rest); at > 0 && args[at-1] == "--" {
			return append(arguments, rest...), exitPassed, true
		}
		arguments, args = append(arguments, rest[0]), rest[1:]
	}
}

// flagError names an unknown flag in the way of an unknown key.
func flagError(err error, flags *flag.FlagSet) string {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err.Error()
	}
	var valid []string
	flags.VisitAll(func(f *flag.Flag) { valid = append(valid, usage.Dashed(f.Name)) })
	return strictyaml.Unknown("flag", "--"+strings.TrimPrefix(name, "-"), valid)
}

func (a app) commandHelp(c command, flags *flag.FlagSet) {
	fmt.Fprintf(a.stdout, "%s.\n\nUsage: greenlight %s\n", c.summary, strings.TrimSpace(c.name+" "+c.arguments))
	if c.help != "" {
		fmt.Fprintf(a.stdout, "\n%s\n", strings.TrimSpace(c.help))
	}
	var heads, usages []string
	width := 0
	flags.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		head := strings.TrimSpace(usage.Dashed(f.Name) + " " + value)
		heads, usages, width = append(heads, head), append(usages, text), max(width, len(head))
	})
	if len(heads) > 0 {
		fmt.Fprint(a.stdout, "\nFlags:\n")
	}
	for i, head := range heads {
		fmt.Fprintf(a.stdout, "  %-*s  %s\n", width, head, usages[i])
	}
}

// variables collects --var name=value.
type variables map[string]string

func (v variables) String() string { return "" }

// Repeats says that each further one is added.
func (v variables) Repeats() bool { return true }

func (v variables) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("write it as name=value")
	}
	v[name] = value
	return nil
}

// word is a flag's value whose likely values are known, for completions; what is right is for the command to say.
type word struct {
	to     *string
	likely func() []string
	list   bool // several, with commas between them
}

func (w word) String() string {
	if w.to == nil {
		return ""
	}
	return *w.to
}

func (w word) Set(s string) error {
	*w.to = s
	return nil
}

// Suggest gives the likely values.
func (w word) Suggest() usage.Values { return usage.Values{Words: w.likely(), List: w.list} }

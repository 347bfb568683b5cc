// Package execcheck is the exec kind of check: a command on the machine that greenlight runs on, its exit code and what it
// writes. It is for the command line and the CodeDeploy agent. A function has no commands, and a plan that asks for one there
// is wrong.
//
// A command gets nothing that the plan doesn't name: of the environment PATH alone, so that commands are found, and no input.
// When its time is up it is killed with all that it has started; what it leaves running when it ends is killed too.
package execcheck

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout: commands start programs that take seconds to start, and
// some make many requests.
const DefaultTimeout = 30 * time.Second

// MaxOutput is how much of what a command writes is kept, of each of its two outputs, in bytes: 1 MiB. The rest is read and
// dropped, so that the command doesn't stand still.
const MaxOutput = 1 << 20

// Kind is the kind of check that this package holds. Where there is no command line it refuses what it is asked.
func Kind(commandLine bool) check.Kind {
	return check.Kind{
		Key:     "exec",
		Timeout: DefaultTimeout,
		New:     func() check.Check { return &Check{Command: Command{refused: !commandLine}} },
	}
}

// Check is one command and what is expected of it.
type Check struct {
	// Command is what is run: a program with its arguments, or a shell's script.
	Command Command `yaml:"exec,required"`
	// Expect is what must be true of its end and of what it writes: exit code 0 by default.
	Expect Expect `yaml:"expect"`
}

// Title is the command as the plan has it, on one line, cut to what people read.
func (c *Check) Title() string {
	const most = 80
	title := []rune(strictyaml.OneLine(c.Command.String()))
	if len(title) > most {
		return string(title[:most-1]) + "…"
	}
	return string(title)
}

// Run runs the command once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	result := c.run(ctx, scope)
	if result.Reason != "" {
		result.Reason = c.Title() + ": " + strictyaml.OneLine(result.Reason)
	}
	return result
}

// Command is what a plan says of a command: its words as a list, of which the first is the program, or the text of a script for
// /bin/sh; or a mapping with one of them as run.
type Command struct {
	// Run is the words, or the script.
	Run words `yaml:"run,required"`
	// Env are variables for the command.
	Env strictyaml.Map[strictyaml.Text] `yaml:"env"`
	// Inherit names variables of greenlight's own environment that the command gets; PATH is one in any case.
	Inherit []string `yaml:"inherit"`
	// Dir is the folder that it runs in; default the one that greenlight runs in.
	Dir strictyaml.Text `yaml:"dir"`
	// Stdin is what it reads; default nothing.
	Stdin strictyaml.Text `yaml:"stdin"`

	refused bool
}

// DecodeNode reads words, a script, or a mapping.
func (c *Command) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if c.refused {
		d.Problem(n, "commands run on the command line and by the CodeDeploy agent; in a Lambda function there are none to run")
		return
	}
	if !n.IsMapping() {
		c.Run.DecodeNode(d, n)
		return
	}
	type fields Command
	d.Fields(n, (*fields)(c))
	c.validate(d, n)
}

// JSONSchema describes words, a script, or a mapping.
func (*Command) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	const name = `[^= ]+`
	s := d.Fields(&Command{})
	s.Property("env").PropertyNames = &strictyaml.Schema{Pattern: "^" + name + "$", Not: strictyaml.Unfilled().Not}
	s.SetProperty("inherit", strictyaml.ListOf(
		strictyaml.AnyOf(strictyaml.Matching(name), &strictyaml.Schema{Type: strictyaml.Types{"number", "boolean"}}), 0))
	return strictyaml.AnyOf((*words)(nil).JSONSchema(d), s)
}

func (c *Command) validate(d *strictyaml.Decoder, n strictyaml.Node) {
	env, _ := n.Get("env")
	for _, pair := range env.Pairs() {
		if name := pair.Key.Text(); !isVariable(name) {
			d.Problem(pair.Key, "env: %q can't be the name of a variable", name)
		}
	}
	inherit, _ := n.Get("inherit")
	for i, item := range inherit.Items() {
		if i < len(c.Inherit) && !isVariable(c.Inherit[i]) {
			d.Problem(item, "inherit: %q can't be the name of a variable", c.Inherit[i])
		}
	}
}

// isVariable says that a variable can be named so: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
func isVariable(name string) bool { return name != "" && !strings.ContainsAny(name, "=\x00 ") }

// String is the command as the plan has it.
func (c *Command) String() string { return c.Run.String() }

// words are a program and its arguments, or the script of a shell.
type words struct {
	list   []strictyaml.Text
	script string
}

// DecodeNode reads a list, whose names each fill one word, or a text. A text's names would be read by the shell, and what they
// stand for could be anything: they are given as variables.
func (w *words) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	switch {
	case n.IsSequence():
		d.Decode(n, &w.list)
		if len(w.list) == 0 || w.list[0].IsZero() || w.list[0].String() == "" {
			d.Problem(n, "the list names no program")
		}
	case !n.IsString():
		d.Mismatch(n, "a command: a list of words such as [./smoke.sh, --quick], or the text of a shell's script")
	case strings.TrimSpace(n.Text()) == "":
		d.Problem(n, "the command is empty")
	case strings.Contains(n.Text(), "{{"):
		d.ProblemAt(n, strings.Index(n.Text(), "{{"), 2,
			`a shell would read what a name stands for: give it as a variable, {run: 'curl "$URL"', env: {URL: "{{ green.url }}"}}, or write the command as a list of words`)
	default:
		w.script = n.Text()
	}
}

// JSONSchema describes a list of words, or a text without names.
func (*words) JSONSchema(d *strictyaml.Describer) *strictyaml.Schema {
	script := &strictyaml.Schema{Type: strictyaml.Types{"string"}, Pattern: `\S`, Not: &strictyaml.Schema{Pattern: `\{\{`}}
	return strictyaml.AnyOf(strictyaml.ListOf(strictyaml.Of[strictyaml.Text](d), 1), script)
}

func (w *words) String() string {
	if w.list == nil {
		return w.script
	}
	all := make([]string, len(w.list))
	for i, t := range w.list {
		all[i] = t.String()
	}
	return strings.Join(all, " ")
}

// shell runs scripts.
const shell = "/bin/sh"

// expand gives the words with their names filled in.
func (w *words) expand(lookup strictyaml.Lookup) ([]string, error) {
	if w.list == nil {
		return []string{shell, "-c", w.script}, nil
	}
	all := make([]string, len(w.list))
	for i, t := range w.list {
		var err error
		if all[i], err = t.Expand(lookup); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Expect is what a plan expects of a command. All of it must be true. Where it doesn't name an exit code, that must still be 0.
type Expect struct {
	// Exit is the exit code, or a list of those that will do.
	Exit strictyaml.OneOrMany[int] `yaml:"exit"`
	// Stdout is what it writes to standard output, without white space at the end.
	Stdout *expect.Text `yaml:"stdout"`
	// Stderr is what it writes to standard error, without white space at the end.
	Stderr *expect.Text `yaml:"stderr"`
	// JSON is what it writes to standard output, by JSON path.
	JSON expect.JSON `yaml:"json"`
	// Duration is how long it ran.
	Duration *expect.Duration `yaml:"duration"`
}

// Validate refuses codes that no command ends with.
func (e *Expect) Validate(d *strictyaml.Decoder, n strictyaml.Node) {
	at, _ := n.Get("exit")
	for _, code := range e.Exit {
		if code < 0 || code > 255 {
			d.Problem(at, "exit: exit codes go from 0 to 255, found %d", code)
		}
	}
}

// exits judges an exit code.
func (e *Expect) exits(code int) *expect.Mismatch {
	wanted := []int(e.Exit)
	if wanted == nil {
		wanted = []int{0}
	}
	if slices.Contains(wanted, code) {
		return nil
	}
	texts := make([]string, len(wanted))
	for i, w := range wanted {
		texts[i] = strconv.Itoa(w)
	}
	return &expect.Mismatch{Subject: "exit code", Got: strconv.Itoa(code), Expected: strings.Join(texts, " or ")}
}

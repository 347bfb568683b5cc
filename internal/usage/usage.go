// Package usage describes a command line: its commands, their flags and what these take. Help texts, completions and the
// manual page are made of one such description, so that none of them can say something else than the program does.
package usage

import (
	"flag"
	"strings"
	"unicode/utf8"
)

// Program is a command line with subcommands.
type Program struct {
	Name     string
	Summary  string // one sentence, without its full stop
	Commands []Command
}

// Command is one subcommand.
type Command struct {
	Name string
	// Arguments are as a line of usage shows them: "[plan] [flags]".
	Arguments string
	Summary   string // one sentence, without its full stop
	// Help says what the summary leaves open. What is indented in it is shown as it is.
	Help  string
	Flags []Flag
	// Operands are what the arguments may be that aren't flags.
	Operands Values
}

// Flag is one flag of a command.
type Flag struct {
	Name  string
	Usage string
	// Value names what the flag takes, as in --green URL; empty where it takes nothing.
	Value string
	// Repeats: it may be given several times.
	Repeats bool
	Values  Values
}

// Dashed is the flag as it is written: -w, --stage.
func (f Flag) Dashed() string { return Dashed(f.Name) }

// Dashed writes a flag's name as people do: one dash before a single letter, two before a word.
func Dashed(name string) string {
	if utf8.RuneCountInString(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// Values are what is known of the values of a flag or an argument, so that a shell can offer them. The zero one is of those of which nothing is known.
type Values struct {
	// Words are the values, or the likely ones.
	Words []string
	// List: several words, with commas between them.
	List bool
	// Files: it is a file's name.
	Files bool
}

// valueFile is the name of values that are files: --event file.
const valueFile = "file"

// Suggester is a flag.Value that knows its likely values.
type Suggester interface{ Suggest() Values }

// Repeater is a flag.Value that may be given several times.
type Repeater interface{ Repeats() bool }

// Flags describes the flags of a set, in the order of their names.
func Flags(set *flag.FlagSet) []Flag {
	var flags []Flag
	set.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		described := Flag{Name: f.Name, Value: value, Usage: text, Values: Values{Files: value == valueFile}}
		if s, ok := f.Value.(Suggester); ok {
			described.Values = s.Suggest()
		}
		if r, ok := f.Value.(Repeater); ok {
			described.Repeats = r.Repeats()
		}
		flags = append(flags, described)
	})
	return flags
}

// Operands reads what the arguments of a command may be from its line of usage: "[plan|cases]" are those words, any other
// name but [flags], such as "[plan…]", is a file.
func Operands(arguments string) Values {
	for name := range strings.FieldsSeq(arguments) {
		name = strings.Trim(name, "[]…")
		switch {
		case name == "flags":
		case strings.Contains(name, "|"):
			return Values{Words: strings.Split(name, "|")}
		default:
			return Values{Files: true}
		}
	}
	return Values{}
}

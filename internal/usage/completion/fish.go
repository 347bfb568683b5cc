package completion

import (
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// fish needs fish 3.0 or newer.
func fish(p usage.Program) string {
	l := new(lines)
	l.add("# fish completion of %s: %[1]s completion fish | source\n", p.Name)
	l.add("function __%s_command -d 'whether that command is given, or none'", p.Name)
	l.add("  set -l words (commandline -opc)")
	l.add("  test \"$words[2]\" = \"$argv[1]\"\nend\n")
	l.add("complete -c %s -f", p.Name)
	for _, c := range p.Commands {
		l.add("complete -c %s -n '__%[1]s_command \"\"' -a %s -d %s", p.Name, c.Name, fishQuote(c.Summary))
	}
	for _, c := range p.Commands {
		l.add("")
		here := "complete -c " + p.Name + " -n '__" + p.Name + "_command " + c.Name + "'"
		if offered := fishValues(c.Operands); offered != "" {
			l.add("%s%s", here, offered)
		}
		for _, f := range c.Flags {
			option := " -l "
			if len(f.Name) == 1 {
				option = " -s "
			}
			value := ""
			if f.Value != "" {
				value = " -r" + fishValues(f.Values)
			}
			l.add("%s%s%s%s -d %s", here, option, f.Name, value, fishQuote(f.Usage))
		}
		l.add("%s -l help -d 'say how the command is used'", here)
	}
	return l.String()
}

func fishValues(v usage.Values) string {
	words := fishQuote(strings.Join(v.Words, " "))
	switch {
	case v.List:
		return " -a '(__fish_append , " + strings.Join(v.Words, " ") + ")'"
	case len(v.Words) > 0:
		return " -a " + words
	case v.Files:
		return " -F"
	}
	return ""
}

// fishQuote is a word of fish, which knows \\ and \' between single quotes.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

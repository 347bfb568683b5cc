package completion

import (
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// zsh is a script for a file _name in a folder of $fpath, and for source <(…).
func zsh(p usage.Program) string {
	l := new(lines)
	l.add("#compdef %s", p.Name)
	l.add("# zsh completion of %s: source <(%[1]s completion zsh), or a file _%[1]s in a folder of $fpath\n", p.Name)
	l.add("_%s() {", p.Name)
	l.add("  local curcontext=$curcontext state line")
	l.add("  local -A opt_args")
	l.add("  _arguments -C '1:command:->command' '*::argument:->arguments'")
	l.add("  case $state in")
	l.add("  command)\n    local -a commands=(")
	for _, c := range p.Commands {
		l.add("      %s", quote(strings.ReplaceAll(c.Name, ":", `\:`)+":"+c.Summary))
	}
	l.add("    )\n    _describe -t commands command commands\n    ;;")
	l.add("  arguments)\n    case $line[1] in")
	for _, c := range p.Commands {
		l.add("    %s)\n      _arguments \\", c.Name)
		for _, f := range c.Flags {
			l.add("        %s \\", quote(zshFlag(f)))
		}
		if action := zshAction(c.Operands); action != "" {
			l.add("        %s \\", quote("*:argument:"+action))
		}
		l.add("        '(- *)--help[say how the command is used]'\n      ;;")
	}
	l.add("    esac\n    ;;")
	l.add("  esac\n}\n")
	l.add("if [[ $funcstack[1] == _%s ]]; then\n  _%[1]s \"$@\"\nelse\n  compdef _%[1]s %[1]s\nfi", p.Name)
	return l.String()
}

func zshFlag(f usage.Flag) string {
	repeats, takes, message := "", "", ""
	if f.Repeats {
		repeats = "*"
	}
	if f.Value != "" {
		takes, message = "=", ":"+zshEscape.Replace(f.Value)+":"+zshAction(f.Values)
	}
	if takes != "" && strings.HasPrefix(f.Dashed(), "--") {
		// The value may be in the same word, or the next.
		return repeats + f.Dashed() + takes + "[" + zshEscape.Replace(f.Usage) + "]" + message
	}
	return repeats + f.Dashed() + "[" + zshEscape.Replace(f.Usage) + "]" + message
}

// zshEscape keeps texts from what _arguments reads in them.
var zshEscape = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)

func zshAction(v usage.Values) string {
	switch {
	case v.List:
		return "_sequence compadd - " + strings.Join(v.Words, " ")
	case len(v.Words) > 0:
		return "(" + strings.Join(v.Words, " ") + ")"
	case v.Files:
		return "_files"
	}
	return ""
}

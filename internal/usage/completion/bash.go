package completion

import (
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// bash needs nothing but bash, 3.2 or newer: macOS has no newer one, and the package bash-completion isn't everywhere.
func bash(p usage.Program) string {
	l := new(lines)
	l.add("# bash completion of %s: source <(%[1]s completion bash)", p.Name)
	l.add("# shellcheck shell=bash")
	l.WriteString(strings.ReplaceAll(bashHelpers, "PROGRAM", p.Name))
	l.add("\n_%s() {", p.Name)
	l.add("  local cur=${COMP_WORDS[COMP_CWORD]} flag='' flags=''")
	l.add("  COMPREPLY=()")
	l.add("  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    _%s_words \"$cur\" %s\n    return\n  fi", p.Name, quote(commandNames(p)))
	// readline takes --flag=value for three words.
	l.add("  flag=${COMP_WORDS[COMP_CWORD-1]}")
	l.add("  if [ \"$cur\" = = ]; then\n    cur=''\n  elif [ \"$flag\" = = ]; then\n    flag=${COMP_WORDS[COMP_CWORD-2]}\n  fi")
	l.add("  case \"${COMP_WORDS[1]} $flag\" in")
	var unknown []string // flags with values of which nothing is known
	for _, c := range p.Commands {
		for _, f := range c.Flags {
			offer := bashValues(p.Name, f.Values)
			switch {
			case f.Value == "":
			case offer == "":
				unknown = append(unknown, quote(c.Name+" "+f.Dashed()))
			default:
				l.add("    %s) %s; return ;;", quote(c.Name+" "+f.Dashed()), offer)
			}
		}
	}
	if len(unknown) > 0 {
		l.add("    %s) return ;;", strings.Join(unknown, " | "))
	}
	l.add("  esac")
	l.add("  case ${COMP_WORDS[1]} in")
	for _, c := range p.Commands {
		offer := bashValues(p.Name, c.Operands)
		if offer != "" {
			offer = "; [[ $cur == -* ]] || " + offer
		}
		l.add("    %s) flags=%s%s ;;", c.Name, quote(dashed(c.Flags)), offer)
	}
	l.add("  esac")
	l.add("  [[ $cur != -* ]] || _%s_words \"$cur\" \"$flags\"", p.Name)
	l.add("}\n")
	l.add("complete -F _%s %[1]s", p.Name)
	return l.String()
}

// bashHelpers put what fits the word under the cursor into COMPREPLY.
const bashHelpers = `
_PROGRAM_words() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$2" -- "$1")
}

_PROGRAM_list() {
  local before='' word
  [[ $1 != *,* ]] || before=${1%,*},
  while IFS= read -r word; do COMPREPLY+=("$before$word"); done < <(compgen -W "$2" -- "${1##*,}")
  compopt -o nospace 2>/dev/null # bash 3.2 has none
}

_PROGRAM_files() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$1")
  compopt -o filenames 2>/dev/null
}
`

func bashValues(program string, v usage.Values) string {
	switch {
	case v.List:
		return "_" + program + "_list \"$cur\" " + quote(strings.Join(v.Words, " "))
	case len(v.Words) > 0:
		return "_" + program + "_words \"$cur\" " + quote(strings.Join(v.Words, " "))
	case v.Files:
		return "_" + program + "_files \"$cur\""
	}
	return ""
}

func dashed(flags []usage.Flag) string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Dashed())
	}
	return strings.Join(append(names, "--help"), " ")
}

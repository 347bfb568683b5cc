// Package completion writes the scripts with which shells complete a command line.
package completion

import (
	"fmt"
	"io"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/usage"
)

// Shells are those that a script can be written for.
func Shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// Write writes the script of one of Shells.
func Write(out io.Writer, shell string, p usage.Program) error {
	scripts := map[string]func(usage.Program) string{"bash": bash, "zsh": zsh, "fish": fish, "powershell": powerShell}
	script, known := scripts[shell]
	if !known {
		return fmt.Errorf("no completion is written for the shell %q: the shells are %s", shell, strings.Join(Shells(), ", "))
	}
	if _, err := io.WriteString(out, script(p)); err != nil {
		return fmt.Errorf("writing the completion for %s: %w", shell, err)
	}
	return nil
}

// lines collects a script.
type lines struct{ strings.Builder }

func (l *lines) add(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

func commandNames(p usage.Program) string {
	names := make([]string, 0, len(p.Commands))
	for _, c := range p.Commands {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

// quote is a word for shells in which what stands between single quotes is as it is, bash and zsh.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

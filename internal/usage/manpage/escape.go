package manpage

import (
	"fmt"
	"strings"
)

// escape writes text as roff shows it: as it is, and dashes as what can be copied into a shell.
//
// https://man.openbsd.org/mandoc_char.7
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '`':
			b.WriteString("\\(ga")
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// input keeps an escaped line of text from being read as a request, which begins with a dot.
func input(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}

// arguments writes words for a line that begins with a macro: none of them is one itself, or punctuation that the macro would move.
func arguments(s string) string {
	words := strings.Fields(s)
	for i, word := range words {
		words[i] = `\&` + strings.ReplaceAll(escape(word), `"`, `\(dq`)
	}
	return strings.Join(words, " ")
}

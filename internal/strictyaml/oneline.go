package strictyaml

import "strings"

// OneLine folds text onto one line: a reason must fit one, whatever it quotes.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

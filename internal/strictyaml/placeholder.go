package strictyaml

import "strings"

// braces is one {{ … }} of a text.
type braces struct {
	start, end int    // bytes of the text; end is -1 where there is no }}
	inside     string // without white space around it
}

// nextBraces finds the first {{ at or after a byte of the text. Braces between quotes inside of it belong to the quoted
// text: {{ "}}" }}. It gives false where there is none.
func nextBraces(text string, from int) (braces, bool) {
	open := strings.Index(text[from:], "{{")
	if open < 0 {
		return braces{}, false
	}
	start := from + open
	rest := text[start+2:]
	skip := quotedWidth(rest)
	end := strings.Index(rest[skip:], "}}")
	if end < 0 || skip == 0 && strings.Contains(rest[:end], "{{") {
		return braces{start: start, end: -1}, true
	}
	end += skip
	return braces{start: start, end: start + 2 + end + 2, inside: strings.TrimSpace(rest[:end])}, true
}

// quotedWidth is how many bytes a quoted text at the start takes, where }} follows it; 0 where none is.
func quotedWidth(s string) int {
	trimmed := strings.TrimLeft(s, " ")
	if trimmed == "" || trimmed[0] != '"' && trimmed[0] != '\'' {
		return 0
	}
	end := strings.IndexByte(trimmed[1:], trimmed[0])
	if end < 0 || !strings.HasPrefix(strings.TrimLeft(trimmed[end+2:], " "), "}}") {
		return 0
	}
	return len(s) - len(trimmed) + end + 2
}

// isQuoted says whether what stands between braces is text that means itself.
func isQuoted(s string) bool {
	return len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && strings.IndexByte(s[1:], s[0]) == len(s)-2
}

// isName says whether a text has the form of a name: words of letters, digits, _ and -, with dots between them.
func isName(s string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" {
			return false
		}
		for i := range len(word) {
			switch c := word[i]; {
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
			case i > 0 && (c >= '0' && c <= '9' || c == '-'):
			default:
				return false
			}
		}
	}
	return true
}

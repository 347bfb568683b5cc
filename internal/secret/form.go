package secret

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode"
)

// form is a text to look for: a secret, or what base64 makes of it.
type form struct {
	chars []char
	// least is how many characters of it are masked where an ellipsis cuts off the others.
	least int
	// before and after say that the character next to it has bits of it.
	before, after bool
}

// char is a character of a form. A run of white space is one character, for texts are folded onto a line, and a plus is white
// space, for in a URL's query it stands for it. So is a run of backslashes, for they are doubled as often as a text is quoted.
type char rune

const (
	space     char = ' '
	backslash char = '\\'
)

// begins is the byte that the character begins with where it isn't escaped.
func (c char) begins() byte { return encoded(rune(c))[0] }

// formsOf are the forms of one secret.
func formsOf(secret string) []form {
	all := []form{{chars: charsOf(secret), least: Shortest}}
	inText, _ := json.Marshal(secret) // a string has no error
	written := map[string]bool{}
	for _, variant := range []string{
		secret, strings.TrimSpace(secret), strings.Trim(string(inText), `"`), url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
	} {
		for offset := range 3 {
			f, text := inBase64(variant, offset)
			for _, f.chars = range [][]char{charsOf(text), charsOf(urlAlphabet.Replace(text))} {
				if key := string(rune('0'+offset)) + string(runesOf(f.chars)); !written[key] {
					written[key] = true
					all = append(all, f)
				}
			}
		}
	}
	return all
}

var urlAlphabet = strings.NewReplacer("+", "-", "/", "_")

// inBase64 is what stands in base64 for a text before which there are offset bytes, or three or six or … more: those of its
// characters that no bit of a neighbour has a part in.
func inBase64(text string, offset int) (form, string) {
	const bitsOfByte, bitsOfChar, leastOfText = 8, 6, Shortest + 2
	start, end := offset*bitsOfByte, (offset+len(text))*bitsOfByte
	all := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), text...))
	whole := all[(start+bitsOfChar-1)/bitsOfChar : end/bitsOfChar]
	return form{least: leastOfText, before: start%bitsOfChar != 0, after: end%bitsOfChar != 0}, whole
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("+/-_", c) >= 0
}

func charsOf(text string) []char {
	text = strings.TrimSpace(text)
	chars := make([]char, 0, len(text))
	for i := 0; i < len(text); {
		r, size := decodeRune(text[i:])
		c := char(r)
		if isSpace(r) {
			c = space
		}
		if last := len(chars) - 1; last < 0 || c != space && c != backslash || chars[last] != c {
			chars = append(chars, c)
		}
		i += size
	}
	return chars
}

func isSpace(r rune) bool { return r == '+' || unicode.IsSpace(r) }

func runesOf(chars []char) []rune {
	runes := make([]rune, len(chars))
	for i, c := range chars {
		runes[i] = rune(c)
	}
	return runes
}

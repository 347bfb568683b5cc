package secret

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const ellipsis = "…"

// match gives where a form ends that stands in the text from byte i on, whichever of its characters are escaped there; -1
// where it doesn't stand there. An ellipsis may cut it off after least characters. Where there are several ways to read what
// stands there, all are followed.
func match(chars []char, text string, i, least int) int {
	if chars[0].isPlain() && i < len(text) && isPlain(text[i]) && chars[0].begins() != text[i] {
		return -1 // as nearly everywhere
	}
	at := []int{i}
	for n, c := range chars {
		var next []int
		for _, i := range at {
			next = append(next, c.ends(text, i)...)
		}
		if len(next) == 0 {
			return cutOff(text, at, n >= least)
		}
		slices.Sort(next)
		at = slices.Compact(next)
	}
	return at[len(at)-1]
}

// longestEscape is more than any character takes that is escaped, in bytes.
const longestEscape = 16

// cutOff gives where the ellipsis begins that cuts off the text at one of the bytes, be it in the middle of an escape; -1
// where there is none, or where not enough stands before it.
func cutOff(text string, at []int, enough bool) int {
	if !enough {
		return -1
	}
	for _, i := range slices.Backward(at) {
		rest := text[i:]
		cut := strings.Index(rest[:min(len(rest), longestEscape+len(ellipsis))], ellipsis)
		if cut == 0 || cut > 0 && !isPlain(rest[0]) {
			return i + cut
		}
	}
	return -1
}

// isPlain says that no escape begins with the byte.
func isPlain(b byte) bool { return b != '%' && b != '\\' && b != '&' }

// isPlain says that the character stands for itself alone.
func (c char) isPlain() bool { return c != space && c != backslash }

// ends gives where the character may end that stands at byte i.
func (c char) ends(text string, i int) []int {
	switch c {
	case space:
		return runEnds(text, i, isSpace)
	case backslash:
		return runEnds(text, i, func(r rune) bool { return r == '\\' })
	}
	var ends []int
	for _, read := range readings(text, i) {
		if char(read.r) == c {
			ends = append(ends, read.end)
		}
	}
	return ends
}

// mostEnds bounds the ways to read a run. Texts that need more of them are no text's escape.
const mostEnds = 64

// runEnds gives where a run of characters may end, which others of the kind may follow that belong to something else: the
// last backslash may begin the escape of what follows. A run that has begun before gives none.
func runEnds(text string, i int, of func(rune) bool) []int {
	if before, _ := utf8.DecodeLastRuneInString(text[:i]); i > 0 && of(before) {
		return nil
	}
	ends := []int{i}
	for next := 0; next < len(ends); next++ {
		for _, read := range readings(text, ends[next]) {
			if at, known := slices.BinarySearch(ends, read.end); of(read.r) && !known {
				ends = slices.Insert(ends, at, read.end)
			}
		}
		if most := mostEnds; len(ends) > most { // those in the middle can be done without
			ends = slices.Delete(ends, 1, 1+most/2)
			next = max(next-most/2, 0)
		}
	}
	return ends[1:]
}

// reading is a character that may stand in a text, and where it ends; the zero one is none.
type reading struct {
	r   rune
	end int
}

// readings are the ways to read what stands at byte i: as it is, and as an escape, which may be escaped again.
func readings(text string, i int) []reading {
	if i >= len(text) {
		return nil
	}
	all := make([]reading, 1, 3)
	r, size := decodeRune(text[i:])
	all[0] = reading{r, i + size}
	switch text[i] {
	case '%':
		all = append(all, percent(text, i, percentByte), percent(text, i, percentTwice))
	case '\\':
		all = append(all, escaped(text, i))
	case '&':
		all = append(all, entity(text, i))
	}
	return slices.DeleteFunc(all, func(r reading) bool { return r.end == 0 })
}

// notText is added to a byte that is none of a character: it is told from all characters then.
const notText = utf8.MaxRune + 1

func decodeRune(text string) (rune, int) {
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 {
		return notText + rune(text[0]), 1
	}
	return r, size
}

func encoded(r rune) string {
	if r >= notText {
		return string([]byte{byte(r - notText)})
	}
	return string(r)
}

// percent reads a character of one or more bytes that are each escaped.
func percent(text string, i int, read func(string, int) (byte, int)) reading {
	var bytes []byte
	for len(bytes) < utf8.UTFMax {
		b, end := read(text, i)
		if end == 0 {
			break
		}
		bytes, i = append(bytes, b), end
		if utf8.FullRune(bytes) {
			if r, size := decodeRune(string(bytes)); size == len(bytes) {
				return reading{r, i}
			}
			break
		}
	}
	return reading{}
}

// percentByte reads %XX; its end is 0 where there is none.
func percentByte(text string, i int) (b byte, end int) {
	if i+3 > len(text) || text[i] != '%' || !isHex(text[i+1:i+3]) {
		return 0, 0
	}
	value, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
	if err != nil {
		return 0, 0
	}
	return byte(value), i + 3
}

// percentTwice reads %25XX, which is %XX escaped again.
func percentTwice(text string, i int) (b byte, end int) {
	if percent, inner := percentByte(text, i); percent != '%' || inner+2 > len(text) || inner == 0 {
		return 0, 0
	}
	b, end = percentByte("%"+text[i+3:i+5], 0)
	if end == 0 {
		return 0, 0
	}
	return b, i + 5
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// escapes are the letters that stand behind a backslash for something else.
var escapes = map[byte]rune{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', 'v': '\v', 'a': '\a', '"': '"', '\'': '\'', '/': '/'}

// mostBackslashes is more than a text gets that is quoted within a quoted text within a quoted text.
const mostBackslashes = 16

// escaped reads what stands behind one or more backslashes, in JSON or in a quoted text of Go's.
func escaped(text string, i int) reading {
	for most := i + mostBackslashes; i < most && i < len(text) && text[i] == '\\'; {
		i++
	}
	if i == len(text) {
		return reading{}
	}
	if r, ok := escapes[text[i]]; ok {
		return reading{r, i + 1}
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
	r, end, ok := hexRune(text, i+1, digits)
	if !ok {
		return reading{}
	}
	if utf16.IsSurrogate(r) {
		at := end
		for at < len(text) && text[at] == '\\' {
			at++
		}
		if low, lowEnd, ok := hexRune(text, at+1, digits); ok && at > end && text[at] == 'u' {
			return reading{utf16.DecodeRune(r, low), lowEnd}
		}
	}
	if digits == 2 && r >= utf8.RuneSelf {
		r += notText
	}
	return reading{r, end}
}

func hexRune(text string, i, digits int) (r rune, end int, ok bool) {
	end = i + digits
	if digits == 0 || end > len(text) {
		return 0, 0, false
	}
	value, err := strconv.ParseUint(text[i:end], 16, 32)
	return rune(value), end, err == nil && value <= utf8.MaxRune
}

// entity reads a character that is written as in HTML.
func entity(text string, i int) reading {
	end := strings.IndexByte(text[i:min(len(text), i+longestEscape)], ';')
	if end < 0 {
		return reading{}
	}
	end += i + 1
	plain := html.UnescapeString(text[i:end])
	r, size := decodeRune(plain)
	if size != len(plain) || plain == text[i:end] {
		return reading{}
	}
	return reading{r, end}
}

package secret

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Masker finds secrets in texts and puts [Mask] in their place: as they are, as a part of a longer text, and encoded in the
// ways in which a secret gets into a request or an answer, alone or with others around it:
//
//   - percent-encoded as in a URL's path, query or form, in either case of its digits, also twice;
//   - escaped as in JSON, in a quoted text of Go's or in HTML;
//   - in base64 of either alphabet, with or without padding, wherever in the encoded text it begins: in the value of an
//     Authorization header of the scheme Basic, it stands behind a user's name;
//   - folded onto one line, and cut off by an ellipsis: four characters or more of it are masked then.
//
// What is hashed, encrypted or encoded otherwise isn't found. The zero Masker masks nothing. It is safe for concurrent use.
type Masker struct {
	adding sync.Mutex
	forms  atomic.Pointer[forms]
}

// forms are those of all secrets, by the byte that they begin with where nothing of them is escaped.
type forms struct {
	all   []form
	first [256][]int
	known map[string]bool
}

// Add has a text masked from now on. Texts of less than [Shortest] characters, white space around them aside, are ignored:
// they stand in every second line, and masking them would tell that.
func (m *Masker) Add(text string) {
	m.adding.Lock()
	defer m.adding.Unlock()
	old := m.forms.Load()
	if IsShort(text) || old != nil && old.known[text] {
		return
	}
	grown := &forms{known: map[string]bool{text: true}, all: formsOf(text)}
	if old != nil {
		grown.all = append(slices.Clone(old.all), grown.all...)
		for known := range old.known {
			grown.known[known] = true
		}
	}
	for i, f := range grown.all {
		begins := f.chars[0].begins()
		grown.first[begins] = append(grown.first[begins], i)
	}
	m.forms.Store(grown)
}

// Mask gives the text with all secrets in it masked.
func (m *Masker) Mask(text string) string {
	known := m.forms.Load()
	if known == nil || text == "" {
		return text
	}
	spans := known.find(text)
	if spans == nil {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range merged(spans) {
		b.WriteString(text[at:s.start])
		b.WriteString(Mask)
		at = s.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// mostCuts is how many ellipses of a text are looked behind: a reason or a log line has a few.
const mostCuts = 64

// span is a part of a text, in bytes.
type span struct{ start, end int }

func (k *forms) find(text string) []span {
	var spans []span
	cuts := 0
	for i := range len(text) {
		if cuts < mostCuts && strings.HasPrefix(text[i:], ellipsis) {
			cuts++
			spans = append(spans, k.afterCut(text, i+len(ellipsis))...)
		}
		switch text[i] {
		case '%', '\\', '&', '+': // each form may begin with a character that is written so
			for n := range k.all {
				spans = k.all[n].at(text, i, spans)
			}
		default:
			first := text[i]
			if r, _ := decodeRune(text[i:]); isSpace(r) {
				first = space.begins() // which all white space is one with
			}
			for _, n := range k.first[first] {
				spans = k.all[n].at(text, i, spans)
			}
		}
	}
	return spans
}

// at adds where the form stands in the text from byte i on.
func (f *form) at(text string, i int, spans []span) []span {
	end := match(f.chars, text, i, f.least)
	if end < 0 {
		return spans
	}
	// Where a character of base64 holds bits of a neighbour too, the rest of its bits are the secret's.
	if f.before && i > 0 && isBase64(text[i-1]) {
		i--
	}
	if f.after && end < len(text) && isBase64(text[end]) {
		end++
	}
	return append(spans, span{i, end})
}

// afterCut finds the end of a form behind an ellipsis that has cut off its beginning.
func (k *forms) afterCut(text string, start int) []span {
	var spans []span
	for n := range k.all {
		f := &k.all[n]
		for from := 1; from+f.least <= len(f.chars); from++ {
			if end := match(f.chars[from:], text, start, f.least); end > 0 {
				spans = append(spans, span{start, end})
				break
			}
		}
	}
	return spans
}

// merged are spans in order, those that overlap as one.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	out := spans[:1]
	for _, s := range spans[1:] {
		if last := &out[len(out)-1]; s.start < last.end {
			last.end = max(last.end, s.end)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// Shortest is how many characters a secret has at least.
const Shortest = 4

// IsShort says that a text is too short to be masked.
func IsShort(text string) bool { return utf8.RuneCountInString(strings.TrimSpace(text)) < Shortest }

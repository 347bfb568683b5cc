package elb

import (
	"regexp"
	"strings"
	"testing"
)

func FuzzAPatternMatchesWhatItsRegularExpressionMatches(f *testing.F) {
	for _, seed := range [][2]string{
		{"/img/*", "/img/a/b"},
		{"/img/*/pics", "/img//pics"},
		{"*.example.com", "test.example.com"},
		{"a?c", "ac"},
		{"**a*?b", "xxaybab"},
		{"*", ""},
		{"", "x"},
		{`\*`, "*"},
		{"*a*a*a*a*b", "aaaaaaaaaaaaaaaa"},
		{"[a]", "[a]"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, subject string) {
		for _, s := range []string{text, subject} {
			for _, c := range s {
				if c > 126 || c < ' ' {
					return // characters and bytes are one in what rules may hold
				}
			}
		}
		quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text))
		if strings.Contains(text, `\`) {
			return // a quoted backslash would be taken for that of a quoted wildcard
		}
		want := regexp.MustCompile("(?s)^" + quoted + "$").MatchString(subject)
		if got := compilePattern(text, false, false).match(subject); got != want {
			t.Errorf("%q on %q: %v, want %v", text, subject, got, want)
		}
	})
}

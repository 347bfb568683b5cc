package strictyaml_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// FuzzRead holds what is true of every file: reading it doesn't panic, and each problem has one line of message and a
// place inside of the file.
func FuzzRead(f *testing.F) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i += 2 {
			f.Add(archive.Files[i].Data)
		}
	}
	for _, seed := range []string{"a: 1\r\n\tb: 2", "\uFEFF? |", "a\u2028b: [", "- \u0085- >", "\"\\", "'\x00", "green: \"\\x7b{ nope }}\"", "green: '''{{ x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		err := read(string(src), new(plan))
		if err == nil {
			return
		}
		var problems strictyaml.Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("an error that isn't Problems: %v", err)
		}
		lines := linesOf(string(src))
		for _, p := range problems {
			if strings.ContainsFunc(p.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("not one line: %q", p.Error())
			}
			if p.Line < 1 || p.Line > len(lines) {
				t.Fatalf("%s is on line %d of %d", p.Message, p.Line, len(lines))
			}
			if line := lines[p.Line-1]; p.Column < 1 || p.Column > len(line)+1 {
				t.Errorf("%s is in column %d of %q", p.Message, p.Column, line)
			} else if utf8.ValidString(line) && !utf8.ValidString(line[:p.Column-1]) {
				t.Errorf("%s is in column %d of %q, in the middle of a letter", p.Message, p.Column, line)
			}
			if excerpt := p.Excerpt(); excerpt != "" && strings.Count(excerpt, "\n") != 1 {
				t.Errorf("an excerpt is two lines, not %q", excerpt)
			}
		}
	})
}

// linesOf splits where YAML does, by the letter of its specification, apart from how the package does it.
func linesOf(src string) []string {
	src = strings.TrimPrefix(src, "\uFEFF")
	var lines []string
	start := 0
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRuneInString(src[i:])
		switch {
		case r == '\r' && strings.HasPrefix(src[i+1:], "\n"):
			size = 2
			fallthrough
		case r == '\n', r == '\r', r == 0x85, r == 0x2028, r == 0x2029:
			lines = append(lines, src[start:i])
			start = i + size
		}
		i += size
	}
	return append(lines, src[start:])
}

func FuzzUnknown(f *testing.F) {
	f.Add("tiemout", "timeout", "retry")
	f.Add("", "", "")
	f.Add("größe", "grösse", "\xff")
	f.Fuzz(func(t *testing.T, name, a, b string) {
		if got := strictyaml.Unknown("key", name, []string{a, b}); !strings.HasPrefix(got, "unknown key ") {
			t.Errorf("got %q", got)
		}
	})
}

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the page of symptoms quotes is said by the code: each quotation, cut at its …, is looked for in the sources.
func TestWhatTroubleshootingQuotesIsWhatIsSaid(t *testing.T) {
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, room := range []string{"../../hook", "../../internal", "../../cmd"} {
		if err := filepath.WalkDir(room, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			sources.Write(text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	quoted := 0
	for line := range strings.Lines(string(page)) {
		quotation, isQuotation := strings.CutPrefix(line, "    ")
		if !isQuotation || strings.HasPrefix(quotation, "aws ") {
			continue
		}
		quoted++
		for part := range strings.SplitSeq(strings.TrimSpace(quotation), "…") {
			part = strings.Trim(part, " ,:()")
			if part != "" && !strings.Contains(sources.String(), part) {
				t.Errorf("no code says %q, of %q", part, quotation)
			}
		}
	}
	if quoted < 10 {
		t.Errorf("%d quotations", quoted)
	}
}

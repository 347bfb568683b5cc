//go:build release

package release

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func manualPage(t *testing.T) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "GREENLIGHT"), "man")
	cmd.Env = []string{"SOURCE_DATE_EPOCH=1700000000"}
	page, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestTheManualPageHasNothingThatMandocOrGroffWarnOf(t *testing.T) {
	page := manualPage(t)
	for _, lint := range [][]string{
		{program(t, "MANDOC"), "-T", "lint", "-W", "warning"},
		{program(t, "GROFF"), "-m", "mdoc", "-w", "w", "-z", "-T", "utf8"},
	} {
		cmd := exec.CommandContext(t.Context(), lint[0], lint[1:]...)
		cmd.Stdin = bytes.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", strings.Join(lint, " "), err, out)
		}
	}
}

func TestTheManualPageIsShownAsItIsMeant(t *testing.T) {
	page := manualPage(t)
	for _, show := range [][]string{
		{program(t, "MANDOC"), "-T", "utf8", "-O", "width=100"},
		{program(t, "GROFF"), "-m", "mdoc", "-T", "utf8", "-P", "-c", "-P", "-b", "-P", "-u", "-r", "LL=100n"},
	} {
		cmd := exec.CommandContext(t.Context(), show[0], show[1:]...)
		cmd.Stdin = bytes.NewReader(page)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		// mandoc prints bold letters over themselves.
		text := string(out)
		for at := strings.IndexByte(text, '\b'); at > 0; at = strings.IndexByte(text, '\b') {
			text = text[:at-1] + text[at+1:]
		}
		text = strings.Join(strings.Fields(text), " ")
		for _, want := range []string{
			"greenlight – decides whether a blue/green deployment may go on", "greenlight run [plan] [flags] Without a plan it reads GREENLIGHT_PLAN or ./greenlight.yaml;",
			"--stage stage Run the checks of this stage, by CodeDeploy's name or ECS's.", "ENVIRONMENT GREENLIGHT_PLAN The plan where none is named", "EXIT STATUS 0 The checks passed",
			"November 14, 2023",
		} {
			if !strings.Contains(strings.NewReplacer("—", "–", "’", "'", "−", "-").Replace(text), want) {
				t.Errorf("%s: the page has no %q", show[0], want)
			}
		}
	}
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/dashboard"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// look is what a browser showed of the page in one colour scheme.
type look struct {
	Title, Background, Chosen, ByKeyboard string
	Events, Weights, Logs                 []string
	Bars                                  int
}

func TestTheDashboardShowsDeploymentsInABrowser(t *testing.T) {
	c := startCloud(t)
	board := dashboard.New(c.Simulator)
	server := httptest.NewServer(board)
	t.Cleanup(server.CloseClientConnections)
	board.Log(lambda.LogLine{Time: time.Now(), Function: "CodeDeployHook_check", Text: "<script>document.title = 'broken into'</script>"})
	for _, version := range []string{"first", "second"} {
		if _, err := c.Deploy(t.Context(), codedeploy.AppSpec{TaskDefinition: version}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/dashboard.js", server.URL, program(t, "CHROMIUM"), t.TempDir())
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir(), "NODE_PATH=" + program(t, "E2E_NODE_MODULES")}
	var complaint output
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("looking at the page: %v: %s", err, &complaint)
	}
	var seen struct {
		Light, Dark         look
		Problems, Elsewhere []string
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(seen.Problems) > 0 || len(seen.Elsewhere) > 0 {
		t.Errorf("the browser complained of %q and asked elsewhere for %q", seen.Problems, seen.Elsewhere)
	}
	if seen.Light.Background == seen.Dark.Background {
		t.Errorf("light and dark have the same background, %s", seen.Light.Background)
	}
	for scheme, l := range map[string]look{"light": seen.Light, "dark": seen.Dark} {
		if l.Title != "greenlight simulate" {
			t.Errorf("%s: a function's log changed the page: its title is %q", scheme, l.Title)
		}
		if !strings.Contains(l.Chosen, "first → second") || !strings.Contains(l.ByKeyboard, "live → first") {
			t.Errorf("%s: the page showed %q, and %q when the first deployment was chosen by keyboard", scheme, l.Chosen, l.ByKeyboard)
		}
		if len(l.Events) != 8 || !strings.HasPrefix(l.Events[6], "AllowTraffic") || !strings.Contains(l.Events[6], "Succeeded") {
			t.Errorf("%s: the table of events is %q", scheme, l.Events)
		}
		if l.Bars != 3 || len(l.Weights) != 2 || !strings.Contains(strings.Join(l.Logs, "\n"), "<script>") {
			t.Errorf("%s: %d bars, weights %q, logs %q", scheme, l.Bars, l.Weights, l.Logs)
		}
	}
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/dashboard"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// look is what a browser showed of the page in one colour scheme.
type look struct {
	Title, Background, Chosen, ByKeyboard string
	Events, Weights, Traffic, Logs        []string
	Bars, Columns                         int
}

// browse opens the page of a simulation, into whose logs somebody writes markup, in light and in dark.
func browse(t *testing.T, sim *simulator.Simulator) map[string]look {
	t.Helper()
	board := dashboard.New(sim)
	server := httptest.NewServer(board)
	t.Cleanup(server.CloseClientConnections)
	board.Log(lambda.LogLine{Function: "CodeDeployHook_check", Text: "<script>document.title = 'broken into'</script>"})
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
		if l.Title != "greenlight simulate" || !strings.Contains(strings.Join(l.Logs, "\n"), "<script>") {
			t.Errorf("%s: a function's log changed the page: its title is %q, the log %q", scheme, l.Title, l.Logs)
		}
	}
	return map[string]look{"light": seen.Light, "dark": seen.Dark}
}

// shown fails unless a list has a line that begins with one text and holds the others.
func shown(t *testing.T, list []string, begins string, holds ...string) {
	t.Helper()
	for _, line := range list {
		if !strings.HasPrefix(line, begins) {
			continue
		}
		for _, text := range holds {
			if !strings.Contains(line, text) {
				t.Errorf("%q doesn't hold %q", line, text)
			}
		}
		return
	}
	t.Errorf("nothing begins with %q in %q", begins, list)
}

func TestTheDashboardShowsDeploymentsInABrowser(t *testing.T) {
	c := startCloud(t)
	if err := c.SendTraffic(t.Context(), simulator.Customers{Rate: 100}); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"first", "second"} {
		if _, err := c.Deploy(t.Context(), codedeploy.AppSpec{TaskDefinition: version}); err != nil {
			t.Fatal(err)
		}
	}
	for scheme, l := range browse(t, c.Simulator) {
		if !strings.Contains(l.Chosen, "first → second") || !strings.Contains(l.ByKeyboard, "live → first") {
			t.Errorf("%s: the page showed %q, and %q when the first deployment was chosen by keyboard", scheme, l.Chosen, l.ByKeyboard)
		}
		if len(l.Events) != 8 || l.Bars != 3 || len(l.Weights) != 2 || l.Columns == 0 {
			t.Errorf("%s: %d events, %d bars, weights %q, %d columns of traffic", scheme, len(l.Events), l.Bars, l.Weights, l.Columns)
		}
		shown(t, l.Events, "AllowTraffic", "Succeeded")
		shown(t, l.Weights, "production", "tg-1 100 %")
	}
}

func TestTheDashboardShowsAnAliasInABrowser(t *testing.T) {
	sim, err := simulator.Start(t.Context(), simulator.Config{
		Alias: &simulator.FunctionAlias{Function: "shop", Name: "live"}, Clock: clock.Instant(),
		Deployment: codedeploy.Linear("linear", 20, time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	versions := map[int]lambda.Function{}
	for number, status := range map[int]int{9: http.StatusOK, 10: http.StatusInternalServerError} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		versions[number] = lambda.Function{Webhook: server.URL, Timeout: time.Minute}
	}
	if err := sim.CreateAlias(9, versions); err != nil {
		t.Fatal(err)
	}
	if err := sim.SendTraffic(t.Context(), simulator.Customers{Rate: 20}); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.DeployVersion(t.Context(), "10", nil); err != nil {
		t.Fatal(err)
	}
	if err := sim.SettleTraffic(t.Context()); err != nil {
		t.Fatal(err)
	}
	for scheme, l := range browse(t, sim) {
		if !strings.Contains(l.Chosen, "shop:9 → shop:10") || len(l.Events) != 3 || len(l.Weights) != 1 {
			t.Errorf("%s: the page showed %q, events %q, weights %q", scheme, l.Chosen, l.Events, l.Weights)
		}
		shown(t, l.Events, "AllowTraffic", "4 min", "Succeeded")
		shown(t, l.Weights, "alias live", "version 10 100 %")
		broken := 0
		for _, c := range sim.Invocations() {
			if c.Version == "10" {
				broken = c.Errors
			}
		}
		shown(t, l.Traffic, fmt.Sprintf("%d invocations by version 10", broken), fmt.Sprintf("%d went wrong", broken))
		shown(t, l.Traffic, fmt.Sprintf("%d invocations by version 9", 6*20-broken))
	}
}

func TestTheDashboardShowsDeploymentsByECSInABrowser(t *testing.T) {
	pause := ecs.Hook{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PostScaleUp}, OnTimeout: ecs.ActionContinue}
	sim, err := simulator.Start(t.Context(), simulator.Config{
		Blue: "live", Tasks: serveVersion, Clock: clock.Instant(), HealthCheck: elb.HealthCheck{Interval: 20 * time.Millisecond},
		ECS: &simulator.ECSDeployments{DeploymentConfiguration: ecs.DeploymentConfiguration{
			Strategy: ecs.Canary, Canary: &ecs.Steps{Percent: 25, Bake: 10 * time.Minute}, Hooks: []ecs.Hook{pause},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	if err := sim.SendTraffic(t.Context(), simulator.Customers{Rate: 20}); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.DeployService(t.Context(), "next"); err != nil {
		t.Fatal(err)
	}
	for _, l := range browse(t, sim) {
		shown(t, []string{l.Chosen}, "", "live → next", "SUCCESSFUL")
		shown(t, l.Events, "PRODUCTION_TRAFFIC_SHIFT 25 %", "10 min", "SUCCEEDED")
		shown(t, l.Events, "pause", "24 h", "TIMED_OUT")
		shown(t, l.Weights, "production", "tg-2 100 %")
		shown(t, l.Traffic, "", "requests by tg-1")
	}
}

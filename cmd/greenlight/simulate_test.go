//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

var scenarioBlock = regexp.MustCompile("(?s)```yml\n(.*?)```")

// Every scenario in its documentation is one that greenlight takes; those that show some keys alone are read together
// with the keys that a scenario must have.
func TestTheScenariosInTheDocumentationAreRight(t *testing.T) {
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	const appSpec = `{"Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "shop:2"}}}]}`
	if err := os.WriteFile(filepath.Join(folder, "appspec.yaml"), []byte(appSpec), 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := scenarioBlock.FindAllStringSubmatch(string(text), -1)
	for _, block := range blocks {
		source := block[1]
		for key, line := range map[string]string{
			"version": "version: 1", "appspec": "appspec: appspec.yaml",
			"blue": "blue: {url: http://127.0.0.1:8080}", "green": "green: {url: http://127.0.0.1:8081}",
		} {
			deployer := key == "appspec" && regexp.MustCompile("(?m)^ecs:").MatchString(source)
			if !deployer && !regexp.MustCompile("(?m)^"+key+":").MatchString(source) {
				source += line + "\n"
			}
		}
		if _, err := scenario.Parse(scenario.Source{Name: "simulator.md", Text: []byte(source), Folder: folder, Greenlight: "greenlight"}); err != nil {
			t.Errorf("%v, in:\n%s", err, source)
		}
	}
	if len(blocks) < 3 {
		t.Errorf("the documentation has %d scenarios", len(blocks))
	}
}

// until is a writer that calls a function when a text has been written.
type until struct {
	text string
	then func(written string)

	mu      sync.Mutex
	written bytes.Buffer
}

func (u *until) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.written.Write(p)
	if u.then != nil && strings.Contains(u.written.String(), u.text) {
		u.then(u.written.String())
		u.then = nil
	}
	return len(p), nil
}

// simulateUntil runs a scenario with a hook that never reports, and interrupts it when a text was written.
func simulateUntil(t *testing.T, text string, then func(written string), flags ...string) (int, string) {
	t.Helper()
	live := newGreen()
	t.Cleanup(live.close)
	folder := t.TempDir()
	appSpec := filepath.Join(folder, "appspec.yaml")
	const spec = `{"Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "shop:2"}}}], "Hooks": [{"AfterInstall": "check"}]}`
	if err := os.WriteFile(appSpec, []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &until{text: text, then: func(written string) {
		if then != nil {
			then(written)
		}
		cancel()
	}}
	a := app{stdin: strings.NewReader(""), stdout: out, stderr: out, env: func(string) string { return "" }}
	args := append([]string{"simulate", "--appspec", appSpec, "--blue", live.URL, "--green", live.URL}, flags...)
	code := a.run(ctx, args)
	return code, out.written.String()
}

func TestAnInterruptedSimulationSaysSo(t *testing.T) {
	code, written := simulateUntil(t, "AfterInstall           InProgress", nil, "--hook", "check=sleep 600")
	if code != exitInterrupted || !strings.HasSuffix(written, "greenlight: interrupted\n") {
		t.Errorf("exit %d:\n%s", code, written)
	}
}

func TestKeepLeavesTheListenersUp(t *testing.T) {
	status := 0
	code, written := simulateUntil(t, "AWS_SECRET_ACCESS_KEY=any", func(written string) {
		_, rest, _ := strings.Cut(written, "production listener  ")
		address, _, _ := strings.Cut(rest, "\n")
		resp, err := http.Get(address + "/health") //nolint:gosec // the simulator's own
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		status = resp.StatusCode
	}, "--keep")
	// The AppSpec's function doesn't exist, which fails the deployment; that decides the exit code.
	if code != exitFailed || status != http.StatusOK {
		t.Errorf("exit %d, production answered %d:\n%s", code, status, written)
	}
}

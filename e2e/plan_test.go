//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// told is what greenlight run says of a plan's checks.
type told struct {
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	Checks  []struct {
		Name    string `json:"name"`
		Outcome string `json:"outcome"`
		Reason  string `json:"reason"`
	} `json:"checks"`
}

// runPlan runs the checks of a plan with the packaged binary, all of them to their end, without anything of the machine's settings.
func runPlan(t *testing.T, checks string, flags ...string) told {
	t.Helper()
	root := unpack(t)
	path := filepath.Join(t.TempDir(), "greenlight.yaml")
	if err := os.WriteFile(path, []byte("version: 1\nkeep_going: true\nchecks:\n"+checks), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "bootstrap"), append([]string{"run", "--json", path}, flags...)...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var v told
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("greenlight run printed %s %s: %v", out, stderr.String(), err)
	}
	return v
}

// hold compares what came of each check with its outcome, and with the words of its reason where it didn't pass.
func (v told) hold(t *testing.T, want map[string]string) {
	t.Helper()
	if len(v.Checks) != len(want) {
		t.Errorf("%d checks are told of, want %d", len(v.Checks), len(want))
	}
	for _, c := range v.Checks {
		got := c.Outcome
		if c.Outcome != "passed" {
			got += ": " + c.Reason
		}
		if expected, known := want[c.Name]; !known || !strings.HasPrefix(got, expected) {
			t.Errorf("%s:\n got  %s\n want %s", c.Name, got, expected)
		}
	}
}

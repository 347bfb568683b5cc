//go:build e2e

package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// sight is what a client saw that deployed a good version and a bad one, each through the waiters of its SDK.
type sight struct {
	Good, Bad             bool // whether the waiter took it for successful
	GoodEvents, BadEvents map[string]string
	Weights               []map[string]int // of the listeners, after the good version
	TaskSets              []bool           // whether the good deployment made them
	Error, Unknown        string           // codes
	Invoked               map[string]bool
	Failed                string
}

func TestTheSDKsDeployAGoodVersionAndABadOne(t *testing.T) {
	t.Parallel()
	const succeeded, failed, skipped = "Succeeded", "Failed", "Skipped"
	want := sight{
		Good: true,
		GoodEvents: map[string]string{
			"BeforeInstall": skipped, "Install": succeeded, "AfterInstall": skipped, "AllowTestTraffic": succeeded,
			"AfterAllowTestTraffic": succeeded, "BeforeAllowTraffic": skipped, "AllowTraffic": succeeded, "AfterAllowTraffic": skipped,
		},
		BadEvents: map[string]string{
			"BeforeInstall": skipped, "Install": succeeded, "AfterInstall": skipped, "AllowTestTraffic": succeeded,
			"AfterAllowTestTraffic": failed, "BeforeAllowTraffic": skipped, "AllowTraffic": skipped, "AfterAllowTraffic": skipped,
		},
		Weights:  []map[string]int{{"tg-1": 0, "tg-2": 100}, {"tg-1": 0, "tg-2": 100}},
		TaskSets: []bool{true}, Error: "HOOK_EXECUTION_FAILURE", Unknown: "DeploymentDoesNotExistException",
		Invoked: map[string]bool{"ok": true}, Failed: "Unhandled",
	}
	clients := []struct {
		name, hook string
		command    []string
		env        []string
	}{
		{"for Python", "Python with boto3", []string{program(t, "HOOK_PYTHON"), "testdata/clients/client.py"}, nil},
		{
			"for JavaScript", "Node under AWS's runtime interface client",
			[]string{"node", "testdata/clients/client.js"},
			[]string{"NODE_PATH=" + program(t, "E2E_NODE_MODULES")},
		},
	}
	for _, tt := range clients {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := startCloud(t)
			echo := lambda.Function{
				Name: "echo", Command: []string{program(t, "HOOK_PYTHON"), filepath.Join(hookFolder(t), "echo.py")}, Timeout: 30 * time.Second,
			}
			for _, f := range []lambda.Function{hooks(t, c.TestURL())[tt.hook], echo} {
				if err := c.CreateFunction(f); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), tt.command[0], tt.command[1:]...)
			cmd.Env = tt.env
			var got sight
			if out := c.run(t, cmd); json.Unmarshal(out, &got) != nil {
				t.Fatalf("%v printed %s", tt.command, out)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what the client saw (-want +got):\n%s", diff)
			}
		})
	}
}

//go:build e2e

package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAHookUnderTheRuntimeInterfaceEmulatorLetsAGoodVersionThroughAndStopsABadOne(t *testing.T) {
	t.Parallel()
	root := unpack(t)
	greenlight := buildCommandLine(t)
	tests := []struct {
		name     string
		root     string
		command  []string
		settings func(test string) []string // given the host:port of the test listener
		logged   string                     // of the bad version
	}{
		{
			"the packaged greenlight", root, []string{filepath.Join(root, "bootstrap")}, func(test string) []string {
				return []string{
					"ALB_URL=" + test, "GREENLIGHT_STAGE=AfterAllowTestTraffic",
					"GREENLIGHT_PLAN=version: 1\nchecks: [{name: the new version answers, http: GET /, expect: {json: {$.version: good}}}]",
				}
			}, "the new version answers",
		},
		{
			"a hook in Python", hookFolder(t), []string{program(t, "HOOK_PYTHON"), filepath.Join(hookFolder(t), "hook.py")}, func(test string) []string {
				return []string{"TEST_URL=http://" + test}
			}, "told Failed",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			aws, test := freePort(t), freePort(t)
			f := startEmulator(t, tt.root, tt.command, append(tt.settings(fmt.Sprintf("127.0.0.1:%d", test)), fmt.Sprintf("AWS_ENDPOINT_URL=http://127.0.0.1:%d", aws))...)
			for version, expect := range map[string]string{"good": "succeeded", "bad": "{status: failed, event: AfterAllowTestTraffic}"} {
				file := write(t, "scenario.yaml", fmt.Sprintf(`version: 1
appspec:
  version: 0.0
  Resources: [{TargetService: {Type: "AWS::ECS::Service", Properties: {TaskDefinition: "shop:2", LoadBalancerInfo: {ContainerName: shop, ContainerPort: 80}}}}]
  Hooks: [{AfterAllowTestTraffic: %s}]
auto_rollback: true
blue: {command: ["{{ greenlight }}", simulate, --serve, '{"version":"live"}']}
green: {command: ["{{ greenlight }}", simulate, --serve, '{"version":"%s"}']}
listeners: {test: %d}
aws: {port: %d}
functions:
  %[1]s: {runtime_interface_emulator: "%[5]s", timeout: 30s}
speed: instant
expect: %[6]s
`, hookName, version, test, aws, f.url, expect))
				cmd := exec.CommandContext(t.Context(), greenlight, "simulate", file)
				cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
				if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), ", as expected") {
					t.Errorf("greenlight simulate with the %s version: %v:\n%s", version, err, out)
				}
			}
			if !strings.Contains(f.logs.String(), tt.logged) {
				t.Errorf("the function's log doesn't say %q", tt.logged)
			}
		})
	}
}

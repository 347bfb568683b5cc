//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// observing asks what moto has of CloudWatch, Elastic Load Balancing, Lambda and the tagging API. Each check is called by its
// outcome, and by what its reason must hold.
const observing = `version: 1
keep_going: true
checks:
  - {name: "passed:", alarms: [shop-5xx, shop-latency]}
  - {name: "passed: by prefix", alarms: {prefix: shop-}}
  - {name: "passed: by tags", alarms: {tags: {service: shop}}}
  - {name: "failed: cart-5xx is in ALARM", alarms: {tags: {service: cart}}}
  - {name: "failed: unknown alarm \"shop-5x\": did you mean \"shop-5xx\"?", alarms: shop-5x}
  - {name: "inconclusive: cart-latency has INSUFFICIENT_DATA", alarms: cart-latency}

  - {name: "passed: a sum", cloudwatch: {namespace: Shop, metric: Requests, stat: Sum, dimensions: {Version: shop-2}}, over: 5m, expect: {value: 600}}
  - {name: "failed: sum of Requests Sum over 5m is 600, expected > 600", cloudwatch: {namespace: Shop, metric: Requests, stat: Sum, dimensions: {Version: shop-2}}, over: 5m, expect: {value: "> 600"}}
  - {name: "inconclusive: Errors Sum has data for 3 of the 6 steps", cloudwatch: {namespace: Shop, metric: Errors, stat: Sum, dimensions: {Version: shop-2}}, over: 6m, expect: {value: <= 5}}
  - {name: "passed: gaps are none", cloudwatch: {namespace: Shop, metric: Errors, stat: Sum, dimensions: {Version: shop-2}}, over: 6m, missing: 0, expect: {value: 3}}
  - {name: "inconclusive: Errors Sum has no data", cloudwatch: {namespace: Shop, metric: Errors, stat: Sum, dimensions: {Version: shop-3}}, over: 3m, expect: {value: 0}}
  - {name: "passed: each", cloudwatch: {namespace: Shop, metric: Latency, stat: Average, dimensions: {Version: shop-2}}, over: 3m, agg: each, expect: {value: < 0.3}}
  - {name: "inconclusive: the checks began at", cloudwatch: {namespace: Shop, metric: Latency, stat: Average, dimensions: {Version: shop-2}}, over: 3m, against: before, expect: {change: <= 10%}}

  - {name: "passed: targets", targets: shop-2, expect: {healthy: [2, 100%]}}
  - {name: "failed: the number of healthy targets of shop-2 is 2 of 2, expected >= 3", targets: shop-2, expect: {healthy: ">= 3"}}
  - {name: "failed: the number of healthy targets of empty is 0 of 0, expected 100%: no target is registered", targets: empty}
  - {name: "failed: there is no target group \"shop-9\"", targets: shop-9}

  - {name: "passed: echo", lambda: {function: "echo:live", payload: {sku: 42}}, expect: {json: {$.sku: 42}}}
  - {name: "failed: echo:live: $.sku is 42, expected 43", lambda: {function: "echo:live", payload: {sku: 42}}, expect: {json: {$.sku: 43}}}
  - {name: "inconclusive: echo:1: Lambda doesn't say which version it executed", lambda: "echo:1"}
`

// observed is one check in the JSON that run prints.
type observed struct{ Name, Outcome, Reason string }

// observe runs a plan, and gives its checks.
func (a *account) observe(t *testing.T, text string) []observed {
	t.Helper()
	path := filepath.Join(t.TempDir(), "greenlight.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), a.greenlight, "run", "--json", path)
	cmd.Env = a.env()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var report struct{ Checks []observed }
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v: %s, %v", err, out, exit)
	}
	return report.Checks
}

// judge holds checks against what they are called.
func (a *account) judge(t *testing.T, checks []observed, all int) {
	t.Helper()
	if len(checks) != all {
		t.Errorf("%d checks, want %d", len(checks), all)
	}
	for _, c := range checks {
		outcome, reason, _ := strings.Cut(c.Name, ":")
		switch reason = strings.TrimSpace(reason); {
		case c.Outcome != outcome:
			t.Errorf("%s is %s: %s", c.Name, c.Outcome, c.Reason)
		case outcome != "passed" && !strings.Contains(c.Reason, reason):
			t.Errorf("%s says %s", c.Name, c.Reason)
		}
	}
}

func TestTheKindsThatAskAWSReadWhatAnotherImplementationOfItServes(t *testing.T) {
	a := startMoto(t)
	script := filepath.Join("testdata", "checks", "account.py")
	a.python(t, script, "build")
	a.judge(t, a.observe(t, observing), strings.Count(observing, "{name: "))
	a.python(t, script, "alarm", "shop-5xx", "ALARM")
	if c := a.observe(t, "version: 1\nchecks:\n  - alarms: [shop-5xx, shop-latency]\n")[0]; c.Outcome != "failed" || !strings.Contains(c.Reason, "shop-5xx is in ALARM") {
		t.Errorf("an alarm that went off is %s: %s", c.Outcome, c.Reason)
	}
}

// simulated is a deployment whose function reads alarms elsewhere: moto's.
const simulated = `version: 1
appspec: {Resources: [{TargetService: {Type: "AWS::ECS::Service", Properties: {TaskDefinition: "shop:2"}}}], Hooks: [{AfterAllowTraffic: check}]}
auto_rollback: true
blue: {command: ["{{ greenlight }}", simulate, --serve, shop 1]}
green: {command: ["{{ greenlight }}", simulate, --serve, shop 2]}
functions:
  check:
    command: ["{{ greenlight }}"]
    timeout: 30s
    env:
      AWS_ENDPOINT_URL_CLOUDWATCH: CLOUDWATCH_OF_MOTO
      GREENLIGHT_PLAN: |
        version: 1
        checks:
          - alarms: {names: [shop-5xx], region: eu-west-1}
speed: instant
`

func TestAnAlarmStopsASimulatedDeployment(t *testing.T) {
	a := startMoto(t)
	script := filepath.Join("testdata", "checks", "account.py")
	a.python(t, script, "build")
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	for state, want := range map[string]struct{ expect, line string }{
		"OK":    {"", ": Succeeded, as expected"},
		"ALARM": {"expect: {status: failed, event: AfterAllowTraffic}\n", "why, says the function: alarms shop-5xx: shop-5xx is in ALARM since "},
	} {
		a.python(t, script, "alarm", "shop-5xx", state)
		if err := os.WriteFile(path, []byte(strings.Replace(simulated, "CLOUDWATCH_OF_MOTO", a.url, 1)+want.expect), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), a.greenlight, "simulate", path)
		cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + a.folder}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want.line) {
			t.Errorf("while the alarm is %s: %v: %s", state, err, out)
		}
	}
}

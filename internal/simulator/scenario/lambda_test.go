package scenario_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

// forLambda is a scenario that deploys a function, to which lines are added.
const forLambda = `version: 1
appspec: {version: 0.0, Resources: [{shop: {Type: "AWS::Lambda::Function", Properties: {Name: shop, Alias: live, CurrentVersion: 41, TargetVersion: "42"}}}], Hooks: [{BeforeAllowTraffic: check}]}
blue: {command: ./one, timeout: 10s}
green: {webhook: http://127.0.0.1:2}
`

func TestWhatALambdaDeploymentDoesntHaveIsShownAtItsPlace(t *testing.T) {
	tests := []struct{ why, lines, want string }{
		{"it is whole", "deployment_config: CodeDeployDefault.LambdaCanary10Percent5Minutes\ntraffic: {rate: 50/s, payload: {sku: 42}}\nexpect: {status: failed, event: AllowTraffic}", ""},
		{"steps may be one's own", "deployment_config: [{percent: 5, wait: 1m}, {percent: 100}]\ntraffic: 0.5/s", ""},
		{"a fault befalls the function", "faults: [{kill: shop, at: AllowTraffic}]", ""},
		{"there are no listeners", "listeners: {production: 80}", "s.yaml:5:12: listeners: an ECS service's"},
		{"there are no health checks", "health_check: {path: /health}", "health_check: an ECS service's"},
		{"nothing is installed", "install_timeout: 5m", "install_timeout: an ECS service's"},
		{"nothing is terminated", "termination_wait: 5m", "termination_wait: an ECS service's"},
		{"a configuration is for ECS", "deployment_config: CodeDeployDefault.ECSAllAtOnce", `is for ECS; unknown configuration for Lambda "CodeDeployDefault.ECSAllAtOnce"`},
		{"an event is ECS's", "expect: {status: failed, event: AfterInstall}", `unknown event of a Lambda deployment "AfterInstall"`},
		{"a fault begins with an event of ECS's", "faults: [{kill: shop, at: Install}]", `at: unknown event of a Lambda deployment "Install"`},
		{"a fault befalls a side", "faults: [{unhealthy: green}]", "which has no targets"},
		{"a fault befalls a listener", "faults: [{spread: production, by: 1s}]", "no listeners"},
		{"the function is there twice", "functions: {shop: {command: x}}", "s.yaml:5:13: functions: shop is what is deployed: blue is its version 41, green its version 42"},
		{"a function needs a listener", `functions: {check: {command: x, env: {A: "{{ listeners.production }}"}}}`, "a Lambda deployment has no listeners"},
		{"customers ask for a path", "traffic: {rate: 5/s, path: /cart}", "path: of a request"},
		{"customers send headers", "traffic: {rate: 5/s, headers: {a: b}}", "headers: of a request"},
		{"customers come at no rate", "traffic: {payload: {}}", `"rate" is missing`},
		{"customers come at a rate without a unit", "traffic: 5", `"5" is not a rate`},
		{"nobody comes", "traffic: 0/s", `"0/s" is not a rate`},
		{"too many come", "traffic: 5000/s", "up to 1000"},
		{"customers are a list", "traffic: []", "expected a rate such as 50/s"},
		{"their event isn't known yet", `traffic: {rate: 1/s, payload: {url: "{{ aws.endpoint }}"}}`, "known only once the simulator runs"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := parse(t, forLambda+test.lines+"\n")
			if test.want == "" && err != nil || test.want != "" && !shows(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTheSidesOfALambdaDeploymentAreVersions(t *testing.T) {
	tests := []struct{ why, old, replacement, want string }{
		{"a version has no address", "{webhook: http://127.0.0.1:2}", "{url: http://127.0.0.1:2}", "green: url: a version of a function has no address"},
		{"a version has no code", "{webhook: http://127.0.0.1:2}", "{memory: 256}", "it needs one of command"},
		{"a version's timeout is too long", "timeout: 10s", "timeout: 1h", "above 0 and up to 15m"},
		{"a version needs a listener", "timeout: 10s", `env: {A: "{{ listeners.test }}"}`, "blue: A needs {{ listeners.test }}"},
		{"a version knows where AWS is", "timeout: 10s", `env: {A: "{{ aws.endpoint }}"}`, ""},
		{"an alias shifts between numbers", "CurrentVersion: 41", "CurrentVersion: $LATEST", `"$LATEST" is no version that an alias can shift`},
		{"a function's name is none", "Name: shop", "Name: a shop", "letters, digits, hyphens"},
		{"a version is missing", "CurrentVersion: 41, ", "", "the function has no CurrentVersion"},
		{"there is no test traffic", "BeforeAllowTraffic", "AfterAllowTestTraffic", "not a lifecycle event of a Lambda deployment"},
		{"names may be written small", "Name: shop, Alias: live, CurrentVersion: 41, TargetVersion:", "name: shop, alias: live, currentversion: 41, targetversion:", ""},
		{"blue is missing", "blue: {command: ./one, timeout: 10s}\n", "", `"blue" is missing`},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := parse(t, strings.Replace(forLambda, test.old, test.replacement, 1))
			if test.want == "" && err != nil || test.want != "" && !shows(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAServiceHasNothingOfAFunction(t *testing.T) {
	tests := []struct{ why, old, replacement, want string }{
		{"a side has a function's timeout", "{url: http://127.0.0.1:1}", "{url: http://127.0.0.1:1, timeout: 3s}", "blue: timeout: a function's"},
		{"a side is a webhook", "{url: http://127.0.0.1:1}", "{webhook: http://127.0.0.1:1}", "blue: webhook: a function's"},
		{"a configuration is for Lambda", "blue:", "deployment_config: CodeDeployDefault.LambdaAllAtOnce\nblue:", "is for Lambda; unknown configuration for ECS"},
		{"customers invoke", "blue:", "traffic: {rate: 1/s, payload: {}}\nblue:", "payload: the event of an invocation"},
		{"customers' path has no slash", "blue:", "traffic: {rate: 1/s, path: cart}\nblue:", "path: it must start with a slash"},
		{"customers may say what they ask for", "blue:", "traffic: {rate: 1/s, path: /cart, headers: {host: shop.example}}\nblue:", ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := parse(t, strings.Replace(minimal, test.old, test.replacement, 1))
			if test.want == "" && err != nil || test.want != "" && !shows(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A file whose AppSpec can't be read isn't blamed for not being what it may well be.
func TestAnAppSpecThatCantBeReadSpeaksForNoPlatform(t *testing.T) {
	_, err := parse(t, strings.Replace(forLambda, "Alias: live, ", "", 1))
	if !shows(err, "the function has no Alias") || shows(err, "a function's, and it is an ECS service") {
		t.Errorf("got %v", err)
	}
}

// startFunction starts a scenario whose versions are webhooks that say which they are.
func startFunction(t *testing.T, more string) (*scenario.Scenario, *simulator.Simulator) {
	t.Helper()
	version := func(says string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, "%q", says) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	folder := t.TempDir()
	const spec = "version: 0.0\nresources:\n  - shop:\n      type: AWS::Lambda::Function\n      properties:\n" +
		"        name: shop\n        alias: live\n        currentversion: 41\n        targetversion: 40\n"
	if err := os.WriteFile(filepath.Join(folder, "appspec.yaml"), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("version: 1\nappspec: appspec.yaml\nblue: {webhook: %q}\ngreen: {webhook: %q}\n%s", version("blue"), version("green"), more)
	s, err := scenario.Parse(scenario.Source{Name: "s.yaml", Text: []byte(text), Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := s.Start(t.Context(), scenario.Host{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, sim
}

func TestAScenarioDeploysAnAliasAndItsCustomersSeeIt(t *testing.T) {
	s, sim := startFunction(t, "deployment_config: CodeDeployDefault.LambdaLinear10PercentEvery1Minute\ntraffic: 5/s\nspeed: instant\n")
	if a := sim.Alias(); a == nil || a.String() != "shop:live" || sim.ProductionURL() != "" || sim.TestURL() != "" {
		t.Errorf("the alias is %v, the listeners %q and %q", a, sim.ProductionURL(), sim.TestURL())
	}
	id, err := s.Create(sim)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := s.Wait(t.Context(), sim, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Expect.Judge(ended); err != nil {
		t.Error(err)
	}
	counted := 0
	for _, c := range sim.Invocations() {
		counted += c.Invocations
	}
	if want := 11 * 5; counted != want { // before, and after each of the ten steps
		t.Errorf("%d invocations were counted, want %d: %+v", counted, want, sim.Invocations())
	}
	result, err := sim.InvokeAlias(t.Context(), []byte("{}"))
	if err != nil || result.Version != "40" || string(result.Payload) != `"green"` {
		t.Errorf("the alias gives %s of version %s, %v", result.Payload, result.Version, err)
	}
	events := 0
	for _, entry := range sim.Timeline().Entries() {
		if what, ok := entry.What.(simulator.EventChanged); ok && what.Event.Status == codedeploy.EventSucceeded {
			events++
		}
	}
	if events != 1 { // without hooks there is AllowTraffic alone
		t.Errorf("%d events succeeded", events)
	}
}

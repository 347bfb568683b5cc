package scenario_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// minimal is a scenario with a mapping as its AppSpec, to which lines are added.
const minimal = `version: 1
appspec: {version: 0.0, Resources: [{TargetService: {Type: "AWS::ECS::Service", Properties: {TaskDefinition: "shop:2", LoadBalancerInfo: {ContainerName: a, ContainerPort: 80}}}}], Hooks: [{AfterAllowTestTraffic: check}]}
blue: {url: http://127.0.0.1:1}
green: {url: http://127.0.0.1:2}
`

func parse(t *testing.T, text string) (*scenario.Scenario, error) {
	t.Helper()
	return scenario.Parse(scenario.Source{Name: "s.yaml", Text: []byte(text), Folder: t.TempDir(), Greenlight: "/bin/greenlight"})
}

func TestWhatIsWrongIsShownAtItsPlace(t *testing.T) {
	tests := []struct{ why, lines, want string }{
		{"a key is misspelled", "helth_check: {}", `s.yaml:5:1: unknown key "helth_check": did you mean "health_check"?`},
		{"a deployment configuration is misspelled", "deployment_config: CodeDeployDefault.ECSCanary10Percent5Minute", "did you mean"},
		{"steps don't rise", "deployment_config: [{percent: 50}, {percent: 20}, {percent: 100}]", "s.yaml:5:36: deployment_config: the percentages of the steps must rise"},
		{"steps end early", "deployment_config: [{percent: 50}]", "the last step must give green 100 percent"},
		{"speed is out of range", "speed: 5000x", `"5000x" is not a speed`},
		{"speed is no number", "speed: fast", `"fast" is not a speed`},
		{"an end is unknown", "expect: fine", "unknown end of a deployment"},
		{"an event is unknown", "expect: {status: failed, event: AfterAllowTestTrafic}", `did you mean "AfterAllowTestTraffic"?`},
		{"an event fails in a success", "expect: {status: succeeded, event: Install}", "isn't expected to fail"},
		{"a port is none", "listeners: {production: 70000}", "70000 is not a port"},
		{"the test listener is missing for a hook", "listeners: {test: none}", "would see no test traffic"},
		{"a rollback event is unknown", "auto_rollback: [DEPLOYMENT_FAIL]", "unknown event"},
		{"a rollback is neither yes nor no", "auto_rollback: sometimes", "expected true, false or a list"},
		{"a fault has no kind", "faults: [{for: 5s}]", "a fault needs one of"},
		{"a fault has two kinds", "faults: [{hang: all, error: all}]", "is hang already"},
		{"a fault's kind is misspelled", "faults: [{throtle: all}]", `did you mean "throttle"?`},
		{"a fault befalls nothing", "faults: [{throttle: every}]", `unknown operation "every"`},
		{"a fault befalls a misspelled operation", "faults: [{throttle: GetDeploymnt}]", `did you mean "GetDeployment"?`},
		{"a fault counts from nothing", "faults: [{throttle: all, times: 0}]", "it counts from 1"},
		{"a fault befalls no side", "faults: [{unhealthy: gren}]", `did you mean "green"?`},
		{"a fault befalls no function", "faults: [{kill: chekc}]", `chekc`},
		{"a fault befalls no listener", "faults: [{spread: prod, by: 2s}]", "unknown listener"},
		{"a fault befalls a listener that isn't there", "listeners: {test: none}\nfaults: [{spread: test, by: 2s}]", "the scenario has no test listener"},
		{"a fault needs its length", "faults: [{slow: all}]", "slow needs by"},
		{"a fault takes no time", "faults: [{throttle: all, by: 2s}]", "by: throttle takes no time"},
		{"a fault befalls no requests", "faults: [{unhealthy: green, rate: 10%}]", "rate: unhealthy befalls no requests"},
		{"a fault has no share", "faults: [{throttle: all, rate: 0%}]", "rate: above 0"},
		{"a fault isn't counted", "faults: [{unhealthy: green, times: 2}]", "times: unhealthy isn't counted"},
		{"a fault begins with no event", "faults: [{throttle: all, at: AfterAlowTraffic}]", `did you mean "AfterAllowTraffic"?`},
		{"a fault begins with a stage of ECS's", "faults: [{throttle: all, at: POST_SCALE_UP}]", "s.yaml:5:30: at: POST_SCALE_UP is a stage of ECS's, and it is CodeDeploy that deploys: its events are BeforeInstall"},
		{"a cold start is longer than Lambda's patience", "faults: [{cold_start: check, by: 20s}]", "up to 10s"},
		{"a switch has a value", "faults: [{verify_signatures: false}]", "expected true"},
		{"a clock's skew is none", "faults: [{clock_skew: '-soon'}]", "a duration such as 10m or -10m"},
		{"a function has no command", "functions: {check: {timeout: 3s}}", "it needs one of command"},
		{"a function runs in two ways", "functions: {check: {command: x, webhook: http://127.0.0.1:1}}", "it needs one of command"},
		{"a webhook is no URL", "functions: {check: {webhook: localhost}}", `webhook: "localhost" is not a URL`},
		{"a webhook has a folder", "functions: {check: {webhook: http://127.0.0.1:1, dir: x}}", "dir: only a command has it"},
		{"a function's command is empty", "functions: {check: {command: []}}", "must begin with a program"},
		{"a function's text is empty", "functions: {check: {command: ''}}", "the command is empty"},
		{"a function's timeout is too long", "functions: {check: {command: x, timeout: 16m}}", "above 0 and up to 15m"},
		{"a function's memory is too small", "functions: {check: {command: x, memory: 64}}", "from 128 to 10240"},
		{"a function's name is none", "functions: {'a b': {command: x}}", "letters, digits, hyphens"},
		{"a name is unknown", `functions: {check: {command: x, env: {A: "{{ listeners.tset }}"}}}`, "listeners.tset"},
		{"a health check's path has no slash", "health_check: {path: health}", "must start with a slash"},
		{"a health check's threshold is out of range", "health_check: {healthy: 1}", "from 2 to 10"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := parse(t, minimal+test.lines+"\n")
			if !shows(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// shows says whether one of the problems reads like want.
func shows(err error, want string) bool {
	var problems strictyaml.Problems
	errors.As(err, &problems)
	for _, p := range problems {
		if strings.Contains(p.Error(), want) {
			return true
		}
	}
	return false
}

func TestASideIsAnAddressOrACommand(t *testing.T) {
	tests := []struct{ why, blue, want string }{
		{"it is neither", "{dir: x}", "it needs one of url"},
		{"it is both", "{url: http://127.0.0.1:1, command: x}", "it needs one of url"},
		{"its address has a path", "{url: http://127.0.0.1:1/shop}", "is not a base URL"},
		{"its address is https", "{url: https://127.0.0.1:1}", "is not a base URL"},
		{"its environment needs what isn't known", `{command: x, env: {A: "{{ listeners.test }}"}}`, "known only once both sides run"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := parse(t, strings.Replace(minimal, "{url: http://127.0.0.1:1}", test.blue, 1))
			if !shows(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAllProblemsAreShownAtOnce(t *testing.T) {
	_, err := parse(t, minimal+"speed: x\nexpect: y\nfaults: z\n")
	var problems strictyaml.Problems
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Errorf("got %v", err)
	}
}

func TestAnAppSpecMayBeAFileOrText(t *testing.T) {
	const yamlText = "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n        TaskDefinition: shop:9\n"
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "appspec.yaml"), []byte(yamlText), 0o600); err != nil {
		t.Fatal(err)
	}
	sides := "\nblue: {url: http://127.0.0.1:1}\ngreen: {url: http://127.0.0.1:2}\n"
	tests := []struct{ why, appspec, want string }{
		{"a path starts at the scenario's folder", "appspec.yaml", ""},
		{"a path may hold variables", `"{{ vars.name }}.yaml"`, ""},
		{"text stands in the scenario", "|\n  " + strings.ReplaceAll(yamlText, "\n", "\n  "), ""},
		{"a file is missing", "missing.yaml", "reading the file missing.yaml: no such file"},
		{"a folder is no file", `"."`, "it is a folder"},
		{"a text is no AppSpec", "'{}'", "resource"},
		{"a list is no AppSpec", "[]", "expected a path, or the AppSpec itself"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			text := "version: 1\nvars: {name: appspec}\nappspec: " + test.appspec + sides
			s, err := scenario.Parse(scenario.Source{Name: "s.yaml", Text: []byte(text), Folder: folder})
			if test.want != "" {
				if !shows(err, test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			if err != nil || s.AppSpec.TaskDefinition != "shop:9" {
				t.Errorf("got %+v, %v", s, err)
			}
		})
	}
}

func TestAnExpectationJudges(t *testing.T) {
	failedAtInstall := scenario.Outcome{Status: scenario.Failed, FailedAt: []string{"Install"}}
	tests := []struct {
		why     string
		expect  scenario.Expectation
		outcome scenario.Outcome
		want    string
	}{
		{"a success was expected", scenario.Expectation{Status: scenario.Succeeded}, scenario.Outcome{Status: scenario.Succeeded}, ""},
		{"a stop was expected", scenario.Expectation{Status: scenario.Stopped}, scenario.Outcome{Status: scenario.Stopped}, ""},
		{"a failure was expected anywhere", scenario.Expectation{Status: scenario.Failed}, failedAtInstall, ""},
		{"a failure was expected there", scenario.Expectation{Status: scenario.Failed, Event: "Install"}, failedAtInstall, ""},
		{"a failure was expected elsewhere", scenario.Expectation{Status: scenario.Failed, Event: "AfterInstall"}, failedAtInstall, "failed at Install, and was expected to fail at AfterInstall"},
		{"a success is no failure", scenario.Expectation{Status: scenario.Failed}, scenario.Outcome{Status: scenario.Succeeded}, "succeeded, and was expected to end as failed"},
		{"a failure is no success", scenario.Expectation{Status: scenario.Succeeded}, failedAtInstall, "failed, and was expected to end as succeeded"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got := ""
			if err := test.expect.Judge(test.outcome); err != nil {
				got = err.Error()
			}
			if !strings.HasSuffix(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheCommonCaseNeedsNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "appspec.yaml")
	if err := os.WriteFile(path, []byte(minimal[strings.Index(minimal, "{version"):strings.Index(minimal, "\nblue")]), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := scenario.Quick{AppSpec: path, Blue: "http://127.0.0.1:1", Green: "http://127.0.0.1:2/", Hooks: map[string]string{"check": "./hook"}}
	tests := []struct {
		why    string
		change func(*scenario.Quick)
		want   string
	}{
		{"it is whole", func(*scenario.Quick) {}, ""},
		{"a variable names a listener", func(q *scenario.Quick) { q.Env = map[string]string{"check:A": "{{ listeners.test }}"} }, ""},
		{"green is missing", func(q *scenario.Quick) { q.Green = "" }, "--green is missing"},
		{"green is no address", func(q *scenario.Quick) { q.Green = "localhost:80" }, `url: "localhost:80" is not a base URL`},
		{"a variable has no function", func(q *scenario.Quick) { q.Env = map[string]string{"A": "x"} }, "NAME:KEY=VALUE"},
		{"a variable's function is misspelled", func(q *scenario.Quick) { q.Env = map[string]string{"chek:A": "x"} }, `did you mean "check"?`},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			q := whole
			test.change(&q)
			_, err := q.Scenario("/bin/greenlight")
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(minimal)
	f.Add(scenario.Example())
	examples, err := filepath.Glob("../../../examples/*/scenario.yaml")
	if err != nil || len(examples) == 0 {
		f.Fatalf("there are no examples: %v", err)
	}
	for _, file := range examples {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "appspec: /") || strings.Contains(text, "..") {
			return // a scenario names files; this one leaves its folder
		}
		s, err := scenario.Parse(scenario.Source{Name: "f.yaml", Text: []byte(text), Folder: folder})
		if (s == nil) == (err == nil) {
			t.Errorf("got %v and %v", s, err)
		}
	})
}

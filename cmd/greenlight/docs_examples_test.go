//go:build unix && !function

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	cd "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"go.yaml.in/yaml/v4"
	"mvdan.cc/sh/v3/shell"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

// A rule says what an example is, and holds it; or it names the test that holds all of its kind, or why there is nothing to hold.
type rule struct {
	what string
	is   func(example) bool
	hold func(*testing.T, example) error
	by   string
}

// rules are tried in this order. An example that none knows fails the test: it gets a rule, or becomes one of a known kind.
func rules() []rule {
	fence := func(language string) func(example) bool {
		return func(e example) bool { return e.fenced && e.language == language }
	}
	indented := func(e example) bool { return !e.fenced }
	on := func(page string, is func(example) bool) func(example) bool {
		return func(e example) bool { return e.page == page && is(e) }
	}
	begins := func(text string) func(example) bool {
		return func(e example) bool { return !e.fenced && strings.HasPrefix(e.text, text) }
	}
	has := func(key string) func(example) bool {
		return func(e example) bool { return e.language == "json" && !event(e) && e.members()[key] != nil }
	}
	return []rule{
		{what: "a plan", is: fence("yaml"), by: "TestThePlansInTheDocumentationAreRight"},
		{what: "Go", is: fence("go"), by: "TestTheGoInTheDocumentationStandsInAFileOrCompiles"},
		{what: "a scenario", is: on("docs/simulator.md", fence("yml")), by: "TestTheScenariosInTheDocumentationAreRight"},
		{what: "cases", is: on("docs/testing.md", fence("yml")), hold: holdCases},
		{what: "what the cases print", is: on("docs/testing.md", fence("")), by: "TestTheCasesInTheDocumentationAreAsTheySay"},
		{what: "lines of the gate's template", is: on("templates/go/README.md", fence("yml")), by: "../../templates/go/readme_test.go"},
		{what: "the agent's AppSpec", is: on("docs/contracts/agent.md", fence("yml")), hold: holdAgent},
		{what: "an AppSpec's hooks", is: begins("Hooks:\n"), hold: holdHooks},
		{what: "commands that fetch a release", is: on("docs/install.md", fence("sh")), by: "testdata/script/install.txtar"},
		{what: "steps of a job", is: on("docs/install.md", fence("yml")), hold: holdAction},
		{what: "a step of a job", is: begins("- run: "), hold: holdStep},
		{what: "a line of the log", is: has("msg"), hold: holdLog},
		{what: "the pattern of EventBridge's rule", is: has("detail"), hold: holdPattern},
		{what: "an event", is: event, hold: holdEvent},
		{what: "an answer to ECS", is: has("hookStatus"), hold: holdAnswer},
		{what: "a report to CodeDeploy", is: has("lifecycleEventHookExecutionId"), hold: holdRequest(&cd.PutLifecycleEventHookExecutionStatusInput{})},
		{what: "an answer to a pause", is: has("hookId"), hold: holdRequest(&ecs.ContinueServiceDeploymentInput{})},
		{what: "a query of the log", is: begins("fields @timestamp"), hold: holdQuery},
		{what: "TypeScript", is: fence("ts"), hold: holdTypeScript},
		{what: "HCL", is: fence("hcl"), hold: holdHCL},
		{what: "a Dockerfile", is: begins("FROM "), hold: holdDockerfile},
		{what: "findings of doctor", is: on("docs/doctor.md", fence("")), hold: holdFindings},
		{what: "why a scenario failed", is: on("docs/checks/scenario.md", indented), hold: holdReason},
		{what: "what greenlight says", is: on("docs/troubleshooting.md", indented), by: "TestWhatTroubleshootingQuotesIsWhatIsSaid"},
		{what: "a comment for editors", is: begins("# yaml-language-server: $schema=./greenlight.schema.json\n"), by: "testdata/script/schema.txtar"},
		{what: "a picture", is: func(e example) bool {
			return !e.fenced && strings.Count(e.text, " → ") > 2 && strings.Count(e.text, "\n") == 1
		}},
	}
}

// Nothing in the documentation is only written down: commands are run, their output is what the page shows, and every other
// block is held by the rule of its kind.
func TestEveryExampleInTheDocumentationIsHeld(t *testing.T) {
	t.Parallel()
	shop, account, faults := documentedShop(t), newAccount(t), switchable(t)
	for _, p := range documentation(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			var printed strings.Builder
			var shown []example
			for _, e := range p.examples {
				if file, are := e.commands(); are {
					term := newTerminal(t, p, account.environment(), shop, faults)
					term.write("event.json", string(account.called)) // as the function's log has it
					term.run(e, file)
					printed.WriteString(term.out.written.String())
				} else if !judged(t, e) {
					shown = append(shown, e)
				}
			}
			for _, e := range shown {
				switch {
				case !e.fenced || e.language != "":
					t.Errorf("%s:%d: no rule knows what this example is, so that nothing holds it:\n%s", e.page, e.line, e.text)
				case !strings.Contains(changeless(printed.String()), changeless(e.text)):
					t.Errorf("%s:%d: no command of the page prints\n%s\nThey printed\n%s", e.page, e.line, e.text, printed.String())
				}
			}
			for _, span := range p.spans {
				// A flag that a sentence names may stand without its value.
				if err := holdLine(span); err != nil && !strings.Contains(err.Error(), "flag needs an argument") {
					t.Errorf("%s: `%s`: %v", p.name, span, err)
				}
			}
		})
	}
}

// judged holds an example by the first rule that knows what it is, and says whether there is one.
func judged(t *testing.T, e example) bool {
	t.Helper()
	all := rules()
	at := slices.IndexFunc(all, func(r rule) bool { return r.is(e) })
	if at < 0 {
		return false
	}
	if all[at].hold != nil {
		if err := all[at].hold(t, e); err != nil {
			t.Errorf("%s:%d, %s: %v, in\n%s", e.page, e.line, all[at].what, err, e.text)
		}
	}
	return true
}

// What a rule leaves to another test is left to one that there is.
func TestTheTestsThatHoldExamplesAreThere(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	for _, r := range rules() {
		_, missing := os.Stat(r.by)
		if r.by != "" && missing != nil && !strings.Contains(tests.String(), "func "+r.by+"(t *testing.T)") {
			t.Errorf("%s is left to %s, which isn't there", r.what, r.by)
		}
	}
}

// changing is what differs from run to run: ids, addresses, times, durations, and how many customers came in the meantime.
var changing = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\bd-[A-Z0-9]{9}\b`), "d-ID"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d\.\d{3}`), "TIME"},
	{regexp.MustCompile(`<?\b[\d.]+m?s\b`), "DURATION"},
	{regexp.MustCompile(`\b\d+ requests meanwhile and just after(:|, )\d+ answered by`), "SOME requests meanwhile and just after: SOME answered by"},
	{regexp.MustCompile(`\b\d+ requests meanwhile and just after: \d+`), "SOME requests meanwhile and just after: SOME"},
	{regexp.MustCompile(`shop:1, \d+ by`), "shop:1, SOME by"},
	{regexp.MustCompile(` +`), " "},
}

func changeless(text string) string {
	for _, c := range changing {
		text = c.what.ReplaceAllString(text, c.as)
	}
	return text
}

// holdLine holds a command within a sentence, or within a file, to what it may be. Others' commands pass.
func holdLine(span string) error {
	if !strings.HasPrefix(span, "greenlight ") || strings.Contains(span, "…") {
		return nil
	}
	words, err := shell.Fields(span, func(string) string { return "" })
	if err != nil {
		return err
	}
	return holdFlags(words[1:])
}

func holdCases(t *testing.T, e example) error {
	text := e.text
	for key, line := range map[string]string{"version": "version: 1", "plan": "plan: greenlight.yaml", "cases": "cases: [{name: any, expect: passed}]"} {
		if !regexp.MustCompile(`(?m)^` + key + `:`).MatchString(text) {
			text += line + "\n"
		}
	}
	folder := t.TempDir()
	plan := "version: 1\nchecks:\n  - {name: cart adds up, http: POST /cart}\n  - {name: health, http: GET /health}\n  - {name: alarms stay quiet, alarms: shop-5xx}\n"
	if err := errors.Join(
		os.WriteFile(filepath.Join(folder, "greenlight.yaml"), []byte(plan), 0o600),
		os.WriteFile(filepath.Join(folder, "greenlight.test.yaml"), []byte(text), 0o600),
	); err != nil {
		return err
	}
	var complaint bytes.Buffer
	a := app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &complaint, env: func(string) string { return "" }}
	if code := a.run(t.Context(), []string{"test", filepath.Join(folder, "greenlight.test.yaml")}); code == exitWrongInput {
		return errors.New(complaint.String())
	}
	return nil
}

// holdAction holds steps that use the action to its inputs and outputs.
func holdAction(_ *testing.T, e example) error {
	text, err := os.ReadFile(filepath.Join(repository, "action.yml"))
	if err != nil {
		return err
	}
	var action struct{ Inputs, Outputs map[string]any }
	var steps []struct {
		ID, Uses, Run string
		With          map[string]any
		Env           map[string]string
	}
	if err := errors.Join(yaml.Unmarshal(text, &action), yaml.Unmarshal([]byte(e.text), &steps)); err != nil {
		return err
	}
	used := 0
	for _, s := range steps {
		if strings.HasPrefix(s.Uses, "greenlight-deploy/greenlight@v") {
			used++
		}
		for input := range s.With {
			if _, is := action.Inputs[input]; !is {
				return fmt.Errorf("the action has no input %s", input)
			}
		}
	}
	for _, output := range regexp.MustCompile(`steps\.greenlight\.outputs\.(\w+)`).FindAllStringSubmatch(e.text, -1) {
		if _, is := action.Outputs[output[1]]; !is {
			return fmt.Errorf("the action has no output %s", output[1])
		}
	}
	if used != 1 || steps[0].ID != "greenlight" {
		return fmt.Errorf("the action is used %d times, by %q", used, steps[0].ID)
	}
	return nil
}

func holdStep(_ *testing.T, e example) error {
	var steps []struct{ Run string }
	if err := yaml.Unmarshal([]byte(e.text), &steps); err != nil {
		return err
	}
	return holdLine(steps[0].Run)
}

// holdAgent holds the hooks of an AppSpec for instances, and what the script runs, which stands in a comment.
func holdAgent(_ *testing.T, e example) error {
	var spec struct {
		Hooks map[string][]struct {
			Location string
			Timeout  int
		}
	}
	if err := yaml.Unmarshal([]byte(e.text), &spec); err != nil {
		return err
	}
	hook, has := spec.Hooks["ValidateService"]
	_, command, runs := strings.Cut(e.text, "# exec ./")
	if !has || len(hook) != 1 || hook[0].Location == "" || hook[0].Timeout == 0 || !runs {
		return fmt.Errorf("it is %+v", spec)
	}
	return holdLine(strings.TrimSpace(command))
}

func holdHooks(_ *testing.T, e example) error {
	spec, err := appspec.Parse("version: 0.0\nResources: [{TargetService: {Type: AWS::ECS::Service, Properties: {TaskDefinition: shop:2}}}]\n" + e.text)
	if err == nil && len(spec.Stages("CodeDeployHook_greenlight")) == 0 {
		err = errors.New("no event calls CodeDeployHook_greenlight")
	}
	return err
}

// members are those of an example that is an object; nil where it isn't JSON.
func (e example) members() map[string]any {
	var members map[string]any
	_ = json.Unmarshal([]byte(e.text), &members)
	return members
}

// event says that an example is what a function is called with.
func event(e example) bool {
	m := e.members()
	return e.language == "json" && (m["DeploymentId"] != nil || m["executionId"] != nil || m["version"] != nil)
}

func holdEvent(_ *testing.T, e example) error {
	_, err := hook.ParseExecution([]byte(e.text))
	return err
}

// holdAnswer holds an answer to what the package gives to the page's event: its members and its status are the same.
func holdAnswer(t *testing.T, e example) error {
	examples := pageNamed(t, e.page).examples
	at := slices.IndexFunc(examples, event)
	if at < 0 {
		return errors.New("the page shows no event that it answers")
	}
	shown := e.members()
	statuses := map[any]hook.Status{"SUCCEEDED": hook.Succeeded, "FAILED": hook.Failed, "IN_PROGRESS": hook.InProgress}
	h := hook.New(decided{Status: statuses[shown["hookStatus"]], Reason: "any", After: time.Minute, State: json.RawMessage("1")}, hook.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := h.Invoke(t.Context(), []byte(examples[at].text))
	if err != nil {
		return err
	}
	made := example{text: string(answer)}.members()
	if !slices.Equal(slices.Sorted(maps.Keys(made)), slices.Sorted(maps.Keys(shown))) || made["hookStatus"] != shown["hookStatus"] {
		return fmt.Errorf("the package answers %s", answer)
	}
	return nil
}

// decided is a decider that has.
type decided hook.Verdict

func (d decided) Decide(context.Context, hook.Execution) hook.Verdict { return hook.Verdict(d) }

// holdRequest holds a request to the members that AWS's client has for it.
func holdRequest(request any) func(*testing.T, example) error {
	return func(_ *testing.T, e example) error {
		d := json.NewDecoder(strings.NewReader(e.text))
		d.DisallowUnknownFields()
		return d.Decode(request)
	}
}

// holdPattern holds the pattern of the pauses to the one in the gate's template.
func holdPattern(_ *testing.T, e example) error {
	gate, err := os.ReadFile(filepath.Join(repository, "templates/sam/gate.yaml"))
	if err != nil {
		return err
	}
	for _, line := range []string{"source: [aws.ecs]", "detail-type: [ECS Hook State Change]", "eventName: [HOOK_AWAITING_ACTION]"} {
		if !strings.Contains(string(gate), line) || !strings.Contains(strings.ReplaceAll(e.text, `"`, ""), line) {
			return fmt.Errorf("the gate's rule and the page don't both have %s", line)
		}
	}
	return nil
}

// holdLog holds a line of the log to what the code writes, by its keys.
func holdLog(_ *testing.T, e example) error {
	texts, err := literals("hook", "internal", "cmd", "templates/go")
	if err != nil {
		return err
	}
	for key := range e.members() {
		if key != slog.LevelKey && key != slog.MessageKey && !slices.Contains(texts, key) {
			return fmt.Errorf("no code writes %q", key)
		}
	}
	return nil
}

// holdFindings holds what doctor is shown to say to its own texts, and its remedies to the operations that they call.
func holdFindings(t *testing.T, e example) error {
	texts, err := literals("internal/doctor")
	if err != nil {
		return err
	}
	found := 0
	for line := range strings.Lines(e.text) {
		line = strings.TrimSpace(line)
		if finding := regexp.MustCompile(`^[✗!] ([a-z-]+) +(.*)$`).FindStringSubmatch(line); finding != nil {
			found++
			if !slices.Contains(texts, finding[1]) || !slices.ContainsFunc(texts, func(format string) bool { return made(format, finding[2]) }) {
				return fmt.Errorf("doctor has no check that says %q", line)
			}
		}
		if strings.HasPrefix(line, "aws ") {
			if err := awsCommand(t.Context(), &terminal{t: t, folder: t.TempDir()}, strings.Fields(line)); err != nil {
				return err
			}
		}
	}
	if found == 0 {
		return errors.New("it shows no finding")
	}
	return nil
}

// made says that a format of fmt's can have made a text.
func made(format, text string) bool {
	pieces := regexp.MustCompile(`%[-+.\d]*[a-z]`).Split(format, -1)
	if len(strings.Join(pieces, "")) < 10 { // %s would have made any
		return false
	}
	for i, piece := range pieces {
		pieces[i] = regexp.QuoteMeta(strings.ReplaceAll(piece, "%%", "%"))
	}
	return regexp.MustCompile("^" + strings.Join(pieces, ".+") + "$").MatchString(text)
}

// holdReason runs the page's scenario against a shop whose carts don't add up.
func holdReason(t *testing.T, e example) error {
	plan := filepath.Join(t.TempDir(), "greenlight.yaml")
	if err := os.WriteFile(plan, []byte(pageNamed(t, e.page).in("yaml")[0].plan()), 0o600); err != nil {
		return err
	}
	ill := newGreen()
	t.Cleanup(ill.close)
	var out bytes.Buffer
	a := app{stdin: strings.NewReader(""), stdout: &out, stderr: &out, env: func(string) string { return "" }}
	code := a.run(t.Context(), []string{"run", plan, "--green", ill.URL + "/bad"})
	said := strings.ReplaceAll(out.String(), " /bad/", " /")
	if code != exitFailed || !strings.Contains(said, strings.TrimSpace(e.text)) {
		return fmt.Errorf("exit code %d, and it says\n%s", code, said)
	}
	return nil
}

// holdQuery holds a query of the log to fields that the code writes.
func holdQuery(_ *testing.T, e example) error {
	texts, err := literals("hook", "internal", "cmd")
	if err != nil {
		return err
	}
	names, _, _ := strings.Cut(strings.TrimPrefix(e.text, "fields @timestamp, "), " | ")
	for name := range strings.SplitSeq(names, ", ") {
		if !slices.Contains(texts, name) {
			return fmt.Errorf("no code writes %q", name)
		}
	}
	return nil
}

// holdDockerfile holds an image's name and the function's folder to the packaging.
func holdDockerfile(_ *testing.T, e example) error {
	releaser, err := os.ReadFile(filepath.Join(repository, ".goreleaser.yaml"))
	if err != nil {
		return err
	}
	packaged, err := os.ReadFile(filepath.Join(repository, "packaging/Dockerfile.lambda"))
	if err != nil {
		return err
	}
	lines := regexp.MustCompile(`^FROM (\S+):\d+\.\d+\.\d+-(?:arm64|amd64)\nCOPY greenlight\.yaml (\S+)\n$`).FindStringSubmatch(e.text)
	if lines == nil || !strings.Contains(string(releaser), lines[1]) || !strings.Contains(string(packaged), strings.TrimSuffix(lines[2], "/")) {
		return errors.New("the release has no such image, or the function isn't there")
	}
	return nil
}

// A documentedAccount is a simulated one in the middle of a deployment: CodeDeploy has deployed the service shop, deploys
// it again, and has called the function of its hook.
type documentedAccount struct {
	t        *testing.T
	endpoint string
	called   []byte // the function's event
}

func newAccount(t *testing.T) documentedAccount {
	t.Helper()
	sim, err := simulator.Start(t.Context(), simulator.Config{
		Region: "eu-west-1", Application: "shop", Group: "production", Cluster: "main", Service: "shop", Blue: "shop:1",
		Tasks: func(context.Context, string) (simulator.Task, error) {
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			return simulator.Task{URL: server.URL, Stop: func() error { server.Close(); return nil }}, nil
		},
		Clock: clock.Instant(), HealthCheck: elb.HealthCheck{Path: "/", Interval: 10 * time.Millisecond},
		AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure},
	})
	if err != nil {
		t.Fatal(err)
	}
	called, over := make(chan []byte, 1), make(chan struct{})
	gate := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		called <- body
		<-over
	}))
	t.Cleanup(func() {
		close(over)
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		gate.Close()
	})
	binary, err := exec.LookPath("greenlight")
	if err != nil {
		t.Fatal(err)
	}
	const name, holds = "CodeDeployHook_greenlight", "CodeDeployHook_holds"
	if err := errors.Join(
		sim.CreateFunction(lambda.Function{Name: name, Command: []string{binary}, Env: map[string]string{"GREENLIGHT_SKIP": "true"}, Timeout: time.Minute}),
		sim.CreateFunction(lambda.Function{Name: holds, Webhook: gate.URL, Timeout: lambda.MaxTimeout}),
	); err != nil {
		t.Fatal(err)
	}
	hooks := map[codedeploy.Event]string{codedeploy.AfterAllowTestTraffic: name, codedeploy.AfterAllowTraffic: name}
	if d, err := sim.Deploy(t.Context(), codedeploy.AppSpec{TaskDefinition: "shop:2", Hooks: hooks}); err != nil || d.Deployment.Status != codedeploy.Succeeded {
		t.Fatalf("%+v, %v", d, err)
	}
	hooks[codedeploy.AfterAllowTestTraffic] = holds
	if _, err := sim.Create(codedeploy.AppSpec{TaskDefinition: "shop:3", Hooks: hooks}); err != nil {
		t.Fatal(err)
	}
	return documentedAccount{t, sim.EndpointURL(), <-called}
}

// environment is all that commands of the documentation have of one.
func (a documentedAccount) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + a.t.TempDir(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example",
		"AWS_ENDPOINT_URL=" + a.endpoint, "AWS_EC2_METADATA_DISABLED=true",
		"GORACE=atexit_sleep_ms=0", // or each command takes a second longer where the tests run with -race
	}
}

// switchable is the endpoint of a scenario, whose faults curl switches.
func switchable(t *testing.T) string {
	t.Helper()
	version := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(version.Close)
	s, err := scenario.Parse(scenario.Source{Name: "s.yaml", Folder: t.TempDir(), Text: []byte(fmt.Sprintf(
		"version: 1\nappspec: {Resources: [{TargetService: {Type: 'AWS::ECS::Service', Properties: {TaskDefinition: 'shop:2'}}}]}\nblue: {url: '%[1]s'}\ngreen: {url: '%[1]s'}\nhealth_check: {interval: 10ms}\n", version.URL))})
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
	return sim.EndpointURL()
}

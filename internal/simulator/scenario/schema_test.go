package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/race"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/gocomment"
)

var update = flag.Bool("update", false, "write scenario.schema.json anew")

// generated is the schema as the definitions and their comments have it.
func generated(t *testing.T) *strictyaml.Schema {
	t.Helper()
	comments, err := gocomment.Read("../../..", "github.com/greenlight-deploy/greenlight", "internal/simulator/scenario")
	if err != nil {
		t.Fatal(err)
	}
	return strictyaml.NewDescriber(comments).Document("A deployment for greenlight simulate", &file{})
}

func TestTheSchemaIsThatOfTheDefinitions(t *testing.T) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(generated(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("scenario.schema.json", text.Bytes(), 0o644); err != nil { //nolint:gosec // it is for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text.String(), Schema()); diff != "" {
		t.Errorf("scenario.schema.json is of old; go test ./internal/simulator/scenario -run Schema -update renews it (-definitions +file):\n%s", diff)
	}
}

func TestTheSchemaExplainsEachKey(t *testing.T) {
	var walk func(at string, s *strictyaml.Schema)
	walk = func(at string, s *strictyaml.Schema) {
		if s == nil {
			return
		}
		for _, p := range s.Properties {
			if p.Schema.Description == "" {
				t.Errorf("%s.%s has no description: write a comment for its field", at, p.Name)
			}
			walk(at+"."+p.Name, p.Schema)
		}
		for name, def := range s.Defs {
			walk(name, def)
		}
		for _, part := range slices.Concat(s.AnyOf, s.OneOf, []*strictyaml.Schema{s.Items, s.Additional}) {
			walk(at, part)
		}
	}
	walk("scenario", generated(t))
}

const ofNames = "names between {{ and }}"

// unsayableRule is one that is the parser's alone, because it is between several places of a file, or about what words stand for.
type unsayableRule struct {
	name  string
	says  *regexp.Regexp
	lines string // of a file that breaks it, besides those that mutants are
}

func unsayable() []unsayableRule {
	return []unsayableRule{
		{ofNames, regexp.MustCompile(`(unknown name|is known only|known only once|no name between|is not a name|fill in values, never keys)`), "application: '{{ vars.nothing }}'"},
		{"the AppSpec's own rules", regexp.MustCompile(`^appspec: `), "appspec: {}"},
		{"functions that the file has", regexp.MustCompile(`(unknown function|the scenario has no functions)`), "faults: [{kill: check}]"},
		{"a listener that isn't there", regexp.MustCompile(`the scenario has no test listener`), "listeners: {test: none}\nfaults: [{spread: test, by: 1s}]"},
		{"the order of steps", regexp.MustCompile(`(must rise up to 100|must give green 100 percent)`), "deployment_config: [{percent: 50}, {percent: 20}]"},
		{"ECS's own rules", regexp.MustCompile(`^ecs: `), "ecs: {strategy: linear, canary: {percent: 5}}"},
		{"a fault's moment, by who deploys", regexp.MustCompile(`at: .* is (a stage of ECS's|an event of CodeDeploy's)`), "faults: [{hang: all, at: POST_SCALE_UP}]"},
		{"an event that fails needs a failure", regexp.MustCompile(`isn't expected to fail`), "expect: {status: stopped, event: Install}"},
		{"URLs in all their parts", regexp.MustCompile(`is not a (base )?URL`), "green: {url: 'http://127.0.0.1:1/path'}"},
		{"a hook is not a function and a pause", regexp.MustCompile(`a hook is a function or a pause`), "ecs: {hooks: [{function: f, pause: true, stages: [POST_SCALE_UP]}]}\nfunctions: {f: {command: x}}"},
		{"a stage takes this hook and not that", regexp.MustCompile(`unknown stage that takes this hook`), "ecs: {hooks: [{pause: true, stages: [TEST_TRAFFIC_SHIFT]}]}"},
		{"how long times may be", regexp.MustCompile(`(above 0 and up to 15m|up to 10s|over 100 years)`), "functions: {f: {command: x, timeout: 16m}}"},
		{"a share above none", regexp.MustCompile(`rate: above 0`), "faults: [{hang: all, rate: 0%}]"},
		{"what follows the - of a clock's skew", regexp.MustCompile(`a duration such as 10m or -10m`), "faults: [{clock_skew: '-soon'}]"},
		{"one url is one task", regexp.MustCompile(`one url can't be`), "ecs: {tasks: 2}"},
		{"the name of a program", regexp.MustCompile(`must begin with a program`), "green: {command: ['']}"},
		{
			"what only a service has, or only a function",
			regexp.MustCompile(`(and the AppSpec deploys a Lambda function|and it is an ECS service that is deployed|it is a Lambda function that is deployed|a version of a function has no address|which has no targets and no listeners|a Lambda deployment has no listeners)`),
			"blue: {command: x, memory: 512}",
		},
		{"what only the other platform has", regexp.MustCompile(`(unknown event of a Lambda deployment|unknown configuration for)`), "deployment_config: CodeDeployDefault.LambdaAllAtOnce"},
		{"what is deployed is no other function", regexp.MustCompile(`is what is deployed: blue is`), "appspec: " + forLambda + "\nblue: {command: x}\ngreen: {command: x}\nfunctions: {shop: {command: x}}"},
		{"two listeners' ports", regexp.MustCompile(`give test another`), "listeners: {production: 8080, test: 8080}"},
		{"a hook without test traffic", regexp.MustCompile(`would see no test traffic`), "listeners: {test: none}\nappspec: {Resources: [{TargetService: {Type: 'AWS::ECS::Service', Properties: {TaskDefinition: a}}}], Hooks: [{AfterAllowTestTraffic: f}]}"},
		{"a certificate that isn't there", regexp.MustCompile(`no listener of the scenario has protocol: https`), "functions: {f: {command: x, env: {CA: '{{ listeners.ca }}'}}}"},
		{"the load balancer's own rules", regexp.MustCompile(`rule: (host-header|path-pattern|http-header|http-request-method|query-string|source-ip|an http-header|the conditions) `), "listeners: {production: {rule: {host: shop}}}"},
		{"a whole number is written without a fraction", regexp.MustCompile(`expected a whole number`), "listeners: {production: 80.0}"},
	}
}

// resolved is the schema, ready to judge.
func resolved(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(Schema()), &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sound are scenarios that are right: the example's, the documentation's, and some that use what these don't.
func sound(t *testing.T) []any {
	t.Helper()
	page, err := os.ReadFile("../../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{Example()}
	for _, block := range regexp.MustCompile("(?s)```yml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		texts = append(texts, block[1])
	}
	texts = append(texts, more...)
	var all []any
	for _, text := range texts {
		tree := map[string]any{}
		if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
			t.Fatal(err)
		}
		for key, value := range map[string]any{
			"version": 1, "appspec": "appspec.yaml", "blue": map[string]any{"url": "http://127.0.0.1:1"}, "green": map[string]any{"url": "http://127.0.0.1:2"},
		} {
			if _, ok := tree[key]; !ok && (key != "appspec" || tree["ecs"] == nil) {
				tree[key] = value
			}
		}
		all = append(all, tree)
	}
	return all
}

// forLambda is an AppSpec for a function.
const forLambda = `{Resources: [{shop: {Type: "AWS::Lambda::Function", Properties: {Name: shop, Alias: live, CurrentVersion: "1", TargetVersion: "2"}}}]}`

// more are parts of scenarios, to which what is needed is added.
var more = []string{
	`{vars: {n: 3, on: true, s: 60x}, speed: "{{ vars.s }}", rollback_hooks: "{{ vars.on }}", health_check: {healthy: "{{ vars.n }}", unhealthy: 10, path: /x, interval: 1d2h, timeout: 0, matcher: 200}}`,
	`{auto_rollback: [DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_REQUEST], listeners: {production: 8080, test: none}, aws: {port: 65535}, hook_timeout: 1.5h, install_timeout: .5m, termination_wait: +3s}`,
	`{deployment_config: [{percent: 5, wait: 10m}, {percent: 100}], speed: 2.5, expect: {status: failed, event: Install}, green: {command: [a, 1], env: {A: 1, B: true}, dir: x}}`,
	`{functions: {a: {webhook: "http://127.0.0.1:1/x"}, b: {runtime_interface_emulator: "HTTP://127.0.0.1:1"}, c: {command: x, handler: h, runtime: r, memory: 10240, timeout: 15m, env: {A: "{{ aws.endpoint }}"}}},
	  faults: [{kill: a, by: 1s, times: 2}, {cold_start: b, by: 10s}, {throttle_function: c, for: 1m}, {duplicate: a}, {lose: b, at: AfterInstall}]}`,
	`{faults: [{slow: all, by: 2s, rate: 12.5%}, {hang: DescribeRules, rate: 1}, {garbage: Invoke, times: 1}, {error: GetDeployment}, {drop_before: all}, {clock_skew: 10m}, {clock_skew: "-10m"}, {verify_signatures: true}]}`,
	`{faults: [{unhealthy: blue}, {slow_target: green, by: 1s, rate: 1e1%}, {reset: green}, {flap: blue, by: 1m}, {spread: test, by: 1m}, {revert: production, by: 1m, at: AllowTraffic, for: 1h}]}`,
	`{ecs: {strategy: LINEAR, linear: {percent: 10%, bake: 1m}, tasks: 1}, speed: 1000x, expect: {status: failed, event: BAKE_TIME}}`,
	`{ecs: {new_service: true, notices: f, hooks: [{function: f, stages: [POST_SCALE_UP], details: {a: [1, {b: null}]}, timeout: 2m, on_timeout: continue}, {pause: true, stages: [PRE_SCALE_UP]}]}, functions: {f: {command: x}}}`,
	`{ecs: {}, faults: [{hang: all, at: POST_SCALE_UP}], expect: stopped, traffic: .5/s, listeners: {production: {port: 0, rule: {host: [a.b, "*.b"], method: GET}}, test: {rule: {query: {v: [a, b]}, source_ip: 127.0.0.0/8}}}}`,
	`{listeners: {production: {protocol: http}, test: {protocol: https, names: [a.b, c], rule: {path: /x/*, header: {a: b}}}}, without_test_listener: skip, traffic: {rate: 1e2/s, path: /cart, headers: {host: a.b}}, functions: {f: {command: x, env: {CA: "{{ listeners.ca }}"}}}}`,
	`{appspec: ` + forLambda + `, deployment_config: CodeDeployDefault.LambdaAllAtOnce, blue: {webhook: "http://127.0.0.1:1"}, green: {command: [x], handler: h, runtime: r, timeout: 1m, memory: 128, env: {A: "{{ aws.endpoint }}"}, dir: d},
	  traffic: {rate: 1000/s, payload: [1, {a: null}]}, faults: [{kill: shop}, {hang: Invoke, at: AllowTraffic}], expect: {status: failed, event: AfterAllowTraffic}}`,
	`{appspec: ` + forLambda + `, blue: {runtime_interface_emulator: "http://127.0.0.1:1"}, green: {command: x}, traffic: 1/s, auto_rollback: true, rollback_hooks: true, hook_timeout: 1m}`,
}

// mutants are what a file becomes by one mistake.
func mutants(tree any) []any {
	wrong := []any{"nonsense", "", "-5", 0, 1.5, 99999999, true, nil, []any{}, []any{"x"}, map[string]any{"nonsense": 1}, "{{ vars.nothing }}", "5s"}
	all := slices.Clone(wrong)
	switch tree := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			for _, value := range mutants(tree[key]) {
				if key == "vars" || key == "appspec" {
					break // what variables stand for is no schema's business, nor is what CodeDeploy reads
				}
				mutant := maps.Clone(tree)
				mutant[key] = value
				all = append(all, mutant)
			}
			without := maps.Clone(tree)
			delete(without, key)
			all = append(all, without)
			for _, more := range []string{"x", "=", " {{ vars.s }}"} {
				misspelled := maps.Clone(without)
				misspelled[key+more] = tree[key]
				all = append(all, misspelled)
			}
		}
		for _, key := range []string{"unknown", "by", "event", "ecs", "url", "webhook", "bake"} {
			if _, ok := tree[key]; !ok {
				added := maps.Clone(tree)
				added[key] = "5s"
				all = append(all, added)
			}
		}
	case []any:
		for i := range tree {
			for _, value := range mutants(tree[i]) {
				mutant := slices.Clone(tree)
				mutant[i] = value
				all = append(all, mutant)
			}
			all = append(all, slices.Delete(slices.Clone(tree), i, i+1))
		}
	}
	return all
}

// folderWithAppSpec is a folder with the file that scenarios name.
func folderWithAppSpec(t *testing.T) string {
	t.Helper()
	const appSpec = `{"Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "shop:2"}}}]}`
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "appspec.yaml"), []byte(appSpec), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// judges are the schema and the parser, and what they say.
type judges struct {
	t      *testing.T
	rules  []unsayableRule
	schema *jsonschema.Resolved
	folder string
	both   int
	byRule map[string]int
	judged map[string]bool
}

// judge holds a file against both. What the schema refuses the parser refuses, and what the parser refuses the schema
// does, but for the rules that are unsayable.
func (j *judges) judge(text string) {
	if j.judged[text] {
		return
	}
	j.judged[text] = true
	_, problem := Parse(Source{Name: "s", Text: []byte(text), Folder: j.folder, Greenlight: "greenlight"})
	var tree any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		j.t.Fatal(err)
	}
	asJSON, err := json.Marshal(tree) // as an editor sees it: numbers are numbers
	if err != nil {
		j.t.Fatal(err)
	}
	if err := json.Unmarshal(asJSON, &tree); err != nil {
		j.t.Fatal(err)
	}
	verdict := j.schema.Validate(tree)
	switch {
	case problem == nil && verdict != nil:
		j.t.Errorf("the schema alone refuses it: %v, in\n%s", verdict, text)
	case problem != nil && verdict == nil:
		name := j.ruleOf(problem)
		if name == "" {
			j.t.Errorf("the parser alone refuses it: %v, in\n%s", problem, text)
		}
		j.byRule[name]++
	case problem != nil:
		j.both++
	}
}

func TestSchemaAndParserAgree(t *testing.T) {
	j := &judges{t: t, rules: unsayable(), schema: resolved(t), folder: folderWithAppSpec(t), byRule: map[string]int{}, judged: map[string]bool{}}
	oneIn := 1
	if race.Enabled {
		oneIn = 10 // of the files; CI judges all of them without it
	}
	for _, whole := range sound(t) {
		for i, file := range append(mutants(whole), whole) {
			if i%oneIn != 0 {
				continue
			}
			text, err := json.Marshal(file)
			if err != nil {
				t.Fatal(err)
			}
			j.judge(string(text))
		}
	}
	t.Logf("%d files were judged, and %d of them refused by both", len(j.judged), j.both)
	if len(j.judged) < 500 || j.both < 300 {
		t.Errorf("%d files were judged, and %d of them refused by both", len(j.judged), j.both)
	}
	for _, r := range j.rules {
		clear(j.byRule)
		j.judge(completed(r.lines))
		if j.byRule[r.name] != 1 {
			t.Errorf("the example of a rule that is the parser's alone (%s) is refused by %v, or not at all", r.name, j.byRule)
		}
	}
}

func TestSoundScenariosAreTakenBySchemaAndParser(t *testing.T) {
	schema, folder := resolved(t), folderWithAppSpec(t)
	for _, whole := range sound(t) {
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(Source{Name: "s", Text: text, Folder: folder, Greenlight: "greenlight"}); err != nil {
			t.Errorf("the parser refuses %v, in\n%s", err, text)
		}
		if err := schema.Validate(whole); err != nil {
			t.Errorf("the schema refuses %v, in\n%s", err, text)
		}
	}
}

// completed adds the lines that a scenario needs.
func completed(lines string) string {
	for key, line := range map[string]string{
		"version": "version: 1", "appspec": "appspec: appspec.yaml", "blue": "blue: {url: http://127.0.0.1:1}", "green": "green: {url: http://127.0.0.1:2}",
	} {
		if key == "appspec" && strings.HasPrefix(lines, "ecs:") || strings.Contains("\n"+lines, "\n"+key+":") {
			continue
		}
		lines += "\n" + line
	}
	return lines + "\n"
}

// ruleOf names the rule by which the parser alone refuses a file; empty where something that it says is of none.
func (j *judges) ruleOf(err error) string {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return ""
	}
	ruled := make([]string, len(problems))
	for i, p := range problems {
		for _, r := range j.rules {
			if r.says.MatchString(p.Message) {
				ruled[i] = r.name
			}
		}
	}
	switch {
	case slices.Contains(ruled, ofNames): // what it stands for being unknown, more may be said of its place
		return ofNames
	case slices.Contains(ruled, ""):
		return ""
	}
	return ruled[0]
}

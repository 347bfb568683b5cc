package planschema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plan/planschema"
	"github.com/greenlight-deploy/greenlight/internal/race"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml/yamlfmt"
)

const ofNames = "names between {{ and }}"

// unsayableRule is one that is the parser's alone: it is between several places of a plan, about what names stand for, or
// of a language inside of a text.
type unsayableRule struct {
	name  string
	says  *regexp.Regexp
	lines string // of a plan that breaks it, besides those that mutants are
}

// unsayable are all of them. A kind of check that has more adds them here, each with an example.
func unsayable() []unsayableRule {
	return []unsayableRule{
		{ofNames, regexp.MustCompile(`(unknown name|is known only|no name between|is not a name|fill in values, never keys|can't stand in the middle)`), "green: '{{ vars.nothing }}'"},
		{"a stage has two names", regexp.MustCompile(`are one stage, which has two names`), "stages: {AfterInstall: {checks: [{http: /}]}, POST_SCALE_UP: {checks: [{http: /}]}}"},
		{"addresses in all their parts", regexp.MustCompile(`^(green|blue): `), "green: ftp://shop"},
		{"URLs in all their parts", regexp.MustCompile(`(is not a URL|is not a path|names no host|holds a user name|has the scheme|holds a control character)`), "checks: [{http: 'http://ann@shop/'}]"},
		{"a variable's value is plain", regexp.MustCompile(`the value of a variable is plain`), "vars: {a: 'x {{ stage }}'}\nchecks: [{http: /}]"},
		{"for within its budget", regexp.MustCompile(`for: the check is to pass for`), "budget: 1m\nchecks: [{http: /, for: 2m}]"},
		{"a callback of a second", regexp.MustCompile(`callback: expected 1s or more`), "callback: 5ms\nchecks: [{http: /}]"},
		{"requests that fit their time", regexp.MustCompile(`take longer than within`), "identity: {http: /, within: 1s, every: 1s, consecutive: 5, expect: {body: x}}\nchecks: [{http: /}]"},
		{"how long times may be", regexp.MustCompile(`over 100 years`), "checks: [{http: /, timeout: 999999d}]"},
		{"how large sizes may be", regexp.MustCompile(`over a petabyte`), "checks: [{http: /, expect: {size: 9999999GB}}]"},
		{"what a regular expression is", regexp.MustCompile(`is not a regular expression`), "checks: [{http: /, expect: {body: '~ ('}}]"},
		{"one code in an order", regexp.MustCompile(`compares with one code`), "checks: [{http: /, expect: {status: '< 200..299'}}]"},
		{"what an order is of", regexp.MustCompile(`(compares? numbers|is not a number|< compares|<= compares|> compares|>= compares)`), "checks: [{http: /, expect: {body: '< abc'}}]"},
		{"the ends of a range", regexp.MustCompile(`ends before it begins`), "checks: [{http: /, expect: {status: 299..200}}]"},
		{"JSON paths", regexp.MustCompile(`(is not a JSON path|looks into all depths|ends in \.\.|holds a script)`), "checks: [{http: /, expect: {json: {'$[': 1}}}]"},
		{"expressions", regexp.MustCompile(`^assert: `), "checks: [{http: /, expect: {assert: 'body. >'}}]"},
		{"headers of the message itself", regexp.MustCompile(`describes the message itself`), "checks: [{http: {path: /, headers: {te: x}}}]"},
		{"headers in any case", regexp.MustCompile(`are one header`), "checks: [{http: {path: /, headers: {a: x, A: x}}}]"},
		{"the value of a header", regexp.MustCompile(`holds a line break or another control character`), "checks: [{http: {path: /, headers: {a: \"x\\ny\"}}}]"},
		{"PEM texts", regexp.MustCompile(`(no certificate is in it|don't go together)`), "checks: [{http: {path: /, tls: {ca: '-----BEGIN X'}}}]"},
		{"scenario: the groups of an expression", regexp.MustCompile(`(there is no group|unknown group)`), "checks: [{scenario: [{http: /, capture: {a: {header: x, regex: (a), group: 5}}}]}]"},
		{
			"scenario: what a capture takes", regexp.MustCompile(`(the name is empty|is not the name of a header|the expression is empty|a JSON path begins with)`),
			"checks: [{scenario: [{http: /, capture: {a: {header: '< 5'}}}]}]",
		},
		{"scenario: a step's name isn't blank", regexp.MustCompile(`name: expected a line of text`), "checks: [{scenario: [{http: /, name: ' '}]}]"},
		{"files that there are", regexp.MustCompile(`(reading the file "|include: no example is named)`), "checks: [{include: nothing.yaml}]"},
		{"series: windows of whole steps", regexp.MustCompile(`^over: .* isn't a whole number of steps`), "checks: [{cloudwatch: {namespace: Shop, metric: Errors, stat: Sum}, over: 90s, expect: {value: < 1}}]"},
		{"series: what is compared", regexp.MustCompile(`(^against: (write agg|nothing is compared|the query names nothing)|^expect: change needs against)`), "checks: [{cloudwatch: {namespace: Shop, metric: Errors, stat: Sum}, expect: {change: < 1%}}]"},
		{"series: the step of a window", regexp.MustCompile(`^step: it is a window's`), "checks: [{prometheus: {url: 'http://prometheus:9090', query: up, step: 15s}, expect: {value: 1}}]"},
		{"series: what a change is compared by", regexp.MustCompile(`^change: write how much it may differ as a comparison`), "checks: [{cloudwatch: {namespace: Shop, metric: Errors, stat: Sum}, against: before, expect: {change: '{{ stage }}'}}]"},
		{"network: ports", regexp.MustCompile(`has the port "[0-9]+"; ports go from 1 to 65535`), "checks: [{tcp: 'shop:70000'}]"},
		{"tcp: what is expected of nothing", regexp.MustCompile(`(^answer: nothing is sent|^certificate: the connection isn't one of TLS)`), "checks: [{tcp: 'shop:80', expect: {answer: PONG}}]"},
		{"tls: a version is written with its fraction", regexp.MustCompile(`(^refuses: unknown version of TLS "1":|^version: "1" is not a version of TLS)`), "checks: [{tls: shop, expect: {refuses: 1}}]"},
		{"tls: a version is refused once", regexp.MustCompile(`^refuses: .* stands there twice`), "checks: [{tls: shop, expect: {refuses: [1.1, 1.1]}}]"},
		{"dns: names", regexp.MustCompile(`^dns: .*is a URL: write the name of its host`), "checks: [{dns: 'http://shop/'}]"},
		{"dns: some values", regexp.MustCompile(`^values: nothing is expected of them`), "checks: [{dns: shop, expect: {values: {all: []}}}]"},
		{"websocket: subprotocols that are offered", regexp.MustCompile(`^subprotocol: none is offered`), "checks: [{websocket: /, expect: {subprotocol: chat}}]"},
		{"exec: a program to run", regexp.MustCompile(`the list names no program`), "checks: [{exec: ['', x]}]"},
		{"lambda: names of functions", regexp.MustCompile(`is neither a function's name nor its ARN`), "checks: [{lambda: '< 5'}]"},
		{"scenario: the steps of a file", regexp.MustCompile(`(the steps of a file are those of its one check, a scenario|is captured by step 1 already)`), "checks: [{scenario: [include: answers.yaml]}]"},
		{
			"include: the variables of a file", regexp.MustCompile(`(^with: unknown variable of [a-z-]+.yaml |\{\{ vars\.(code|path|user|password) \}\} is (a list|a mapping|null): a single value is needed here)`),
			"checks: [{include: {file: answers.yaml, with: {colour: green}}}]",
		},
		{
			"http: what an OpenAPI document describes", regexp.MustCompile(`^openapi: (operation: unknown operationId |.* describes no [A-Z]+ /)`),
			"checks: [{http: /x, expect: {openapi: petstore.yaml}}]",
		},
		{"http: media types", regexp.MustCompile(`^multipart: content_type: .* is not a media type`), "checks: [{http: {path: /, method: POST, multipart: [{name: a, value: b, content_type: c}]}}]"},
		{"http: where names lead", regexp.MustCompile(`^resolve: .* is neither an address nor a host`), "checks: [{http: {path: /, resolve: {'shop:80': '< 5'}}}]"},
		{
			"http: what a JSON Schema is",
			regexp.MustCompile(`^schema: (expected (a schema,|a name,|a number,|a list of names,|a mapping of names)|unknown (keyword|type) |type: quote it)`),
			"checks: [{http: /, expect: {schema: {typo: object}}}]",
		},
		{"a whole number is written without a fraction", regexp.MustCompile(`expected a whole number`), "version: 1.0\nchecks: [{http: /}]"},
	}
}

// resolved is the schema, ready to judge.
func resolved(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(planschema.Text()), &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// written are the plans of the documentation, of the examples and of the demo.
func written(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, pattern := range []string{"examples/*/greenlight.yaml", "internal/demo/greenlight.yaml", "README.md", "docs/*.md", "docs/checks/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(file) != ".md" {
				texts = append(texts, string(text))
				continue
			}
			for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
				texts = append(texts, block[1])
			}
		}
	}
	return texts
}

// more are parts of plans, that use what those that are written elsewhere don't.
var more = []string{
	`{green: shop:8080, blue: "https://shop/", vars: {n: 3, on: true, s: 90s, o: pass}, budget: "{{ vars.s }}", serial: "{{ vars.on }}", keep_going: true, on_inconclusive: "{{ vars.o }}", on_rollback: run, on_create: pass, callback: 1s, checks: [{http: /}]}`,
	`{vars: {n: 3, s: 90s, on: true}, identity: {http: {path: /version}, expect: {body: "~ ^shop"}, consecutive: "{{ vars.n }}", within: "{{ vars.s }}", every: 100ms, timeout: 1d},
	  stages: {POST_SCALE_UP: {checks: [{http: "HEAD HTTPS://shop/x?y=z"}], budget: 1.5h, serial: false, keep_going: "{{ vars.on }}"}, ValidateService: {checks: [{http: /}, {http: /, name: 5}]}}}`,
	`{checks: [{http: /, name: true, timeout: +3s, retry: false, eventually: {within: 1m, every: .5s}, for: 1m, severity: warn, on_inconclusive: pass},
	  {http: /, retry: {attempts: 3, delay: 0}, eventually: 90s, for: {lasting: 1h, every: 1m}, severity: fail}, {http: "{{ green.url }}/x", retry: {}}]}`,
	`{checks: [{http: {method: PATCH, url: "http://127.0.0.1:1/{{ stage }}", query: {a: [1, b], c: true}, headers: {x-a: "{{ stage }}"}, json: null, redirects: 20, tls: {insecure: true, server_name: a.b}}},
	  {http: {path: "{{ stage }}", form: {a: 1, b: [2, 3]}, redirects: {max: 0, other_hosts: true}, tls: {ca: ca.pem, cert: c.pem, key: k.pem}}}, {http: {path: /, body: 5}}]}`,
	`{checks: [{http: /, expect: {status: [200, 2xx, "200..299"], duration: "< 1.5s", headers: {a: "~ ^x$", b: 5}, body: "!= x", json: {$.a: [1, {b: null}], "$.b": "< 5", "$[0]": null}, size: "<= 5 MiB",
	  certificate: {expires: "> 14d", names: [a.b, "*.b"], issuer: ca}, assert: ["size > 0", "status == 200"]}}, {http: /, expect: {status: "!= 5XX", size: 0B, certificate: {names: a}}}, {http: /, expect: {status: "< 500", body: true, assert: "size < 5"}}, {http: /, expect: {}}]}`,
}

// source is a plan that may include the files that the documentation shows.
func source(text string) plan.Source {
	return plan.Source{Name: "plan.yaml", Text: []byte(text), Include: shown{}}
}

// shown includes the files that docs/plan.md and docs/checks/scenario.md show.
type shown struct{}

func (shown) Resolve(file string) (string, error) { return file, nil }

func (shown) Read(name string) (plan.Source, error) {
	texts := map[string]string{
		"answers.yaml": "version: 1\nvars: {path: /, code: 200}\nchecks: [{http: {path: /, query: {path: '{{ vars.path }}', code: '{{ vars.code }}'}}}]\n",
		"sign-in.yaml": "version: 1\nvars: {user: test, password: ''}\nchecks: [{scenario: [{http: {path: /, query: {user: '{{ vars.user }}', password: '{{ vars.password }}'}}, capture: {account: $.id}}]}]\n",
	}
	text, ok := texts[name]
	if !ok {
		return plan.Source{}, fmt.Errorf("no example is named %s", name)
	}
	return plan.Source{Name: name, Text: []byte(text)}, nil
}

// besideTheirFiles goes to where the files are that the examples name.
func besideTheirFiles(t *testing.T) {
	t.Helper()
	t.Chdir(filepath.Join(root, "cmd/greenlight/testdata/docs"))
}

// versioned is a plan that says which version of the language it is in, as the documentation's examples needn't.
func versioned(text string) string {
	if !strings.Contains("\n"+text, "\nversion:") && !strings.HasPrefix(text, "{version:") {
		return "version: 1\n" + text
	}
	return text
}

// sound are plans that are right, as trees.
func sound(t *testing.T) []map[string]any {
	t.Helper()
	texts := written(t)
	if len(texts) < 8 {
		t.Fatalf("%d plans were found: does the documentation stand elsewhere?", len(texts))
	}
	var all []map[string]any
	for _, text := range append(texts, more...) {
		tree := map[string]any{}
		if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
			t.Fatalf("%v, in\n%s", err, text)
		}
		tree["version"] = 1
		all = append(all, tree)
	}
	return all
}

// withOneCheck gives a plan once for each of its checks, without the others: a mistake in one says as much there, and is
// found sooner.
func withOneCheck(whole map[string]any) []map[string]any {
	var parts []map[string]any
	for i, more := 0, true; more; i++ {
		part := maps.Clone(whole)
		part, more = keep(part, i)
		if stages, ok := part["stages"].(map[string]any); ok {
			stages = maps.Clone(stages)
			for name, stage := range stages {
				if stage, ok := stage.(map[string]any); ok {
					one, further := keep(maps.Clone(stage), i)
					stages[name], more = one, more || further
				}
			}
			part["stages"] = stages
		}
		parts = append(parts, part)
	}
	return parts
}

// keep leaves one check of a list, the last where there are fewer, and says whether there are more.
func keep(holder map[string]any, i int) (map[string]any, bool) {
	checks, ok := holder["checks"].([]any)
	if ok && len(checks) > 0 {
		at := min(i, len(checks)-1)
		holder["checks"] = checks[at : at+1]
	}
	return holder, i+1 < len(checks)
}

// mutants are what a plan becomes by one mistake.
func mutants(tree any) []any {
	all := []any{
		"nonsense", "", "-5", 0, 1.5, 99999999, true, nil,
		[]any{},
		[]any{"x"},
		map[string]any{},
		map[string]any{"nonsense": 1},
		"{{ vars.nothing }}", "{{ stage }}", "5s", "0s", "< 5", "> 1s", "< 5kB", "2xx", "GET /x", "FETCH /x", "/x", "http://127.0.0.1:1/x", "~ ^x$", "fail",
	}
	switch tree := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			for _, value := range mutants(tree[key]) {
				if key == "vars" {
					break // what variables stand for is no schema's business
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
		for _, key := range []string{"unknown", "http", "expect", "for", "url", "json", "body", "checks", "budget", "within"} {
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

// judges are the schema and the parser, and what they say.
type judges struct {
	t      *testing.T
	rules  []unsayableRule
	schema *jsonschema.Resolved
	both   int
	byRule map[string]int
	judged map[string]bool
	alone  map[string]string // what one of them says, by the like of it
}

// judge holds a plan against both. What the schema refuses the parser refuses, and what the parser refuses the schema
// does, but for the rules that are unsayable.
func (j *judges) judge(text string) {
	if j.judged[text] {
		return
	}
	j.judged[text] = true
	_, problem := language().Parse(source(text))
	verdict := j.schema.Validate(asEditorsSee(j.t, text))
	switch {
	case problem == nil && verdict != nil:
		j.disagree(fmt.Sprintf("the schema alone refuses it: %v", verdict), text)
	case problem != nil && verdict == nil:
		name := j.ruleOf(problem)
		if name == "" {
			j.disagree(fmt.Sprintf("the parser alone refuses it: %v; say so in the type's JSONSchema or, where a schema can't, name the rule in unsayable", problem), text)
		}
		j.byRule[name]++
	case problem != nil:
		j.both++
	}
}

// disagree notes what one of them alone says, once for all plans of which it says the like.
func (j *judges) disagree(says, text string) {
	like := regexp.MustCompile(`"[^"]*"|[0-9]+`).ReplaceAllString(says, "…")
	if _, noted := j.alone[like]; !noted {
		j.alone[like] = says + ", in\n" + text
	}
}

// asEditorsSee reads YAML as JSON: numbers are numbers, however they are written. What is JSON, as all mutants are, takes no other way.
func asEditorsSee(t *testing.T, text string) any {
	t.Helper()
	var tree any
	if json.Unmarshal([]byte(text), &tree) == nil {
		return tree
	}
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var seen any
	if err := json.Unmarshal(asJSON, &seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

// ruleOf names the rule by which the parser alone refuses a plan; empty where something that it says is of none.
func (j *judges) ruleOf(err error) string {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return ""
	}
	ruled := make([]string, len(problems))
	for i, p := range problems {
		for _, r := range j.rules {
			if ruled[i] == "" && r.says.MatchString(p.Message) {
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

func TestSchemaAndParserAgree(t *testing.T) {
	j := &judges{t: t, rules: unsayable(), schema: resolved(t), byRule: map[string]int{}, judged: map[string]bool{}, alone: map[string]string{}}
	plans := sound(t)
	besideTheirFiles(t)
	oneIn := 1
	if race.Enabled {
		oneIn = 10 // of the plans; CI judges all of them without it
	}
	for _, whole := range plans {
		for _, part := range withOneCheck(whole) {
			for i, mutant := range append(mutants(part), part) {
				if i%oneIn != 0 {
					continue
				}
				text, err := json.Marshal(mutant)
				if err != nil {
					t.Fatal(err)
				}
				j.judge(string(text))
			}
		}
	}
	for _, like := range slices.Sorted(maps.Keys(j.alone)) {
		t.Error(j.alone[like])
	}
	clear(j.alone)
	t.Logf("%d plans were judged, and %d of them refused by both", len(j.judged), j.both)
	if len(j.judged) < 2000 || j.both < 1000 {
		t.Errorf("%d plans were judged, and %d of them refused by both", len(j.judged), j.both)
	}
	for _, r := range j.rules {
		clear(j.byRule)
		j.judge(completed(r.lines))
		if j.byRule[r.name] != 1 {
			t.Errorf("the example of a rule that is the parser's alone (%s) is refused by %v, or not at all, %v", r.name, j.byRule, j.alone)
		}
	}
}

func TestSoundPlansAreTakenBySchemaAndParser(t *testing.T) {
	schema := resolved(t)
	texts := written(t)
	for _, text := range more {
		texts = append(texts, "{version: 1, "+strings.TrimPrefix(text, "{"))
	}
	besideTheirFiles(t)
	for _, text := range texts {
		text = versioned(text)
		if _, err := language().Parse(source(text)); err != nil {
			t.Errorf("the parser refuses %v, in\n%s", err, text)
		}
		if err := schema.Validate(asEditorsSee(t, text)); err != nil {
			t.Errorf("the schema refuses %v, in\n%s", err, text)
		}
	}
}

// What a plan asks is the same however it is laid out: an execution over several calls goes on where it was.
func TestALayoutLeavesWhatAPlanAsks(t *testing.T) {
	texts := written(t)
	besideTheirFiles(t)
	for _, text := range texts {
		text = versioned(text)
		out, err := yamlfmt.Source("plan.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		before, after := fingerprints(t, text), fingerprints(t, string(out))
		if !slices.Equal(before, after) {
			t.Errorf("laid out it asks something else:\n%s", out)
		}
	}
}

// fingerprints are those of what a plan asks at each stage.
func fingerprints(t *testing.T, text string) []string {
	t.Helper()
	p, err := language().Parse(source(text))
	if err != nil {
		t.Fatalf("%v, in\n%s", err, text)
	}
	var all []string
	for _, name := range append(p.Stages(), "") {
		if stage := p.Stage(name); stage != nil {
			all = append(all, string(name)+" "+stage.Fingerprint)
		}
	}
	return all
}

// completed adds the lines that a plan needs.
func completed(lines string) string {
	if !strings.Contains("\n"+lines, "\nversion:") {
		lines += "\nversion: 1"
	}
	if !strings.Contains(lines, "checks:") {
		lines += "\nchecks: [{http: /}]"
	}
	return lines + "\n"
}

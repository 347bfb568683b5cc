package scenariocheck_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	scenariocheck "github.com/greenlight-deploy/greenlight/internal/check/scenario"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// files are those of a plan and what it includes, read from where one of them is.
type files struct {
	texts map[string]string
	from  string
}

func (f files) Resolve(file string) (string, error) { return path.Join(path.Dir(f.from), file), nil }

func (f files) Read(name string) (plan.Source, error) {
	text, ok := f.texts[name]
	if !ok {
		return plan.Source{}, fmt.Errorf("reading the plan %s: no such file", name)
	}
	return plan.Source{Name: name, Text: []byte(text), Include: files{f.texts, name}}, nil
}

// parsed reads plan.yaml of an archive. Files are versions of the language of their own, which needn't be said.
func parsed(archive string) (*plan.Plan, error) {
	f := files{texts: map[string]string{}}
	for _, file := range txtar.Parse([]byte(archive)).Files {
		f.texts[file.Name] = "version: 1\n" + string(file.Data)
	}
	source, err := f.Read("plan.yaml")
	if err != nil {
		return nil, err
	}
	language := plan.Language{
		Kinds: []check.Kind{httpcheck.Kind(httpcheck.Network{}), scenariocheck.Kind(httpcheck.Network{})},
		Names: []string{"green.url", "stage"},
	}
	return language.Parse(source)
}

func TestTheStepsOfAnIncludedFileStandInThePlaceOfTheInclusion(t *testing.T) {
	const login = `
-- login.yaml --
vars: {user: test}
checks:
  - name: sign in
    scenario:
      - http: POST /login?user={{ vars.user }}&say={"id":7}
        capture: {account: $.id}
`
	for _, tt := range []struct {
		why, archive, want string
		asked              []string
	}{
		{
			"before others, which may use what it captures", `
-- plan.yaml --
checks: [{scenario: [include: login.yaml, http: "GET /accounts/{{ account }}"]}]` + login, "passed",
			[]string{`POST /login?user=test&say={"id":7}`, "GET /accounts/7"},
		},
		{
			"with variables", `
-- plan.yaml --
vars: {name: ann}
checks: [{scenario: [{include: {file: login.yaml, with: {user: "{{ vars.name }}-{{ stage }}"}}}]}]` + login, "passed",
			[]string{`POST /login?user=ann-AfterAllowTestTraffic&say={"id":7}`},
		},
		{
			"given a captured value, which keeps its type", `
-- plan.yaml --
checks: [{scenario: [{http: 'GET /?say={"n":3}', capture: {n: $.n}}, include: {file: use.yaml, with: {count: "{{ n }}"}}]}]
-- use.yaml --
vars: {count: 0}
checks: [{scenario: [{http: 'GET /{{ vars.count }}?say={"n":4}', expect: {assert: body.n == vars.count + 1}}]}]
`, "passed", []string{`GET /?say={"n":3}`, `GET /3?say={"n":4}`},
		},
		{
			"in a file that is included itself, from its folder", `
-- plan.yaml --
checks: [{scenario: [include: a/a.yaml, http: "GET /{{ account }}/{{ b }}"]}]
-- a/a.yaml --
checks: [{scenario: [include: ../login.yaml, {http: 'GET /b?say={"b":"{{ account }}8"}', capture: {b: $.b}}]}]` + login, "passed",
			[]string{`POST /login?user=test&say={"id":7}`, `GET /b?say={"b":"78"}`, "GET /7/78"},
		},
		{
			"twice, where nothing is captured", `
-- plan.yaml --
checks: [{scenario: [include: {file: get.yaml, with: {path: /a}}, include: {file: get.yaml, with: {path: /b}}]}]
-- get.yaml --
vars: {path: /}
checks: [{scenario: [http: "GET {{ vars.path }}"]}]
`, "passed", []string{"GET /a", "GET /b"},
		},
		{
			"one that goes wrong is told with its file", `
-- plan.yaml --
checks: [{scenario: [http: GET /a, include: b.yaml, http: GET /d]}]
-- b.yaml --
checks: [{scenario: [http: GET /b, {name: see, http: "GET /c?status=500"}]}]
`, "failed: step 3 of 4 in b.yaml (see), GET /c?status=500: status is 500, expected 2xx", []string{"GET /a", "GET /b", "GET /c?status=500"},
		},
		{
			"in a cleanup, which is given what was captured", `
-- plan.yaml --
checks: [{scenario: [{http: 'GET /?say={"id":7}', capture: {cart: $.id}}, http: GET /x?status=500], cleanup: [http: GET /mine, include: {file: drop.yaml, with: {id: "{{ cart }}"}}]}]
-- drop.yaml --
vars: {id: }
checks: [{scenario: [http: "DELETE /carts/{{ vars.id }}"]}]
`, "failed: step 2 of 2, GET /x?status=500: status is 500, expected 2xx", []string{`GET /?say={"id":7}`, "GET /x?status=500", "GET /mine", "DELETE /carts/7"},
		},
		{
			"given nothing in a cleanup, because nothing was captured", `
-- plan.yaml --
checks: [{scenario: [{http: 'GET /?status=500', capture: {cart: $.id}}], cleanup: [include: {file: drop.yaml, with: {id: "{{ cart }}"}}]}]
-- drop.yaml --
vars: {id: }
checks: [{scenario: [http: "DELETE /carts/{{ vars.id }}"]}]
`, "failed: step 1 of 1, GET /?status=500: status is 500, expected 2xx; warning: cleanup step 1 of 1 in drop.yaml, DELETE /carts/{{ cart }}: skipped: cart was not captured by step 1 of 1",
			[]string{"GET /?status=500"},
		},
		{
			"with cleanups of their own, after the scenario's, the last one's first", `
-- plan.yaml --
checks: [{scenario: [include: {file: make.yaml, with: {id: 1}}, include: outer.yaml], cleanup: [http: DELETE /mine]}]
-- make.yaml --
vars: {id: 0}
checks: [{scenario: [http: "POST /made/{{ vars.id }}"], cleanup: [http: "DELETE /made/{{ vars.id }}"]}]
-- outer.yaml --
checks: [{scenario: [include: {file: make.yaml, with: {id: 2}}, {http: 'POST /outer?say={"o":3}', capture: {o: $.o}}], cleanup: [http: "DELETE /outer/{{ o }}"]}]
`, "passed", []string{"POST /made/1", "POST /made/2", `POST /outer?say={"o":3}`, "DELETE /mine", "DELETE /outer/3", "DELETE /made/2", "DELETE /made/1"},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p, err := parsed(tt.archive)
			if err != nil {
				t.Fatal(problems(err))
			}
			g := serve(t, answers)
			c := p.Anywhere().Checks[0].Check.(*scenariocheck.Check)
			result := c.Run(t.Context(), check.Scope{Green: check.Side{URL: g.URL}, Lookup: lookup, Grace: c.CleanupTime()})
			if diff := cmp.Diff(tt.want, outcome(result)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var asked []string
			for _, request := range g.asked() {
				asked = append(asked, strings.NewReplacer("%22", `"`).Replace(request))
			}
			if diff := cmp.Diff(tt.asked, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsWrongWithIncludedStepsIsToldWithTheWayToThem(t *testing.T) {
	const scenario = "-- plan.yaml --\nchecks: [{scenario: [include: a.yaml]}]\n-- a.yaml --\n"
	for _, tt := range []struct{ why, archive, want string }{
		{"a key of a step", scenario + "checks: [{scenario: [htp: GET /]}]", `
a.yaml:2:22: unknown key "htp": did you mean "http"? (included at plan.yaml:2:31)
a.yaml:2:22: "http" is missing (included at plan.yaml:2:31)`},
		{"no file", "-- plan.yaml --\nchecks: [{scenario: [include: a.yaml]}]\n", `
plan.yaml:2:31: include: reading the plan a.yaml: no such file`},
		{"itself, by a cleanup", scenario + "checks: [{scenario: [http: /], cleanup: [include: plan.yaml]}]", `
a.yaml:2:51: include: the file includes itself: plan.yaml → a.yaml → plan.yaml (included at plan.yaml:2:31)`},
		{"keys beside it", "-- plan.yaml --\nchecks: [{scenario: [{include: a.yaml, timeout: 3s}]}]\n-- a.yaml --\nchecks: [{scenario: [http: /]}]\n", `
plan.yaml:2:40: timeout can't stand beside include: it belongs to the steps of the file`},
		{"a variable that isn't its", "-- plan.yaml --\nchecks: [{scenario: [include: {file: a.yaml, with: {usr: 1}}]}]\n-- a.yaml --\nvars: {user: 2}\nchecks: [{scenario: [http: /]}]\n", `
plan.yaml:2:53: with: unknown variable of a.yaml "usr": did you mean "user"?`},
		{"several checks", scenario + "checks: [{scenario: [http: /]}, {http: /}]", `
a.yaml:2:9: checks: the steps of a file are those of its one check, a scenario; found 2 checks (included at plan.yaml:2:31)`},
		{"another kind", scenario + "checks: [{http: /}]", `
a.yaml:2:10: checks: the steps of a file are those of its one check, a scenario; found one of another kind (included at plan.yaml:2:31)`},
		{"no list, no mapping", "-- plan.yaml --\nchecks: [{scenario: [include: a.yaml, include: b.yaml, include: c.yaml]}]\n-- a.yaml --\nchecks: 5\n-- b.yaml --\nchecks: [5]\n-- c.yaml --\nchecks: [{scenario: [], cleanup: 5}]\n", `
a.yaml:2:9: expected a list of checks, found the number 5 (included at plan.yaml:2:31)
b.yaml:2:10: expected a mapping, found the number 5 (included at plan.yaml:2:48)
c.yaml:2:21: scenario: the list has no steps (included at plan.yaml:2:65)
c.yaml:2:34: cleanup: expected a list of steps, such as - http: GET /carts, found the number 5 (included at plan.yaml:2:65)`},
		{"what belongs to a check", scenario + "checks: [{scenario: [http: /], name: x, timeout: 9s, eventually: 9s, colour: green}]", `
a.yaml:2:50: timeout: the file's steps are included, and this belongs to the scenario that includes them (included at plan.yaml:2:31)
a.yaml:2:66: eventually: the file's steps are included, and this belongs to the scenario that includes them (included at plan.yaml:2:31)
a.yaml:2:70: unknown key "colour": valid here: cleanup, eventually, for, name, on_inconclusive, retry, scenario, severity, timeout (included at plan.yaml:2:31)`},
		{"a cleanup's cleanup", "-- plan.yaml --\nchecks: [{scenario: [http: /], cleanup: [include: a.yaml]}]\n-- a.yaml --\nchecks: [{scenario: [http: /], cleanup: [http: /]}]\n", `
a.yaml:2:41: cleanup: the file is included by a cleanup, which has none of its own (included at plan.yaml:2:51)`},
		{"what the scenario captures isn't the file's", "-- plan.yaml --\nchecks: [{scenario: [{http: /, capture: {cart: $.id}}, include: a.yaml]}]\n-- a.yaml --\nvars: {id: }\nchecks: [{scenario: [http: 'GET /{{ cart }}']}]\n", `
a.yaml:3:34: http: unknown name "cart": valid here: green.url, stage, vars.id (included at plan.yaml:2:65)`},
		{"given before it is captured", "-- plan.yaml --\nchecks: [{scenario: [include: {file: a.yaml, with: {id: '{{ cart }}'}}, {http: /, capture: {cart: $.id}}]}]\n-- a.yaml --\nvars: {id: }\nchecks: [{scenario: [http: /]}]\n", `
plan.yaml:2:58: id: {{ cart }} has no value yet: it is captured by step 2`},
		{"used before it is captured, in the file", scenario + "checks: [{scenario: [http: 'GET /{{ cart }}', {http: /, capture: {cart: $.id}}]}]", `
a.yaml:2:34: http: {{ cart }} has no value yet: it is captured by step 2 (included at plan.yaml:2:31)`},
		{"captured by both", "-- plan.yaml --\nchecks: [{scenario: [{http: /, capture: {cart: $.id}}, include: a.yaml]}]\n-- a.yaml --\nchecks: [{scenario: [{http: /, capture: {cart: $.id}}]}]\n", `
a.yaml:2:42: capture: cart is captured by step 1 of plan.yaml already: a name has one value in a scenario (included at plan.yaml:2:65)`},
		{"captured twice by the same file", "-- plan.yaml --\nchecks: [{scenario: [include: a.yaml, include: a.yaml]}]\n-- a.yaml --\nchecks: [{scenario: [{http: /, capture: {cart: $.id}}]}]\n", `
a.yaml:2:42: capture: cart is captured by step 1 already: a name has one value in a scenario (included at plan.yaml:2:48)`},
		{"a name that means something where it is included", "-- plan.yaml --\nsecrets: {token: env:X}\nchecks: [{scenario: [include: a.yaml]}]\n-- a.yaml --\nchecks: [{scenario: [{http: /, capture: {secrets: $.id}}]}]\n", `
a.yaml:2:42: capture: secrets means something else already: choose another name (included at plan.yaml:3:31)`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := parsed(tt.archive)
			if err == nil {
				t.Fatal("it is taken")
			}
			var got strings.Builder
			for line := range strings.Lines(problems(err)) {
				if strings.Contains(line, ".yaml:") {
					got.WriteString("\n" + strings.TrimSuffix(line, "\n"))
				}
			}
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFingerprintCoversStepsThatAreIncluded(t *testing.T) {
	fingerprint := func(path string) string {
		p, err := parsed("-- plan.yaml --\nchecks: [{scenario: [include: a.yaml]}]\n-- a.yaml --\nchecks: [{scenario: [include: b.yaml]}]\n-- b.yaml --\nchecks: [{scenario: [http: " + path + "]}]\n")
		if err != nil {
			t.Fatal(problems(err))
		}
		return p.Anywhere().Fingerprint
	}
	if one, again, other := fingerprint("/a"), fingerprint("/a"), fingerprint("/b"); one != again || one == other {
		t.Errorf("the fingerprints are %s, %s again, and %s with another step in an included file", one, again, other)
	}
}

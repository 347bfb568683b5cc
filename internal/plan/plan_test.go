package plan_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func mustParse(t *testing.T, text string) *plan.Plan {
	t.Helper()
	p, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const bothSorts = `
version: 1
checks: [{tcp: "anywhere:1"}]
stages:
  AfterInstall: {checks: [{tcp: "after-install:1"}]}
  AfterAllowTraffic: {checks: [{tcp: "after-traffic:1"}]}
`

func TestAStageHasItsOwnChecksOrThoseOfTheTopWhereGreenAnswers(t *testing.T) {
	const stagesAlone = "version: 1\nstages: {AfterAllowTraffic: {checks: [{tcp: 'after-traffic:1'}]}}"
	for _, tt := range []struct {
		name, plan string
		stage      lifecycle.Stage
		want       string // empty: nothing is asked
		why        string
	}{
		{"named", bothSorts, lifecycle.AfterAllowTraffic, "after-traffic:1", "what the plan says of a stage replaces what it says of all"},
		{"named, and green does not answer yet", bothSorts, lifecycle.AfterInstall, "after-install:1", "a check may ask others than green"},
		{"unknown", bothSorts, "", "anywhere:1", "CodeDeploy's event names no stage"},
		{"test traffic", bothSorts, lifecycle.AfterAllowTestTraffic, "anywhere:1", "green answers on the test listener"},
		{"before production", bothSorts, lifecycle.BeforeAllowTraffic, "anywhere:1", "green still answers on the test listener"},
		{"each production step", bothSorts, lifecycle.ProductionTrafficShift, "anywhere:1", "green answers"},
		{"validate service", bothSorts, lifecycle.ValidateService, "anywhere:1", "green answers on its instance"},
		{"before install", bothSorts, lifecycle.BeforeInstall, "", "there is no green"},
		{"reconcile", bothSorts, lifecycle.ReconcileService, "", "there is no green"},
		{"test traffic not shifted", bothSorts, lifecycle.TestTrafficShift, "", "nothing leads to green"},
		{"no top, named", stagesAlone, lifecycle.AfterAllowTraffic, "after-traffic:1", "it has checks"},
		{"no top, not named", stagesAlone, lifecycle.AfterAllowTestTraffic, "", "nothing is said of it"},
		{"no top, unknown", stagesAlone, "", "", "which of the stages it is can't be guessed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if stage := mustParse(t, tt.plan).Stage(tt.stage); stage != nil {
				got = stage.Checks[0].Check.(*port).asks()
			}
			if got != tt.want {
				t.Errorf("asked %q, want %q: %s", got, tt.want, tt.why)
			}
		})
	}
}

func TestAPlanWithoutTopLevelChecksNeedsToKnowTheStage(t *testing.T) {
	if p := mustParse(t, bothSorts); p.NeedsStage() {
		t.Error("the plan has checks for any stage, and needs to know the stage")
	}
	p := mustParse(t, "version: 1\nstages:\n  POST_SCALE_UP: {checks: [{tcp: 'a:1'}]}\n  AfterAllowTraffic: {checks: [{tcp: 'a:1'}]}")
	if !p.NeedsStage() {
		t.Error("the plan has checks for some stages alone, and doesn't need to know the stage")
	}
	want := []lifecycle.Stage{lifecycle.AfterAllowTraffic, lifecycle.AfterInstall}
	if got := p.Stages(); !slices.Equal(got, want) {
		t.Errorf("stages %v, want %v", got, want)
	}
	if p.Source != "plan.yaml" {
		t.Errorf("source %q", p.Source)
	}
}

func TestVariablesFromOutsideWinAndAreTyped(t *testing.T) {
	for _, tt := range []struct {
		set  string
		own  string // the plan's value
		want any
		why  string
	}{
		{"43", "42", int64(43), "a number in a JSON body has to stay one"},
		{"-3", "42", int64(-3), "so has a negative one"},
		{"0.25", "42", 0.25, "so has a fraction"},
		{"true", "~", true, "so has a boolean"},
		{"false", "42", false, "so has a boolean"},
		{"43", `"42"`, "43", "the plan says that it is text"},
		{"true", "yes", "true", "the plan says that it is text"},
		{"007", "42", "007", "a number would lose the zeros"},
		{"12e4567", "42", "12e4567", "a commit's id is no number"},
		{"1e5", "42", "1e5", "so is this one"},
		{"0x1F", "42", "0x1F", "a number would read 31"},
		{"1_000", "42", "1_000", "a number would read 1000"},
		{"+3", "42", "+3", "a number would read 3"},
		{"1.10", "42", "1.10", "a version is no number: 1.1 is another one"},
		{"NaN", "42", "NaN", "not a number, in each sense"},
		{"Inf", "42", "Inf", "a word"},
		{"True", "42", "True", "YAML 1.2 and JSON spell it true"},
		{"", "42", "", "empty text"},
		{"a: b", "42", "a: b", "values are filled in, never structure"},
		{"[1]", "42", "[1]", "values are filled in, never structure"},
		{"{{ green.url }}", "42", "{{ green.url }}", "what is filled in isn't read again"},
		{"99999999999999999999", "42", "99999999999999999999", "a number would lose digits"},
	} {
		t.Run(tt.set+" over "+tt.own, func(t *testing.T) {
			text := "version: 1\nvars: {v: " + tt.own + "}\nchecks: [{http: GET /, json: '{{ vars.v }}'}]"
			p, err := language(map[string]string{"v": tt.set}).Parse(plan.Source{Name: "plan.yaml", Text: []byte(text)})
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Anywhere().Checks[0].Check.(*probe).JSON.Expand(nil)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%v (%[1]T), want %v (%[2]T): %s", got, tt.want, tt.why)
			}
		})
	}
}

func TestAVariableMayBeSetFromOutsideAlone(t *testing.T) {
	p, err := language(map[string]string{"path": "health"}).Parse(plan.Source{
		Name: "plan.yaml", Text: []byte("version: 1\nchecks: [{http: 'GET /{{ vars.path }}'}]"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Anywhere().Checks[0].Name; got != "GET /health" {
		t.Errorf("the check is %q", got)
	}
}

func TestBaseURLsOfThePlanMayHoldNames(t *testing.T) {
	p := mustParse(t, "version: 1\ngreen: 'http://{{ green.host }}:8443'\nchecks: [{http: GET /}]")
	got, err := p.Green.Expand(strictyaml.Lookup(func(string) (any, error) { return "test.example.com", nil }))
	if err != nil || got != "http://test.example.com:8443" {
		t.Errorf("green is %q, %v", got, err)
	}
}

func TestFourTimesAsManyVariablesCostAboutFourTimesAsMuch(t *testing.T) {
	allocated := func(count int) uint64 {
		var vars strings.Builder
		for i := range count {
			fmt.Fprintf(&vars, "  v%d: 1\n", i)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		mustParse(t, "version: 1\nchecks: [{tcp: 'a:1'}]\nvars:\n"+vars.String())
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if few, many := allocated(500), allocated(2000); many > 8*few {
		t.Errorf("500 variables take %d bytes of memory, and 2000 take %d", few, many)
	}
}

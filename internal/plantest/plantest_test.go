package plantest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/plantest"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bell is a kind of check that asks somebody whom no case can answer for.
type bell struct {
	Bell strictyaml.Text `yaml:"bell,required"`
}

func (b *bell) Title() string { return "bell " + b.Bell.String() }

func (b *bell) Run(context.Context, check.Scope) check.Result {
	panic("a case asks nobody but green and blue")
}

func language(vars map[string]string, network httpcheck.Network) plan.Language {
	return plan.Language{
		Kinds: []check.Kind{httpcheck.Kind(network), {Key: "bell", Timeout: time.Minute, New: func() check.Check { return new(bell) }}},
		Names: deployment.Names(), Vars: vars,
	}
}

const shop = `
version: 1
vars: {release: 3.1.0}
keep_going: false
checks:
  - {name: health, http: GET /health, eventually: {within: 2h, every: 5s}, expect: {json: {$.status: ok}}}
  - {name: cart, http: {method: POST, path: /cart?dry=1, json: {image: "{{ green.image }}"}}, expect: {json: {$.total: "> 0"}}, timeout: 1m}
  - {name: blue, http: "GET {{ blue.url }}/health", severity: warn}
stages:
  AfterInstall: {checks: [{name: early, http: GET https://elsewhere.example/}], on_inconclusive: pass}
  AfterAllowTraffic:
    on_create: pass
    checks: [{name: stays well, http: GET /health, for: 3h}]
  ValidateService: {checks: [{name: alarms, bell: tower}]}
  BeforeAllowTraffic:
    serial: true
    checks: [{name: first, http: GET /first}, {name: second, http: GET /second}]
`

const wellShop = `
version: 1
plan: plan.yaml
names: {green.image: "shop:2"}
green:
  - {request: GET /health, answer: {json: {status: ok}}}
  - {request: "POST /cart?dry=*", answer: {json: {total: 5}}}
blue: [{request: "*", answer: 200}]
cases:
`

// suite writes a plan and cases, and reads them.
func suite(t *testing.T, cases string) (*plantest.Suite, error) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"plan.yaml": strings.TrimSpace(shop), "cases.yaml": cases} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return plantest.ReadFile(filepath.Join(folder, "cases.yaml"), language)
}

func run(t *testing.T, cases string) plantest.Report {
	t.Helper()
	s, err := suite(t, cases)
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Run(t.Context(), func(plantest.Result) {})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestACaseIsAsItExpectsOrSaysWhatIsnt(t *testing.T) {
	for _, tt := range []struct{ why, of, wrong string }{
		{"a version that is well", `expect: passed`, ""},
		{"an expectation that is wrong", `expect: failed`, "the outcome is passed, expected failed"},
		{"a wrong answer", `green: [{request: POST /cart, answer: {json: {total: 0}}}], expect: {outcome: failed, check: cart, reason: "~ total is 0", checks: {health: passed, cart: failed}}`, ""},
		{"another reason", `green: [{request: POST /cart, answer: 500}], expect: {outcome: failed, reason: "~ total"}`, `the reason is "cart: POST http://green/cart?dry=1: status is 500`},
		{"another check", `green: [{request: POST /cart, answer: 500}], expect: {outcome: failed, check: health}`, `"health" is passed, expected failed`},
		{"one of the other checks", `expect: {outcome: passed, checks: {blue: failed}}`, `"blue" is passed, expected failed`},
		{"a check that only warns", `blue: [{request: /health, answer: 500}], expect: {outcome: passed, checks: {blue: failed}}`, ""},
		{"what isn't answered", `blue: refused, expect: {outcome: passed, checks: {blue: inconclusive}}`, ""},
		{"patience", `green: [{request: GET /health, answers: [503, 404, {error: reset}, {error: closed}, {json: {status: ok}}]}], expect: {outcome: passed, check: health, reason: "~ passed at run"}`, ""},
		{"patience that isn't enough", `green: [{request: GET /health, answer: {status: 503}}], expect: {outcome: failed, check: health}`, ""},
		{"silence", `green: [{request: POST /cart, answer: {error: timeout}}], expect: {outcome: inconclusive, check: cart, reason: "~ no answer within"}`, ""},
		{"nobody", `green: refused, expect: {outcome: inconclusive, reason: "~ connection refused"}`, ""},
		{"an answer that takes its time", `green: [{request: POST /cart, answer: {after: 30ms, status: 202, headers: {x: y}, body: "{\"total\": 1}"}}], expect: passed`, ""},
		{"names that the case doesn't know", `names: {green.image: {a: [1]}}, expect: passed`, ""},
		{"a variable", `vars: {release: 4}, expect: passed`, ""},
		{"somebody else", `stage: AfterInstall, expect: {outcome: inconclusive, succeeded: true, rule: "on_inconclusive: pass", reason: "~ reaches green and blue alone, not elsewhere.example:443"}`, ""},
		{"that it goes on", `stage: AfterInstall, expect: {outcome: inconclusive, succeeded: false}`, "succeeded is true, expected false"},
		{"another rule", `stage: AfterInstall, expect: {outcome: inconclusive, rule: x}`, `the rule is "on_inconclusive: pass", expected "x"`},
		{"somebody else's answer", `stage: AfterInstall, results: {early: {outcome: failed, reason: it rained}}, expect: {outcome: failed, reason: "early: it rained"}`, ""},
		{"a result without a reason", `stage: AfterInstall, results: {early: failed}, expect: {outcome: failed, reason: "~ by the case"}`, ""},
		{"a kind that no case can answer", `stage: ValidateService, expect: {outcome: inconclusive, reason: "~ of the kind bell isn't asked"}`, ""},
		{"its result", `stage: ValidateService, results: {alarms: passed}, expect: passed`, ""},
		{"a first deployment", `stage: AfterAllowTraffic, create: true, expect: {outcome: passed, rule: "on_create: pass"}`, ""},
		{"a rollback", `stage: AfterAllowTraffic, rollback: true, expect: {outcome: passed, rule: "on_rollback: pass"}`, ""},
		{"illness after a while", `stage: AfterAllowTraffic, green: [{request: /health, answers: [200, 200, 200, 500]}], expect: {outcome: failed, reason: "~ status is 500"}`, ""},
		{"health for the whole while", `stage: AfterAllowTraffic, expect: passed`, ""},
		{"a request without an answer", `stage: BeforeAllowTraffic, green: [{request: /first, answer: 200}], expect: failed`, "GET /second of green: the plan asks it, and the case has no answer"},
		{"what isn't reached in a row", `stage: BeforeAllowTraffic, green: [{request: /first, answer: 500}], expect: {outcome: failed, check: first}`, ""},
		{"answers that nobody asks for", `green: [{request: GET /helth, answer: 500}], expect: passed`, "GET /helth of green: 0 of 1 answers were asked for"},
		{"a script that isn't over", `green: [{request: POST /cart, answers: [{json: {total: 1}}, 500]}], expect: passed`, "POST /cart of green: 1 of 2 answers were asked for"},
		{"a stage at which nothing is asked", `stage: BeforeInstall, expect: {outcome: passed, reason: "~ nothing was asked"}`, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			result := run(t, wellShop+"  - {name: x, "+tt.of+"}").Results[0]
			got := strings.Join(result.Wrong, "\n")
			if tt.wrong == "" && got != "" || !strings.Contains(got, tt.wrong) {
				t.Errorf("got %q, want %q; the verdict is %+v", got, tt.wrong, result.Verdict)
			}
			if tt.wrong != "" && len(result.Wrong) != 1 {
				t.Errorf("more is wrong than there should be: %q", result.Wrong)
			}
		})
	}
}

func TestAPatientPlanIsTriedInAMoment(t *testing.T) {
	report := run(t, wellShop+`  - {name: x, green: [{request: GET /health, answer: 503}], expect: failed}
  - {name: y, stage: AfterAllowTraffic, expect: passed}`)
	if failed := report.Failed(); failed != 0 {
		t.Errorf("%d cases failed: %+v", failed, report.Results)
	}
	if report.Duration > 30*time.Second { // the plan has it take hours
		t.Errorf("it took %s", report.Duration)
	}
	if runs := report.Results[0].Verdict.Checks[0].Runs; runs < 2 {
		t.Errorf("a check that is asked again and again was asked %d times", runs)
	}
}

func TestChecksThatFailedInNoCaseAreTold(t *testing.T) {
	report := run(t, wellShop+`  - {name: x, green: [{request: POST /cart, answer: 500}], expect: failed}
  - {name: y, stage: ValidateService, results: {alarms: failed}, expect: failed}`)
	var never []string
	for _, c := range report.NeverFailed {
		never = append(never, c.Name)
	}
	if got, want := strings.Join(never, ", "), "health, blue, stays well, early, first, second"; !sameWords(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func sameWords(a, b string) bool {
	as, bs := map[string]bool{}, map[string]bool{}
	for w := range strings.SplitSeq(a, ", ") {
		as[w] = true
	}
	for w := range strings.SplitSeq(b, ", ") {
		bs[w] = true
	}
	for w := range bs {
		if !as[w] {
			return false
		}
	}
	return len(as) == len(bs)
}

func TestCasesAreToldInTheirOrder(t *testing.T) {
	s, err := suite(t, wellShop+`  - {name: slow, green: [{request: POST /cart, answer: {after: 50ms, json: {total: 1}}}], expect: passed}
  - {name: fast, expect: passed}
  - {name: last, expect: passed}`)
	if err != nil {
		t.Fatal(err)
	}
	s.Only(func(name string) bool { return name != "last" })
	var told []string
	if _, err := s.Run(t.Context(), func(r plantest.Result) { told = append(told, r.Case.Name) }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(told, ", "); got != "slow, fast" {
		t.Errorf("told of %s", got)
	}
}

func TestCasesThatAreInterruptedGiveNoResults(t *testing.T) {
	s, err := suite(t, wellShop+`  - {name: x, green: [{request: POST /cart, answer: {error: timeout}}], expect: passed}`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, func(plantest.Result) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}

func TestWhatIsWrongWithCasesIsSaidAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ why, cases, want string }{
		{"a check that the plan doesn't have", wellShop + `  - {name: x, expect: {outcome: failed, check: helth}}`, `cases.yaml:10:48: unknown check at this stage "helth": did you mean "health"?`},
		{"one of another stage", wellShop + `  - {name: x, expect: {outcome: failed, checks: {first: failed}}}`, `unknown check at this stage "first"`},
		{"a result of none", wellShop + `  - {name: x, results: {hearth: failed}, expect: failed}`, `unknown check at this stage "hearth": did you mean "health"?`},
		{"two cases of one name", wellShop + "  - {name: x, expect: failed}\n  - {name: x, expect: passed}", `cases.yaml:11:12: cases: the case on line 10 has this name already`},
		{"a plan that isn't there", strings.Replace(wellShop, "plan.yaml", "plans.yaml", 1) + `  - {name: x, expect: failed}`, "plans.yaml: no such file"},
		{"a plan that is wrong", strings.Replace(wellShop, "plan.yaml", "cases.yaml", 1) + `  - {name: x, expect: failed}`, `unknown key "plan"`},
		{"a key that is wrong", wellShop + `  - {name: x, expct: 1, expect: failed}`, `unknown key "expct": did you mean "expect"?`},
		{"no YAML", `cases: [`, "expected a value here"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if _, err := suite(t, tt.cases); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := plantest.ReadFile("missing.yaml", language); err == nil || !strings.Contains(err.Error(), "missing.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestAPlanWithChecksForStagesAloneNeedsAStage(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"p.yaml": "version: 1\nstages: {AfterInstall: {checks: [{http: /}]}}", "c.yaml": "version: 1\nplan: p.yaml\ncases: [{name: x, expect: passed}]",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := plantest.ReadFile(filepath.Join(folder, "c.yaml"), language)
	if err == nil || !strings.Contains(err.Error(), `c.yaml:3:9: the case "x" needs a stage`) {
		t.Errorf("got %v", err)
	}
}

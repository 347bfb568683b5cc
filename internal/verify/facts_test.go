package verify

import (
	"slices"
	"strings"
	"testing"
)

// asExpected is a trial that went as greenlight takes it for granted.
func asExpected(c Contract) Trial {
	execution := func(stage, found string, proofs ...string) Execution {
		return Execution{ID: stage, Stage: stage, StageFrom: "CodeDeploy", StageReads: 1, Found: found, Proofs: proofs, Status: "Succeeded"}
	}
	test := execution("AfterAllowTestTraffic", "2 of 2 targets healthy", "tg-2 has all test traffic and no production traffic")
	good := []Execution{
		execution("BeforeInstall", "green is tg-2; 0 of 0 targets healthy"), execution("AfterInstall", "green is tg-2; 2 of 2 targets healthy"), test,
		execution("BeforeAllowTraffic", ""), execution("AfterAllowTraffic", "", "tg-2 has all production traffic"),
	}
	no := test
	no.Status, no.Reason = "Failed", "green answers: status is 403, expected 200"
	bad := []Execution{good[0], good[1], no}
	t := Trial{Contract: c, Deployments: []Deployment{
		{ID: "d-1", Version: Good, Status: "Succeeded", Executions: good},
		{ID: "d-2", Version: Bad, Status: "Failed", Executions: bad, Rollback: &Deployment{
			ID: "d-3", Status: "Succeeded", Events: []Event{{"BeforeInstall", "Skipped"}, {"Install", "Succeeded"}},
		}},
	}}
	if c.byECS() {
		t.Deployments[0].Status, t.Deployments[1].Status, t.Deployments[1].Rollback = "SUCCESSFUL", "ROLLBACK_SUCCESSFUL", nil
		t.Deployments[1].Executions = append(bad, execution("TEST_TRAFFIC_SHIFT", ""))
		t.AtFirst = &First{Deployments: 1, Executions: good[1:2]}
		return t
	}
	t.SecondReport = "LifecycleEventAlreadyCompletedException"
	t.Weights = []Weights{{"production", map[string]int{"tg-1": 0, "tg-2": 1}}, {"test", map[string]int{"tg-1": 0, "tg-2": 100}}}
	return t
}

func TestFactsAreJudgedByWhatWasSeen(t *testing.T) {
	for _, tt := range []struct {
		why      string
		judge    func(Trial) (Result, string)
		contract Contract
		change   func(*Trial)
		result   Result
		evidence string
	}{
		{"CodeDeploy told each stage", eventInProgress, CodeDeployECS, nil, Confirmed, "at all of 8 hooks, at 8 of them with the first read"},
		{"it told one late", eventInProgress, CodeDeployECS, func(t *Trial) { t.Deployments[0].Executions[0].StageReads = 3 }, Confirmed, "at all of 8 hooks, at 7 of them with the first read"},
		{"somebody else had to", eventInProgress, CodeDeployECS, func(t *Trial) { t.Deployments[0].Executions[0].StageFrom = "the AppSpec" }, Refuted, "not at BeforeInstall (told by the AppSpec)"},
		{"nobody was asked", eventInProgress, CodeDeployECS, func(t *Trial) { t.Deployments = nil }, NotSeen, "the gate wasn't asked"},

		{"refused as expected", secondReport, CodeDeployECS, nil, Confirmed, "refused with LifecycleEventAlreadyCompletedException"},
		{"refused otherwise", secondReport, CodeDeployECS, func(t *Trial) { t.SecondReport = "ThrottlingException" }, Refuted, "refused with ThrottlingException"},
		{"taken", secondReport, CodeDeployECS, func(t *Trial) { t.SecondReport = "" }, Refuted, "it was taken"},
		{"it couldn't be tried", secondReport, CodeDeployECS, func(t *Trial) { t.SecondReport = "it couldn't be tried: time-out" }, NotSeen, "it couldn't be tried: time-out"},
		{"there was no deployment", secondReport, CodeDeployECS, func(t *Trial) { t.Deployments = nil }, NotSeen, "the gate wasn't asked"},

		{"a rollback that asks nobody", rollbackHooks, CodeDeployLambda, nil, Answered, "they don't: the gate wasn't asked; CodeDeploy shows BeforeInstall Skipped"},
		{"a rollback that asks", rollbackHooks, CodeDeployLambda, func(t *Trial) {
			t.Deployments[1].Rollback.Executions = t.Deployments[0].Executions[:2]
			t.Deployments[1].Rollback.Events = nil
		}, Answered, "they do: the gate was asked 2 times; CodeDeploy shows none of their events"},
		{"no rollback", rollbackHooks, CodeDeployLambda, func(t *Trial) { t.Deployments[1].Rollback = nil }, NotSeen, "there was no rollback"},

		{"both groups stay", zeroWeight, CodeDeployECS, nil, Confirmed, "the production listener has 2 target groups, 1 of them with weight 0; the test listener has 2 target groups, 1 of them with weight 0"},
		{"one is taken off", zeroWeight, CodeDeployECS, func(t *Trial) { delete(t.Weights[0].Groups, "tg-1") }, Refuted, "the production listener has 1 target groups, 0 of them with weight 0; the test listener has 2 target groups, 1 of them with weight 0"},
		{"unread", zeroWeight, CodeDeployECS, func(t *Trial) { t.Weights = nil }, NotSeen, "the listeners weren't read"},

		{"as at CodeDeploy's events", correspondence, ECS, nil, Confirmed, "their order, green's targets, and where the listeners led"},
		{"another order", correspondence, ECS, func(t *Trial) { slices.Reverse(t.Deployments[0].Executions) }, Refuted, "they came as AfterAllowTraffic, BeforeAllowTraffic, AfterAllowTestTraffic, AfterInstall, BeforeInstall"},
		{"green runs too early", correspondence, ECS, func(t *Trial) { t.Deployments[0].Executions[0].Found = "1 of 2 targets healthy" }, Refuted, "at PRE_SCALE_UP green has 2 targets"},
		{"green runs too late", correspondence, ECS, func(t *Trial) { t.Deployments[0].Executions[1].Found = "0 of 0 targets healthy" }, Refuted, "at POST_SCALE_UP green has 0 targets"},
		{"the test listener leads elsewhere", correspondence, ECS, func(t *Trial) { t.Deployments[0].Executions[2].Proofs = []string{"tg-1 has all test traffic"} }, Refuted, "at the counterpart of AfterAllowTestTraffic green doesn't have all test traffic and no production traffic"},
		{"production leads elsewhere", correspondence, ECS, func(t *Trial) { t.Deployments[0].Executions[4].Proofs = nil }, Refuted, "at the counterpart of AfterAllowTraffic green doesn't have all production traffic"},
		{"no good version", correspondence, ECS, func(t *Trial) { t.Deployments = t.Deployments[1:] }, NotSeen, "the gate wasn't asked about the good version"},

		{"one deployment", firstDeployment, ECS, nil, Confirmed, "it has one"},
		{"none", firstDeployment, ECS, func(t *Trial) { t.AtFirst.Deployments = 0 }, Refuted, "it has 0"},
		{"no service", firstDeployment, ECS, func(t *Trial) { t.AtFirst = nil }, NotSeen, "the service wasn't created"},
		{"asked when it was created", creationHooks, ECS, nil, Answered, "at AfterInstall"},
		{"not asked when it was created", creationHooks, ECS, func(t *Trial) { t.AtFirst.Executions = nil }, Answered, "at none of them"},
		{"no service that is asked for", creationHooks, ECS, func(t *Trial) { t.AtFirst = nil }, NotSeen, "the service wasn't created"},

		{"a pause that is answered", pauseAnswered, ECSPause, nil, Confirmed, "it was told at BeforeInstall, and the deployment went on"},
		{"a pause of which nobody is told", pauseAnswered, ECSPause, func(t *Trial) { t.Deployments[0].Executions = nil }, Refuted, "the gate wasn't told"},
		{"an answer that isn't taken", pauseAnswered, ECSPause, func(t *Trial) { t.Deployments[0].Status = "ROLLBACK_SUCCESSFUL" }, Refuted, "it was told at BeforeInstall and said Succeeded, and the deployment ended as ROLLBACK_SUCCESSFUL"},
		{"no pause", pauseAnswered, ECSPause, func(t *Trial) { t.Deployments = nil }, NotSeen, "the good version wasn't deployed"},

		{"back through a shift", rollbackStages, ECS, nil, Confirmed, "after the gate's no it was asked at TEST_TRAFFIC_SHIFT"},
		{"back without a word", rollbackStages, ECS, func(t *Trial) { t.Deployments[1].Executions = t.Deployments[1].Executions[:3] }, Refuted, "after the gate's no it wasn't asked again"},
		{"back through others", rollbackStages, ECS, func(t *Trial) { t.Deployments[1].Executions[3].Stage = "AfterInstall" }, Refuted, "after the gate's no it was asked at AfterInstall"},
		{"nothing was stopped", rollbackStages, ECS, func(t *Trial) { t.Deployments = t.Deployments[:1] }, NotSeen, "the gate stopped no deployment"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			trial := asExpected(tt.contract)
			if tt.change != nil {
				tt.change(&trial)
			}
			if result, evidence := tt.judge(trial); result != tt.result || evidence != tt.evidence {
				t.Errorf("\n got %s: %s\nwant %s: %s", result, evidence, tt.result, tt.evidence)
			}
		})
	}
}

func TestOnlyFactsOfWhatWasTriedAreJudged(t *testing.T) {
	for _, f := range judge([]Trial{asExpected(ECS)}) {
		if f.Contract != ECS {
			t.Errorf("%s was judged", f.Contract)
		}
	}
	if all := judge([]Trial{asExpected(CodeDeployECS), asExpected(CodeDeployLambda), asExpected(ECS), asExpected(ECSPause)}); len(all) != len(facts()) {
		t.Errorf("%d of %d facts were judged", len(all), len(facts()))
	}
}

func TestATrialIsWrongWhereADeploymentEndedOtherwise(t *testing.T) {
	for _, tt := range []struct {
		why      string
		contract Contract
		change   func(*Trial)
		wrong    string // "" for nothing
	}{
		{"CodeDeploy", CodeDeployECS, nil, ""},
		{"Lambda", CodeDeployLambda, nil, ""},
		{"ECS", ECS, nil, ""},
		{"a pause of ECS", ECSPause, nil, ""},
		{"the good version didn't go through", CodeDeployECS, func(t *Trial) { t.Deployments[0].Status, t.Deployments[0].Why = "Stopped", "somebody" }, "the good version ended as Stopped, expected Succeeded: somebody"},
		{"the gate's yes was never asked for", ECS, func(t *Trial) { t.Deployments[0].Executions = nil }, "nobody asked the gate about the good version"},
		{"the bad version went through", CodeDeployECS, func(t *Trial) { t.Deployments[1].Status = "Succeeded" }, "the bad version ended as Succeeded, expected Failed: "},
		{"something else stopped it", CodeDeployECS, func(t *Trial) { t.Deployments[1].Executions, t.Deployments[1].Why = nil, "an alarm" }, "the bad version was stopped, and not by the gate: an alarm"},
		{"it stayed", CodeDeployLambda, func(t *Trial) { t.Deployments[1].Rollback = nil }, "the bad version was stopped, and not rolled back"},
		{"the way back failed", CodeDeployLambda, func(t *Trial) { t.Deployments[1].Rollback.Status = "Failed" }, "the bad version was stopped, and not rolled back"},
		{"the bad one wasn't deployed", ECS, func(t *Trial) { t.Deployments = t.Deployments[:1] }, "not both versions were deployed"},
		{"doctor sees what isn't there", ECS, func(t *Trial) {
			t.Doctor = &Diagnosis{Others: []Ailment{{"plan-time", "warn", "it may be short"}, {"network", "fail", "there is no way"}}}
		}, "doctor found what would make a deployment go wrong, and none did: network: there is no way"},
		{"doctor warns", ECS, func(t *Trial) { t.Doctor = &Diagnosis{Others: []Ailment{{"plan-time", "warn", "it may be short"}}} }, ""},
		{"AWS couldn't be asked", ECS, func(t *Trial) { t.Problem = "no way" }, "no way"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			trial := asExpected(tt.contract)
			if tt.change != nil {
				tt.change(&trial)
			}
			if wrong := trial.Wrong(); wrong != tt.wrong {
				t.Errorf("\n got %q\nwant %q", wrong, tt.wrong)
			}
			report := Report{Trials: []Trial{trial}, Facts: judge([]Trial{trial})}
			if tt.wrong != "" && report.OK() {
				t.Error("the report is taken for good")
			}
		})
	}
}

func TestAReportIsGoodWhereAllIs(t *testing.T) {
	report := func() Report {
		trials := []Trial{asExpected(CodeDeployECS), asExpected(ECS)}
		return Report{Trials: trials, Facts: judge(trials)}
	}
	if !report().OK() {
		t.Error("nothing is wrong with it")
	}
	left, refuted := report(), report()
	left.Left = []string{"greenlight-verify-x-ground"}
	refuted.Facts[0].Result = Refuted
	for why, r := range map[string]Report{"something is left": left, "a fact is refuted": refuted, "nothing was tried": {}} {
		if r.OK() {
			t.Errorf("it is good though %s", why)
		}
	}
}

func TestTheReportHasNoAccountsNumber(t *testing.T) {
	trial := asExpected(ECS)
	trial.Deployments[1].Why = "arn:aws:lambda:eu-west-1:210987654321:function:CodeDeployHook_x returned FAILED | no"
	trial.Deployments[0].Executions[0].ID = "secret-execution"
	r := Report{Greenlight: "v1", Trials: []Trial{trial}, Facts: judge([]Trial{trial}), Left: []string{"greenlight-verify-x-ecs"}}
	var markdown, document strings.Builder
	if err := r.Markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	if err := r.JSON(&document); err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"Markdown": markdown.String(), "JSON": document.String()} {
		if strings.Contains(text, "210987654321") || strings.Contains(text, "secret-execution") || !strings.Contains(text, "123456789012") {
			t.Errorf("%s tells whose account it was, or how to answer for a hook:\n%s", form, text)
		}
	}
}

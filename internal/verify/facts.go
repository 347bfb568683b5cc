package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Result is what was seen of a fact.
type Result string

// Confirmed facts are as they were said to be and Refuted ones another way. Answered is a question that had no answer. NotSeen is what the
// deployments didn't get to.
const (
	Confirmed Result = "confirmed"
	Refuted   Result = "refuted"
	Answered  Result = "answered"
	NotSeen   Result = "not seen"
)

// Finding is a fact with what was seen of it.
type Finding struct {
	Contract Contract `json:"contract"`
	Says     string   `json:"says"`
	// Source is how it is known: assumed by greenlight, said by others who saw it, or an open question.
	Source   string `json:"source"`
	Result   Result `json:"result"`
	Evidence string `json:"evidence"`
}

// fact is what greenlight's code relies on and AWS doesn't document.
type fact struct {
	contract     Contract
	says, source string
	judge        func(Trial) (Result, string)
}

func facts() []fact {
	return []fact{
		{CodeDeployECS, "a hook's lifecycle event reads InProgress when its function starts", "assumed", eventInProgress},
		{CodeDeployLambda, "a hook's lifecycle event reads InProgress when its function starts", "assumed", eventInProgress},
		{CodeDeployECS, "a second answer for a hook is refused with LifecycleEventAlreadyCompletedException", "assumed", secondReport},
		{CodeDeployECS, "whether rollbacks call the hooks", "open", rollbackHooks},
		{CodeDeployLambda, "whether rollbacks call the hooks", "open", rollbackHooks},
		{CodeDeployECS, "the target group that isn't used stays on the listeners with weight 0", "said by others", zeroWeight},
		{ECS, "PRE_SCALE_UP, POST_SCALE_UP, POST_TEST_TRAFFIC_SHIFT, PRE_PRODUCTION_TRAFFIC_SHIFT and POST_PRODUCTION_TRAFFIC_SHIFT are CodeDeploy's five events", "assumed", correspondence},
		{ECS, "when the service is created ListServiceDeployments has one", "assumed", firstDeployment},
		{ECS, "at which of POST_SCALE_UP, POST_TEST_TRAFFIC_SHIFT and POST_PRODUCTION_TRAFFIC_SHIFT a hook is called when the service is created", "open", creationHooks},
		{ECSPause, "EventBridge tells the gate of a pause, and ECS takes its answer", "assumed", pauseAnswered},
		{ECS, "a rollback calls hooks at TEST_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT again, and no others", "assumed", rollbackStages},
	}
}

// judge holds what was seen against the facts of the contracts that were tried.
func judge(trials []Trial) []Finding {
	var all []Finding
	for _, f := range facts() {
		i := slices.IndexFunc(trials, func(t Trial) bool { return t.Contract == f.contract })
		if i < 0 {
			continue
		}
		result, evidence := f.judge(trials[i])
		all = append(all, Finding{f.contract, f.says, f.source, result, evidence})
	}
	return all
}

// eventInProgress is known by who told the gate its stage: the function serves several events of the AppSpec, which therefore can't.
func eventInProgress(t Trial) (Result, string) {
	hooks, atOnce, others := 0, 0, []string{}
	for _, d := range t.Deployments {
		for _, e := range d.Executions {
			hooks++
			switch {
			case e.StageFrom != "CodeDeploy":
				others = append(others, fmt.Sprintf("%s (told by %s)", e.Stage, e.StageFrom))
			case e.StageReads == 1:
				atOnce++
			}
		}
	}
	switch {
	case hooks == 0:
		return NotSeen, "the gate wasn't asked"
	case len(others) > 0:
		return Refuted, "not at " + strings.Join(others, ", ")
	}
	return Confirmed, fmt.Sprintf("at all of %d hooks, at %d of them with the first read", hooks, atOnce)
}

func secondReport(t Trial) (Result, string) {
	const expected = "LifecycleEventAlreadyCompletedException"
	good := t.deployment(Good)
	switch {
	case good == nil || len(good.Executions) == 0:
		return NotSeen, "the gate wasn't asked"
	case strings.Contains(t.SecondReport, " "):
		return NotSeen, t.SecondReport
	case t.SecondReport == expected:
		return Confirmed, "refused with " + expected
	case t.SecondReport == "":
		return Refuted, "it was taken"
	}
	return Refuted, "refused with " + t.SecondReport
}

func rollbackHooks(t Trial) (Result, string) {
	bad := t.deployment(Bad)
	if bad == nil || bad.Rollback == nil {
		return NotSeen, "there was no rollback"
	}
	var events []string
	for _, name := range hookable {
		if status := bad.Rollback.event(name); status != "" {
			events = append(events, name+" "+status)
		}
	}
	shown := "CodeDeploy shows " + strings.Join(events, ", ")
	if len(events) == 0 {
		shown = "CodeDeploy shows none of their events"
	}
	if n := len(bad.Rollback.Executions); n > 0 {
		return Answered, fmt.Sprintf("they do: the gate was asked %d times; %s", n, shown)
	}
	return Answered, "they don't: the gate wasn't asked; " + shown
}

func zeroWeight(t Trial) (Result, string) {
	if len(t.Weights) == 0 {
		return NotSeen, "the listeners weren't read"
	}
	var seen []string
	stays := true
	for _, w := range t.Weights {
		unused := 0
		for _, weight := range w.Groups {
			if weight == 0 {
				unused++
			}
		}
		stays = stays && len(w.Groups) == 2 && unused == 1
		seen = append(seen, fmt.Sprintf("the %s listener has %d target groups, %d of them with weight 0", w.Listener, len(w.Groups), unused))
	}
	if stays {
		return Confirmed, strings.Join(seen, "; ")
	}
	return Refuted, strings.Join(seen, "; ")
}

// targetsFound are the healthy and all targets of green, as the gate tells what it found.
var targetsFound = regexp.MustCompile(`(\d+) of (\d+) targets healthy`)

// correspondence holds the stages of the good version against what is true at CodeDeploy's events: their order, that green is not
// there before the first and runs after the second, that it has the test traffic at the third and production's at the last.
func correspondence(t Trial) (Result, string) {
	good := t.deployment(Good)
	if good == nil || len(good.Executions) == 0 {
		return NotSeen, "the gate wasn't asked about the good version"
	}
	var order, wrong []string
	for _, e := range good.Executions {
		if slices.Contains(hookable, e.Stage) && !slices.Contains(order, e.Stage) {
			order = append(order, e.Stage)
		}
	}
	if !slices.Equal(order, hookable) {
		wrong = append(wrong, "they came as "+strings.Join(order, ", "))
	}
	tasks := func(stage string) string {
		if e := good.execution(stage); e != nil {
			if m := targetsFound.FindStringSubmatch(e.Found); m != nil {
				return m[2]
			}
		}
		return "no known"
	}
	if n := tasks("BeforeInstall"); n != "0" {
		wrong = append(wrong, "at PRE_SCALE_UP green has "+n+" targets")
	}
	if n := tasks("AfterInstall"); n == "0" || n == "no known" {
		wrong = append(wrong, "at POST_SCALE_UP green has "+n+" targets")
	}
	for stage, proof := range map[string]string{"AfterAllowTestTraffic": "all test traffic and no production traffic", "AfterAllowTraffic": "all production traffic"} {
		e := good.execution(stage)
		if e == nil || !slices.ContainsFunc(e.Proofs, func(p string) bool { return strings.Contains(p, proof) }) {
			wrong = append(wrong, "at the counterpart of "+stage+" green doesn't have "+proof)
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return Refuted, strings.Join(wrong, "; ")
	}
	return Confirmed, "their order, green's targets, and where the listeners led"
}

func firstDeployment(t Trial) (Result, string) {
	switch first := t.AtFirst; {
	case first == nil:
		return NotSeen, "the service wasn't created"
	case first.Deployments != 1:
		return Refuted, fmt.Sprintf("it has %d", first.Deployments)
	}
	return Confirmed, "it has one"
}

func creationHooks(t Trial) (Result, string) {
	if t.AtFirst == nil {
		return NotSeen, "the service wasn't created"
	}
	var stages []string
	for _, e := range t.AtFirst.Executions {
		stages = append(stages, e.Stage)
	}
	if len(stages) == 0 {
		return Answered, "at none of them"
	}
	return Answered, "at " + strings.Join(stages, ", ")
}

func pauseAnswered(t Trial) (Result, string) {
	good := t.deployment(Good)
	switch {
	case good == nil:
		return NotSeen, "the good version wasn't deployed"
	case len(good.Executions) == 0:
		return Refuted, "the gate wasn't told"
	case good.Executions[0].Status != "Succeeded" || good.Status != "SUCCESSFUL":
		return Refuted, fmt.Sprintf("it was told at %s and said %s, and the deployment ended as %s", good.Executions[0].Stage, good.Executions[0].Status, good.Status)
	}
	return Confirmed, "it was told at " + good.Executions[0].Stage + ", and the deployment went on"
}

func rollbackStages(t Trial) (Result, string) {
	bad := t.deployment(Bad)
	if bad == nil || len(bad.failed()) == 0 {
		return NotSeen, "the gate stopped no deployment"
	}
	at := slices.IndexFunc(bad.Executions, func(e Execution) bool { return e.Status == "Failed" })
	var after []string
	for _, e := range bad.Executions[at+1:] {
		after = append(after, e.Stage)
	}
	switch {
	case len(after) == 0:
		return Refuted, "after the gate's no it wasn't asked again"
	case slices.ContainsFunc(after, func(stage string) bool { return stage != "TEST_TRAFFIC_SHIFT" && stage != "PRODUCTION_TRAFFIC_SHIFT" }):
		return Refuted, "after the gate's no it was asked at " + strings.Join(after, ", ")
	}
	return Confirmed, "after the gate's no it was asked at " + strings.Join(after, ", ")
}

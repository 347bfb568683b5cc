// Package explain says what an execution would do, and why: who calls, what is deployed and where, whether that is green, and
// what the plan asks there. It asks green nothing, and changes nothing.
package explain

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Explanation is what an execution would do.
type Explanation struct {
	Caller     string `json:"caller"`
	Answer     string `json:"answer"` // how it is answered
	Deployment string `json:"deployment"`
	Round      int    `json:"round,omitempty"`
	Platform   string `json:"platform,omitempty"`
	Of         string `json:"of,omitempty"` // application/group or cluster/service
	Stage      string `json:"stage,omitempty"`
	StageFrom  string `json:"stage_from,omitempty"`
	Found      string `json:"found,omitempty"`
	Green      Side   `json:"green"`
	Blue       Side   `json:"blue"`
	// Proof says whether green would be taken for green now; nil where nothing was found that could tell.
	Proof *Proof `json:"proof,omitempty"`
	Plan  string `json:"plan,omitempty"`
	// Verdict is set where no check would run: what would be answered at once, and why.
	Verdict *Verdict `json:"verdict,omitempty"`
	Budget  string   `json:"budget,omitempty"`
	Serial  bool     `json:"serial,omitempty"`
	Checks  []Check  `json:"checks"`
}

// Side is one version of the service.
type Side struct {
	URL            string      `json:"url,omitempty"`
	Headers        http.Header `json:"headers,omitempty"`
	Host           string      `json:"host,omitempty"`
	TargetGroup    string      `json:"target_group,omitempty"`
	TaskDefinition string      `json:"task_definition,omitempty"`
	Image          string      `json:"image,omitempty"`
	Function       string      `json:"function,omitempty"`
	Unknown        string      `json:"unknown,omitempty"` // why there is no URL
}

// Proof is what listeners, targets or an alias show of green.
type Proof struct {
	Shown  bool   `json:"shown"`
	Reason string `json:"reason"`
}

// Verdict is an answer that needs no check.
type Verdict struct {
	Succeeded bool   `json:"succeeded"`
	Reason    string `json:"reason"`
}

// Check is one that would run.
type Check struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	At      string `json:"at,omitempty"`
	Timeout string `json:"timeout"`
	Until   string `json:"eventually,omitempty"`
	For     string `json:"for,omitempty"`
	Warn    bool   `json:"warn,omitempty"`
}

// New explains an execution of a deployment that was described, perhaps with an error, by a plan; nil where it couldn't be read.
func New(e hook.Execution, d deployment.Deployment, p *plan.Plan, execution gate.Execution) Explanation {
	x := Explanation{
		Caller: e.Contract.String(), Answer: answers[e.Contract], Deployment: e.DeploymentID, Round: e.Round,
		Platform: string(d.Platform), Of: of(d), Stage: string(d.Stage), StageFrom: d.StageFrom, Found: d.Found,
		Green: side(d, "green", d.Green), Blue: side(d, "blue", d.Blue), Checks: []Check{},
	}
	if p != nil {
		x.Plan = p.Source
	}
	if v, ok := gate.WithoutAsking(execution); ok {
		x.Verdict = &Verdict{v.Succeeded, v.Reason}
		return x
	}
	x.ask(execution.Asked)
	return x
}

var answers = map[hook.Contract]string{
	hook.CodeDeploy: "PutLifecycleEventHookExecutionStatus",
	hook.ECS:        "the function's return value, hookStatus",
	hook.ECSPause:   "ContinueServiceDeployment",
}

func of(d deployment.Deployment) string {
	if d.Application != "" {
		return d.Application + "/" + d.Group
	}
	return strings.TrimPrefix(d.Cluster+"/"+d.Service, "/")
}

func side(d deployment.Deployment, name string, s deployment.Side) Side {
	told := Side{
		URL: s.URL + s.PathPrefix, Headers: s.Headers, Host: s.Host, TargetGroup: s.TargetGroup,
		TaskDefinition: s.TaskDefinition, Image: s.Image, Function: s.FunctionARN,
	}
	if s.URL == "" {
		_, err := d.Lookup(name + ".url")
		told.Unknown = strings.TrimPrefix(err.Error(), "not known here: ")
	}
	return told
}

func (x *Explanation) ask(s *plan.Stage) {
	x.Serial = s.Serial
	if s.Budget > 0 {
		x.Budget = strictyaml.Duration(s.Budget).String()
	}
	if s.Identity != nil {
		x.Checks = append(x.Checks, tell(s.Identity.Check, "identity: "+s.Identity.Check.Title()))
	}
	for _, c := range s.Checks {
		x.Checks = append(x.Checks, tell(c, c.Name))
	}
}

func tell(c *plan.Check, name string) Check {
	told := Check{Name: name, Kind: c.Kind, At: c.At.String(), Timeout: strictyaml.Duration(c.Timeout).String(), Warn: c.Warn}
	if c.Eventually != nil {
		told.Until = strictyaml.Duration(c.Eventually.Within).String()
	}
	if c.For != nil {
		told.For = strictyaml.Duration(c.For.Lasting).String()
	}
	return told
}

// Refuse has the execution answered at once, by what went wrong.
func (x *Explanation) Refuse(reason string) {
	x.Verdict, x.Checks = &Verdict{Reason: strictyaml.OneLine(reason)}, []Check{}
}

// Skip has it let through by hand.
func (x *Explanation) Skip(v check.Verdict) {
	x.Verdict, x.Checks = &Verdict{v.Succeeded, v.Reason}, []Check{}
}

// name is what people call the side.
func (s Side) name() string {
	return cmp.Or(s.TargetGroup, s.Function, s.URL, "not known")
}

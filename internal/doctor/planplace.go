package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// functionPlan is the plan that a function runs, as far as it is known.
type functionPlan struct {
	setting string     // what names it, such as GREENLIGHT_PLAN
	name    string     // of the text that is judged
	plan    *plan.Plan // nil where it isn't known, or is wrong
	err     error      // what is wrong in it
	// unread is why it isn't known.
	unread error
	// at is where the function reads its plan in AWS, nil where that isn't in AWS or only a deployment knows where.
	at *plan.Address
	// compared says that the plan that was given could be held against the function's own, and other that it isn't that.
	compared, other bool
}

// hookDetailsPlan is the key of a hook of ECS's under which it has a plan of its own.
const hookDetailsPlan = "hookDetails.plan"

// readPlan finds the function's plan: the one that was given, or what its settings have in themselves or name in S3. A file in the
// function's zip can't be read from here, and parameters' values are read by who names one alone: they may be secrets.
func (x *examination) readPlan(ctx context.Context, f *function) {
	name, setting, err := x.planSetting(f)
	if err == nil {
		f.plan.setting, f.plan.at = name, x.planAddress(f, name, setting)
	}
	var own plan.Source
	if err == nil {
		own, err = x.planOf(ctx, f, name, setting)
	}
	source := x.Plan
	if len(source.Text) == 0 {
		source = own
	} else if setting != "" && len(own.Text) > 0 { // a plan beside the binary goes before ALB_URL's, and can't be seen
		f.plan.compared, f.plan.other = true, strings.TrimSpace(string(own.Text)) != strings.TrimSpace(string(source.Text))
	}
	f.plan.unread = err
	if len(source.Text) == 0 {
		return
	}
	f.plan.name = source.Name
	f.plan.plan, f.plan.err = x.Parse(source)
}

// planSetting is what names the function's plan, and what that says; both are empty where the plan lies beside the binary.
func (x *examination) planSetting(f *function) (name, value string, err error) {
	if setting := strings.TrimSpace(f.env(plan.EnvPlan)); setting != "" || !f.byECS {
		return plan.EnvPlan, setting, nil
	}
	var plans []string
	for _, h := range x.service.lifecycleHooks() {
		if appspec.FunctionName(aws.ToString(h.HookTargetArn)) != f.name() {
			continue
		}
		own, err := planOfHook(h)
		if err != nil {
			return "", "", err
		}
		if !slices.Contains(plans, own) {
			plans = append(plans, own)
		}
	}
	switch len(plans) {
	case 0:
		return plan.EnvPlan, "", nil
	case 1:
		return hookDetailsPlan, plans[0], nil
	}
	return "", "", errors.New("the hooks that call the function name different plans in their hookDetails")
}

// planOfHook is the plan that a hook's details name, empty where they name none.
func planOfHook(h ecstypes.DeploymentLifecycleHook) (string, error) {
	if h.HookDetails == nil {
		return "", nil
	}
	text, err := h.HookDetails.MarshalSmithyDocument()
	if err != nil {
		return "", fmt.Errorf("hookDetails: %w", err)
	}
	var details map[string]any
	if err := json.Unmarshal(text, &details); err != nil {
		return "", fmt.Errorf("hookDetails: %w", err)
	}
	own, isText := details["plan"].(string)
	if _, there := details["plan"]; there && !isText {
		return "", errors.New(hookDetailsPlan + " is no text")
	}
	return strings.TrimSpace(own), nil
}

// planAddress is where a plan lies in AWS, nil where it doesn't, and where only a deployment knows.
func (x *examination) planAddress(f *function, name, setting string) *plan.Address {
	if !plan.IsRemote(setting) {
		return nil
	}
	place, err := plan.ParseLocation(name, setting)
	if err != nil {
		return nil
	}
	var unknown []string
	at, err := place.Address(x.place(f).lookup(&unknown))
	if err != nil || len(unknown) > 0 {
		return nil
	}
	return &at
}

// planOf is the plan that a function's settings have, or name in S3.
func (x *examination) planOf(ctx context.Context, f *function, name, setting string) (plan.Source, error) {
	at := f.plan.at
	switch {
	case plan.IsRemote(setting) && at == nil:
		return plan.Source{}, errors.New(name + " names " + setting + ", which only a deployment knows")
	case at != nil && at.Bucket == "":
		return plan.Source{}, errors.New(name + " names " + at.String() + ", and values of parameters aren't read unasked")
	case at != nil:
		return planFrom(ctx, x.getPlan, *at)
	case setting != "" && !strings.ContainsAny(setting, "\n{") && !strings.Contains(setting, ": "):
		return plan.Source{}, errors.New(name + " names " + setting + ", in the function's zip")
	case setting != "":
		return plan.Source{Name: name, Text: []byte(setting)}, nil
	case f.env(plan.EnvALBURL) != "":
		return plan.Classic(f.env(plan.EnvALBURL), f.env(plan.EnvRoutes)), nil
	}
	return plan.Source{}, errors.New("it may be in the function's zip")
}

// readingPlan is what reading a plan in S3 takes.
const readingPlan = "s3:GetObject"

// planFrom reads a plan in S3, which may include others there.
func planFrom(ctx context.Context, get call[plan.Address, []byte], at plan.Address) (plan.Source, error) {
	text := readingOf(ctx, readingPlan, get, at)
	include := plan.Beside{At: at, Open: func(other plan.Address) (plan.Source, error) { return planFrom(ctx, get, other) }}
	return plan.Source{Name: at.String(), Text: text.of, Include: include}, text.err
}

// planParameter is the parameter that the function reads its plan from, if it does.
func (f *function) planParameter() (secretSource, bool) {
	if f.plan.at == nil || f.plan.at.Bucket != "" {
		return secretSource{}, false
	}
	return secretSource{parameterStore, f.plan.at.Key}, true
}

// planNeeds are what the function's role must allow so that it can read its plan.
func (x *examination) planNeeds(f *function) []checkNeed {
	at := f.plan.at
	if at == nil {
		return nil
	}
	what := "reading the plan " + at.String() + " takes"
	if parameter, is := f.planParameter(); is {
		return x.secretNeeds(parameter, what)
	}
	grant := Place{Region: x.region}.readingOfPlan(*at)
	return []checkNeed{{Action: Action{Name: grant.Action, Resource: grant.Resource}, exact: true, what: what}}
}

// judgePlanNeeds judges whether the function may read its plan.
func (x *examination) judgePlanNeeds(a *area, f *function, r role) {
	const check = "execution-role-plan"
	needs := x.planNeeds(f)
	lacking := x.lacking(needs, f, r)
	for _, n := range lacking {
		status, effect := Fail, withoutPlan
		if n.unsure {
			status, effect = Warn, effect+byKeysPolicy
		}
		a.add(status, check, n.allow(r), "the function's role %s doesn't allow %s (%s), which %s: %s", r.name(), n.Name, n.why, n.what, effect)
	}
	if len(lacking) == 0 && len(needs) > 0 {
		a.pass(check, "the function's role %s may read the plan %s", r.name(), f.plan.at)
	}
}

const withoutPlan = "each deployment fails before green is asked"

// judgePlace judges whether the plan is where the function reads it, and the one that is judged here.
func (x *examination) judgePlace(a *area, f *function) {
	p := f.plan
	const check = "plan-place"
	if parameter, is := f.planParameter(); is {
		create := "aws ssm put-parameter --type String --tier Intelligent-Tiering --name " + quoted(parameter.parameter()) + " --value file://" + plan.FileName
		x.judgeStored(a, parameter, stored{check, "the plan " + p.at.String(), create, withoutPlan})
	}
	switch {
	case p.at != nil && p.at.Bucket != "" && notThere(p.unread):
		a.fail(check, "aws s3 cp "+plan.FileName+" "+quoted(p.at.String()), "the plan %s doesn't exist: %s", p.at, withoutPlan)
	case p.other:
		a.warn(check, p.put(), "the function runs another plan than %s: what is right in this one says nothing of that", p.name)
	case p.compared:
		a.pass(check, "the function runs what %s says", p.name)
	}
}

// put makes the plan that is judged here the function's own, as far as a command can.
func (p functionPlan) put() string {
	if p.at == nil {
		return "put " + p.name + " into " + p.setting + ", or look at the function's own with --plan"
	}
	return "aws s3 cp " + quoted(p.name) + " " + quoted(p.at.String()) + "\nor look at the function's own with --plan " + quoted(p.at.String())
}

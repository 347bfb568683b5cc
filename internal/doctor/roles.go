package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
)

const invokeFunction = "lambda:InvokeFunction"

// serviceRole is the ARN of the role in which CodeDeploy works, empty where it isn't known.
func (x *examination) serviceRole() string {
	if x.group == nil || !x.group.info.got() {
		return ""
	}
	return aws.ToString(x.group.info.of.ServiceRoleArn)
}

// hookRoles are the ARNs of the roles in which ECS calls the function.
func (x *examination) hookRoles(f *function) []string {
	var roles []string
	for _, h := range x.service.lifecycleHooks() {
		if appspec.FunctionName(aws.ToString(h.HookTargetArn)) == f.name() {
			roles = append(roles, aws.ToString(h.RoleArn))
		}
	}
	return unique(roles)
}

// executionRole is the ARN of the role in which the function runs.
func (f *function) executionRole() string {
	if !f.config.got() {
		return ""
	}
	return aws.ToString(f.config.of.Role)
}

// arn is the function's ARN as callers name it, with a qualifier where they have one.
func (x *examination) arn(f *function) string {
	if strings.HasPrefix(f.given, "arn:") {
		return f.given
	}
	_, qualifier, qualified := strings.Cut(f.given, ":")
	arn := Place{Region: x.region, Account: x.account(), Function: f.given}.resource(functionResource)
	if f.config.got() {
		arn = aws.ToString(f.config.of.FunctionArn)
	}
	if qualified && !strings.HasSuffix(arn, ":"+qualifier) {
		arn += ":" + qualifier
	}
	return arn
}

// needs are what the execution role must allow: for its hooks' contracts, and for what makes rounds of them.
func (x *examination) needs(f *function) []Action {
	var actions []Action
	if f.byCodeDeploy {
		platform := deployment.CodeDeployECS
		if x.group != nil && x.group.info.got() && x.group.info.of.ComputePlatform == cdtypes.ComputePlatformLambda {
			platform = deployment.CodeDeployLambda
		}
		handOver, _ := feature(FeatureHandOver)
		actions = slices.Concat(actions, []Action{reporting()}, discovery(platform), handOver.Actions[:1])
	}
	if f.byECS {
		actions = append(actions, discovery(deployment.ECS)...)
	}
	logs, _ := feature(FeatureLogs)
	return append(actions, logs.Actions...)
}

// mayHandOver says that the function may invoke itself, as far as is known.
func (x *examination) mayHandOver(f *function) bool {
	r, read := x.roles[f.executionRole()]
	if !read || !r.decisions.got() {
		return true
	}
	return r.decisions.of[question{invokeFunction, x.arn(f)}].Allowed
}

// question is what IAM is asked about an action.
func (x *examination) question(a Action, f *function) question {
	if a.Name == invokeFunction && a.Resource == functionResource {
		return question{a.Name, x.arn(f)}
	}
	return question{a.Name, x.place(f).resource(a.Resource)}
}

// readRoles reads each role once, with all that is asked about it.
func (x *examination) readRoles(ctx context.Context) {
	asked := map[string][]question{}
	ask := func(role string, questions ...question) {
		for _, q := range questions {
			if role != "" && !slices.Contains(asked[role], q) {
				asked[role] = append(asked[role], q)
			}
		}
	}
	for _, f := range x.functions {
		call := question{invokeFunction, x.arn(f)}
		if f.byCodeDeploy {
			ask(x.serviceRole(), call)
		}
		for _, role := range x.hookRoles(f) {
			ask(role, call)
		}
		for _, a := range x.needs(f) {
			ask(f.executionRole(), x.question(a, f))
		}
		for _, need := range slices.Concat(x.planNeeds(f), x.checkNeeds(f)) {
			ask(f.executionRole(), x.questionOf(need, f))
		}
	}
	roles := make(chan role, len(asked))
	var work []func()
	for arn, questions := range asked {
		work = append(work, func() { roles <- x.readRole(ctx, arn, questions) })
	}
	sideBySide(work...)
	close(roles)
	x.roles = map[string]role{}
	for r := range roles {
		x.roles[r.arn] = r
	}
}

// mayInvoke is whether a role may call the function; its why is empty where that isn't known. The function's own policy may
// allow what the role's don't.
func (x *examination) mayInvoke(arn string, f *function) iampolicy.Decision {
	r, read := x.roles[arn]
	if !read || !r.decisions.got() {
		return iampolicy.Decision{}
	}
	d := r.decisions.of[question{invokeFunction, x.arn(f)}]
	if !d.Allowed && f.policy.got() && f.policy.of.Allows(arn, invokeFunction, x.arn(f)) {
		return iampolicy.Decision{Allowed: true, Why: "the function's own policy, " + iampolicy.ByDocuments}
	}
	return d
}

func (x *examination) judgeRoles(f *function) area {
	a := area{name: "permissions for " + f.name()}
	if f.byCodeDeploy && x.group != nil {
		x.judgeCaller(&a, f, "service-role", "CodeDeploy's service role", x.serviceRole(), "codedeploy.amazonaws.com")
	}
	if f.byECS {
		roles := x.hookRoles(f)
		for _, role := range roles {
			x.judgeCaller(&a, f, "hook-role", "the role of ECS's lifecycle hook", role, "ecs.amazonaws.com")
		}
		if len(roles) == 0 && len(f.ecs) > 0 {
			a.fail("hook-role", "set roleArn of the lifecycle hook to a role that ecs.amazonaws.com may take and that allows lambda:InvokeFunction", "the lifecycle hook has no role: ECS can't call the function")
		}
	}
	if f.config.got() {
		x.judgeExecutionRole(&a, f)
	}
	return a
}

// judgeCaller judges the role of a service that calls the function.
func (x *examination) judgeCaller(a *area, f *function, check, what, arn, service string) {
	if arn == "" {
		if x.group != nil && !x.group.info.got() {
			return // the group's finding says it
		}
		a.fail(check, "set the role in the deployment group", "%s isn't set", what)
		return
	}
	r := x.roles[arn]
	what += " " + r.name()
	switch {
	case notThere(r.trust.err):
		a.fail(check, "aws iam list-roles --query 'Roles[].RoleName'", "%s doesn't exist", what)
		return
	case !r.trust.got():
		a.skip(check+"-trust", "who may take "+what, r.trust.err)
	case r.trust.of.Trusts(service):
		a.pass(check+"-trust", "%s trusts %s", what, service)
	default:
		a.fail(check+"-trust", "add to the role's trust policy:\n"+`{"Effect": "Allow", "Principal": {"Service": "`+service+`"}, "Action": "sts:AssumeRole"}`,
			"%s may not be taken by %s", what, service)
	}
	d := x.mayInvoke(arn, f)
	switch {
	case d.Why == "":
		a.skip(check+"-invoke", "what "+what+" allows", r.decisions.err)
	case d.Allowed:
		a.pass(check+"-invoke", "%s may call the function (%s)", what, d.Why)
	default:
		a.fail(check+"-invoke", x.invokeRemedy(f, r.name(), service), "%s may not call the function (%s): the hook fails without having been called", what, d.Why)
	}
}

// invokeRemedy lets a role call the function, by its name alone where that is all that's missing.
func (x *examination) invokeRemedy(f *function, role, service string) string {
	remedy := fmt.Sprintf(`aws iam put-role-policy --role-name %s --policy-name invoke-greenlight --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":%q}]}'`,
		quoted(role), x.arn(f))
	if service == "codedeploy.amazonaws.com" && !strings.HasPrefix(f.name(), hookPrefix) {
		remedy += "\nor name the function " + hookPrefix + f.name() + ", which CodeDeploy's managed policies allow"
	}
	return remedy
}

// judgeExecutionRole judges what the function itself may do. A missing permission to report is the worst: each deployment
// hangs for an hour.
func (x *examination) judgeExecutionRole(a *area, f *function) {
	r := x.roles[f.executionRole()]
	what := "the function's role " + r.name()
	if notThere(r.trust.err) {
		a.fail("execution-role", "create the role, or give the function another: "+f.configure("--role ROLE"), "%s doesn't exist", what)
		return
	}
	if !r.decisions.got() {
		a.skip("execution-role", "what "+what+" allows", r.decisions.err)
		return
	}
	var lacking []Action
	why := ""
	for _, need := range x.needs(f) {
		d := r.decisions.of[x.question(need, f)]
		switch {
		case d.Allowed && need.Name == reportAction:
			a.pass("execution-role-report", "%s may report to CodeDeploy (%s)", what, d.Why)
		case d.Allowed:
			why = d.Why
		case need.Name == reportAction:
			a.fail("execution-role-report", x.policyRemedy(f, r.name(), FeatureCodeDeploy),
				"%s may not report to CodeDeploy (%s): each deployment hangs for an hour and fails", what, d.Why)
		default:
			lacking = append(lacking, need)
		}
	}
	if len(lacking) == 0 {
		a.pass("execution-role-reads", "%s may do all else that it needs (%s)", what, why)
	} else {
		x.judgeLacking(a, f, r, lacking)
	}
	x.judgePlanNeeds(a, f, r)
	x.judgeCheckNeeds(a, f, r)
}

// judgeLacking tells of what the function's role doesn't allow. Where a plan or the settings say where green is and at which
// stage, discovery isn't needed.
func (x *examination) judgeLacking(a *area, f *function, r role, lacking []Action) {
	set := f.env("GREENLIGHT_STAGE") != "" && f.env("ALB_URL") != ""
	what := "the function's role " + r.name()
	for _, group := range []struct {
		check, feature, effect string
		mine                   func(Action) bool
	}{
		{"execution-role-logs", FeatureLogs, "nobody reads why a deployment was stopped", func(n Action) bool { return strings.HasPrefix(n.Name, "logs:") }},
		{"execution-role-handover", FeatureHandOver, "checks can't take longer than one invocation", func(n Action) bool { return n.Name == invokeFunction }},
		{"execution-role-reads", x.contract(f), "green and the stage can't be found", func(n Action) bool { return true }},
	} {
		var names []string
		optional := true
		lacking = slices.DeleteFunc(lacking, func(n Action) bool {
			mine := group.mine(n)
			if mine {
				names = append(names, n.Name)
				optional = optional && n.Optional
			}
			return mine
		})
		if names = unique(names); len(names) == 0 {
			continue
		}
		status, effect := Warn, group.effect
		if group.check == "execution-role-handover" && x.fitsOneCall(f) {
			a.pass(group.check, "%s doesn't allow %s: it has one call at each stage, and the plan's checks have time enough in one", what, listed(names))
			continue
		}
		if group.check == "execution-role-reads" {
			switch {
			case set:
				effect += ", and GREENLIGHT_STAGE and ALB_URL say them"
			case optional:
				effect = "some of what is deployed can't be found"
			default:
				status = Fail
			}
		}
		a.add(status, group.check, x.policyRemedy(f, r.name(), group.feature), "%s doesn't allow %s (%s): %s", what, listed(names), r.decisions.of[x.question(namedAction(x.needs(f), names[0]), f)].Why, effect)
	}
}

func namedAction(actions []Action, name string) Action {
	i := slices.IndexFunc(actions, func(a Action) bool { return a.Name == name })
	return actions[max(i, 0)]
}

// contract is the feature that a function's hooks stand for.
func (x *examination) contract(f *function) string {
	if f.byCodeDeploy {
		return FeatureCodeDeploy
	}
	return FeatureECS
}

// policyRemedy gives a role what a feature needs.
func (x *examination) policyRemedy(f *function, role, feature string) string {
	if feature == FeatureLogs {
		return "aws iam attach-role-policy --role-name " + quoted(role) + " --policy-arn arn:" + x.place(f).Partition() + ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	}
	p := x.place(f)
	flags := []string{"--feature", feature}
	for _, flag := range []struct{ name, value string }{
		{"--region", p.Region},
		{"--account", p.Account},
		{"--application", p.Application},
		{"--group", p.Group},
		{"--cluster", p.Cluster},
		{"--service", p.Service},
		{"--function", f.name()},
	} {
		if flag.value != "" {
			flags = append(flags, flag.name, quoted(flag.value))
		}
	}
	return "greenlight doctor --policy " + strings.Join(flags, " ") + " > policy.json\n" +
		"aws iam put-role-policy --role-name " + quoted(role) + " --policy-name greenlight-" + feature + " --policy-document file://policy.json"
}

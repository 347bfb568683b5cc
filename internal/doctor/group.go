package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// group is a deployment group of CodeDeploy's.
type group struct {
	info     reading[*cdtypes.DeploymentGroupInfo]
	hooks    reading[[]namedHook] // of the last revision
	deployed string               // the Lambda function of the last revision, where there is one
	underWay reading[[]string]    // ids of deployments
	alarms   reading[[]alarm]
}

func (x *examination) readGroup(ctx context.Context) group {
	var g group
	in := &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String(x.Application), DeploymentGroupName: aws.String(x.Group)}
	found := readingOf(ctx, "codedeploy:GetDeploymentGroup", x.getDeploymentGroup, in)
	if g.info.err = found.err; !found.got() {
		g.hooks.err, g.underWay.err = found.err, found.err
		return g
	}
	if g.info.of = found.of.DeploymentGroupInfo; g.info.of == nil {
		g.info.of = &cdtypes.DeploymentGroupInfo{}
	}
	sideBySide(func() { g.hooks, g.deployed = x.readHooks(ctx, g.info.of) }, func() { g.underWay = x.readUnderWay(ctx) })
	return g
}

// readHooks reads the hooks, and the function that is deployed, from the AppSpec of the group's revision, or of the last deployment where the
// group has none yet.
func (x *examination) readHooks(ctx context.Context, info *cdtypes.DeploymentGroupInfo) (hooks reading[[]namedHook], deployed string) {
	revision := info.TargetRevision
	if last := info.LastAttemptedDeployment; revision == nil && last != nil && aws.ToString(last.DeploymentId) != "" {
		d := readingOf(ctx, "codedeploy:GetDeployment", x.getDeployment, &codedeploy.GetDeploymentInput{DeploymentId: last.DeploymentId})
		if !d.got() {
			return reading[[]namedHook]{err: d.err}, ""
		}
		if d.of.DeploymentInfo != nil {
			revision = d.of.DeploymentInfo.Revision
		}
	}
	text, lies, err := x.specText(ctx, revision)
	if err != nil && revision != nil && !lies {
		// The group's answer may have the revision's digest alone.
		r := readingOf(ctx, "codedeploy:GetApplicationRevision", x.getRevision,
			&codedeploy.GetApplicationRevisionInput{ApplicationName: aws.String(x.Application), Revision: revision})
		if !r.got() {
			return reading[[]namedHook]{err: r.err}, ""
		}
		text, _, err = x.specText(ctx, r.of.Revision)
	}
	if err != nil {
		return reading[[]namedHook]{err: err}, ""
	}
	spec, err := appspec.Parse(text)
	return reading[[]namedHook]{of: specHooks(spec), err: err}, spec.Function
}

func (x *examination) readUnderWay(ctx context.Context) reading[[]string] {
	found := readingOf(ctx, "codedeploy:ListDeployments", x.listDeployments, &codedeploy.ListDeploymentsInput{
		ApplicationName: aws.String(x.Application), DeploymentGroupName: aws.String(x.Group),
		IncludeOnlyStatuses: []cdtypes.DeploymentStatus{
			cdtypes.DeploymentStatusCreated, cdtypes.DeploymentStatusQueued, cdtypes.DeploymentStatusInProgress,
			cdtypes.DeploymentStatusBaking, cdtypes.DeploymentStatusReady,
		},
	})
	if !found.got() {
		return reading[[]string]{err: found.err}
	}
	return reading[[]string]{of: found.of.Deployments}
}

// alarmNames are the alarms that stop the group's deployments.
func (g *group) alarmNames() []string {
	if !g.info.got() || g.info.of.AlarmConfiguration == nil || !g.info.of.AlarmConfiguration.Enabled {
		return nil
	}
	var names []string
	for _, a := range g.info.of.AlarmConfiguration.Alarms {
		names = append(names, aws.ToString(a.Name))
	}
	return unique(names)
}

func (x *examination) readGroupAlarms(ctx context.Context, g *group) {
	if names := g.alarmNames(); len(names) > 0 {
		g.alarms = readingOf(ctx, "cloudwatch:DescribeAlarms", x.describeAlarms, names)
	}
}

// pair is the group's pair of target groups with its listeners, nil on other platforms than ECS.
func (g *group) pair() *cdtypes.TargetGroupPairInfo {
	if !g.info.got() || g.info.of.LoadBalancerInfo == nil || len(g.info.of.LoadBalancerInfo.TargetGroupPairInfoList) == 0 {
		return nil
	}
	return &g.info.of.LoadBalancerInfo.TargetGroupPairInfoList[0]
}

// testListener is the ARN of the test listener, empty where there is none.
func (g *group) testListener() string {
	if pair := g.pair(); pair != nil {
		return listener(pair.TestTrafficRoute)
	}
	return ""
}

func listener(r *cdtypes.TrafficRoute) string {
	if r == nil || len(r.ListenerArns) == 0 {
		return ""
	}
	return r.ListenerArns[0]
}

func (x *examination) judgeGroup() area {
	a := area{name: "deployment group " + x.Application + "/" + x.Group}
	g := x.group
	if !g.info.got() {
		a.skip("group", "the deployment group", g.info.err)
		return a
	}
	switch g.info.of.ComputePlatform {
	case cdtypes.ComputePlatformEcs:
		x.judgePair(&a)
	case cdtypes.ComputePlatformLambda:
		a.pass("group-platform", "deploys a Lambda function")
	default:
		a.warn("group-platform", "run the plan as a ValidateService script: greenlight run greenlight.yaml --stage ValidateService",
			"deploys to the platform %s, whose hooks are scripts of the agent and no functions", g.info.of.ComputePlatform)
	}
	x.judgeRollback(&a)
	if names := g.alarmNames(); len(names) > 0 {
		a.judgeAlarms("group-alarms", names, g.alarms, "CodeDeploy stops each deployment at once")
	} else {
		a.pass("group-alarms", "no alarms stop its deployments")
	}
	switch {
	case !g.underWay.got():
		a.skip("group-deployment", "whether a deployment is under way", g.underWay.err)
	case len(g.underWay.of) > 0:
		a.warn("group-deployment", "aws deploy get-deployment --deployment-id "+quoted(g.underWay.of[0]),
			"a deployment is under way, %s: a new one is refused or has to wait, and what it has moved isn't judged", listed(g.underWay.of))
	default:
		a.pass("group-deployment", "no deployment is under way")
	}
	return a
}

// judgePair judges the listeners and target groups that the group names.
func (x *examination) judgePair(a *area) {
	pair := x.group.pair()
	if pair == nil || listener(pair.ProdTrafficRoute) == "" {
		a.fail("group-listeners", x.balance([2]string{"BLUE", "GREEN"}, "LISTENER"),
			"names no pair of target groups with a production listener, which blue/green on ECS needs")
		return
	}
	if n := len(pair.TargetGroups); n == 2 {
		a.pass("group-target-groups", "has the target groups %s and %s", aws.ToString(pair.TargetGroups[0].Name), aws.ToString(pair.TargetGroups[1].Name))
	} else {
		a.fail("group-target-groups", "name two target groups in the group's load balancer settings", "has %s: green needs one of its own", quantity(n, "target group"))
	}
	asked := x.group.hooks.got() && slices.ContainsFunc(x.group.hooks.of, func(h namedHook) bool { return h.stage == lifecycle.AfterAllowTestTraffic })
	names := [2]string{"BLUE", "GREEN"}
	for i, g := range pair.TargetGroups[:min(len(pair.TargetGroups), len(names))] {
		names[i] = aws.ToString(g.Name)
	}
	remedy := "add a listener to the load balancer that forwards to the same target group as production's, and name it:\n" +
		x.balance(names, listener(pair.ProdTrafficRoute))
	switch {
	case x.group.testListener() != "":
		a.pass("group-test-listener", "has a test listener")
	case asked:
		a.fail("group-test-listener", remedy, "has no test listener, and the AppSpec has a hook for AfterAllowTestTraffic, which there is none without")
	default:
		a.warn("group-test-listener", remedy, "has no test listener: green can't be asked before customers reach it")
	}
}

// balance is the command that gives the group its pair of target groups and both listeners. It replaces all of that.
func (x *examination) balance(groups [2]string, production string) string {
	return fmt.Sprintf(`aws deploy update-deployment-group --application-name %s --current-deployment-group-name %s --load-balancer-info `+
		`'targetGroupPairInfoList=[{targetGroups=[{name=%s},{name=%s}],prodTrafficRoute={listenerArns=[%s]},testTrafficRoute={listenerArns=[TEST-LISTENER]}}]'`,
		quoted(x.Application), quoted(x.Group), groups[0], groups[1], production)
}

// judgeRollback says whether a hook that says no brings blue back.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
func (x *examination) judgeRollback(a *area) {
	auto := x.group.info.of.AutoRollbackConfiguration
	has := func(event cdtypes.AutoRollbackEvent) bool {
		return auto != nil && auto.Enabled && slices.Contains(auto.Events, event)
	}
	alarmed := len(x.group.alarmNames()) > 0
	events := "DEPLOYMENT_FAILURE"
	if alarmed {
		events += ",DEPLOYMENT_STOP_ON_ALARM"
	}
	remedy := fmt.Sprintf("aws deploy update-deployment-group --application-name %s --current-deployment-group-name %s --auto-rollback-configuration enabled=true,events=%s",
		quoted(x.Application), quoted(x.Group), events)
	switch {
	case !has(cdtypes.AutoRollbackEventDeploymentFailure):
		a.fail("group-rollback", remedy, "doesn't roll back when a deployment fails: a hook that says no leaves everything as it is, after AllowTraffic with green in production")
	case alarmed && !has(cdtypes.AutoRollbackEventDeploymentStopOnAlarm):
		a.warn("group-rollback", remedy, "rolls back when a deployment fails, and not when an alarm stops it")
	default:
		a.pass("group-rollback", "rolls back when a deployment fails")
	}
}

// judgeHooks says whether any hook calls a function at all.
func (x *examination) judgeHooks() area {
	a := area{name: "hooks"}
	if x.group == nil && x.service == nil {
		return a
	}
	var known []namedHook
	if x.group != nil && x.group.info.got() && x.service.deployer() != deployedByECS {
		if x.group.hooks.err != nil {
			a.skip("hooks-appspec", "the AppSpec of the last deployment", x.group.hooks.err)
			if len(x.functions) == 0 {
				a.findings[0].Remedy = "name the function with --function"
			}
			return a
		}
		known = x.group.hooks.of
		for _, h := range known {
			a.pass("hooks-appspec", "the AppSpec calls %s at %s", appspec.FunctionName(h.function), h.stage)
		}
		if len(known) == 0 {
			a.fail("hooks-appspec", "Hooks:\n  - AfterAllowTestTraffic: CodeDeployHook_greenlight", "the AppSpec of the last deployment names no function: nothing is checked")
		}
	}
	if x.Function != "" && len(known) > 0 && len(stagesOf(known, x.Function)) == 0 {
		a.warn("hooks-function", "Hooks:\n  - AfterAllowTestTraffic: "+appspec.FunctionName(x.Function), "the AppSpec of the last deployment doesn't call %s", appspec.FunctionName(x.Function))
	}
	return a
}

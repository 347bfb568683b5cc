package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// Kind says what a note asks of its reader.
type Kind string

// The kinds of notes, in the order in which they are told.
const (
	// Before is to be done before the service is changed: without it the first deployment fails.
	Before Kind = "before"
	// Differs is what will not be as it was.
	Differs Kind = "differs"
	// After is to be done once ECS deploys the service.
	After Kind = "after"
)

// Note is something that the configuration alone doesn't say.
type Note struct {
	Kind Kind `json:"kind"`
	// Text is a sentence.
	Text string `json:"text"`
	// Commands are what does it, where commands do.
	Commands []string `json:"commands,omitempty"`
}

func notes(from Source, to Service) []Note {
	n := &noter{from: from, to: to}
	n.roles()
	n.rules()
	n.hooks()
	n.shift()
	n.rollback()
	n.rest()
	slices.SortStableFunc(n.all, func(a, b Note) int { return kindOrder(a.Kind) - kindOrder(b.Kind) })
	return n.all
}

func kindOrder(k Kind) int { return slices.Index([]Kind{Before, Differs, After}, k) }

type noter struct {
	from Source
	to   Service
	all  []Note
}

func (n *noter) add(kind Kind, commands []string, format string, args ...any) {
	n.all = append(n.all, Note{Kind: kind, Text: fmt.Sprintf(format, args...), Commands: commands})
}

func (n *noter) roles() {
	lb := n.to.LoadBalancers[0].Advanced
	if lb.Role == wordBalancerRole {
		n.add(Before, nil, "ECS needs a role of its own to change the listeners' rules, with the managed policy AmazonECSInfrastructureRolePolicyForLoadBalancers and ecs.amazonaws.com as the service that may take it: put its ARN in the place of %s, or give --load-balancer-role", wordBalancerRole)
	}
	if slices.ContainsFunc(n.to.Deployment.Hooks, func(h Hook) bool { return h.Role == wordHookRole }) {
		n.add(Before, nil, "ECS needs a role to call the hooks' functions, with lambda:InvokeFunction and ecs.amazonaws.com as the service that may take it: put its ARN in the place of %s, or give --hook-role", wordHookRole)
	}
}

// rules tells what the listeners must be like. ECS rolls a deployment back where one of both target groups is attached to neither rule.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-code-deploy-to-ecs-blue-green.html
func (n *noter) rules() {
	b := n.from.Balancer
	if b.ProductionRule == "" || b.Other == "" {
		n.add(Before, nil, "The target groups and rules weren't read: each of both target groups must be attached to the production rule or to the test rule, or the first deployment is rolled back for its networking configuration")
		return
	}
	attached := slices.Concat(b.ProductionTargets, b.TestTargets)
	if slices.Contains(attached, b.Live) && slices.Contains(attached, b.Other) {
		return
	}
	if b.TestRule == "" {
		n.add(Before, []string{"aws elbv2 modify-listener --listener-arn " + b.ProductionListener + " --default-actions " + weighted(b.Live, b.Other)},
			"No rule leads to %s: without a test listener both target groups must be attached to the production rule, the second one with the weight 0. The command is for a listener whose only rule is its default one", short(b.Other))
		return
	}
	command := "aws elbv2 modify-rule --rule-arn " + b.TestRule + " --actions Type=forward,TargetGroupArn=" + b.Other
	if b.TestIsDefault {
		command = "aws elbv2 modify-listener --listener-arn " + b.TestListener + " --default-actions Type=forward,TargetGroupArn=" + b.Other
	}
	n.add(Before, []string{command}, "CodeDeploy leaves both listeners on the live target group, and no rule leads to %s: the test rule must", short(b.Other))
}

func weighted(live, other string) string {
	return fmt.Sprintf(`'[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":%q,"Weight":100},{"TargetGroupArn":%q,"Weight":0}]}}]'`, live, other)
}

// short is the name in an ARN of a target group.
func short(arn string) string {
	if _, rest, ok := strings.Cut(arn, ":targetgroup/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return name
	}
	return arn
}

func (n *noter) hooks() {
	var functions []string
	stages := map[lifecycle.Stage]bool{}
	for _, h := range n.from.AppSpec.Hooks {
		stage, known := lifecycle.ParseStage(h.Event)
		switch {
		case !known || stage.ECS() == "":
			n.add(Differs, nil, "The hook for %s has no counterpart", h.Event)
			continue
		case h.Function == "":
			continue
		}
		stages[stage] = true
		if name := appspec.FunctionName(h.Function); !slices.Contains(functions, name) {
			functions = append(functions, name)
		}
	}
	if len(functions) == 0 {
		n.add(Before, nil, "The AppSpec has no hooks: nothing will stop a bad release but alarms. A hook for POST_TEST_TRAFFIC_SHIFT does")
		return
	}
	n.add(Before, nil, "ECS takes what a function returns for its answer. greenlight gives it; a function that only calls PutLifecycleEventHookExecutionStatus fails each deployment, so look at: %s", strings.Join(functions, ", "))
	if n.from.Balancer.TestListener == "" && n.from.Balancer.ProductionListener != "" && stages[lifecycle.AfterAllowTestTraffic] {
		n.add(Before, nil, "There is no test listener, so at POST_TEST_TRAFFIC_SHIFT nobody can reach green: add one, and its rule as testListenerRule")
	}
	if stages[lifecycle.BeforeInstall] {
		n.add(Differs, nil, "A hook that fails at PRE_SCALE_UP rolls the deployment back; CodeDeploy can't roll back at BeforeInstall. PRE_SCALE_UP also runs when the service is created")
	}
	if stages[lifecycle.BeforeAllowTraffic] && n.to.Deployment.Strategy != "BLUE_GREEN" {
		n.add(Differs, nil, "PRE_PRODUCTION_TRAFFIC_SHIFT runs before every step of a %s deployment; CodeDeploy runs BeforeAllowTraffic once. What its checks cost is paid at each step, and a bad step is found there", strings.ToLower(n.to.Deployment.Strategy))
	}
	n.add(Differs, nil, "A hook has %d minutes and then the deployment is rolled back, as under CodeDeploy. ECS would give it up to a day (timeoutInMinutes up to 1440)", codeDeploy)
}

func (n *noter) shift() {
	d := n.to.Deployment
	if minutes(n.from.Termination) > d.Bake {
		n.add(Differs, nil, "Blue ran on for %d minutes after the shift; ECS keeps it for %d at most", minutes(n.from.Termination), maxBake)
	}
	if n.from.Approval > 0 {
		n.add(Differs, nil, "The wait for an approval of %d minutes is a pause at POST_TEST_TRAFFIC_SHIFT, which ECS tells EventBridge of and `aws ecs continue-service-deployment` ends; where nobody answers the deployment is rolled back", minutes(n.from.Approval))
	}
}

func (n *noter) rollback() {
	if !n.from.Rollback.OnFailure {
		n.add(Differs, nil, "The deployment group doesn't roll back when a deployment fails; ECS always does when a hook says no")
	}
	if len(n.from.Alarms) > 0 && !n.from.Rollback.OnAlarm {
		n.add(Differs, nil, "The alarms stop a deployment of the group and leave everything as it is; ECS's setting rolls back")
	}
	if len(n.from.Alarms) > 0 && n.from.IgnoresAlarmErrors {
		n.add(Differs, nil, "The group goes on where its alarms can't be read (ignorePollAlarmFailure), which ECS has no setting for")
	}
}

func (n *noter) rest() {
	if len(n.from.Triggers) > 0 {
		n.add(After, nil, "The group's notices (%s) end: an EventBridge rule for the detail-type \"ECS Deployment State Change\" gives them", strings.Join(n.from.Triggers, ", "))
	}
	n.add(After, []string{fmt.Sprintf("aws ecs update-service --cluster %s --service %s --task-definition NEW_TASK_DEFINITION", n.to.Cluster, n.to.Service)},
		"A release is a new task definition for the service; pipelines that call create-deployment, or have CodeDeploy as their action, must be changed")
	if n.from.Application != "" {
		n.add(After, []string{fmt.Sprintf("aws deploy delete-deployment-group --application-name %s --deployment-group-name %s", n.from.Application, n.from.Group)},
			"Once a deployment by ECS has gone well, the deployment group is no longer needed")
	}
}

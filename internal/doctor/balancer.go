package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// way is how traffic reaches the service, as the deployment group or the service has it.
type way struct {
	production, test string   // ARNs of a listener or a rule; test may be empty
	names, arns      []string // of the target groups: CodeDeploy has names, ECS has ARNs
	primary          string   // the ARN of the target group that should have production; empty where that isn't known
}

// balancer is what was read of a load balancer.
type balancer struct {
	way
	listeners reading[map[string]elbtypes.Listener] // by ARN
	rules     map[string]reading[[]elbtypes.Rule]   // by the way's ARN of a listener or rule
	groups    reading[[]elbtypes.TargetGroup]
	health    map[string]reading[[]elbtypes.TargetHealthDescription] // by a target group's ARN
	balancers reading[map[string]elbtypes.LoadBalancer]              // by ARN
}

// way finds out how traffic reaches the service.
func (x *examination) way() (way, bool) {
	if b := x.service.advanced(); b != nil {
		return way{
			production: aws.ToString(b.AdvancedConfiguration.ProductionListenerRule), test: x.testRule(),
			arns: unique([]string{aws.ToString(b.TargetGroupArn), aws.ToString(b.AdvancedConfiguration.AlternateTargetGroupArn)}),
		}, true
	}
	if x.group == nil || x.group.pair() == nil {
		return way{}, false
	}
	pair := x.group.pair()
	w := way{production: listener(pair.ProdTrafficRoute), test: listener(pair.TestTrafficRoute)}
	for _, g := range pair.TargetGroups {
		w.names = append(w.names, aws.ToString(g.Name))
	}
	if x.service != nil && x.service.info.got() {
		for _, set := range x.service.info.of.TaskSets {
			if aws.ToString(set.Status) == "PRIMARY" && len(set.LoadBalancers) > 0 {
				w.primary = aws.ToString(set.LoadBalancers[0].TargetGroupArn)
			}
		}
	}
	return w, true
}

// listenerOf is the listener of a rule's ARN, or the listener itself.
func listenerOf(arn string) string {
	if before, rule, isRule := strings.Cut(arn, ":listener-rule/"); isRule {
		return before + ":listener/" + rule[:max(strings.LastIndexByte(rule, '/'), 0)]
	}
	return arn
}

func isRule(arn string) bool { return strings.Contains(arn, ":listener-rule/") }

func (x *examination) readBalancer(ctx context.Context, w way) balancer {
	b := balancer{way: w, rules: map[string]reading[[]elbtypes.Rule]{}, health: map[string]reading[[]elbtypes.TargetHealthDescription]{}}
	ways := unique([]string{w.production, w.test})
	rules := make([]reading[[]elbtypes.Rule], len(ways))
	work := []func(){
		func() { b.listeners = x.readListeners(ctx, ways); b.balancers = x.readLoadBalancers(ctx, b.listeners) },
		func() { b.groups = x.readTargetGroups(ctx, w) },
	}
	for i, arn := range ways {
		work = append(work, func() { rules[i] = x.readRules(ctx, arn) })
	}
	sideBySide(work...)
	for i, arn := range ways {
		b.rules[arn] = rules[i]
	}
	health := make([]reading[[]elbtypes.TargetHealthDescription], len(b.groups.of))
	work = nil
	for i, g := range b.groups.of {
		work = append(work, func() {
			h := readingOf(ctx, "elasticloadbalancing:DescribeTargetHealth", x.describeTargetHealth, &elb.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
			if health[i].err = h.err; h.got() {
				health[i].of = h.of.TargetHealthDescriptions
			}
		})
	}
	sideBySide(work...)
	for i, g := range b.groups.of {
		b.health[aws.ToString(g.TargetGroupArn)] = health[i]
	}
	return b
}

func (x *examination) readListeners(ctx context.Context, ways []string) reading[map[string]elbtypes.Listener] {
	var arns []string
	for _, arn := range ways {
		arns = append(arns, listenerOf(arn))
	}
	found := readingOf(ctx, "elasticloadbalancing:DescribeListeners", x.describeListeners, &elb.DescribeListenersInput{ListenerArns: unique(arns)})
	listeners := map[string]elbtypes.Listener{}
	if found.got() {
		for _, l := range found.of.Listeners {
			listeners[aws.ToString(l.ListenerArn)] = l
		}
	}
	return reading[map[string]elbtypes.Listener]{of: listeners, err: found.err}
}

func (x *examination) readLoadBalancers(ctx context.Context, listeners reading[map[string]elbtypes.Listener]) reading[map[string]elbtypes.LoadBalancer] {
	if !listeners.got() {
		return reading[map[string]elbtypes.LoadBalancer]{err: listeners.err}
	}
	var arns []string
	for _, l := range listeners.of {
		arns = append(arns, aws.ToString(l.LoadBalancerArn))
	}
	slices.Sort(arns)
	found := readingOf(ctx, "elasticloadbalancing:DescribeLoadBalancers", x.describeLoadBalancers, &elb.DescribeLoadBalancersInput{LoadBalancerArns: unique(arns)})
	balancers := map[string]elbtypes.LoadBalancer{}
	if found.got() {
		for _, l := range found.of.LoadBalancers {
			balancers[aws.ToString(l.LoadBalancerArn)] = l
		}
	}
	return reading[map[string]elbtypes.LoadBalancer]{of: balancers, err: found.err}
}

// readRules reads the rules of a listener, or one rule.
func (x *examination) readRules(ctx context.Context, arn string) reading[[]elbtypes.Rule] {
	rules, err := readAll(ctx, "elasticloadbalancing:DescribeRules", x.describeRules,
		func(marker *string) *elb.DescribeRulesInput {
			if isRule(arn) {
				return &elb.DescribeRulesInput{RuleArns: []string{arn}, Marker: marker}
			}
			return &elb.DescribeRulesInput{ListenerArn: aws.String(arn), Marker: marker}
		},
		func(out *elb.DescribeRulesOutput) page[elbtypes.Rule] { return byToken(out.Rules, out.NextMarker) })
	return reading[[]elbtypes.Rule]{of: rules, err: err}
}

func (x *examination) readTargetGroups(ctx context.Context, w way) reading[[]elbtypes.TargetGroup] {
	in := &elb.DescribeTargetGroupsInput{TargetGroupArns: w.arns}
	if len(w.arns) == 0 {
		in.Names = w.names
	}
	found := readingOf(ctx, "elasticloadbalancing:DescribeTargetGroups", x.describeTargetGroups, in)
	if !found.got() {
		return reading[[]elbtypes.TargetGroup]{err: found.err}
	}
	return reading[[]elbtypes.TargetGroup]{of: found.of.TargetGroups}
}

// shares are the parts of a rule's traffic in percent, by the target group's ARN. CodeDeploy leaves the unused group
// attached with the weight 0.
func shares(actions []elbtypes.Action) map[string]int {
	weights, sum := map[string]int{}, 0
	for _, action := range actions {
		switch {
		case action.ForwardConfig != nil && len(action.ForwardConfig.TargetGroups) > 0:
			for _, g := range action.ForwardConfig.TargetGroups {
				// A single group without a weight has everything.
				weight := 1
				if g.Weight != nil {
					weight = int(*g.Weight)
				}
				weights[aws.ToString(g.TargetGroupArn)] += weight
				sum += weight
			}
		case aws.ToString(action.TargetGroupArn) != "":
			weights[aws.ToString(action.TargetGroupArn)]++
			sum++
		}
	}
	for arn := range weights {
		if sum > 0 {
			weights[arn] = weights[arn] * 100 / sum
		}
	}
	return weights
}

// targetGroupName is the name in a target group's ARN.
func targetGroupName(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) == 3 {
		return parts[1]
	}
	return arn
}

// split writes shares for people: "tg-1 90 %, tg-2 10 %".
func split(of map[string]int) string {
	var parts []string
	for _, arn := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s %d %%", targetGroupName(arn), of[arn]))
	}
	return strings.Join(parts, ", ")
}

// ruleName is what people call a rule.
func ruleName(r elbtypes.Rule) string {
	if aws.ToBool(r.IsDefault) {
		return "its default action"
	}
	return "its rule of priority " + aws.ToString(r.Priority)
}

func (x *examination) judgeBalancer() area {
	a := area{name: "load balancer"}
	b := x.balancer
	x.judgeTargetGroups(&a)
	for _, arn := range unique([]string{b.production, b.test}) {
		what := "the production listener"
		if arn == b.test {
			what = "the test listener"
		}
		if isRule(arn) {
			what += " rule"
		}
		x.judgeWay(&a, what, arn)
	}
	if b.test != "" && b.test == b.production {
		a.fail("listeners", "give the test traffic a listener or a rule of its own", "the test listener is the production listener: hooks would ask blue")
	}
	return a
}

// judgeTargetGroups judges blue's health, in the group that has production.
func (x *examination) judgeTargetGroups(a *area) {
	b := x.balancer
	if !b.groups.got() {
		if notThere(b.groups.err) {
			a.fail("target-groups", "aws elbv2 describe-target-groups --query 'TargetGroups[].TargetGroupName'", "a target group doesn't exist: %s", reason(b.groups.err))
		} else {
			a.skip("target-groups", "the target groups", b.groups.err)
		}
		return
	}
	b.judgeHealthChecks(a)
	live := b.live()
	for _, g := range b.groups.of {
		arn := aws.ToString(g.TargetGroupArn)
		if arn != live {
			continue
		}
		health := b.health[arn]
		if !health.got() {
			a.skip("blue-health", "the health of blue's targets", health.err)
			continue
		}
		healthy, sick := 0, map[string]int{}
		for _, t := range health.of {
			if t.TargetHealth == nil {
				continue
			}
			if t.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				healthy++
			} else if t.TargetHealth.State != elbtypes.TargetHealthStateEnumDraining {
				sick[string(t.TargetHealth.State)+" ("+string(t.TargetHealth.Reason)+")"]++
			}
		}
		remedy := "aws elbv2 describe-target-health --target-group-arn " + quoted(arn)
		switch {
		case healthy == 0:
			a.fail("blue-health", remedy, "production's target group %s has no healthy target: there is nothing to go back to", targetGroupName(arn))
		case len(sick) > 0:
			a.warn("blue-health", remedy, "production's target group %s has %s, and others that are %s", targetGroupName(arn), quantity(healthy, "healthy target"), listed(slices.Sorted(maps.Keys(sick))))
		default:
			a.pass("blue-health", "production's target group %s has %s", targetGroupName(arn), quantity(healthy, "healthy target"))
		}
	}
}

// judgeHealthChecks judges whether both target groups find the same versions healthy: each is green's every other time.
func (b *balancer) judgeHealthChecks(a *area) {
	if len(b.groups.of) != 2 {
		return
	}
	one, two := b.groups.of[0], b.groups.of[1]
	code := func(g elbtypes.TargetGroup) string {
		if g.Matcher == nil {
			return ""
		}
		return cmp.Or(aws.ToString(g.Matcher.HttpCode), aws.ToString(g.Matcher.GrpcCode))
	}
	for _, c := range []struct{ what, one, two, flag string }{
		{"paths", aws.ToString(one.HealthCheckPath), aws.ToString(two.HealthCheckPath), "--health-check-path "},
		{"ports", aws.ToString(one.HealthCheckPort), aws.ToString(two.HealthCheckPort), "--health-check-port "},
		{"status codes", code(one), code(two), "--matcher HttpCode="},
	} {
		if c.one != c.two {
			a.warn("target-groups", "aws elbv2 modify-target-group --target-group-arn "+quoted(aws.ToString(two.TargetGroupArn))+" "+c.flag+quoted(c.one),
				"%s and %s ask for different %s, %s and %s: a version that is healthy in one may not be in the other", aws.ToString(one.TargetGroupName), aws.ToString(two.TargetGroupName), c.what, c.one, c.two)
		}
	}
}

// live is the target group that has all of production's traffic, empty where none has.
func (b *balancer) live() string {
	for _, r := range b.rulesOf(b.production) {
		for arn, share := range b.mine(r) {
			if share == 100 {
				return arn
			}
		}
	}
	return ""
}

// rulesOf are the rules of a listener, with its default action as one, or the one rule that is meant. A Network Load Balancer's
// listener has its default action alone.
func (b *balancer) rulesOf(arn string) []elbtypes.Rule {
	rules := b.rules[arn].of
	if isRule(arn) || slices.ContainsFunc(rules, func(r elbtypes.Rule) bool { return aws.ToBool(r.IsDefault) }) {
		return rules
	}
	return append(slices.Clone(rules), elbtypes.Rule{IsDefault: aws.Bool(true), Actions: b.listeners.of[arn].DefaultActions})
}

// mine are the shares of a rule, nil where it doesn't forward to the pair: a listener may serve others as well.
func (b *balancer) mine(r elbtypes.Rule) map[string]int {
	of := shares(r.Actions)
	for arn := range of {
		if slices.ContainsFunc(b.groups.of, func(g elbtypes.TargetGroup) bool { return aws.ToString(g.TargetGroupArn) == arn }) {
			return of
		}
	}
	return nil
}

// judgeWay judges a listener's rules, or one rule: whether what they forward to agrees with what is deployed.
func (x *examination) judgeWay(a *area, what, arn string) {
	b := x.balancer
	check := "production-listener"
	if arn == b.test {
		check = "test-listener"
	}
	listener, there := b.listeners.of[listenerOf(arn)]
	rules := b.rules[arn]
	switch {
	case notThere(rules.err) || (b.listeners.got() && !there):
		a.fail(check, "aws elbv2 describe-listeners --load-balancer-arn ARN", "%s doesn't exist: %s", what, arn)
		return
	case !b.listeners.got() && !notThere(b.listeners.err): // where another isn't there, this one's rules are known
		a.skip(check, what, b.listeners.err)
		return
	case !rules.got():
		a.skip(check, "the rules of "+what, rules.err)
		return
	case !b.groups.got():
		return // it is told above
	}
	if there {
		what += fmt.Sprintf(" (%s %d)", listener.Protocol, aws.ToInt32(listener.Port))
	}
	mine := 0
	for _, r := range b.rulesOf(arn) {
		if of := b.mine(r); of != nil {
			mine++
			x.judgeRule(a, check, what, r, of)
		}
	}
	if mine == 0 {
		a.fail(check, "aws elbv2 modify-listener --listener-arn "+quoted(listenerOf(arn))+" --default-actions Type=forward,TargetGroupArn="+quoted(b.likely()),
			"%s forwards to none of the target groups %s", what, listed(b.groupNames()))
	}
}

// likely is the target group to which a listener should go: the primary task set's, or the first.
func (b *balancer) likely() string {
	if b.primary != "" {
		return b.primary
	}
	if live := b.live(); live != "" {
		return live
	}
	if len(b.groups.of) > 0 {
		return aws.ToString(b.groups.of[0].TargetGroupArn)
	}
	return "ARN"
}

func (b *balancer) groupNames() []string {
	var names []string
	for _, g := range b.groups.of {
		names = append(names, aws.ToString(g.TargetGroupName))
	}
	return names
}

// judgeRule judges one rule's shares. While a deployment is under way they are its business.
func (x *examination) judgeRule(a *area, check, what string, r elbtypes.Rule, of map[string]int) {
	b := x.balancer
	want := b.primary
	if want == "" && check == "test-listener" {
		want = b.live()
	}
	weighted := 0
	for _, share := range of {
		if share > 0 {
			weighted++
		}
	}
	remedy := "aws elbv2 modify-rule --rule-arn " + quoted(aws.ToString(r.RuleArn)) + " --actions Type=forward,TargetGroupArn=" + quoted(b.likely())
	if aws.ToBool(r.IsDefault) {
		listener := listenerOf(b.production)
		if check == "test-listener" {
			listener = listenerOf(b.test)
		}
		remedy = "aws elbv2 modify-listener --listener-arn " + quoted(listener) + " --default-actions Type=forward,TargetGroupArn=" + quoted(b.likely())
	}
	switch {
	case x.underWay():
		a.pass(check, "%s: %s gives %s, while a deployment is under way", what, ruleName(r), split(of))
	case weighted > 1:
		a.fail(check, remedy, "%s: %s splits traffic between both target groups (%s), and no deployment is under way", what, ruleName(r), split(of))
	case weighted == 0:
		a.fail(check, remedy, "%s: %s gives no target group any traffic (%s)", what, ruleName(r), split(of))
	case want != "" && of[want] == 0 && check == "production-listener":
		a.fail(check, remedy, "%s: %s goes to %s, and the primary task set is in %s: something other than the deployment has moved it", what, ruleName(r), split(of), targetGroupName(want))
	case want != "" && of[want] == 0:
		a.warn(check, remedy, "%s: %s goes to %s, and production to %s: what answers there isn't what is live", what, ruleName(r), split(of), targetGroupName(want))
	default:
		a.pass(check, "%s: %s goes to %s", what, ruleName(r), split(of))
	}
}

package deployment

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// group is a target group.
type group struct{ arn, name string }

// way is one of the two ways into the service: production's or that of test traffic.
type way struct {
	name string // "production" or "test"
	// listenerARN is the listener's; ruleARN is that of the one rule that ECS shifts, empty where CodeDeploy shifts all rules
	// of the listener that lead to its groups.
	listenerARN, ruleARN string

	listener *elbtypes.Listener
	dnsName  string // of the load balancer
	rules    []elbtypes.Rule
	err      *ReadError // why the listener, the name or the rules weren't read
}

// newWay is the way by the ARN of a listener, or of a rule as ECS has it for Application Load Balancers.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
func newWay(name, arn string) *way {
	switch {
	case arn == "":
		return nil
	case strings.Contains(arn, ":listener-rule/"):
		return &way{name: name, listenerARN: listenerOf(arn), ruleARN: arn}
	}
	return &way{name: name, listenerARN: arn}
}

// listenerOf is the ARN of the listener that a rule belongs to.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
func listenerOf(ruleARN string) string {
	listener := strings.Replace(ruleARN, ":listener-rule/", ":listener/", 1)
	if last := strings.LastIndexByte(listener, '/'); last > strings.Index(listener, ":listener/")+len(":listener/") {
		return listener[:last]
	}
	return listener
}

// loadBalancerOf is the ARN of the load balancer that a listener belongs to; empty where the listener's is of another form.
func loadBalancerOf(listenerARN string) string {
	balancer := strings.Replace(listenerARN, ":listener/", ":loadbalancer/", 1)
	if balancer == listenerARN || strings.Count(balancer, "/") != 4 {
		return ""
	}
	return balancer[:strings.LastIndexByte(balancer, '/')]
}

// isNetwork says that a listener is one of a Network Load Balancer, which has no rules but its default action.
func isNetwork(listenerARN string) bool { return strings.Contains(listenerARN, ":listener/net/") }

// shares are the percentages of a rule's requests that each target group gets. An action may name one group, or several
// with weights; one with a weight of 0 stays attached and gets nothing.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html
func shares(actions []elbtypes.Action) map[string]float64 {
	of := map[string]float64{}
	for _, a := range actions {
		if a.Type != "" && a.Type != elbtypes.ActionTypeEnumForward {
			continue
		}
		if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0 {
			if a.TargetGroupArn != nil {
				of[*a.TargetGroupArn] = 100
			}
			continue
		}
		var sum float64
		for _, g := range a.ForwardConfig.TargetGroups {
			sum += weight(g)
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			if g.TargetGroupArn != nil {
				of[*g.TargetGroupArn] = 100 * weight(g) / max(sum, 1)
			}
		}
	}
	return of
}

// weight of a group: one that isn't given is that of the only group.
func weight(g elbtypes.TargetGroupTuple) float64 {
	if g.Weight == nil {
		return 1
	}
	return float64(*g.Weight)
}

// untold says that a forward to several groups lacks the ARN or the weight of one: what the others get can't be said then.
func untold(actions []elbtypes.Action) bool {
	for _, a := range actions {
		if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) < 2 {
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			if g.TargetGroupArn == nil || g.Weight == nil {
				return true
			}
		}
	}
	return false
}

// leading are the rules that lead to one of the groups, by priority, the default rule first: it leads there whatever a
// request holds, as far as no other rule takes it.
func (w *way) leading(groups []group) []elbtypes.Rule {
	var rules []elbtypes.Rule
	for _, r := range w.rules {
		of := shares(r.Actions)
		if slices.ContainsFunc(groups, func(g group) bool { _, there := of[g.arn]; return there }) {
			rules = append(rules, r)
		}
	}
	slices.SortStableFunc(rules, func(a, b elbtypes.Rule) int { return cmp.Compare(priority(a), priority(b)) })
	return rules
}

func priority(r elbtypes.Rule) int {
	number, err := strconv.Atoi(deref(r.Priority))
	if err != nil {
		return 0 // "default"
	}
	return number
}

// withDefault adds the listener's default action where the rules that were read lack it.
func (w *way) withDefault() {
	if w.ruleARN != "" || w.listener == nil || slices.ContainsFunc(w.rules, func(r elbtypes.Rule) bool { return r.IsDefault != nil && *r.IsDefault }) {
		return
	}
	isDefault := true
	w.rules = append(w.rules, elbtypes.Rule{IsDefault: &isDefault, Actions: w.listener.DefaultActions})
}

// entrance is where requests go that take a way, and what they must carry.
type entrance struct {
	url     string
	demands demands
	// why is set where there is no way in, with the remedy.
	why string
}

// entrance of the way to one of the groups; remedy is what to set where there is none.
func (w *way) entrance(groups []group, remedy string) entrance {
	if w.err != nil {
		return entrance{why: "could not " + w.err.Error()}
	}
	base, why := w.base(remedy)
	if why != "" {
		return entrance{why: why}
	}
	rules := w.leading(groups)
	if len(rules) == 0 {
		return entrance{why: fmt.Sprintf("no rule of the %s listener leads to %s: %s", w.name, names(groups, " or "), remedy)}
	}
	var refused string
	for _, r := range rules {
		d := demandsOf(r)
		if d.refused == "" {
			return entrance{url: base, demands: d}
		}
		refused = cmp.Or(refused, d.refused)
	}
	return entrance{why: fmt.Sprintf("the %s listener leads to the service %s: %s", w.name, refused, remedy)}
}

// base is the listener's URL. Requests over TCP and TLS are taken for HTTP's: a Network Load Balancer doesn't say what its
// targets speak.
func (w *way) base(remedy string) (base, why string) {
	missing := func(what, operation string) string {
		return fmt.Sprintf("%s's answer has no %s of the %s listener: %s", operation, what, w.name, remedy)
	}
	switch {
	case w.listener == nil:
		return "", missing("description", "DescribeListeners")
	case w.listener.Port == nil:
		return "", missing("port", "DescribeListeners")
	case w.listener.Protocol == "":
		return "", missing("protocol", "DescribeListeners")
	case w.dnsName == "":
		return "", missing("name of the load balancer", "DescribeLoadBalancers")
	}
	var scheme, usual string
	switch w.listener.Protocol {
	case elbtypes.ProtocolEnumHttp, elbtypes.ProtocolEnumTcp, elbtypes.ProtocolEnumTcpUdp:
		scheme, usual = "http", "80"
	case elbtypes.ProtocolEnumHttps, elbtypes.ProtocolEnumTls:
		scheme, usual = "https", "443"
	default:
		return "", fmt.Sprintf("the %s listener speaks %s, which no URL is for: %s", w.name, w.listener.Protocol, remedy)
	}
	port := strconv.Itoa(int(*w.listener.Port))
	if port == usual {
		return scheme + "://" + w.dnsName, ""
	}
	return scheme + "://" + net.JoinHostPort(w.dnsName, port), ""
}

// names lists groups for a sentence.
func names(groups []group, join string) string {
	all := make([]string, 0, len(groups))
	for _, g := range groups {
		all = append(all, g.name)
	}
	return strings.Join(all, join)
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

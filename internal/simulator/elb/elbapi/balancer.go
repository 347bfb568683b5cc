package elbapi

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

// balancer is a load balancer as the API shows it.
type balancer struct {
	arn, name, scheme string
	created           time.Time
	zones             []zone
	securityGroups    []string
}

// The schemes of load balancers.
const (
	internal       = "internal"
	internetFacing = "internet-facing"
)

// The codes that load balancers alone have.
const (
	codeBalancerNotFound      = "LoadBalancerNotFound"
	codeDuplicateBalancerName = "DuplicateLoadBalancerName"
	codeInvalidScheme         = "InvalidScheme"
)

// createLoadBalancer is idempotent, as
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html has it.
func (a *API) createLoadBalancer(f form) (any, error) {
	asked, err := balancerOf(f)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(f)
	if err != nil {
		return nil, err
	}
	asked.arn, asked.created = a.lb.SiblingARN(asked.name), a.now()
	for i := range asked.zones {
		asked.zones[i].ZoneName = zoneName(asked.arn, i)
	}
	made, err := a.addBalancer(asked)
	if err != nil {
		return nil, err
	}
	if made.arn == asked.arn {
		a.note(made.arn, func(r *record) { r.tags = tags })
	}
	return loadBalancersResult{LoadBalancers: list[loadBalancer]{a.describeBalancer(made)}}, nil
}

// addBalancer adds a load balancer, or finds the same one.
func (a *API) addBalancer(asked balancer) (balancer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.balancers, func(b balancer) bool { return b.name == asked.name })
	if i < 0 {
		a.balancers = append(a.balancers, asked)
		return asked, nil
	}
	there := a.balancers[i]
	if there.scheme != asked.scheme || !slices.Equal(there.securityGroups, asked.securityGroups) || !slices.Equal(there.zones, asked.zones) {
		return balancer{}, refuse(codeDuplicateBalancerName, "a load balancer with the name %q exists, with other settings", asked.name)
	}
	return there, nil
}

func balancerOf(f form) (balancer, error) {
	b := balancer{name: f.text("Name"), scheme: cmp.Or(f.text("Scheme"), internetFacing), securityGroups: f.texts("SecurityGroups")}
	switch {
	case f.needs("Name") != nil:
		return b, f.needs("Name")
	case !groupName().MatchString(b.name) || strings.HasPrefix(b.name, "internal-"):
		return b, invalid("load balancer name %q must be up to 32 letters, digits and hyphens, with no hyphen at either end, and not begin with internal-", b.name)
	case b.scheme != internal && b.scheme != internetFacing:
		return b, refuse(codeInvalidScheme, "scheme %q must be %s or %s", b.scheme, internetFacing, internal)
	case cmp.Or(f.text("Type"), "application") != "application":
		return b, refuse(elb.CodeInvalidConfiguration, "load balancer type %q: the simulator's load balancers are of type application", f.text("Type"))
	case cmp.Or(f.text("IpAddressType"), "ipv4") != "ipv4":
		return b, refuse(elb.CodeInvalidConfiguration, "IP address type %q: the simulator's load balancers have ipv4", f.text("IpAddressType"))
	}
	for _, subnet := range f.texts("Subnets") {
		b.zones = append(b.zones, zone{SubnetID: subnet})
	}
	for _, mapping := range f.list("SubnetMappings") {
		b.zones = append(b.zones, zone{SubnetID: mapping.text("SubnetId")})
	}
	return b, nil
}

// zoneName gives each subnet a zone of its own in the ARN's region: a, b and so on.
func zoneName(arn string, i int) string {
	region := strings.Split(arn, ":")[3]
	return region + string(rune('a'+i%6))
}

// deleteLoadBalancer deletes the listeners too. What isn't there is deleted already:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html.
func (a *API) deleteLoadBalancer(f form) (any, error) {
	arn := f.text("LoadBalancerArn")
	b, err := a.balancer(arn)
	if missing := (*elb.Error)(nil); errors.As(err, &missing) && missing.Code == codeBalancerNotFound {
		return emptyResult{}, nil
	}
	if err != nil {
		return nil, err
	}
	if a.recorded(arn).attributes[deletionProtection] == "true" {
		return nil, refuse(elb.CodeNotPermitted, "load balancer '%s' cannot be deleted because deletion protection is enabled", arn)
	}
	for _, l := range a.listenersOf(b) {
		a.removeListener(l)
	}
	a.forget(arn)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.balancers = slices.DeleteFunc(a.balancers, func(other balancer) bool { return other.arn == arn })
	return emptyResult{}, nil
}

func (a *API) describeLoadBalancers(f form) (any, error) {
	var found []balancer
	var err error
	switch {
	case f.has("LoadBalancerArns"):
		found, err = findAll(f.texts("LoadBalancerArns"), a.balancer)
	case f.has("Names"):
		found, err = findAll(f.texts("Names"), a.balancerNamed)
	default:
		a.mu.Lock()
		found = slices.Clone(a.balancers)
		a.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	part, next, err := page(f, found)
	result := loadBalancersResult{NextMarker: next}
	for _, b := range part {
		result.LoadBalancers = append(result.LoadBalancers, a.describeBalancer(b))
	}
	return result, err
}

func (a *API) describeBalancer(b balancer) loadBalancer {
	return loadBalancer{
		ARN: b.arn, Name: b.name, DNSName: a.dnsName(b), CreatedTime: b.created.UTC().Format("2006-01-02T15:04:05.000Z"), Scheme: b.scheme, VPCID: a.vpcOf(b),
		Type: "application", State: "active", IPAddressType: "ipv4", Zones: b.zones, SecurityGroups: b.securityGroups,
	}
}

// dnsName is where the listeners are: with a listener's port behind it, it makes its URL.
func (a *API) dnsName(b balancer) string {
	base := "http://" + a.address(0)
	if listeners := a.listenersOf(b); len(listeners) > 0 {
		base = listeners[0].URL()
	}
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Hostname()
}

// listenersOf lists a load balancer's listeners.
func (a *API) listenersOf(b balancer) []*elb.Listener {
	return slices.DeleteFunc(a.lb.Listeners(), func(l *elb.Listener) bool { return l.LoadBalancerARN() != b.arn })
}

// vpcOf is a load balancer's network. In AWS its subnets have one, and a load balancer forwards to target groups of the same
// network alone; here only target groups were told of one.
func (a *API) vpcOf(b balancer) string {
	for _, g := range a.lb.TargetGroups() {
		if vpc := a.recorded(g.ARN()).vpc; vpc != "" && slices.Contains(a.balancersOf(g), b.arn) {
			return vpc
		}
	}
	return ""
}

// balancersOf lists the load balancers that forward to a group, be it with weight 0.
func (a *API) balancersOf(g *elb.TargetGroup) []string {
	var arns []string
	for _, l := range a.lb.Listeners() {
		_, uses := l.Action().Forward[g.Name()]
		for _, r := range l.Rules() {
			_, too := r.Action().Forward[g.Name()]
			uses = uses || too
		}
		if uses && !slices.Contains(arns, l.LoadBalancerARN()) {
			arns = append(arns, l.LoadBalancerARN())
		}
	}
	return arns
}

// describeCapacityReservation shows that there is none:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeCapacityReservation.html.
func (a *API) describeCapacityReservation(f form) (any, error) {
	_, err := a.balancer(f.text("LoadBalancerArn"))
	return capacityResult{}, err
}

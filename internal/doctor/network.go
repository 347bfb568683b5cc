package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// network is what was read of the network between the function, AWS's endpoints and the load balancer.
type network struct {
	subnets   reading[[]subnet]
	tables    reading[[]routeTable]
	endpoints reading[[]vpcEndpoint]
	groups    reading[map[string]securityGroup] // the function's, the load balancer's and the endpoints'
}

func (x *examination) readNetwork(ctx context.Context, f *function) {
	n := &f.network
	var groups []string
	if vpc := f.vpc(); vpc != nil {
		n.subnets = readingOf(ctx, "ec2:DescribeSubnets", x.describeSubnets, vpc.SubnetIds)
		id := f.vpcID()
		sideBySide(
			func() {
				n.tables = readingOf(ctx, "ec2:DescribeRouteTables", x.describeRouteTables, id)
			},
			func() {
				n.endpoints = readingOf(ctx, "ec2:DescribeVpcEndpoints", x.describeVPCEndpoints, id)
			},
		)
		groups = append(groups, vpc.SecurityGroupIds...)
		for _, e := range n.endpoints.of {
			for _, g := range e.Groups {
				groups = append(groups, g.ID)
			}
		}
	}
	if b, known := x.loadBalancer(); known {
		groups = append(groups, b.SecurityGroups...)
	}
	if groups = unique(groups); len(groups) == 0 {
		n.groups.err = errUnasked
		return
	}
	found := readingOf(ctx, "ec2:DescribeSecurityGroups", x.describeSecurityGroups, groups)
	n.groups = reading[map[string]securityGroup]{of: map[string]securityGroup{}, err: found.err}
	for _, g := range found.of {
		n.groups.of[g.ID] = g
	}
}

// vpcID is the function's network: its subnets', or the one that Lambda names where they can't be read.
func (f *function) vpcID() string {
	for _, s := range f.network.subnets.of {
		return s.VPC
	}
	return aws.ToString(f.vpc().VpcId)
}

// target is the listener that hooks ask: the test listener, or production's where there is none.
func (x *examination) target() (elbtypes.Listener, bool) {
	if x.balancer == nil || !x.balancer.listeners.got() {
		return elbtypes.Listener{}, false
	}
	for _, arn := range unique([]string{x.balancer.test, x.balancer.production}) {
		if l, there := x.balancer.listeners.of[listenerOf(arn)]; there {
			return l, true
		}
	}
	return elbtypes.Listener{}, false
}

// loadBalancer is the one of the listener that hooks ask.
func (x *examination) loadBalancer() (elbtypes.LoadBalancer, bool) {
	l, known := x.target()
	if !known || !x.balancer.balancers.got() {
		return elbtypes.LoadBalancer{}, false
	}
	b, there := x.balancer.balancers.of[aws.ToString(l.LoadBalancerArn)]
	return b, there
}

// neededEndpoint is an endpoint that the function calls, and what goes wrong without it.
type neededEndpoint struct {
	service string
	fatal   bool
	effect  string
}

// neededEndpoints are those that the function calls.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/vpc-endpoints.html
func (x *examination) neededEndpoints(f *function) []neededEndpoint {
	needed := x.checkEndpoints(f)
	if f.byCodeDeploy {
		needed = append(needed, neededEndpoint{"codedeploy", true, "the verdict can't be reported, and each deployment hangs for an hour"})
	}
	if f.byECS {
		needed = append(needed, neededEndpoint{"ecs", false, "green can't be found"})
	}
	needed = append(needed, neededEndpoint{"elasticloadbalancing", false, "green can't be found"})
	invoked := slices.ContainsFunc(needed, func(e neededEndpoint) bool { return e.service == "lambda" })
	if f.byCodeDeploy && !invoked && !x.fitsOneCall(f) {
		needed = append(needed, neededEndpoint{"lambda", false, "checks can't take longer than one invocation"})
	}
	return needed
}

func (x *examination) judgeNetwork(f *function) area {
	a := area{name: "network of " + f.name()}
	if !f.config.got() {
		return a
	}
	balancer, known := x.loadBalancer()
	if x.balancer != nil && x.balancer.listeners.got() && !x.balancer.balancers.got() {
		a.skip("network-load-balancer", "the load balancer's network", x.balancer.balancers.err)
	}
	vpc := f.vpc()
	if vpc == nil {
		if known && balancer.Scheme == elbtypes.LoadBalancerSchemeEnumInternal && aws.ToString(balancer.VpcId) != "" {
			a.fail("network", f.configure("--vpc-config SubnetIds=SUBNETS,SecurityGroupIds=GROUPS")+"\nwith subnets of "+aws.ToString(balancer.VpcId),
				"the function is in no VPC, and the load balancer %s is internal: green can't be reached", aws.ToString(balancer.LoadBalancerName))
			return a
		}
		a.pass("network", "the function is in no VPC, and reaches what has a public address")
	} else {
		if known && aws.ToString(balancer.VpcId) != "" && aws.ToString(balancer.VpcId) != f.vpcID() {
			a.warn("network", f.configure("--vpc-config SubnetIds=SUBNETS,SecurityGroupIds=GROUPS")+"\nwith subnets of "+aws.ToString(balancer.VpcId),
				"the function is in %s, the load balancer in %s: only a peering or a transit gateway joins them", f.vpcID(), aws.ToString(balancer.VpcId))
		}
		x.judgeRoutes(&a, f)
	}
	if known {
		x.judgeSecurityGroups(&a, f, balancer)
	}
	return a
}

// wayOut is how a subnet reaches what is outside of its VPC.
type wayOut int

const (
	noWay wayOut = iota
	throughGateway
	throughInternetGateway // which takes a public address, and Lambda gives none
)

// table is a subnet's: its own, or the VPC's main one.
func (n *network) table(subnet string) *routeTable {
	var table *routeTable
	for i, t := range n.tables.of {
		for _, as := range t.Associations {
			if as.Subnet == subnet {
				table = &n.tables.of[i]
			} else if as.Main && table == nil {
				table = &n.tables.of[i]
			}
		}
	}
	return table
}

// out follows a subnet's default route.
func (n *network) out(subnet string) wayOut {
	table := n.table(subnet)
	if table == nil {
		return noWay
	}
	for _, r := range table.Routes {
		if r.Destination != "0.0.0.0/0" || r.State == "blackhole" {
			continue
		}
		switch {
		case strings.HasPrefix(r.Gateway, "igw-"):
			return throughInternetGateway
		case r.NAT != "" || r.Transit != "" || r.Peering != "" || r.Interface != "" || r.Instance != "" || r.Gateway != "":
			return throughGateway
		}
	}
	return noWay
}

// serviceName is what an endpoint of the service is called.
func (x *examination) serviceName(service string) string {
	prefix := "com.amazonaws."
	if strings.HasPrefix(x.region, "cn-") && service != simpleStorage {
		prefix = "cn.com.amazonaws."
	}
	return prefix + x.region + "." + service
}

// endpoint finds an interface endpoint that answers to the service's usual name.
func (n *network) endpoint(name string) (found vpcEndpoint, problem string) {
	problem = "there is no interface endpoint " + name
	for _, e := range n.endpoints.of {
		if !e.serves(name) || e.Type == gatewayType {
			continue
		}
		switch {
		case !strings.EqualFold(e.State, "available"):
			problem = fmt.Sprintf("the interface endpoint %s is %s", e.ID, e.State)
		case !e.PrivateDNS:
			problem = fmt.Sprintf("the interface endpoint %s has no private DNS, so that its service's name leads elsewhere", e.ID)
		default:
			return e, ""
		}
	}
	return vpcEndpoint{}, problem
}

// simpleStorage is the service whose endpoints are of another type, and of another name in China.
const simpleStorage = "s3"

// gatewayType is the type of endpoints that routes lead to. S3 has them, without a charge.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
const gatewayType = "Gateway"

func (e vpcEndpoint) serves(name string) bool {
	return e.Service == name || strings.HasSuffix(e.Service, strings.TrimPrefix(name, "cn"))
}

// throughEndpoint says that a subnet's routes lead to a gateway endpoint of a service.
func (n *network) throughEndpoint(subnet, name string) bool {
	table := n.table(subnet)
	return table != nil && slices.ContainsFunc(table.Routes, func(r route) bool {
		return r.State != "blackhole" && slices.ContainsFunc(n.endpoints.of, func(e vpcEndpoint) bool { return e.ID == r.Gateway && e.Type == gatewayType && e.serves(name) })
	})
}

// judgeGateway judges whether subnets without a way out lead to S3.
func (x *examination) judgeGateway(a *area, f *function, subnets []string, why string, need neededEndpoint) bool {
	n, name := &f.network, x.serviceName(need.service)
	if e, problem := n.endpoint(name); problem == "" {
		return x.judgeEndpointGroups(a, f, e)
	}
	var tables, without []string
	for _, s := range subnets {
		if n.throughEndpoint(s, name) {
			continue
		}
		without = append(without, s)
		if t := n.table(s); t != nil {
			tables = append(tables, t.ID)
		}
	}
	if len(without) == 0 {
		return true
	}
	a.fail("network-route", "route 0.0.0.0/0 of the subnets to a NAT gateway, or:\n"+
		fmt.Sprintf("aws ec2 create-vpc-endpoint --vpc-id %s --vpc-endpoint-type Gateway --service-name %s --route-table-ids %s", f.vpcID(), name, strings.Join(unique(tables), " ")),
		"%s, and no route of %s leads to a gateway endpoint %s: %s", why, listed(without), name, need.effect)
	return false
}

// judgeRoutes judges whether the function's subnets lead to the endpoints that it calls: by a NAT gateway or the like, or by
// interface endpoints.
func (x *examination) judgeRoutes(a *area, f *function) {
	n := &f.network
	if !n.tables.got() {
		a.skip("network-route", "the routes of the function's subnets", n.tables.err)
		return
	}
	var closed, public []string
	for _, id := range f.vpc().SubnetIds {
		switch n.out(id) {
		case throughInternetGateway:
			public = append(public, id)
		case noWay:
			closed = append(closed, id)
		case throughGateway:
		}
	}
	if len(closed)+len(public) == 0 {
		a.pass("network-route", "the function's subnets have a way out")
		return
	}
	if !n.endpoints.got() {
		a.skip("network-route", "the interface endpoints in the function's network", n.endpoints.err)
		return
	}
	why := listed(closed) + " has no way out"
	if len(closed) > 1 {
		why = listed(closed) + " have no way out"
	}
	if len(closed) == 0 {
		why = listed(public) + " leads to an internet gateway, which takes a public address, and Lambda's have none"
	}
	whole := true
	for _, need := range x.neededEndpoints(f) {
		if need.service == simpleStorage {
			whole = x.judgeGateway(a, f, slices.Concat(closed, public), why, need) && whole
			continue
		}
		name := x.serviceName(need.service)
		endpoint, problem := n.endpoint(name)
		if problem == "" {
			whole = x.judgeEndpointGroups(a, f, endpoint) && whole
			continue
		}
		whole = false
		status := Warn
		if need.fatal {
			status = Fail
		}
		a.add(status, "network-route", "route 0.0.0.0/0 of the subnets to a NAT gateway, or:\n"+
			fmt.Sprintf("aws ec2 create-vpc-endpoint --vpc-id %s --vpc-endpoint-type Interface --service-name %s --subnet-ids %s --security-group-ids %s --private-dns-enabled",
				f.vpcID(), name, strings.Join(f.vpc().SubnetIds, " "), strings.Join(f.vpc().SecurityGroupIds, " ")),
			"%s, and %s: %s", why, problem, need.effect)
	}
	if whole {
		a.pass("network-route", "endpoints lead to what the function calls")
	}
}

// judgeEndpointGroups says whether an interface endpoint lets the function in.
func (x *examination) judgeEndpointGroups(a *area, f *function, e vpcEndpoint) bool {
	n := &f.network
	if !n.groups.got() || len(e.Groups) == 0 {
		return true
	}
	var ids []string
	for _, g := range e.Groups {
		ids = append(ids, g.ID)
	}
	if n.lets(ids, ingress, 443, f.vpc().SecurityGroupIds, n.addresses()) {
		return true
	}
	a.fail("network-endpoint", fmt.Sprintf("aws ec2 authorize-security-group-ingress --group-id %s --protocol tcp --port 443 --source-group %s", ids[0], f.vpc().SecurityGroupIds[0]),
		"the interface endpoint %s doesn't let the function in: its security group %s has no rule for port 443 from it", e.ID, listed(ids))
	return false
}

// addresses are the ranges from which the function comes.
func (n *network) addresses() []string {
	var ranges []string
	for _, s := range n.subnets.of {
		ranges = append(ranges, s.CIDR)
	}
	return ranges
}

// direction chooses a security group's rules.
type direction func(securityGroup) []permission

func ingress(g securityGroup) []permission { return g.Ingress }
func egress(g securityGroup) []permission  { return g.Egress }

// on says that a rule is for TCP on a port.
func (p permission) on(port int) bool {
	return p.Protocol == "-1" || (p.Protocol == "tcp" && p.From <= port && port <= p.To)
}

// lets says that any of the security groups lets TCP through on a port, from or to any of the others or of the ranges. A
// rule for a prefix list is taken for one that does: what is in it isn't read.
func (n *network) lets(groups []string, rules direction, port int, others, ranges []string) bool {
	for _, id := range groups {
		for _, p := range rules(n.groups.of[id]) {
			if !p.on(port) {
				continue
			}
			if len(p.Prefixes) > 0 || slices.ContainsFunc(p.Groups, func(m member) bool { return slices.Contains(others, m.ID) }) {
				return true
			}
			for _, r := range p.Ranges {
				if slices.ContainsFunc(ranges, func(of string) bool { return covers(r.Block, of) }) || r.Block == "0.0.0.0/0" {
					return true
				}
			}
		}
	}
	return false
}

// covers says that a range has all of another.
func covers(outer, inner string) bool {
	o, err := netip.ParsePrefix(outer)
	if err != nil {
		return false
	}
	i, err := netip.ParsePrefix(inner)
	return err == nil && o.Bits() <= i.Bits() && o.Contains(i.Addr())
}

// anywhereElse stands for the addresses of a function outside of a VPC: only a rule for all addresses lets it in.
const anywhereElse = "0.0.0.0/0"

// judgeSecurityGroups judges the way from the function to the listener that it asks.
func (x *examination) judgeSecurityGroups(a *area, f *function, balancer elbtypes.LoadBalancer) {
	l, _ := x.target()
	port := int(aws.ToInt32(l.Port))
	n, vpc := &f.network, f.vpc()
	if len(balancer.SecurityGroups) == 0 && vpc == nil {
		return // no security group is in the way
	}
	if !n.groups.got() {
		a.skip("network-security-groups", "the security groups between the function and the load balancer", n.groups.err)
		return
	}
	if vpc != nil && balancer.Scheme == elbtypes.LoadBalancerSchemeEnumInternetFacing {
		x.judgePublicWay(a, f, balancer, port)
		return
	}
	through := true
	var mine []string
	from := []string{anywhereElse}
	if vpc != nil {
		mine, from = vpc.SecurityGroupIds, n.addresses()
		// A Network Load Balancer may have no security group; an address that isn't known is in no range but the whole.
		if !n.lets(mine, egress, port, balancer.SecurityGroups, x.balancerRanges(f, balancer)) {
			through = false
			remedy := fmt.Sprintf("aws ec2 authorize-security-group-egress --group-id %s --ip-permissions IpProtocol=tcp,FromPort=%d,ToPort=%d,IpRanges='[{CidrIp=0.0.0.0/0}]'", mine[0], port, port)
			if len(balancer.SecurityGroups) > 0 {
				remedy = fmt.Sprintf("aws ec2 authorize-security-group-egress --group-id %s --protocol tcp --port %d --source-group %s", mine[0], port, balancer.SecurityGroups[0])
			}
			a.fail("network-security-groups", remedy, "the function's security group %s lets nothing out to port %d of the load balancer", listed(mine), port)
		}
	}
	if len(balancer.SecurityGroups) > 0 && !n.lets(balancer.SecurityGroups, ingress, port, mine, from) {
		through = false
		source := "--cidr 0.0.0.0/0"
		if len(mine) > 0 {
			source = "--source-group " + mine[0]
		}
		a.fail("network-security-groups", fmt.Sprintf("aws ec2 authorize-security-group-ingress --group-id %s --protocol tcp --port %d %s", balancer.SecurityGroups[0], port, source),
			"the load balancer's security group %s doesn't let the function in to port %d", listed(balancer.SecurityGroups), port)
	}
	if through {
		a.pass("network-security-groups", "the security groups let the function reach port %d of the load balancer", port)
	}
}

// judgePublicWay judges the way to a load balancer with public addresses: it leads over NAT gateways, from whose addresses the function
// comes. Rules for its security group or its subnets mean nothing then.
func (x *examination) judgePublicWay(a *area, f *function, balancer elbtypes.LoadBalancer, port int) {
	n, mine := &f.network, f.vpc().SecurityGroupIds
	if !n.lets(mine, egress, port, nil, nil) {
		a.fail("network-security-groups", fmt.Sprintf("aws ec2 authorize-security-group-egress --group-id %s --ip-permissions IpProtocol=tcp,FromPort=%d,ToPort=%d,IpRanges='[{CidrIp=0.0.0.0/0}]'", mine[0], port, port),
			"the function's security group %s lets nothing out to port %d of the load balancer, which has public addresses", listed(mine), port)
		return
	}
	groups := balancer.SecurityGroups
	switch {
	case len(groups) == 0 || n.lets(groups, ingress, port, nil, nil):
		a.pass("network-security-groups", "the security groups let the function reach port %d of the load balancer", port)
	case n.letsPublic(groups, port):
		a.pass("network-security-groups", "the load balancer's security group %s lets public addresses in to port %d, of which the NAT gateways' must be", listed(groups), port)
	default:
		a.fail("network-security-groups", fmt.Sprintf("aws ec2 authorize-security-group-ingress --group-id %s --protocol tcp --port %d --cidr NAT-ADDRESS/32", groups[0], port),
			"the load balancer is public: it sees the address of a NAT gateway, and %s has no rule for a public one on port %d", listed(groups), port)
	}
}

// letsPublic says that any of the security groups lets TCP in from an address that isn't of a private network.
func (n *network) letsPublic(groups []string, port int) bool {
	for _, id := range groups {
		for _, p := range n.groups.of[id].Ingress {
			if p.on(port) && slices.ContainsFunc(p.Ranges, func(r cidr) bool {
				block, err := netip.ParsePrefix(r.Block)
				return err == nil && !block.Addr().IsPrivate()
			}) {
				return true
			}
		}
	}
	return false
}

// balancerRanges are the ranges of those of the load balancer's subnets that were read because the function is in them too.
func (x *examination) balancerRanges(f *function, balancer elbtypes.LoadBalancer) []string {
	var ranges []string
	for _, zone := range balancer.AvailabilityZones {
		for _, s := range f.network.subnets.of {
			if s.ID == aws.ToString(zone.SubnetId) {
				ranges = append(ranges, s.CIDR)
			}
		}
	}
	return ranges
}

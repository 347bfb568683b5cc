package cloud

import (
	"fmt"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
)

// Network is what a stack is given: a VPC with its subnets.
type Network struct {
	VPC     string
	Subnets []Subnet
}

// Subnet is a subnet with a route table of its own.
type Subnet struct {
	ID, CIDR string
	// Out is where its default route leads.
	Out Out
}

// Out is what a default route leads to.
type Out string

// What a default route leads to.
const (
	Nowhere         Out = ""
	NATGateway      Out = "nat-0123456789abcdef0"
	InternetGateway Out = "igw-0123456789abcdef0"
)

// EC2's answers, as far as they are filled here.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Types.html
type (
	wireSubnet struct {
		ID   string `xml:"subnetId"`
		VPC  string `xml:"vpcId"`
		CIDR string `xml:"cidrBlock"`
	}
	wireRoute struct {
		Destination string `xml:"destinationCidrBlock"`
		Gateway     string `xml:"gatewayId,omitempty"`
		NAT         string `xml:"natGatewayId,omitempty"`
		State       string `xml:"state"`
	}
	wireRouteTable struct {
		ID     string      `xml:"routeTableId"`
		VPC    string      `xml:"vpcId"`
		Subnet string      `xml:"associationSet>item>subnetId"`
		Main   bool        `xml:"associationSet>item>main"`
		Routes []wireRoute `xml:"routeSet>item"`
	}
	wireEndpoint struct {
		ID         string   `xml:"vpcEndpointId"`
		VPC        string   `xml:"vpcId"`
		Type       string   `xml:"vpcEndpointType"`
		Service    string   `xml:"serviceName"`
		State      string   `xml:"state"`
		PrivateDNS bool     `xml:"privateDnsEnabled"`
		Groups     []string `xml:"groupSet>item>groupId"`
	}
	wireGroup struct {
		ID      string           `xml:"groupId"`
		VPC     string           `xml:"vpcId"`
		Ingress []wirePermission `xml:"ipPermissions>item"`
		Egress  []wirePermission `xml:"ipPermissionsEgress>item"`
	}
	wirePermission struct {
		Protocol string   `xml:"ipProtocol"`
		From     int      `xml:"fromPort"`
		To       int      `xml:"toPort"`
		Ranges   []string `xml:"ipRanges>item>cidrIp"`
		Groups   []string `xml:"groups>item>groupId"`
	}
)

func (a *Account) describeSubnets(f *form) (any, error) {
	var list []wireSubnet
	for _, id := range f.list("SubnetId") {
		s, known := a.subnet(id)
		if !known {
			return nil, &refusal{"InvalidSubnetID.NotFound", "The subnet ID '" + id + "' does not exist"}
		}
		list = append(list, wireSubnet{s.ID, a.Network.VPC, s.CIDR})
	}
	return struct {
		Items []wireSubnet `xml:"subnetSet>item"`
	}{list}, nil
}

func (a *Account) subnet(id string) (Subnet, bool) {
	for _, s := range a.Network.Subnets {
		if s.ID == id {
			return s, true
		}
	}
	return Subnet{}, false
}

// ofNetwork says that a request filters by the one VPC that there is.
func (a *Account) ofNetwork(f *form) bool {
	filter, vpc := f.text("Filter.1.Name"), f.text("Filter.1.Value.1")
	return filter == "vpc-id" && vpc == a.Network.VPC
}

func (a *Account) describeRouteTables(f *form) (any, error) {
	var list []wireRouteTable
	if a.ofNetwork(f) {
		for _, s := range a.Network.Subnets {
			table := wireRouteTable{ID: "rtb-" + strings.TrimPrefix(s.ID, "subnet-"), VPC: a.Network.VPC, Subnet: s.ID, Routes: []wireRoute{{Destination: s.CIDR, Gateway: "local", State: "active"}}}
			out := wireRoute{Destination: "0.0.0.0/0", State: "active"}
			switch s.Out {
			case NATGateway:
				out.NAT = string(s.Out)
			case InternetGateway:
				out.Gateway = string(s.Out)
			}
			if s.Out != Nowhere {
				table.Routes = append(table.Routes, out)
			}
			list = append(list, table)
		}
	}
	return struct {
		Items []wireRouteTable `xml:"routeTableSet>item"`
	}{list}, nil
}

func (a *Account) describeEndpoints(f *form) (any, error) {
	var list []wireEndpoint
	here := a.ofNetwork(f)
	for _, r := range a.Stack.Find("AWS::EC2::VPCEndpoint") {
		e := struct {
			VpcID, VpcEndpointType, ServiceName string
			PrivateDNSEnabled                   bool
			SecurityGroupIDs                    []string
			SubnetIDs                           []string // which zones it is in isn't judged
		}{}
		if err := fill(&e, r.Properties); err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		if here && e.VpcID == a.Network.VPC {
			list = append(list, wireEndpoint{"vpce-" + r.Name, e.VpcID, e.VpcEndpointType, e.ServiceName, "available", e.PrivateDNSEnabled, e.SecurityGroupIDs})
		}
	}
	return struct {
		Items []wireEndpoint `xml:"vpcEndpointSet>item"`
	}{list}, nil
}

func (a *Account) describeGroups(f *form) (any, error) {
	var list []wireGroup
	for _, id := range f.list("GroupId") {
		g, err := a.securityGroup(id)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return struct {
		Items []wireGroup `xml:"securityGroupInfo>item"`
	}{list}, nil
}

// securityGroup is a group with the rules that stand in it, and those that stand alone.
func (a *Account) securityGroup(id string) (wireGroup, error) {
	for _, r := range a.Stack.Find("AWS::EC2::SecurityGroup") {
		ref, err := r.Reference()
		if err != nil {
			return wireGroup{}, err
		}
		if ref == id {
			return a.readGroup(id, r)
		}
	}
	return wireGroup{}, &refusal{"InvalidGroup.NotFound", "The security group '" + id + "' does not exist"}
}

// rule is a rule of a security group, in it or on its own.
type rule struct {
	GroupID, IPProtocol, Description, CidrIP, SourceSecurityGroupID, DestinationSecurityGroupID string
	FromPort, ToPort                                                                            int32
}

func (a *Account) readGroup(id string, r *cfntest.Resource) (wireGroup, error) {
	g := struct {
		VpcID, GroupDescription, GroupName        string
		SecurityGroupIngress, SecurityGroupEgress []rule
	}{}
	if err := fill(&g, r.Properties); err != nil {
		return wireGroup{}, fmt.Errorf("%s: %w", r.ID, err)
	}
	for kind, rules := range map[string]*[]rule{"AWS::EC2::SecurityGroupIngress": &g.SecurityGroupIngress, "AWS::EC2::SecurityGroupEgress": &g.SecurityGroupEgress} {
		for _, alone := range a.Stack.Find(kind) {
			var one rule
			if err := fill(&one, alone.Properties); err != nil {
				return wireGroup{}, fmt.Errorf("%s: %w", alone.ID, err)
			}
			if one.GroupID == id {
				*rules = append(*rules, one)
			}
		}
	}
	// EC2 gives a group that has no egress rule one that lets everything out.
	if len(g.SecurityGroupEgress) == 0 {
		g.SecurityGroupEgress = []rule{{IPProtocol: "-1", CidrIP: "0.0.0.0/0"}}
	}
	return wireGroup{ID: id, VPC: g.VpcID, Ingress: permissions(g.SecurityGroupIngress), Egress: permissions(g.SecurityGroupEgress)}, nil
}

func permissions(rules []rule) []wirePermission {
	var list []wirePermission
	for _, r := range rules {
		p := wirePermission{Protocol: r.IPProtocol, From: int(r.FromPort), To: int(r.ToPort)}
		for _, group := range []string{r.SourceSecurityGroupID, r.DestinationSecurityGroupID} {
			if group != "" {
				p.Groups = append(p.Groups, group)
			}
		}
		if r.CidrIP != "" {
			p.Ranges = append(p.Ranges, r.CidrIP)
		}
		list = append(list, p)
	}
	return list
}

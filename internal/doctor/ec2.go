package doctor

import (
	"context"
	"fmt"
	"net/url"
	"slices"
)

// What is read of a network. The fields are those of EC2's API.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
type (
	subnet struct {
		ID   string `xml:"subnetId"`
		VPC  string `xml:"vpcId"`
		CIDR string `xml:"cidrBlock"`
	}
	routeTable struct {
		ID           string        `xml:"routeTableId"`
		Associations []association `xml:"associationSet>item"`
		Routes       []route       `xml:"routeSet>item"`
	}
	association struct {
		Subnet string `xml:"subnetId"`
		Main   bool   `xml:"main"`
	}
	route struct {
		Destination string `xml:"destinationCidrBlock"`
		Gateway     string `xml:"gatewayId"`
		NAT         string `xml:"natGatewayId"`
		Transit     string `xml:"transitGatewayId"`
		Peering     string `xml:"vpcPeeringConnectionId"`
		Interface   string `xml:"networkInterfaceId"`
		Instance    string `xml:"instanceId"`
		State       string `xml:"state"`
	}
	vpcEndpoint struct {
		ID         string   `xml:"vpcEndpointId"`
		Service    string   `xml:"serviceName"`
		Type       string   `xml:"vpcEndpointType"`
		State      string   `xml:"state"`
		PrivateDNS bool     `xml:"privateDnsEnabled"`
		Groups     []member `xml:"groupSet>item"`
	}
	member struct {
		ID string `xml:"groupId"`
	}
	securityGroup struct {
		ID      string       `xml:"groupId"`
		VPC     string       `xml:"vpcId"`
		Ingress []permission `xml:"ipPermissions>item"`
		Egress  []permission `xml:"ipPermissionsEgress>item"`
	}
	// permission allows a protocol ("-1" for all) on ports from one to another, to or from any of the ranges and groups.
	permission struct {
		Protocol string   `xml:"ipProtocol"`
		From     int      `xml:"fromPort"`
		To       int      `xml:"toPort"`
		Ranges   []cidr   `xml:"ipRanges>item"`
		Groups   []member `xml:"groups>item"`
		Prefixes []prefix `xml:"prefixListIds>item"`
	}
	cidr struct {
		Block string `xml:"cidrIp"`
	}
	prefix struct {
		ID string `xml:"prefixListId"`
	}
)

// members are numbered parameters of a list.
func members(name string, values []string) url.Values {
	parameters := url.Values{}
	for i, v := range values {
		parameters.Set(fmt.Sprintf("%s.%d", name, i+1), v)
	}
	return parameters
}

// inVPC filters by the network.
func inVPC(vpc string) url.Values {
	return url.Values{"Filter.1.Name": {"vpc-id"}, "Filter.1.Value.1": {vpc}}
}

// pages asks for every page of an operation.
func pages[T, P any](ctx context.Context, c caller, operation string, parameters url.Values, read func(P) (items []T, next string)) ([]T, error) {
	return everyPage(func(token *string) (page[T], error) {
		if token != nil {
			parameters.Set("NextToken", *token)
		}
		var answer P
		if err := c.call(ctx, operation, parameters, &answer); err != nil {
			return page[T]{}, err
		}
		items, next := read(answer)
		return byToken(items, &next), nil
	})
}

func (c caller) subnets(ctx context.Context, ids []string) ([]subnet, error) {
	type page struct {
		Items []subnet `xml:"subnetSet>item"`
		Next  string   `xml:"nextToken"`
	}
	return pages(ctx, c, "DescribeSubnets", members("SubnetId", ids), func(p page) ([]subnet, string) { return p.Items, p.Next })
}

func (c caller) routeTables(ctx context.Context, vpc string) ([]routeTable, error) {
	type page struct {
		Items []routeTable `xml:"routeTableSet>item"`
		Next  string       `xml:"nextToken"`
	}
	return pages(ctx, c, "DescribeRouteTables", inVPC(vpc), func(p page) ([]routeTable, string) { return p.Items, p.Next })
}

func (c caller) vpcEndpoints(ctx context.Context, vpc string) ([]vpcEndpoint, error) {
	type page struct {
		Items []vpcEndpoint `xml:"vpcEndpointSet>item"`
		Next  string        `xml:"nextToken"`
	}
	return pages(ctx, c, "DescribeVpcEndpoints", inVPC(vpc), func(p page) ([]vpcEndpoint, string) { return p.Items, p.Next })
}

func (c caller) securityGroups(ctx context.Context, ids []string) ([]securityGroup, error) {
	type page struct {
		Items []securityGroup `xml:"securityGroupInfo>item"`
		Next  string          `xml:"nextToken"`
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return pages(ctx, c, "DescribeSecurityGroups", members("GroupId", slices.Compact(ids)), func(p page) ([]securityGroup, string) { return p.Items, p.Next })
}

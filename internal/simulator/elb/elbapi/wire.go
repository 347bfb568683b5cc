package elbapi

import "encoding/xml"

// list is written as AWS writes lists: an element for the list, empty lists too, with one
// called member for each of its members.
type list[T any] []T

// MarshalXML implements xml.Marshaler.
func (l list[T]) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, member := range l {
		if err := e.EncodeElement(member, xml.StartElement{Name: xml.Name{Local: "member"}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// The structures of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Types.html,
// as far as the simulator fills them. Elements are called as AWS calls them.

type loadBalancer struct {
	ARN            string `xml:"LoadBalancerArn"`
	Name           string `xml:"LoadBalancerName"`
	DNSName        string
	CreatedTime    string
	Scheme         string
	VPCID          string `xml:"VpcId,omitempty"`
	Type           string
	State          string     `xml:"State>Code"`
	IPAddressType  string     `xml:"IpAddressType"`
	Zones          list[zone] `xml:"AvailabilityZones"`
	SecurityGroups list[string]
}

type zone struct {
	ZoneName string
	SubnetID string `xml:"SubnetId"`
}

type tag struct{ Key, Value string }

type tagDescription struct {
	ARN  string `xml:"ResourceArn"`
	Tags list[tag]
}

type attribute struct{ Key, Value string }

type listener struct {
	ARN             string `xml:"ListenerArn"`
	LoadBalancerARN string `xml:"LoadBalancerArn"`
	Port            int
	Protocol        string
	Certificates    list[certificate] `xml:",omitempty"`
	SSLPolicy       string            `xml:"SslPolicy,omitempty"`
	DefaultActions  list[action]
}

type certificate struct {
	ARN string `xml:"CertificateArn"`
}

type rule struct {
	ARN        string `xml:"RuleArn"`
	Priority   string
	IsDefault  bool
	Conditions list[condition]
	Actions    list[action]
}

type action struct {
	Type           string
	Order          int            `xml:",omitempty"`
	TargetGroupARN string         `xml:"TargetGroupArn,omitempty"`
	Forward        *forward       `xml:"ForwardConfig"`
	FixedResponse  *fixedResponse `xml:"FixedResponseConfig"`
	Redirect       *redirect      `xml:"RedirectConfig"`
}

type forward struct {
	TargetGroups list[weightedGroup]
	Sticky       bool `xml:"TargetGroupStickinessConfig>Enabled"`
}

type weightedGroup struct {
	ARN    string `xml:"TargetGroupArn"`
	Weight int
}

type fixedResponse struct {
	StatusCode  int
	ContentType string
	MessageBody string `xml:",omitempty"`
}

type redirect struct {
	StatusCode, Protocol, Host, Port, Path, Query string
}

type condition struct {
	Field   string
	Values  list[string] `xml:",omitempty"` // of host and path conditions, beside their configuration
	Host    *values      `xml:"HostHeaderConfig"`
	Path    *values      `xml:"PathPatternConfig"`
	Method  *values      `xml:"HttpRequestMethodConfig"`
	Source  *values      `xml:"SourceIpConfig"`
	Header  *headerMatch `xml:"HttpHeaderConfig"`
	QueryIn *queryMatch  `xml:"QueryStringConfig"`
}

type values struct{ Values list[string] }

type headerMatch struct {
	Name   string `xml:"HttpHeaderName"`
	Values list[string]
}

type queryMatch struct{ Values list[queryPair] }

type queryPair struct {
	Key   string `xml:",omitempty"`
	Value string
}

type targetGroup struct {
	ARN                string `xml:"TargetGroupArn"`
	Name               string `xml:"TargetGroupName"`
	Protocol           string
	ProtocolVersion    string
	Port               int
	VPCID              string `xml:"VpcId,omitempty"`
	TargetType         string
	IPAddressType      string `xml:"IpAddressType"`
	HealthCheckEnabled bool
	HealthProtocol     string       `xml:"HealthCheckProtocol"`
	HealthPort         string       `xml:"HealthCheckPort"`
	HealthPath         string       `xml:"HealthCheckPath"`
	HealthInterval     int          `xml:"HealthCheckIntervalSeconds"`
	HealthTimeout      int          `xml:"HealthCheckTimeoutSeconds"`
	Healthy            int          `xml:"HealthyThresholdCount"`
	Unhealthy          int          `xml:"UnhealthyThresholdCount"`
	Matcher            string       `xml:"Matcher>HttpCode"`
	LoadBalancers      list[string] `xml:"LoadBalancerArns"`
}

type targetHealth struct {
	ID          string `xml:"Target>Id"`
	Port        int    `xml:"Target>Port"`
	CheckPort   string `xml:"HealthCheckPort,omitempty"`
	State       string `xml:"TargetHealth>State"`
	Reason      string `xml:"TargetHealth>Reason,omitempty"`
	Description string `xml:"TargetHealth>Description,omitempty"`
}

// Results of the operations.
type (
	loadBalancersResult struct {
		LoadBalancers list[loadBalancer]
		NextMarker    string `xml:",omitempty"`
	}
	listenersResult struct {
		Listeners  list[listener]
		NextMarker string `xml:",omitempty"`
	}
	rulesResult struct {
		Rules      list[rule]
		NextMarker string `xml:",omitempty"`
	}
	targetGroupsResult struct {
		TargetGroups list[targetGroup]
		NextMarker   string `xml:",omitempty"`
	}
	targetHealthResult struct {
		Descriptions list[targetHealth] `xml:"TargetHealthDescriptions"`
	}
	tagsResult struct {
		Descriptions list[tagDescription] `xml:"TagDescriptions"`
	}
	attributesResult struct {
		Attributes list[attribute]
	}
	capacityResult struct {
		DecreaseRequestsRemaining int
		States                    list[struct{}] `xml:"CapacityReservationState"`
	}
	emptyResult struct{}
)

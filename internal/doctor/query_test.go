package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
)

// answering is a service that gives its answers one after the other, and keeps what it was asked.
type answering struct {
	asked   []url.Values
	answers []string // an answer that begins with a number has that HTTP status
}

func (s *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !strings.Contains(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.asked = append(s.asked, r.PostForm)
	answer := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	status := 0
	if _, err := fmt.Sscanf(answer, "%d ", &status); err == nil {
		w.WriteHeader(status)
		_, answer, _ = strings.Cut(answer, " ")
	}
	_, _ = w.Write([]byte(answer))
}

func serve(t *testing.T, service queryService, answers ...string) (*answering, caller) {
	t.Helper()
	s := &answering{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, caller{aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""), BaseEndpoint: aws.String(server.URL),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}, service}
}

// The answers have the shape of the examples in EC2's API reference.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
func TestWhatEC2AnswersIsRead(t *testing.T) {
	t.Run("route tables, over two pages", func(t *testing.T) {
		const table = `<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><routeTableSet><item><routeTableId>%s</routeTableId><vpcId>vpc-1</vpcId>` +
			`<routeSet><item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>` +
			`<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>blackhole</state></item></routeSet>` +
			`<associationSet><item><routeTableAssociationId>a</routeTableAssociationId><main>true</main></item><item><subnetId>subnet-1</subnetId><main>false</main></item></associationSet></item></routeTableSet>%s</DescribeRouteTablesResponse>`
		s, c := serve(t, ec2Service, fmt.Sprintf(table, "rtb-1", "<nextToken>more</nextToken>"), fmt.Sprintf(table, "rtb-2", ""))
		got, err := c.routeTables(t.Context(), "vpc-1")
		if err != nil {
			t.Fatal(err)
		}
		want := routeTable{
			Associations: []association{{Main: true}, {Subnet: "subnet-1"}},
			Routes:       []route{{Destination: "10.0.0.0/16", Gateway: "local", State: "active"}, {Destination: "0.0.0.0/0", NAT: "nat-1", State: "blackhole"}},
		}
		first, second := want, want
		first.ID, second.ID = "rtb-1", "rtb-2"
		if diff := cmp.Diff([]routeTable{first, second}, got); diff != "" {
			t.Error(diff)
		}
		if s.asked[0].Get("Filter.1.Value.1") != "vpc-1" || s.asked[0].Get("Version") != "2016-11-15" || s.asked[1].Get("NextToken") != "more" {
			t.Errorf("asked %v", s.asked)
		}
	})
	t.Run("security groups", func(t *testing.T) {
		s, c := serve(t, ec2Service, `<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId>`+
			`<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>80</fromPort><toPort>90</toPort><groups><item><groupId>sg-2</groupId></item></groups><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges></item></ipPermissions>`+
			`<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item></ipPermissionsEgress></item></securityGroupInfo></DescribeSecurityGroupsResponse>`)
		got, err := c.securityGroups(t.Context(), []string{"sg-1", "sg-0", "sg-1"})
		if err != nil {
			t.Fatal(err)
		}
		want := []securityGroup{{
			ID: "sg-1", VPC: "vpc-1", Ingress: []permission{{Protocol: "tcp", From: 80, To: 90, Groups: []member{{"sg-2"}}, Ranges: []cidr{{"10.0.0.0/8"}}}},
			Egress: []permission{{Protocol: "-1", Ranges: []cidr{{"0.0.0.0/0"}}, Prefixes: []prefix{{"pl-1"}}}},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if s.asked[0].Get("GroupId.1") != "sg-0" || s.asked[0].Get("GroupId.2") != "sg-1" || s.asked[0].Has("GroupId.3") {
			t.Errorf("asked %v", s.asked)
		}
	})
	t.Run("endpoints and subnets", func(t *testing.T) {
		_, c := serve(t, ec2Service, `<DescribeVpcEndpointsResponse><vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType>`+
			`<serviceName>com.amazonaws.eu-west-1.codedeploy</serviceName><state>available</state><privateDnsEnabled>true</privateDnsEnabled><groupSet><item><groupId>sg-1</groupId></item></groupSet></item></vpcEndpointSet></DescribeVpcEndpointsResponse>`,
			`<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><cidrBlock>10.0.1.0/24</cidrBlock></item></subnetSet></DescribeSubnetsResponse>`)
		endpoints, err := c.vpcEndpoints(t.Context(), "vpc-1")
		if diff := cmp.Diff([]vpcEndpoint{{ID: "vpce-1", Service: "com.amazonaws.eu-west-1.codedeploy", Type: "Interface", State: "available", PrivateDNS: true, Groups: []member{{"sg-1"}}}}, endpoints); diff != "" || err != nil {
			t.Error(diff, err)
		}
		subnets, err := c.subnets(t.Context(), []string{"subnet-1"})
		if diff := cmp.Diff([]subnet{{ID: "subnet-1", VPC: "vpc-1", CIDR: "10.0.1.0/24"}}, subnets); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func TestWhatCloudWatchAnswersIsRead(t *testing.T) {
	s, c := serve(t, cloudWatchService, `<DescribeAlarmsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><DescribeAlarmsResult>`+
		`<MetricAlarms><member><AlarmName>a</AlarmName><StateValue>ALARM</StateValue><StateReason>it rings</StateReason></member></MetricAlarms>`+
		`<CompositeAlarms><member><AlarmName>b</AlarmName><StateValue>OK</StateValue></member></CompositeAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>`)
	got, err := c.alarms(t.Context(), []string{"a", "b"})
	if diff := cmp.Diff([]alarm{{"a", "ALARM", "it rings"}, {"b", "OK", ""}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if asked := s.asked[0]; asked.Get("AlarmNames.member.2") != "b" || asked.Get("AlarmTypes.member.2") != "CompositeAlarm" {
		t.Errorf("asked %v", asked)
	}
}

func TestWhatAServiceRefusesIsToldByItsCode(t *testing.T) {
	tests := []struct {
		why, answer string
		denied      bool
		text        string
		attempts    int
	}{
		{"EC2 denies it", `403 <Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized</Message></Error></Errors></Response>`, true, "UnauthorizedOperation: You are not authorized", 1},
		{"another service denies it", `403 <ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`, true, "AccessDenied: no", 1},
		{"it throttles", `400 <ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`, false, "Throttling: Rate exceeded", 3},
		{"it is ill", `503 nothing that could be read`, false, "HTTP status 503", 3},
		{"it isn't AWS", `404 <html>`, false, "HTTP status 404", 1},
		{"it answers no XML", `no`, false, "reading the answer", 1},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s, c := serve(t, ec2Service, tt.answer)
			r := readingOf(t.Context(), "ec2:DescribeSubnets", c.subnets, []string{"subnet-1"})
			if denied(r.err) != tt.denied || !strings.Contains(reason(r.err), tt.text) || len(s.asked) != tt.attempts {
				t.Errorf("%v, denied %v, after %d attempts", r.err, denied(r.err), len(s.asked))
			}
		})
	}
	t.Run("nobody is there", func(t *testing.T) {
		_, c := serve(t, ec2Service, "")
		c.cfg.BaseEndpoint = aws.String("http://127.0.0.1:1")
		if _, err := c.subnets(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "EC2 DescribeSubnets") {
			t.Error(err)
		}
	})
	t.Run("it was interrupted", func(t *testing.T) {
		_, c := serve(t, ec2Service, "503 ")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.subnets(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// one gives each request the same answer, without a network.
type one struct {
	status int
	body   string
}

func (o one) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: o.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(o.body))}, nil
}

// FuzzQueryAnswer: whatever XML a service answers, it is read or refused, and the reading ends. The answers in testdata are those of
// moto.
func FuzzQueryAnswer(f *testing.F) {
	f.Add(`<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet><nextToken>again</nextToken></DescribeSubnetsResponse>`)
	f.Add(`<DescribeAlarmsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><DescribeAlarmsResult><MetricAlarms><member><AlarmName>a</AlarmName><StateValue>ALARM</StateValue></member></MetricAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>`)
	f.Add(`<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			c := caller{aws.Config{
				Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""), HTTPClient: one{status, body}, BaseEndpoint: aws.String("http://aws"),
			}, ec2Service}
			_, subnets := c.subnets(t.Context(), []string{"subnet-1"})
			_, tables := c.routeTables(t.Context(), "vpc-1")
			_, endpoints := c.vpcEndpoints(t.Context(), "vpc-1")
			_, groups := c.securityGroups(t.Context(), []string{"sg-1"})
			c.service = cloudWatchService
			_, alarms := c.alarms(t.Context(), []string{"a"})
			for _, err := range []error{subnets, tables, endpoints, groups, alarms} {
				switch {
				case err == nil && status != http.StatusOK:
					t.Errorf("%q is no error", body)
				case err != nil && strings.ContainsAny(reason(err), "\r\n"):
					t.Errorf("%q says %q, which is not one line", body, reason(err))
				}
			}
		}
	})
}

// endpoints are a setting as the SDK's config package gives it.
type endpoints map[string]string

func (e endpoints) GetServiceBaseEndpoint(_ context.Context, id string) (string, bool, error) {
	endpoint, found := e[id]
	return endpoint, found, nil
}

func (e endpoints) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateEnabled, e["fips"] != "", nil
}

func (e endpoints) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return aws.DualStackEndpointStateEnabled, e["dualstack"] != "", nil
}

// https://docs.aws.amazon.com/general/latest/gr/ec2-service.html
// https://docs.aws.amazon.com/general/latest/gr/cw_region.html
func TestEndpointsAreTheSettingsOrAWSsOwn(t *testing.T) {
	tests := []struct {
		why      string
		service  queryService
		region   string
		base     string
		settings endpoints
		want     string
	}{
		{"AWS's", ec2Service, "eu-west-1", "", nil, "https://ec2.eu-west-1.amazonaws.com/"},
		{"AWS's in China", cloudWatchService, "cn-north-1", "", nil, "https://monitoring.cn-north-1.amazonaws.com.cn/"},
		{"with FIPS", ec2Service, "us-east-1", "", endpoints{"fips": "1"}, "https://ec2-fips.us-east-1.amazonaws.com/"},
		{"with dual-stack", ec2Service, "eu-west-1", "", endpoints{"dualstack": "1"}, "https://ec2.eu-west-1.api.aws/"},
		{"AWS_ENDPOINT_URL", ec2Service, "eu-west-1", "http://127.0.0.1:1", nil, "http://127.0.0.1:1/"},
		{"AWS_ENDPOINT_URL_EC2", ec2Service, "eu-west-1", "http://127.0.0.1:1", endpoints{"EC2": "http://127.0.0.1:2/"}, "http://127.0.0.1:2/"},
		{"another service's", cloudWatchService, "eu-west-1", "http://127.0.0.1:1", endpoints{"EC2": "http://127.0.0.1:2"}, "http://127.0.0.1:1/"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			cfg := aws.Config{Region: tt.region, ConfigSources: []any{"something else", tt.settings}}
			if tt.base != "" {
				cfg.BaseEndpoint = aws.String(tt.base)
			}
			if got, err := (caller{cfg, tt.service}).endpoint(t.Context()); got != tt.want || err != nil {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestTheClientsAskTheOperationsByTheirNames(t *testing.T) {
	var mu sync.Mutex // what doesn't depend on each other is asked side by side
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, actionOf(r))
		mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	c := NewClients(aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""), BaseEndpoint: aws.String(server.URL)})
	if _, err := Examine(t.Context(), c, Options{Application: "shop", Group: "production", Service: "shop", Function: "check", Parse: parse}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(asked)
	want := []string{
		"codedeploy:GetDeploymentGroup", "ecs:DescribeServices", "lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency",
		"lambda:GetFunctionEventInvokeConfig", "lambda:GetPolicy",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

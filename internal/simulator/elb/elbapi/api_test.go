package elbapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb/elbapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// account is a load balancer with its API's own client.
type account struct {
	t      *testing.T
	lb     *elb.LoadBalancer
	client *elbv2.Client
	url    string
}

var created = time.Date(2026, 11, 1, 12, 0, 0, 250e6, time.UTC)

func open(t *testing.T) *account {
	t.Helper()
	lb := elb.New(elb.Config{})
	t.Cleanup(lb.Close)
	// Listeners get a free port, whatever is asked for: tests run side by side.
	server := httptest.NewServer(elbapi.New(elbapi.Config{
		Balancer: lb, Address: func(int) string { return "127.0.0.1:0" }, Now: func() time.Time { return created },
	}))
	t.Cleanup(server.Close)
	return &account{t, lb, connect(t, server.URL), server.URL}
}

// connect is the SDK's client of an endpoint.
func connect(t *testing.T, url string) *elbv2.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return elbv2.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: transport}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	})
}

// must returns what a call must have answered.
func must[T any](answer T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

func (a *account) group(name string) string {
	a.t.Helper()
	out := must(a.client.CreateTargetGroup(a.t.Context(), &elbv2.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8080), TargetType: types.TargetTypeEnumIp,
		HealthCheckPath: aws.String("/health"), HealthCheckIntervalSeconds: aws.Int32(10), HealthCheckTimeoutSeconds: aws.Int32(3),
		HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(4), Matcher: &types.Matcher{HttpCode: aws.String("200-299")},
	}))(a.t)
	return *out.TargetGroups[0].TargetGroupArn
}

// target starts a target and returns how the API calls it.
func (a *account) target(h http.HandlerFunc) types.TargetDescription {
	a.t.Helper()
	server := httptest.NewServer(h)
	a.t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		a.t.Fatal(err)
	}
	port, err := strconv.ParseInt(u.Port(), 10, 32)
	if err != nil {
		a.t.Fatal(err)
	}
	return types.TargetDescription{Id: aws.String(u.Hostname()), Port: aws.Int32(int32(port))}
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// serve registers a target in a group, and waits until it is healthy.
func (a *account) serve(h http.HandlerFunc, arn string) types.TargetDescription {
	a.t.Helper()
	target := a.target(h)
	must(a.client.RegisterTargets(a.t.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: &arn, Targets: []types.TargetDescription{target}}))(a.t)
	for _, g := range a.lb.TargetGroups() {
		if g.ARN() == arn {
			if err := g.WaitHealthy(a.t.Context(), g.Targets()[0].URL); err != nil {
				a.t.Fatal(err)
			}
		}
	}
	return target
}

func weighted(weights ...any) []types.Action {
	f := &types.ForwardActionConfig{}
	for i := 0; i+1 < len(weights); i += 2 {
		f.TargetGroups = append(f.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(weights[i].(string)), Weight: aws.Int32(int32(weights[i+1].(int)))})
	}
	return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: f}}
}

func (a *account) listener(actions []types.Action) types.Listener {
	a.t.Helper()
	out := must(a.client.CreateListener(a.t.Context(), &elbv2.CreateListenerInput{
		LoadBalancerArn: aws.String(a.lb.ARN()), Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, DefaultActions: actions,
	}))(a.t)
	return out.Listeners[0]
}

// ask asks the load balancer where the API says that it is.
func (a *account) ask(l types.Listener, header ...string) string {
	a.t.Helper()
	out := must(a.client.DescribeLoadBalancers(a.t.Context(), &elbv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{*l.LoadBalancerArn}}))(a.t)
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet,
		strings.ToLower(string(l.Protocol))+"://"+*out.LoadBalancers[0].DNSName+":"+strconv.Itoa(int(*l.Port)), http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(body)
}

var unexported = cmpopts.IgnoreUnexported(types.TargetGroup{}, types.Matcher{}, types.Listener{}, types.Action{}, types.ForwardActionConfig{},
	types.TargetGroupTuple{}, types.TargetGroupStickinessConfig{}, types.Rule{}, types.RuleCondition{}, types.FixedResponseActionConfig{},
	types.RedirectActionConfig{}, types.HostHeaderConditionConfig{}, types.PathPatternConditionConfig{}, types.HttpHeaderConditionConfig{},
	types.HttpRequestMethodConditionConfig{}, types.QueryStringConditionConfig{}, types.QueryStringKeyValuePair{}, types.SourceIpConditionConfig{},
	types.LoadBalancer{}, types.LoadBalancerState{}, types.AvailabilityZone{}, types.Tag{}, types.TagDescription{}, types.Certificate{}, types.TargetHealthDescription{}, types.TargetHealth{}, types.TargetDescription{})

func TestABlueGreenSetupIsMadeAndMovedThroughTheSDK(t *testing.T) {
	a := open(t)
	blue, green := a.group("blue"), a.group("green")
	l := a.listener(weighted(blue, 100, green, 0))
	a.serve(saying("blue"), blue)
	a.serve(saying("green"), green)
	if got := a.ask(l); got != "blue" {
		t.Fatalf("before the shift %q answers", got)
	}
	created := must(a.client.CreateRule(t.Context(), &elbv2.CreateRuleInput{
		ListenerArn: l.ListenerArn, Priority: aws.Int32(10), Actions: weighted(blue, 1, green, 0),
		Conditions: []types.RuleCondition{{Field: aws.String("http-header"), HttpHeaderConfig: &types.HttpHeaderConditionConfig{HttpHeaderName: aws.String("X-Test"), Values: []string{"true"}}}},
	}))(t).Rules[0]
	must(a.client.ModifyRule(t.Context(), &elbv2.ModifyRuleInput{RuleArn: created.RuleArn, Actions: weighted(blue, 0, green, 1)}))(t)
	if got, production := a.ask(l, "X-Test", "true"), a.ask(l); got != "green" || production != "blue" {
		t.Errorf("with the test rule moved, it answers %q and production %q", got, production)
	}
	must(a.client.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{ListenerArn: l.ListenerArn, DefaultActions: weighted(blue, 0, green, 100)}))(t)
	if got := a.ask(l); got != "green" {
		t.Errorf("after the shift %q answers", got)
	}
	// What CodeDeploy's users read: no group of its own, but the weights.
	want := []types.Listener{{
		ListenerArn: l.ListenerArn, LoadBalancerArn: aws.String(a.lb.ARN()), Port: l.Port, Protocol: types.ProtocolEnumHttp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{
			TargetGroups:                []types.TargetGroupTuple{{TargetGroupArn: &blue, Weight: aws.Int32(0)}, {TargetGroupArn: &green, Weight: aws.Int32(100)}},
			TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)},
		}}},
	}}
	got := must(a.client.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{LoadBalancerArn: aws.String(a.lb.ARN())}))(t)
	if diff := cmp.Diff(want, got.Listeners, unexported); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
	must(a.client.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: created.RuleArn}))(t)
	must(a.client.DeleteListener(t.Context(), &elbv2.DeleteListenerInput{ListenerArn: l.ListenerArn}))(t)
	for range 2 {
		must(a.client.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &blue}))(t)
	}
	if len(a.lb.Listeners()) != 0 || len(a.lb.TargetGroups()) != 1 {
		t.Errorf("left: %d listeners, %d groups", len(a.lb.Listeners()), len(a.lb.TargetGroups()))
	}
}

func TestATargetGroupReadsBackAsItWasCreated(t *testing.T) {
	a := open(t)
	arn := a.group("blue")
	if again := a.group("blue"); again != arn {
		t.Errorf("the same group again is another: %s, %s", arn, again)
	}
	a.group("unused")
	a.listener([]types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &arn}})
	want := []types.TargetGroup{{
		TargetGroupArn: &arn, TargetGroupName: aws.String("blue"), Protocol: types.ProtocolEnumHttp, ProtocolVersion: aws.String("HTTP1"),
		Port: aws.Int32(8080), TargetType: types.TargetTypeEnumIp, IpAddressType: types.TargetGroupIpAddressTypeEnumIpv4,
		HealthCheckEnabled: aws.Bool(true), HealthCheckProtocol: types.ProtocolEnumHttp, HealthCheckPort: aws.String("traffic-port"),
		HealthCheckPath: aws.String("/health"), HealthCheckIntervalSeconds: aws.Int32(10), HealthCheckTimeoutSeconds: aws.Int32(3),
		HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(4), Matcher: &types.Matcher{HttpCode: aws.String("200-299")},
		LoadBalancerArns: []string{a.lb.ARN()},
	}}
	for why, input := range map[string]*elbv2.DescribeTargetGroupsInput{
		"by name":          {Names: []string{"blue"}},
		"by ARN":           {TargetGroupArns: []string{arn}},
		"by load balancer": {LoadBalancerArn: aws.String(a.lb.ARN())},
	} {
		t.Run(why, func(t *testing.T) {
			got := must(a.client.DescribeTargetGroups(t.Context(), input))(t)
			if diff := cmp.Diff(want, got.TargetGroups, unexported); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRulesReadBackAsTheyWereCreated(t *testing.T) {
	a := open(t)
	l := a.listener([]types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{
		StatusCode: aws.String("404"), ContentType: aws.String("text/html"), MessageBody: aws.String("<b>nothing & nobody</b>"),
	}}})
	if got := a.ask(l); got != "<b>nothing & nobody</b>" {
		t.Errorf("the default action says %q", got)
	}
	conditions := []types.RuleCondition{
		{Field: aws.String("host-header"), Values: []string{"*.shop.example"}, HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"*.shop.example"}}},
		{Field: aws.String("path-pattern"), Values: []string{"/cart/*"}, PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/cart/*"}}},
		{Field: aws.String("http-request-method"), HttpRequestMethodConfig: &types.HttpRequestMethodConditionConfig{Values: []string{"GET"}}},
		{Field: aws.String("query-string"), QueryStringConfig: &types.QueryStringConditionConfig{Values: []types.QueryStringKeyValuePair{{Key: aws.String("v"), Value: aws.String("2")}}}},
		{Field: aws.String("source-ip"), SourceIpConfig: &types.SourceIpConditionConfig{Values: []string{"10.0.0.0/8"}}},
	}
	redirect := []types.Action{{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{
		StatusCode: types.RedirectActionStatusCodeEnumHttp301, Protocol: aws.String("HTTPS"), Port: aws.String("443"),
		Host: aws.String("#{host}"), Path: aws.String("/#{path}"), Query: aws.String("#{query}"),
	}}}
	var arns []string
	for _, priority := range []int32{20, 10} {
		arns = append(arns, *must(a.client.CreateRule(t.Context(), &elbv2.CreateRuleInput{
			ListenerArn: l.ListenerArn, Priority: aws.Int32(priority), Conditions: conditions, Actions: redirect,
		}))(t).Rules[0].RuleArn)
	}
	all := must(a.client.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: l.ListenerArn}))(t).Rules
	want := []types.Rule{
		{RuleArn: &arns[1], Priority: aws.String("10"), IsDefault: aws.Bool(false), Conditions: conditions, Actions: redirect},
		{RuleArn: &arns[0], Priority: aws.String("20"), IsDefault: aws.Bool(false), Conditions: conditions, Actions: redirect},
		{RuleArn: all[2].RuleArn, Priority: aws.String("default"), IsDefault: aws.Bool(true), Conditions: []types.RuleCondition{}, Actions: l.DefaultActions},
	}
	if diff := cmp.Diff(want, all, unexported); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	some := must(a.client.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{RuleArns: []string{*all[2].RuleArn, arns[0]}}))(t).Rules
	if diff := cmp.Diff([]types.Rule{want[2], want[1]}, some, unexported); diff != "" {
		t.Errorf("rules by ARN (-want +got):\n%s", diff)
	}
	// In pages of one.
	var paged []types.Rule
	input := &elbv2.DescribeRulesInput{ListenerArn: l.ListenerArn, PageSize: aws.Int32(1)}
	for {
		out := must(a.client.DescribeRules(t.Context(), input))(t)
		paged = append(paged, out.Rules...)
		if input.Marker = out.NextMarker; input.Marker == nil {
			break
		}
	}
	if diff := cmp.Diff(want, paged, unexported); diff != "" {
		t.Errorf("rules by page (-want +got):\n%s", diff)
	}
}

func TestRulesChangePlaces(t *testing.T) {
	a := open(t)
	l := a.listener(weighted(a.group("blue"), 1))
	var pairs []types.RulePriorityPair
	for priority := range int32(2) {
		r := must(a.client.CreateRule(t.Context(), &elbv2.CreateRuleInput{
			ListenerArn: l.ListenerArn, Priority: aws.Int32(priority + 1), Actions: l.DefaultActions,
			Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a"}}},
		}))(t).Rules[0]
		pairs = append(pairs, types.RulePriorityPair{RuleArn: r.RuleArn, Priority: aws.Int32(2 - priority)})
	}
	got := must(a.client.SetRulePriorities(t.Context(), &elbv2.SetRulePrioritiesInput{RulePriorities: pairs}))(t).Rules
	if len(got) != 2 || *got[0].RuleArn != *pairs[1].RuleArn || *got[0].Priority != "1" || *got[1].Priority != "2" {
		t.Errorf("rules after the change: %+v", got)
	}
	var inUse *types.PriorityInUseException
	pairs[0].Priority = aws.Int32(1)
	if _, err := a.client.SetRulePriorities(t.Context(), &elbv2.SetRulePrioritiesInput{RulePriorities: pairs[:1]}); !errors.As(err, &inUse) {
		t.Errorf("got %v, want PriorityInUse", err)
	}
}

func TestTheLoadBalancerDescribesItself(t *testing.T) {
	a := open(t)
	out := must(a.client.DescribeLoadBalancers(t.Context(), &elbv2.DescribeLoadBalancersInput{Names: []string{a.lb.Name()}}))(t)
	want := []types.LoadBalancer{{
		LoadBalancerArn: aws.String(a.lb.ARN()), LoadBalancerName: aws.String("simulator"), DNSName: aws.String("127.0.0.1"), IpAddressType: types.IpAddressTypeIpv4,
		CreatedTime: aws.Time(created), AvailabilityZones: []types.AvailabilityZone{}, SecurityGroups: []string{},
		Scheme: types.LoadBalancerSchemeEnumInternal, Type: types.LoadBalancerTypeEnumApplication, State: &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive},
	}}
	if diff := cmp.Diff(want, out.LoadBalancers, unexported); diff != "" {
		t.Errorf("load balancers (-want +got):\n%s", diff)
	}
}

func TestTargetHealthTellsEachState(t *testing.T) {
	a := open(t)
	blue := a.group("blue")
	arrived, release := make(chan struct{}), make(chan struct{})
	target := a.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" { // and not the health check
			close(arrived)
			<-release
		}
	}, blue)
	health := func(targets ...types.TargetDescription) []string {
		t.Helper()
		var list []string
		for _, d := range must(a.client.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: &blue, Targets: targets}))(t).TargetHealthDescriptions {
			list = append(list, string(d.TargetHealth.State)+" "+string(d.TargetHealth.Reason))
		}
		return list
	}
	if got := health(); !slices.Equal(got, []string{"unused Target.NotInUse"}) {
		t.Errorf("no listener forwards to it: %v", got)
	}
	l := a.listener(weighted(blue, 1))
	stranger := types.TargetDescription{Id: aws.String("127.0.0.1")}
	if got := health(target, stranger); !slices.Equal(got, []string{"healthy ", "unused Target.NotRegistered"}) {
		t.Errorf("asked for a target and a stranger: %v", got)
	}
	answered := make(chan string)
	go func() { answered <- a.ask(l) }()
	<-arrived
	must(a.client.DeregisterTargets(t.Context(), &elbv2.DeregisterTargetsInput{TargetGroupArn: &blue, Targets: []types.TargetDescription{target}}))(t)
	if got := health(target); !slices.Equal(got, []string{"draining Target.DeregistrationInProgress"}) {
		t.Errorf("with a request under way: %v", got)
	}
	close(release)
	<-answered
	for !slices.Equal(health(target), []string{"unused Target.NotRegistered"}) {
		runtime.Gosched() // the request's end is on its way
	}
	sick := a.target(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	must(a.client.RegisterTargets(t.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: &blue, Targets: []types.TargetDescription{sick}}))(t)
	if got := health(); !slices.Equal(got, []string{"initial Elb.InitialHealthChecking"}) {
		t.Errorf("one failed check decides nothing: %v", got)
	}
}

func TestAnUnhealthyTargetHasItsReason(t *testing.T) {
	tests := map[string]struct {
		answer  http.HandlerFunc
		fault   elb.TargetFault
		timeout time.Duration
	}{
		"Target.ResponseCodeMismatch Health checks failed with these codes: [418]": {answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }},
		"Target.Timeout Request timed out":                                         {answer: saying("late"), fault: elb.TargetFault{Slow: time.Hour}, timeout: time.Millisecond},
		"Target.FailedHealthChecks Health checks failed":                           {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	}
	for want, tt := range tests {
		t.Run(want, func(t *testing.T) {
			a := open(t)
			g, err := a.lb.CreateTargetGroup(elb.TargetGroupConfig{Name: "sick", HealthCheck: elb.HealthCheck{Interval: time.Millisecond, Timeout: tt.timeout, UnhealthyThreshold: 1}})
			if err != nil {
				t.Fatal(err)
			}
			a.listener(weighted(g.ARN(), 1))
			target := a.target(tt.answer)
			base := "http://" + *target.Id + ":" + strconv.Itoa(int(*target.Port))
			_, err = g.Inject(tt.fault)
			if err := errors.Join(err, g.Register(base)); err != nil {
				t.Fatal(err)
			}
			for {
				out := must(a.client.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(g.ARN())}))(t)
				if h := out.TargetHealthDescriptions[0].TargetHealth; h.State == types.TargetHealthStateEnumUnhealthy {
					if got := string(h.Reason) + " " + *h.Description; got != want {
						t.Errorf("got %s, want %s", got, want)
					}
					return
				}
			}
		})
	}
}

func TestAPortThatIsTakenIsADuplicateListener(t *testing.T) {
	lb := elb.New(elb.Config{})
	t.Cleanup(lb.Close)
	server := httptest.NewServer(elbapi.New(elbapi.Config{Balancer: lb}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseInt(u.Port(), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	_, err = connect(t, server.URL).CreateListener(t.Context(), &elbv2.CreateListenerInput{
		LoadBalancerArn: aws.String(lb.ARN()), Port: aws.Int32(int32(port)), Protocol: types.ProtocolEnumHttp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("200")}}},
	})
	var duplicate *types.DuplicateListenerException
	if !errors.As(err, &duplicate) || !strings.Contains(duplicate.ErrorMessage(), "choose another port") {
		t.Errorf("got %v, want DuplicateListener", err)
	}
}

func TestAnHTTPSListenerNeedsACertificate(t *testing.T) {
	a := open(t)
	input := &elbv2.CreateListenerInput{
		LoadBalancerArn: aws.String(a.lb.ARN()), Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps, DefaultActions: weighted(a.group("blue"), 1),
	}
	_, err := a.client.CreateListener(t.Context(), input)
	if code := codeOf(err); code != elb.CodeValidation {
		t.Errorf("without a certificate: %v", err)
	}
	input.Certificates = []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/1")}}
	got := must(a.client.CreateListener(t.Context(), input))(t).Listeners[0]
	if diff := cmp.Diff(input.Certificates, got.Certificates, unexported); diff != "" || got.Protocol != types.ProtocolEnumHttps {
		t.Errorf("%s with certificates (-want +got):\n%s", got.Protocol, diff)
	}
	if !strings.HasPrefix(a.lb.Listeners()[0].URL(), "https://") {
		t.Errorf("it listens on %s", a.lb.Listeners()[0].URL())
	}
}

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestRefusalsCarryTheCodesOfAWS(t *testing.T) {
	a := open(t)
	blue := a.group("blue")
	l := a.listener(weighted(blue, 1))
	c := a.client
	path := []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a"}}}
	ruleAt := func(priority int32, conditions []types.RuleCondition, actions []types.Action) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := c.CreateRule(ctx, &elbv2.CreateRuleInput{ListenerArn: l.ListenerArn, Priority: &priority, Conditions: conditions, Actions: actions})
			return err
		}
	}
	if err := ruleAt(1, path, weighted(blue, 1))(t.Context()); err != nil {
		t.Fatal(err)
	}
	rules := must(c.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: l.ListenerArn}))(t).Rules
	tests := []struct {
		why  string
		do   func(context.Context) error
		want error // of the type that the SDK makes of it; nil for a ValidationError
	}{
		{"an unknown load balancer", func(ctx context.Context) error {
			_, err := c.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"other"}})
			return err
		}, &types.LoadBalancerNotFoundException{}},
		{"an unknown listener", func(ctx context.Context) error {
			_, err := c.ModifyListener(ctx, &elbv2.ModifyListenerInput{ListenerArn: aws.String(*l.ListenerArn + "x")})
			return err
		}, &types.ListenerNotFoundException{}},
		{"an unknown rule", func(ctx context.Context) error {
			_, err := c.DeleteRule(ctx, &elbv2.DeleteRuleInput{RuleArn: aws.String(*rules[0].RuleArn + "x")})
			return err
		}, &types.RuleNotFoundException{}},
		{"an unknown target group", func(ctx context.Context) error {
			_, err := c.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{Names: []string{"red"}})
			return err
		}, &types.TargetGroupNotFoundException{}},
		{"a rule to an unknown target group", ruleAt(2, path, weighted(blue+"x", 1)), &types.TargetGroupNotFoundException{}},
		{"a priority twice", ruleAt(1, path, weighted(blue, 1)), &types.PriorityInUseException{}},
		{"a weight of 1000", ruleAt(2, path, weighted(blue, 1000)), nil},
		{"a regular expression", ruleAt(2, []types.RuleCondition{{Field: aws.String("path-pattern"), RegexValues: []string{"^/a"}}}, weighted(blue, 1)), nil},
		{"an action that signs in", ruleAt(2, path, []types.Action{{Type: types.ActionTypeEnumAuthenticateOidc}}), &types.InvalidLoadBalancerActionException{}},
		{"a redirect in circles", ruleAt(2, path, []types.Action{{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{StatusCode: types.RedirectActionStatusCodeEnumHttp301}}}), &types.InvalidLoadBalancerActionException{}},
		{"deleting the default rule", func(ctx context.Context) error {
			_, err := c.DeleteRule(ctx, &elbv2.DeleteRuleInput{RuleArn: rules[1].RuleArn})
			return err
		}, &types.OperationNotPermittedException{}},
		{"modifying it", func(ctx context.Context) error {
			_, err := c.ModifyRule(ctx, &elbv2.ModifyRuleInput{RuleArn: rules[1].RuleArn, Actions: weighted(blue, 1)})
			return err
		}, &types.OperationNotPermittedException{}},
		{"a group in use", func(ctx context.Context) error {
			_, err := c.DeleteTargetGroup(ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &blue})
			return err
		}, &types.ResourceInUseException{}},
		{"another group of one name", func(ctx context.Context) error {
			_, err := c.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("blue"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(9)})
			return err
		}, &types.DuplicateTargetGroupNameException{}},
		{"a group with a bad matcher", func(ctx context.Context) error {
			_, err := c.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("x"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(9), Matcher: &types.Matcher{HttpCode: aws.String("2xx")}})
			return err
		}, nil},
		{"a group for gRPC", func(ctx context.Context) error {
			_, err := c.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("x"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(9), ProtocolVersion: aws.String("GRPC")})
			return err
		}, nil},
		{"a second listener on a port", func(ctx context.Context) error {
			_, err := c.CreateListener(ctx, &elbv2.CreateListenerInput{LoadBalancerArn: aws.String(a.lb.ARN()), Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, DefaultActions: weighted(blue, 1)})
			return err
		}, &types.DuplicateListenerException{}},
		{"a listener for TCP", func(ctx context.Context) error {
			_, err := c.CreateListener(ctx, &elbv2.CreateListenerInput{LoadBalancerArn: aws.String(a.lb.ARN()), Port: aws.Int32(81), Protocol: types.ProtocolEnumTcp, DefaultActions: weighted(blue, 1)})
			return err
		}, &types.UnsupportedProtocolException{}},
		{"what is no ARN", func(ctx context.Context) error {
			_, err := c.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String("blue")})
			return err
		}, nil},
		{"a marker of nobody's", func(ctx context.Context) error {
			_, err := c.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{Marker: aws.String("x")})
			return err
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			err := tt.do(t.Context())
			if tt.want == nil {
				if codeOf(err) != elb.CodeValidation {
					t.Errorf("got %v, want ValidationError", err)
				}
				return
			}
			var api smithy.APIError
			if !errors.As(err, &api) || reflect.TypeOf(api) != reflect.TypeOf(tt.want) || api.ErrorMessage() == "" {
				t.Errorf("got %T %v, want %T", api, err, tt.want)
			}
		})
	}
	after := must(c.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: l.ListenerArn}))(t).Rules
	if diff := cmp.Diff(rules, after, unexported); diff != "" {
		t.Errorf("what was refused has changed the rules (-before +after):\n%s", diff)
	}
}

func TestARefusedModificationChangesNothing(t *testing.T) {
	a := open(t)
	blue := a.group("blue")
	l := a.listener(weighted(blue, 1))
	before := must(a.client.CreateRule(t.Context(), &elbv2.CreateRuleInput{
		ListenerArn: l.ListenerArn, Priority: aws.Int32(1), Actions: weighted(blue, 1), Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a"}}},
	}))(t).Rules
	if _, err := a.client.ModifyRule(t.Context(), &elbv2.ModifyRuleInput{
		RuleArn: before[0].RuleArn, Actions: weighted(blue, 2), Conditions: []types.RuleCondition{{Field: aws.String("host-header"), Values: []string{"localhost"}}},
	}); codeOf(err) != elb.CodeValidation {
		t.Errorf("got %v", err)
	}
	after := must(a.client.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{RuleArns: []string{*before[0].RuleArn}}))(t).Rules
	if diff := cmp.Diff(before, after, unexported); diff != "" {
		t.Errorf("rule (-before +after):\n%s", diff)
	}
}

func TestParametersThatAreMissingOrWrongAreNamed(t *testing.T) {
	a := open(t)
	blue := a.group("blue")
	l := a.listener(weighted(blue, 1))
	rule := "Action=CreateRule&ListenerArn=" + *l.ListenerArn + "&Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=/a" +
		"&Actions.member.1.Type=forward&Actions.member.1.TargetGroupArn=" + blue
	group := "Action=CreateTargetGroup&Name=green&Protocol=HTTP&Port=80"
	for query, says := range map[string]string{
		rule:                 "Priority is required",
		rule + "&Priority=x": "Priority must be a number",
		rule + "&Priority=1&Actions.member.2.Type=redirect": "2 actions",
		rule + "&Priority=1&Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn=" + blue + "&Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight=x": "Weight must be a number",
		rule + "&Priority=1&Actions.member.1.ForwardConfig.TargetGroupStickinessConfig.Enabled=true":                                                                        "not sticky",
		rule + "&Priority=1&Transforms.member.1.Type=url-rewrite":                                                                                                           "no transforms",
		group + "&HealthCheckIntervalSeconds=x":                                                                                                                             "HealthCheckIntervalSeconds must be a number",
		group + "&Name=x&HealthCheckPath=health":                                                                                                                            "slash",
		"Action=CreateTargetGroup&Name=-&Protocol=HTTP&Port=80":                                                                                                             "hyphen",
		"Action=CreateTargetGroup&Name=a&Protocol=HTTP&Port=65536":                                                                                                          "1 to 65535",
		"Action=RegisterTargets&TargetGroupArn=" + blue:                                                                                                                     "Targets is required",
		"Action=RegisterTargets&TargetGroupArn=" + blue + "&Targets.member.1.Port=80":                                                                                       "Targets.member.1.Id is required",
		"Action=RegisterTargets&TargetGroupArn=" + blue + "&Targets.member.1.Id=a&Targets.member.1.Port=-1":                                                                 "1 to 65535",
		"Action=DescribeListeners":                                      "load balancer ARN",
		"Action=DescribeRules&PageSize=0&ListenerArn=" + *l.ListenerArn: "1 to 400",
		"Action=SetRulePriorities":                                      "RulePriorities is required",
		"Action=ModifyListener&Port=1&ListenerArn=" + *l.ListenerArn:    "keep port and protocol",
	} {
		if code, body := a.post(query + "&Version=" + elbapi.Version); code != http.StatusBadRequest || !strings.Contains(body, says) {
			t.Errorf("%s:\ngot %d %s, want one that says %q", query, code, body, says)
		}
	}
}

// post sends a form that the SDK would not send.
func (a *account) post(query string) (status int, body string) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.url, strings.NewReader(query))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); kind != "text/xml" {
		a.t.Errorf("%s: content type %q", query, kind)
	}
	return resp.StatusCode, string(text)
}

func TestWhatIsNoOperationIsAnsweredInXML(t *testing.T) {
	a := open(t)
	for query, code := range map[string]string{
		"":                                     "MissingAction",
		"Action=CreateUser&Version=2015-12-01": "InvalidAction",
		"Action=DescribeRules&Version=2012-06-01": "InvalidAction",
		"Action=DescribeRules&Version=2015-12-01": "ValidationError",
		"Action=%zz": "MalformedInput",
	} {
		if status, body := a.post(query); status != http.StatusBadRequest || !strings.Contains(body, "<Error><Type>Sender</Type><Code>"+code+"</Code><Message>") {
			t.Errorf("%q: got %d %s, want %s", query, status, body, code)
		}
	}
}

func TestOperationsAreListedByName(t *testing.T) {
	list := elbapi.SupportedOperations()
	if !slices.IsSorted(list) || !slices.Contains(list, "DescribeTargetHealth") {
		t.Errorf("operations: %v", list)
	}
	for _, name := range list {
		if _, known := reflect.TypeFor[*elbv2.Client]().MethodByName(name); !known {
			t.Errorf("AWS has no operation %s", name)
		}
	}
}

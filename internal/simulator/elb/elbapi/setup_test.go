package elbapi_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
)

func shopInput() *elbv2.CreateLoadBalancerInput {
	return &elbv2.CreateLoadBalancerInput{
		Name: aws.String("shop"), Subnets: []string{"subnet-1", "subnet-2"}, SecurityGroups: []string{"sg-1"}, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("cart")}},
	}
}

func (a *account) shop() types.LoadBalancer {
	a.t.Helper()
	return must(a.client.CreateLoadBalancer(a.t.Context(), shopInput()))(a.t).LoadBalancers[0]
}

func TestALoadBalancerIsMadeServedThroughAndDeleted(t *testing.T) {
	a := open(t)
	made := a.shop()
	want := types.LoadBalancer{
		LoadBalancerArn: made.LoadBalancerArn, LoadBalancerName: aws.String("shop"), DNSName: aws.String("127.0.0.1"), IpAddressType: types.IpAddressTypeIpv4,
		CreatedTime: aws.Time(created), Scheme: types.LoadBalancerSchemeEnumInternetFacing, Type: types.LoadBalancerTypeEnumApplication,
		State: &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive}, SecurityGroups: []string{"sg-1"},
		AvailabilityZones: []types.AvailabilityZone{
			{ZoneName: aws.String("us-east-1a"), SubnetId: aws.String("subnet-1")},
			{ZoneName: aws.String("us-east-1b"), SubnetId: aws.String("subnet-2")},
		},
	}
	if diff := cmp.Diff(want, made, unexported); diff != "" {
		t.Errorf("load balancer (-want +got):\n%s", diff)
	}
	if again := a.shop(); *again.LoadBalancerArn != *made.LoadBalancerArn {
		t.Errorf("the same again is another: %s, %s", *again.LoadBalancerArn, *made.LoadBalancerArn)
	}
	if err := elbv2.NewLoadBalancerAvailableWaiter(a.client).Wait(t.Context(), &elbv2.DescribeLoadBalancersInput{Names: []string{"shop"}}, time.Minute); err != nil {
		t.Error(err)
	}
	blue, theirs := a.group("blue"), a.group("theirs")
	a.serve(saying("blue"), blue)
	l := must(a.client.CreateListener(t.Context(), &elbv2.CreateListenerInput{
		LoadBalancerArn: made.LoadBalancerArn, Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, DefaultActions: weighted(blue, 1),
	}))(t).Listeners[0]
	if got := a.ask(l); got != "blue" || *l.LoadBalancerArn != *made.LoadBalancerArn {
		t.Errorf("%q answers behind %s", got, *l.LoadBalancerArn)
	}
	a.listener(weighted(theirs, 1)) // of the load balancer that there was
	if got := must(a.client.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{LoadBalancerArn: made.LoadBalancerArn}))(t).Listeners; len(got) != 1 || *got[0].ListenerArn != *l.ListenerArn {
		t.Errorf("its listeners: %v", got)
	}
	groups := must(a.client.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{LoadBalancerArn: made.LoadBalancerArn}))(t).TargetGroups
	if len(groups) != 1 || *groups[0].TargetGroupArn != blue || !slices.Equal(groups[0].LoadBalancerArns, []string{*made.LoadBalancerArn}) {
		t.Errorf("its target groups: %v", groups)
	}
	for range 2 { // the second time there is nothing to delete, which is no error
		must(a.client.DeleteLoadBalancer(t.Context(), &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: made.LoadBalancerArn}))(t)
	}
	if left := must(a.client.DescribeLoadBalancers(t.Context(), &elbv2.DescribeLoadBalancersInput{}))(t).LoadBalancers; len(left) != 1 || len(a.lb.Listeners()) != 1 {
		t.Errorf("left: %v and %d listeners", left, len(a.lb.Listeners()))
	}
}

func TestALoadBalancerIsInTheNetworkOfItsTargetGroups(t *testing.T) {
	a := open(t)
	made := a.shop()
	group := must(a.client.CreateTargetGroup(t.Context(), &elbv2.CreateTargetGroupInput{
		Name: aws.String("blue"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), TargetType: types.TargetTypeEnumIp, VpcId: aws.String("vpc-1"),
	}))(t).TargetGroups[0]
	vpcs := func() []string {
		t.Helper()
		var list []string
		for _, b := range must(a.client.DescribeLoadBalancers(t.Context(), &elbv2.DescribeLoadBalancersInput{}))(t).LoadBalancers {
			list = append(list, aws.ToString(b.LoadBalancerName)+" "+aws.ToString(b.VpcId))
		}
		return list
	}
	if got := vpcs(); !slices.Equal(got, []string{"simulator ", "shop "}) {
		t.Errorf("before it forwards anywhere: %q", got)
	}
	must(a.client.CreateListener(t.Context(), &elbv2.CreateListenerInput{
		LoadBalancerArn: made.LoadBalancerArn, Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, DefaultActions: weighted(*group.TargetGroupArn, 1),
	}))(t)
	if got := vpcs(); !slices.Equal(got, []string{"simulator ", "shop vpc-1"}) {
		t.Errorf("with a listener: %q", got)
	}
}

func TestALoadBalancerIsProtectedFromDeletion(t *testing.T) {
	a := open(t)
	deletion := &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: aws.String(a.lb.ARN())}
	a.listener(weighted(a.group("blue"), 1))
	if _, err := a.client.DeleteLoadBalancer(t.Context(), deletion); codeOf(err) != elb.CodeNotPermitted {
		t.Errorf("got %v, want OperationNotPermitted", err)
	}
	got := must(a.client.ModifyLoadBalancerAttributes(t.Context(), &elbv2.ModifyLoadBalancerAttributesInput{
		LoadBalancerArn: deletion.LoadBalancerArn, Attributes: []types.LoadBalancerAttribute{{Key: aws.String("deletion_protection.enabled"), Value: aws.String("false")}},
	}))(t)
	read := must(a.client.DescribeLoadBalancerAttributes(t.Context(), &elbv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: deletion.LoadBalancerArn}))(t)
	if diff := cmp.Diff(got.Attributes, read.Attributes, cmp.Comparer(func(a, b types.LoadBalancerAttribute) bool { return *a.Key == *b.Key && *a.Value == *b.Value })); diff != "" || len(read.Attributes) < 20 {
		t.Errorf("attributes (-as changed +as read):\n%s", diff)
	}
	must(a.client.DeleteLoadBalancer(t.Context(), deletion))(t)
	if len(a.lb.Listeners()) != 0 {
		t.Error("its listener is still there")
	}
}

func TestAHealthCheckIsModified(t *testing.T) {
	a := open(t)
	blue := a.group("blue")
	got := must(a.client.ModifyTargetGroup(t.Context(), &elbv2.ModifyTargetGroupInput{
		TargetGroupArn: &blue, HealthCheckPath: aws.String("/ready"), HealthCheckIntervalSeconds: aws.Int32(30), Matcher: &types.Matcher{HttpCode: aws.String("418")},
	}))(t).TargetGroups[0]
	if *got.HealthCheckPath != "/ready" || *got.HealthCheckIntervalSeconds != 30 || *got.Matcher.HttpCode != "418" || *got.HealthCheckTimeoutSeconds != 3 || *got.UnhealthyThresholdCount != 4 {
		t.Errorf("got %+v", got)
	}
	a.serve(func(w http.ResponseWriter, r *http.Request) { // waits until it is healthy
		if r.URL.Path == "/ready" {
			w.WriteHeader(http.StatusTeapot)
		}
	}, blue)
}

func TestTheDeregistrationDelayIsAnAttribute(t *testing.T) {
	a := open(t)
	blue := a.group("blue")
	must(a.client.ModifyTargetGroupAttributes(t.Context(), &elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &blue, Attributes: []types.TargetGroupAttribute{
		{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("30")}, {Key: aws.String("stickiness.enabled"), Value: aws.String("false")},
	}}))(t)
	if got := a.lb.TargetGroups()[0].DeregistrationDelay(); got != 30*time.Second {
		t.Errorf("the delay is %v", got)
	}
	found := map[string]string{}
	for _, attribute := range must(a.client.DescribeTargetGroupAttributes(t.Context(), &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &blue}))(t).Attributes {
		found[*attribute.Key] = *attribute.Value
	}
	if found["deregistration_delay.timeout_seconds"] != "30" || found["load_balancing.algorithm.type"] != "round_robin" {
		t.Errorf("attributes: %v", found)
	}
}

func TestTagsAreKeptForEachKindOfResource(t *testing.T) {
	a := open(t)
	blue, made := a.group("blue"), a.shop()
	l := a.listener(weighted(blue, 1))
	r := must(a.client.CreateRule(t.Context(), &elbv2.CreateRuleInput{
		ListenerArn: l.ListenerArn, Priority: aws.Int32(1), Actions: weighted(blue, 1), Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a"}}},
		Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("test")}},
	}))(t).Rules[0]
	arns := []string{*made.LoadBalancerArn, *l.ListenerArn, *r.RuleArn, blue}
	must(a.client.AddTags(t.Context(), &elbv2.AddTagsInput{ResourceArns: arns, Tags: []types.Tag{
		{Key: aws.String("stage"), Value: aws.String("prod")}, {Key: aws.String("cost"), Value: aws.String("7")},
	}}))(t)
	must(a.client.RemoveTags(t.Context(), &elbv2.RemoveTagsInput{ResourceArns: arns, TagKeys: []string{"cost"}}))(t)
	var got []string
	for _, d := range must(a.client.DescribeTags(t.Context(), &elbv2.DescribeTagsInput{ResourceArns: arns}))(t).TagDescriptions {
		text := map[string]string{*made.LoadBalancerArn: "balancer", *l.ListenerArn: "listener", *r.RuleArn: "rule", blue: "group"}[*d.ResourceArn]
		for _, tag := range d.Tags {
			text += " " + *tag.Key + "=" + *tag.Value
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{"balancer team=cart stage=prod", "listener stage=prod", "rule stage=prod", "group stage=prod"}, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestWhatIsReadRightAfterACreationIsThere(t *testing.T) {
	a := open(t)
	made := a.shop()
	l := a.listener(weighted(a.group("blue"), 1))
	attributes := must(a.client.DescribeListenerAttributes(t.Context(), &elbv2.DescribeListenerAttributesInput{ListenerArn: l.ListenerArn}))(t).Attributes
	if !slices.ContainsFunc(attributes, func(at types.ListenerAttribute) bool {
		return *at.Key == "routing.http.response.server.enabled" && *at.Value == "true"
	}) {
		t.Errorf("a listener's attributes: %v", attributes)
	}
	must(a.client.ModifyListenerAttributes(t.Context(), &elbv2.ModifyListenerAttributesInput{ListenerArn: l.ListenerArn, Attributes: []types.ListenerAttribute{
		{Key: aws.String("routing.http.response.server.enabled"), Value: aws.String("true")},
	}}))(t)
	capacity := must(a.client.DescribeCapacityReservation(t.Context(), &elbv2.DescribeCapacityReservationInput{LoadBalancerArn: made.LoadBalancerArn}))(t)
	if capacity.MinimumLoadBalancerCapacity != nil {
		t.Errorf("a reservation that nobody has made: %+v", capacity)
	}
	https := must(a.client.CreateListener(t.Context(), &elbv2.CreateListenerInput{
		LoadBalancerArn: made.LoadBalancerArn, Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps, DefaultActions: l.DefaultActions,
		Certificates: []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/1")}},
	}))(t).Listeners[0]
	other := []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/2")}}
	changed := must(a.client.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{
		ListenerArn: https.ListenerArn, Certificates: other, SslPolicy: aws.String("ELBSecurityPolicy-TLS13-1-3-2021-06"),
	}))(t).Listeners[0]
	if diff := cmp.Diff(other, changed.Certificates, unexported); diff != "" || *https.SslPolicy == *changed.SslPolicy {
		t.Errorf("policy %s, then %s; certificates (-want +got):\n%s", *https.SslPolicy, *changed.SslPolicy, diff)
	}
}

func TestWhatASetUpOfALoadBalancerIsRefusedFor(t *testing.T) {
	a := open(t)
	blue, made := a.group("blue"), a.shop()
	l := a.listener(weighted(blue, 1))
	create := func(edit func(*elbv2.CreateLoadBalancerInput)) error {
		in := shopInput()
		in.Name = aws.String("other")
		edit(in)
		_, err := a.client.CreateLoadBalancer(t.Context(), in)
		return err
	}
	tag := func(keys ...string) error {
		in := &elbv2.AddTagsInput{ResourceArns: []string{blue}, Tags: []types.Tag{}}
		for _, key := range keys {
			in.Tags = append(in.Tags, types.Tag{Key: aws.String(key)})
		}
		_, err := a.client.AddTags(t.Context(), in)
		return err
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	attribute := func(key, value string) error {
		_, err := a.client.ModifyTargetGroupAttributes(t.Context(), &elbv2.ModifyTargetGroupAttributesInput{
			TargetGroupArn: &blue, Attributes: []types.TargetGroupAttribute{{Key: &key, Value: &value}},
		})
		return err
	}
	check := func(edit func(*elbv2.ModifyTargetGroupInput)) error {
		in := &elbv2.ModifyTargetGroupInput{TargetGroupArn: &blue}
		edit(in)
		_, err := a.client.ModifyTargetGroup(t.Context(), in)
		return err
	}
	ctx := t.Context()
	_, unknownTags := a.client.DescribeTags(ctx, &elbv2.DescribeTagsInput{ResourceArns: []string{blue, *made.LoadBalancerArn + "x"}})
	_, header := a.client.ModifyListenerAttributes(ctx, &elbv2.ModifyListenerAttributesInput{ListenerArn: l.ListenerArn, Attributes: []types.ListenerAttribute{
		{Key: aws.String("routing.http.response.server.enabled"), Value: aws.String("false")},
	}})
	_, listenerOf := a.client.CreateListener(ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: aws.String(*made.LoadBalancerArn + "x"), Port: aws.Int32(81), Protocol: types.ProtocolEnumHttp, DefaultActions: weighted(blue, 1),
	})
	_, lambdaGroup := a.client.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
		Name: aws.String("f"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), TargetType: types.TargetTypeEnumLambda,
	})
	for _, tt := range []struct {
		why, code string
		err       error
	}{
		{"another of the same name", "DuplicateLoadBalancerName", create(func(in *elbv2.CreateLoadBalancerInput) { in.Name, in.SecurityGroups = aws.String("shop"), nil })},
		{"a network load balancer", "InvalidConfigurationRequest", create(func(in *elbv2.CreateLoadBalancerInput) { in.Type = types.LoadBalancerTypeEnumNetwork })},
		{"IPv6", "InvalidConfigurationRequest", create(func(in *elbv2.CreateLoadBalancerInput) { in.IpAddressType = types.IpAddressTypeDualstack })},
		{"a scheme of nobody's", "InvalidScheme", create(func(in *elbv2.CreateLoadBalancerInput) { in.Scheme = "secret" })},
		{"a name that AWS keeps", "ValidationError", create(func(in *elbv2.CreateLoadBalancerInput) { in.Name = aws.String("internal-shop") })},
		{"a listener of a load balancer that isn't there", "LoadBalancerNotFound", listenerOf},
		{"targets that are functions", "ValidationError", lambdaGroup},
		{"a tag twice", "DuplicateTagKeys", tag("a", "a")},
		{"too many tags", "TooManyTags", tag(many...)},
		{"a tag without a key", "ValidationError", tag("")},
		{"the tags of something that isn't there", "LoadBalancerNotFound", unknownTags},
		{"an attribute of nobody's", "ValidationError", attribute("speed", "1")},
		{"an attribute that is a number", "ValidationError", attribute("deregistration_delay.timeout_seconds", "soon")},
		{"a delay of more than an hour", "ValidationError", attribute("deregistration_delay.timeout_seconds", "3601")},
		{"an attribute that is true or false", "ValidationError", attribute("stickiness.enabled", "yes")},
		{"stickiness", "InvalidConfigurationRequest", attribute("stickiness.enabled", "true")},
		{"a header that is left out", "InvalidConfigurationRequest", header},
		{"a check that takes longer than it waits", "ValidationError", check(func(in *elbv2.ModifyTargetGroupInput) { in.HealthCheckTimeoutSeconds = aws.Int32(10) })},
		{"an interval of a second", "ValidationError", check(func(in *elbv2.ModifyTargetGroupInput) { in.HealthCheckIntervalSeconds = aws.Int32(1) })},
		{"a check on another port", "ValidationError", check(func(in *elbv2.ModifyTargetGroupInput) { in.HealthCheckPort = aws.String("81") })},
		{"a bad matcher", "ValidationError", check(func(in *elbv2.ModifyTargetGroupInput) { in.Matcher = &types.Matcher{HttpCode: aws.String("2xx")} })},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got := codeOf(tt.err); got != tt.code {
				t.Errorf("got %s (%v), want %s", got, tt.err, tt.code)
			}
		})
	}
}

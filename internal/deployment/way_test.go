package deployment_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

func TestWhatATestRuleAsksForIsWhatRequestsCarry(t *testing.T) {
	for _, tt := range []struct {
		why, conditions string
		headers         http.Header
		host, prefix    string
		note, refused   string // part of it
	}{
		{why: "nothing", conditions: `[]`},
		{
			why: "a header", conditions: `[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-test", "Values": ["*yes*", "on"]}}]`,
			headers: http.Header{"X-Test": {"on"}},
		},
		{
			why: "a header whose values all have wildcards", conditions: `[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*Chrome?*"]}}]`,
			headers: http.Header{"User-Agent": {"greenlightChromeggreenlight"}},
		},
		{
			why: "two headers", conditions: `[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "A", "Values": ["1"]}}, {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "B", "Values": ["2"]}}]`,
			headers: http.Header{"A": {"1"}, "B": {"2"}},
		},
		{
			why: "all of several values of a header", conditions: `[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "A", "Values": ["1"]}}, {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "A", "Values": ["2"]}}]`,
			headers: http.Header{"A": {"1", "2"}},
		},
		{why: "a host", conditions: `[{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com", "green.example.com"]}}]`, host: "green.example.com"},
		{why: "a host as it was written once", conditions: `[{"Field": "host-header", "Values": ["*.example.com"]}]`, host: "greenlight.example.com"},
		{why: "a path", conditions: `[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/green/v2/*", "/green/*"]}}]`, prefix: "/green"},
		{why: "a path as it was written once", conditions: `[{"Field": "path-pattern", "Values": ["/green*"]}]`, prefix: "/green"},
		{why: "any path", conditions: `[{"Field": "path-pattern", "Values": ["/*"]}]`},
		{
			why: "an address", conditions: `[{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}]`,
			note: "the rule takes requests from 10.0.0.0/8 alone, and whether the function's come from there isn't known",
		},
		{why: "one path alone", conditions: `[{"Field": "path-pattern", "Values": ["/health"]}]`, refused: "the test listener leads to the service for the paths /health alone: set green:"},
		{why: "a path's end", conditions: `[{"Field": "path-pattern", "Values": ["*.png"]}]`, refused: "for the paths *.png alone"},
		{
			why: "a method", conditions: `[{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}]`,
			refused: "for requests of some methods alone (GET, HEAD)",
		},
		{
			why: "a query", conditions: `[{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "test", "Value": "1"}, {"Value": "x"}]}}]`,
			refused: "by a query string (test=1, x), which checks don't add to their paths",
		},
		{why: "a regular expression for a header", conditions: `[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "A", "RegexValues": ["^b+$"]}}]`, refused: "by the header A, whose value must match ^b+$"},
		{why: "a regular expression for a host", conditions: `[{"Field": "host-header", "RegexValues": ["^b+$"]}]`, refused: "by a host that must match ^b+$"},
		{why: "what this version doesn't know", conditions: `[{"Field": "moon-phase"}]`, refused: `by the condition "moon-phase", which isn't known here`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := byECS(t, "POST_TEST_TRAFFIC_SHIFT").set(rules(testRule)+">0>Conditions", tree(t, tt.conditions))
			d := describe(t, &cloud{world: w}, ecsExecution("POST_TEST_TRAFFIC_SHIFT"), deployment.Settings{})
			if d.err != nil {
				t.Fatal(d.err)
			}
			if tt.refused != "" {
				if _, err := d.Lookup("green.url"); err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("green is at %q; got %v, want %s", d.Green.URL, err, tt.refused)
				}
				return
			}
			if diff := cmp.Diff(tt.headers, d.Green.Headers); diff != "" || d.Green.Host != tt.host || d.Green.PathPrefix != tt.prefix || d.Green.URL != "http://lb.example:8080" {
				t.Errorf("green is %+v: %s", d.Green, diff)
			}
			if !strings.Contains(strings.Join(d.Notes, "\n"), tt.note) {
				t.Errorf("notes %q, want %s", d.Notes, tt.note)
			}
		})
	}
}

func TestTheRuleThatCanBeMetIsTaken(t *testing.T) {
	action := forward(0, 100)
	rule := func(priority, conditions string) string {
		return fmt.Sprintf(`{"RuleArn": "r%s", "Priority": %q, "IsDefault": %t, "Conditions": %s, "Actions": %s}`, priority, priority, priority == "default", conditions, action)
	}
	const header, query = `[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "T", "Values": ["%s"]}}]`, `[{"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": "x"}]}}]`
	for _, tt := range []struct {
		why   string
		rules []string
		want  string // of the header T
	}{
		{"the lowest number goes first", []string{rule("20", fmt.Sprintf(header, "b")), rule("3", fmt.Sprintf(header, "a"))}, "a"},
		{"what can't be met is passed over", []string{rule("1", query), rule("2", fmt.Sprintf(header, "b"))}, "b"},
		{"the default rule asks for nothing", []string{rule("1", fmt.Sprintf(header, "a")), rule("default", "[]")}, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := onECS(t, "AfterAllowTestTraffic").set("DescribeListeners>Listeners>1>DefaultActions", []any{map[string]any{"Type": "fixed-response"}}).
				set(rules(testARN), tree(t, "["+strings.Join(tt.rules, ",")+"]"))
			d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{})
			if d.err != nil || d.Green.URL == "" || d.Green.Headers.Get("T") != tt.want {
				t.Errorf("green is %+v with %v", d.Green, d.err)
			}
		})
	}
}

func TestListenersOfEachProtocolHaveTheirURL(t *testing.T) {
	for _, tt := range []struct {
		protocol    string
		port        int
		url, absent string
	}{
		{"HTTP", 80, "http://lb.example", ""},
		{"HTTP", 443, "http://lb.example:443", ""},
		{"HTTPS", 443, "https://lb.example", ""},
		{"HTTPS", 8443, "https://lb.example:8443", ""},
		{"TCP", 9000, "http://lb.example:9000", ""},
		{"TLS", 443, "https://lb.example", ""},
		{"UDP", 53, "", "the test listener speaks UDP, which no URL is for: set green:"},
	} {
		t.Run(fmt.Sprint(tt.protocol, tt.port), func(t *testing.T) {
			w := onECS(t, "AfterAllowTestTraffic").set("DescribeListeners>Listeners>1>Protocol", tt.protocol).set("DescribeListeners>Listeners>1>Port", tt.port)
			d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{})
			if d.err != nil || d.Green.URL != tt.url {
				t.Errorf("green is at %q with %v", d.Green.URL, d.err)
			}
			if _, err := d.Lookup("green.url"); tt.absent != "" && (err == nil || !strings.Contains(err.Error(), tt.absent)) {
				t.Errorf("got %v, want %s", err, tt.absent)
			}
		})
	}
}

func TestANetworkLoadBalancersListenerIsItsOwnRule(t *testing.T) {
	prod, test := strings.Replace(prodARN, "/app/", "/net/", 1), strings.Replace(testARN, "/app/", "/net/", 1)
	text := quote(byECS(t, "POST_TEST_TRAFFIC_SHIFT"))
	for _, change := range []struct{ from, to string }{{prodRule, prod}, {testRule, test}, {prodARN, prod}, {testARN, test}, {"/app/lb/", "/net/lb/"}, {`"HTTP"`, `"TCP"`}} {
		text = strings.ReplaceAll(text, change.from, change.to)
	}
	w := parseWorld(t, text)
	for operation := range w {
		if strings.HasPrefix(operation, "DescribeRules") {
			delete(w, operation)
		}
	}
	d := describe(t, &cloud{world: w}, ecsExecution("POST_TEST_TRAFFIC_SHIFT"), deployment.Settings{})
	if d.err != nil || d.Green.URL != "http://lb.example:8080" || !d.proof.Shown {
		t.Errorf("green is at %q with %v; proof %+v", d.Green.URL, d.err, d.proof)
	}
}

func TestWithoutATestListenerTheStagesThatCanNotBeTestedSaySo(t *testing.T) {
	const route = "GetDeploymentGroup>deploymentGroupInfo>loadBalancerInfo>targetGroupPairInfoList>0>testTrafficRoute"
	w := onECS(t, "BeforeAllowTraffic").without(route)
	d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{})
	if d.err != nil {
		t.Fatal("a plan that doesn't ask green can't run:", d.err)
	}
	const want = "not known here: there is no test listener, so that at BeforeAllowTraffic nothing leads to green alone: add one, or check at AfterAllowTraffic, " +
		"or set green: in the plan, --green, or ALB_URL"
	if _, err := d.Lookup("green.url"); err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
	w = onECS(t, "AfterAllowTraffic").without(route)
	if d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{}); d.err != nil || d.Green.URL != "http://lb.example" || !d.proof.Shown {
		t.Errorf("after the shift green is at %q with %v, proof %+v", d.Green.URL, d.err, d.proof)
	}
}

func TestTheListenersOfTheDeploymentItselfWinOverThoseOfItsGroup(t *testing.T) {
	w := onECS(t, "AfterAllowTestTraffic")
	group := w["GetDeploymentGroup"].(map[string]any)["deploymentGroupInfo"].(map[string]any)
	w.set("GetDeployment>deploymentInfo>loadBalancerInfo", group["loadBalancerInfo"])
	c := &cloud{world: w, denied: []string{"GetDeploymentGroup"}}
	d := describe(t, c, codeDeployed(), deployment.Settings{})
	if d.err != nil || d.Green.URL == "" || !d.proof.Shown {
		t.Errorf("green is at %q with %v", d.Green.URL, d.err)
	}
}

func TestListsComeInPages(t *testing.T) {
	w := onECS(t, "AfterAllowTestTraffic")
	full := w["DescribeRules "+testARN].(map[string]any)["Rules"]
	other := tree(t, `[{"RuleArn": "x", "Priority": "1", "Actions": [{"Type": "fixed-response"}]}]`)
	w["DescribeRules "+testARN] = map[string]any{"Rules": other, "NextMarker": "more"}
	w["DescribeRules "+testARN+"more"] = map[string]any{"Rules": full}
	w["ListDeploymentTargets"] = map[string]any{"targetIds": []any{}, "nextToken": "more"}
	w["ListDeploymentTargets more"] = map[string]any{"targetIds": []any{"prod:shop"}}
	d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{})
	if d.err != nil || d.Green.URL != "http://lb.example:8080" || d.Service != "shop" || !d.proof.Shown {
		t.Errorf("it is %+v with %v", d.Deployment, d.err)
	}
}

func TestServiceConnectSaysWhatRequestsCarry(t *testing.T) {
	revision := "DescribeServiceRevisions " + greenRev + ">serviceRevisions>0"
	for _, tt := range []struct {
		why, services string
		want          http.Header
	}{
		{"the documented header where there is no rule", `[{"clientAliases": [{"dnsName": "shop", "port": 80}]}]`, http.Header{"X-Amzn-Ecs-Blue-Green-Test": {"greenlight"}, "X-Amzn-Ecs-Bluegreen-Test": {"greenlight"}}},
		{"a rule's", `[{"clientAliases": [{"dnsName": "shop", "port": 80, "testTrafficRules": {"header": {"name": "x-canary", "value": {"exact": "yes"}}}}]}]`, http.Header{"X-Canary": {"yes"}}},
		{"a rule's without a value", `[{"clientAliases": [{"dnsName": "shop", "port": 80, "testTrafficRules": {"header": {"name": "x-canary"}}}]}]`, http.Header{"X-Canary": {"greenlight"}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			w := byECS(t, "POST_TEST_TRAFFIC_SHIFT").set(revision+">loadBalancers", []any{}).
				set(revision+">serviceConnectConfiguration", map[string]any{"enabled": true, "namespace": "internal", "services": tree(t, tt.services)})
			d := describe(t, &cloud{world: w}, ecsExecution("POST_TEST_TRAFFIC_SHIFT"), deployment.Settings{})
			if d.err != nil {
				t.Fatal(d.err)
			}
			if diff := cmp.Diff(tt.want, d.Green.Headers); diff != "" {
				t.Error(diff)
			}
			if _, err := d.Lookup("green.url"); err == nil || !strings.Contains(err.Error(), "the service is behind Service Connect (shop:80), which tasks of its namespace alone reach: set green:") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatTheUserSetsWins(t *testing.T) {
	set := deployment.Settings{Green: "https://green.example.com/api", Blue: "https://example.com"}
	for _, tt := range []struct {
		why    string
		denied []string
		stage  lifecycle.Stage
		notes  int
	}{
		{"over what is found", nil, "", 0},
		{"and makes finding it optional", []string{"DescribeListeners", "DescribeRules", "DescribeTargetGroups", "DescribeLoadBalancers", "DescribeTargetHealth"}, "", 5},
		{"with the stage, nothing needs to be read", []string{"GetDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets"}, lifecycle.AfterAllowTestTraffic, 2},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s := set
			s.Stage = tt.stage
			d := describe(t, &cloud{world: onECS(t, "AfterAllowTestTraffic"), denied: tt.denied}, codeDeployed(), s)
			if d.err != nil || d.Green.URL != s.Green || d.Blue.URL != s.Blue || d.Stage != lifecycle.AfterAllowTestTraffic {
				t.Errorf("green is at %q, blue at %q, at %s, with %v", d.Green.URL, d.Blue.URL, d.Stage, d.err)
			}
			if len(d.Notes) < tt.notes || tt.notes == 0 && len(d.Notes) > 0 {
				t.Errorf("notes %q", d.Notes)
			}
			if tt.denied == nil && !d.proof.Shown {
				t.Errorf("what was found isn't proven: %+v", d.proof)
			}
		})
	}
}

func TestADeploymentByCloudFormationAsksForGreen(t *testing.T) {
	w := onECS(t, "AfterAllowTestTraffic").set("GetDeployment>deploymentInfo>creator", "CloudFormation").without("GetDeploymentGroup")
	w.set("BatchGetDeploymentTargets>deploymentTargets>0", map[string]any{
		"deploymentTargetType": "CloudFormationTarget", "cloudFormationTarget": map[string]any{"lifecycleEvents": statuses(ecsEvents, "AfterAllowTestTraffic")},
	})
	d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{})
	if d.err != nil || d.Stage != lifecycle.AfterAllowTestTraffic {
		t.Errorf("it is %s with %v", d.Stage, d.err)
	}
	if _, err := d.Lookup("green.url"); err == nil || !strings.Contains(err.Error(), "AWS::CodeDeployBlueGreen transform, which has no deployment group to read the listeners of: set green:") {
		t.Errorf("got %v", err)
	}
}

func TestAnAppSpecIsReadInEachOfItsForms(t *testing.T) {
	for why, tt := range map[string]struct{ content string }{
		"YAML, all in lower case": {"version: 0.0\nresources:\n  - checkout:\n      type: AWS::Lambda::Function\n      properties: {name: checkout, alias: live, currentversion: 1, targetversion: 2}\nhooks:\n  - BeforeAllowTraffic: x\n"},
		"resources as an object":  {`{"version": 0.0, "Resources": {"checkout": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "checkout", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}, "Hooks": [{"BeforeAllowTraffic": "x"}]}`},
		"the function's ARN":      {strings.Replace(specLambda, `"Name": "checkout"`, `"Name": "arn:aws:lambda:eu-west-1:123456789012:function:checkout"`, 1)},
	} {
		t.Run(why, func(t *testing.T) {
			for _, at := range []string{"string", "appSpecContent"} {
				w := onLambda(t, "BeforeAllowTraffic").without("BatchGetDeploymentTargets>deploymentTargets>0>lambdaTarget>lambdaFunctionInfo").
					set("GetApplicationRevision>revision", map[string]any{at: map[string]any{"content": tt.content}})
				d := describe(t, &cloud{world: w}, codeDeployed(), deployment.Settings{})
				if d.err != nil || d.Green.FunctionARN != "arn:aws:lambda:eu-west-1:123456789012:function:checkout:2" || !d.proof.Shown {
					t.Errorf("under %s green is %+v with %v; proof %+v", at, d.Green, d.err, d.proof)
				}
			}
		})
	}
}

func TestWhatCanNotChangeIsReadOnce(t *testing.T) {
	c := &cloud{world: onECS(t, "AfterAllowTestTraffic")}
	first := describeTwice(t, c)
	for operation, want := range map[string]int{"GetApplicationRevision": 1, "DescribeTaskDefinition": 2, "GetDeployment": 2, "DescribeRules": 4, "DescribeTargetHealth": 2} {
		if first[operation] != want {
			t.Errorf("%s was called %d times, want %d", operation, first[operation], want)
		}
	}
}

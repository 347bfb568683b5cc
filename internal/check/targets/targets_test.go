package targetscheck_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/kindtest"
	targetscheck "github.com/greenlight-deploy/greenlight/internal/check/targets"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target is one as DescribeTargetHealth has it.
func target(id, state, reason, description string) string {
	text := "<member><Target><Id>" + id + "</Id><Port>8080</Port></Target><TargetHealth>"
	for _, part := range [][2]string{{"State", state}, {"Reason", reason}, {"Description", description}} {
		if part[1] != "" {
			text += "<" + part[0] + ">" + part[1] + "</" + part[0] + ">"
		}
	}
	return text + "</TargetHealth></member>"
}

func healthy(ids ...string) string {
	all := ""
	for _, id := range ids {
		all += target(id, "healthy", "", "")
	}
	return all
}

func described(targets string) kindtest.Reply {
	return kindtest.Reply{Body: `<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeTargetHealthResult><TargetHealthDescriptions>` +
		targets + `</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>`}
}

func refused(status int, code, message string) kindtest.Reply {
	return kindtest.Reply{Status: status, Body: fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)}
}

func TestTargetsAreCountedByWhatTheLoadBalancerSaysOfThem(t *testing.T) {
	const (
		timedOut = "Request timed out"
		starting = "Target registration is in progress"
	)
	unwell := target("10.0.0.9", "unhealthy", "Target.Timeout", timedOut)
	tests := []struct{ why, expect, targets, want string }{
		{"all are healthy", "", healthy("10.0.0.1", "10.0.0.2"), "passed"},
		{
			"one of two isn't, and that is wrong by default", "", healthy("10.0.0.1") + unwell,
			"failed: the number of healthy targets of shop-2 is 1 of 2, expected 100%: 10.0.0.9:8080 is unhealthy (Request timed out)",
		},
		{"a count is enough", `">= 1"`, healthy("10.0.0.1") + unwell, "passed"},
		{"a share is enough", `">= 50%"`, healthy("10.0.0.1") + unwell, "passed"},
		{
			"a share that isn't reached", `">= 75%"`, healthy("1", "2") + unwell,
			"failed: the number of healthy targets of shop-2 is 2 of 3, expected >= 75%: 10.0.0.9:8080 is unhealthy (Request timed out)",
		},
		{"a literal is an exact count", "2", healthy("1", "2"), "passed"},
		{"and one too many is wrong", "2", healthy("1", "2", "3"), "failed: the number of healthy targets of shop-2 is 3 of 3, expected 2"},
		{
			"both a count and a share", `[">= 2", 100%]`, healthy("1"),
			"failed: the number of healthy targets of shop-2 is 1 of 1, expected >= 2",
		},
		{
			"one that is being registered isn't healthy yet", "", target("1", "initial", "Elb.RegistrationInProgress", starting),
			"failed: the number of healthy targets of shop-2 is 0 of 1, expected 100%: 1:8080 is initial (Target registration is in progress)",
		},
		{
			"a reason stands in for a description", "", target("1", "unused", "Target.NotInUse", ""),
			"failed: the number of healthy targets of shop-2 is 0 of 1, expected 100%: 1:8080 is unused (Target.NotInUse)",
		},
		{"one that drains is on its way out", "", healthy("1") + target("2", "draining", "Target.DeregistrationInProgress", ""), "passed"},
		{
			"unless it drains because it is unhealthy", "", healthy("1") + target("2", "unhealthy.draining", "", ""),
			"failed: the number of healthy targets of shop-2 is 1 of 2, expected 100%: 2:8080 is unhealthy.draining",
		},
		{"without health checks no more is ever said of it", "", target("1", "unavailable", "Target.HealthCheckDisabled", ""), "passed"},
		{
			"there is no share of nothing", "", "",
			"failed: the number of healthy targets of shop-2 is 0 of 0, expected 100%: no target is registered",
		},
		{
			"nor where all are leaving", "", target("1", "draining", "", ""),
			"failed: the number of healthy targets of shop-2 is 0 of 0, expected 100%: 1 draining",
		},
		{
			"nor under any comparison", `"< 50%"`, "",
			"failed: the number of healthy targets of shop-2 is 0 of 0, expected < 50%: no target is registered",
		},
		{
			"the first of many reasons", "", unwell + unwell + unwell + unwell + unwell,
			"failed: the number of healthy targets of shop-2 is 0 of 5, expected 100%: " + strings.Repeat("10.0.0.9:8080 is unhealthy (Request timed out), ", 3) + "and 2 more",
		},
		{"a state that isn't told is none", "", healthy("1") + target("2", "", "", ""), "inconclusive: Elastic Load Balancing doesn't say how 2:8080 of shop-2 is"},
		{"nor is one in no form", "", "<member><Target><Id>3</Id></Target></member>", "inconclusive: Elastic Load Balancing doesn't say how 3 of shop-2 is"},
		{"nor one of nothing", "", "<member></member>", "inconclusive: Elastic Load Balancing doesn't say how a target of shop-2 is"},
		{
			"a state that isn't known yet isn't healthy", "", target("1", "dazed", "", ""),
			"failed: the number of healthy targets of shop-2 is 0 of 1, expected 100%: 1:8080 is dazed",
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(c kindtest.Call) kindtest.Reply {
				if c.Operation != "DescribeTargetHealth" || !strings.Contains(c.Body, "TargetGroupArn=arn%3Aaws%3Aelasticloadbalancing%3Aeu-west-1%3A123456789012%3Atargetgroup%2Fshop-2%2F") {
					return refused(400, "ValidationError", c.Body)
				}
				return described(tt.targets)
			})
			src := "targets: green"
			if tt.expect != "" {
				src += "\nexpect: {healthy: " + tt.expect + "}"
			}
			if got := kindtest.Ask(t, targetscheck.Kind(peer.Config(t)), src, check.Scope{}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestATargetGroupIsGreensBluesOrNamed(t *testing.T) {
	const found = `<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member><TargetGroupArn>` + kindtest.BlueGroup + `</TargetGroupArn></member></TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>`
	tests := []struct{ why, src, asks string }{
		{"green's", "targets: green", "DescribeTargetHealth shop-2"},
		{"blue's", "targets: blue", "DescribeTargetHealth shop-1"},
		{"by an ARN", "targets: " + kindtest.BlueGroup, "DescribeTargetHealth shop-1"},
		{"by what stands for one", `targets: "{{ green.target_group_arn }}"`, "DescribeTargetHealth shop-2"},
		{"by its name", "targets: shop-1", "DescribeTargetGroups shop-1, DescribeTargetHealth shop-1"},
		{"a name may be a word", "targets: {group: green}", "DescribeTargetGroups green, DescribeTargetHealth shop-1"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(c kindtest.Call) kindtest.Reply {
				if c.Operation == "DescribeTargetGroups" {
					return kindtest.Reply{Body: found}
				}
				return described(healthy("1"))
			})
			if got := kindtest.Ask(t, targetscheck.Kind(peer.Config(t)), tt.src, check.Scope{}); got != "passed" {
				t.Error(got)
			}
			var asked []string
			for _, c := range peer.Asked() {
				name := "?"
				for _, one := range []string{"shop-1", "shop-2", "green"} {
					if strings.Contains(c.Body, one) {
						name = one
					}
				}
				asked = append(asked, c.Operation+" "+name)
			}
			if got := strings.Join(asked, ", "); got != tt.asks {
				t.Errorf("it asked %s, want %s", got, tt.asks)
			}
		})
	}
}

func TestWithoutAnAnswerOfTheLoadBalancersItSaysWhatToDo(t *testing.T) {
	tests := []struct {
		why, src string
		reply    kindtest.Reply
		want     string
	}{
		{"a group that isn't there is a wrong answer", "targets: green", refused(400, "TargetGroupNotFound", "One or more target groups not found"), `failed: there is no target group "` + kindtest.GreenGroup[:79] + `…"`},
		{"also by its name", "targets: shop-3", refused(400, "TargetGroupNotFound", "One or more target groups not found"), `failed: there is no target group "shop-3"`},
		{
			"IAM refuses", "targets: green", refused(403, "AccessDenied", "User is not authorized"),
			"inconclusive: could not read the targets of shop-2 (elasticloadbalancing:DescribeTargetHealth): AccessDenied: User is not authorized: allow elasticloadbalancing:DescribeTargetHealth to the function's role",
		},
		{"a group without an ARN", "targets: shop-3", kindtest.Reply{Body: `<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups/></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>`}, `inconclusive: the answer has no ARN of the target group "shop-3"`},
		{"a name without a value", `targets: "{{ green.image }}"`, kindtest.Reply{}, "inconclusive: plan.yaml:1:11: {{ green.image }}: not known here"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			peer := kindtest.Serve(t, func(kindtest.Call) kindtest.Reply { return tt.reply })
			if got := kindtest.Ask(t, targetscheck.Kind(peer.Config(t)), tt.src, check.Scope{}); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
	unknown := check.Scope{Lookup: func(string) (any, error) { return nil, errors.New("only a hook of a deployment to ECS knows it") }}
	nobody := targetscheck.Kind(func() (aws.Config, error) { return aws.Config{}, errors.New("no region") })
	if got := kindtest.Ask(t, nobody, "targets: green", unknown); got != "inconclusive: green's target group: only a hook of a deployment to ECS knows it" {
		t.Error(got)
	}
	if got := kindtest.Ask(t, nobody, "targets: green", check.Scope{}); got != "inconclusive: reading the AWS settings: no region" {
		t.Error(got)
	}
}

func TestWhatIsWrongWithACheckOfTargetsIsToldAtItsPlace(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"targets: [a]", "plan.yaml:1:10: targets: expected green, blue, or the name or the ARN of a target group, found a list"},
		{`targets: ""`, "plan.yaml:1:10: targets: the name of the target group is empty"},
		{"targets: {}", `plan.yaml:1:10: targets: "group" is missing`},
		{"targets: green\nexpect: {healty: 1}", `plan.yaml:2:10: expect: unknown key "healty": did you mean "healthy"?`},
		{"targets: green\nexpect: {healthy: most}", `plan.yaml:2:19: healthy: "most" is neither a count nor a share, as in 2 or 50%`},
		{"targets: green\nexpect: {healthy: 1.5}", `plan.yaml:2:19: healthy: "1.5" is no count: write a whole number, or a share with %`},
		{"targets: green\nexpect: {healthy: 101%}", `plan.yaml:2:19: healthy: "101%" is more than there is: a share is 100% at most`},
		{"targets: green\nexpect: {healthy: -1}", `plan.yaml:2:19: healthy: "-1" is neither a count nor a share, as in 2 or 50%`},
		{"targets: green\nexpect: {healthy: ~ 2}", "plan.yaml:2:19: healthy: ~ matches text; compare a count or a share with <, <=, > or >="},
		{"targets: green\nexpect: {healthy: []}", "plan.yaml:2:19: healthy: the list is empty"},
	} {
		t.Run(tt.src, func(t *testing.T) {
			if _, err := kindtest.Decode(targetscheck.Kind(nil), tt.src); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestACheckOfTargetsIsCalledByItsGroup(t *testing.T) {
	for src, want := range map[string]string{"targets: blue": "blue's targets", "targets: shop-1": "targets of shop-1"} {
		c, err := kindtest.Decode(targetscheck.Kind(nil), src)
		if err != nil || c.Title() != want {
			t.Errorf("%s is called %q (%v), want %q", src, c.Title(), err, want)
		}
	}
}

// FuzzAnswer: whatever the load balancer answers of its targets, all of them are healthy only where it says so. The answers in testdata
// are moto's.
func FuzzAnswer(f *testing.F) {
	f.Add(described(healthy("10.0.0.1") + target("10.0.0.9", "unhealthy", "Target.Timeout", "Request timed out")).Body)
	f.Add(described(target("10.0.0.1", "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")).Body)
	f.Add(refused(400, "Throttling", "Rate exceeded").Body)
	var body string
	peer := kindtest.Serve(f, func(kindtest.Call) kindtest.Reply { return kindtest.Reply{Body: body} })
	kind := targetscheck.Kind(peer.Config(f))
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		got := kindtest.Ask(t, kind, "targets: green", check.Scope{})
		if got == "passed" && !strings.Contains(text, "healthy") && !strings.Contains(text, "unavailable") || strings.ContainsAny(got, "\r\n") {
			t.Errorf("of %q it says %q", text, got)
		}
	})
}

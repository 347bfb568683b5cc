package migrate_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/migrate"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	group1 = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tg-1/1111"
	group2 = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tg-2/2222"
	prod   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/aaaa/bbbb"
	test   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/aaaa/cccc"
)

// known is a service of which everything is known, as a deployment has left it.
func known() migrate.Source {
	const rule = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/aaaa/"
	return migrate.Source{
		Application: "shop", Group: "production", Cluster: "main", Service: "shop",
		AppSpec: appspec.Spec{
			TaskDefinition: "shop:7", Container: "shop", Port: 8080,
			Hooks: []appspec.Hook{
				{Event: "AfterAllowTraffic", Function: "CodeDeployHook_greenlight"}, {Event: "AfterAllowTestTraffic", Function: "CodeDeployHook_greenlight"},
			},
		},
		Shift:       migrate.Shift{Name: "CodeDeployDefault.ECSCanary10Percent5Minutes", Canary: &migrate.Step{Percent: 10, Wait: 5 * time.Minute}},
		Termination: 30 * time.Minute,
		Rollback:    migrate.Rollback{OnFailure: true, OnAlarm: true},
		Alarms:      []string{"shop-errors"},
		Balancer: migrate.Balancer{
			Live: group1, Other: group2, ProductionListener: prod, TestListener: test,
			ProductionRule: rule + "bbbb/1", TestRule: rule + "cccc/2", ProductionTargets: []string{group1, group2}, TestTargets: []string{group1}, TestIsDefault: true,
		},
		Tasks: migrate.Tasks{TaskDefinition: "shop:6", PlatformVersion: "1.4.0", Network: map[string]any{"awsvpcConfiguration": map[string]any{
			"subnets": []string{"subnet-1", "subnet-2"}, "securityGroups": []string{"sg-1"}, "assignPublicIp": "DISABLED",
		}}},
	}
}

func names() migrate.Names {
	return migrate.Names{HookRole: "arn:aws:iam::123456789012:role/hooks", BalancerRole: "arn:aws:iam::123456789012:role/rules", FunctionPrefix: "arn:aws:lambda:eu-west-1:123456789012:function:"}
}

func TestTheConfigurationIsWrittenInEachForm(t *testing.T) {
	service, notes := migrate.NewService(known(), names())
	var text bytes.Buffer
	for _, format := range migrate.Formats() {
		text.Reset()
		if err := service.Write(&text, format); err != nil {
			t.Fatal(err)
		}
		golden(t, string(format)+".golden", text.Bytes())
	}
	text.Reset()
	if err := migrate.Text(&text, notes); err != nil {
		t.Fatal(err)
	}
	golden(t, "notes.golden", text.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -want +got:\n%s", name, diff)
	}
}

func TestWhatCodeDeployHadBecomesWhatECSHas(t *testing.T) {
	for _, tt := range []struct {
		why    string
		change func(*migrate.Source)
		got    func(migrate.Service) any
		want   any
	}{
		{"all at once is blue/green", func(s *migrate.Source) { s.Shift = migrate.Shift{} }, func(s migrate.Service) any { return s.Deployment.Strategy }, "BLUE_GREEN"},
		{"a canary is one", func(*migrate.Source) {}, func(s migrate.Service) any { return *s.Deployment.Canary }, migrate.Canary{Percent: 10, Bake: 5}},
		{"linear steps are such", func(s *migrate.Source) {
			s.Shift = migrate.Shift{Linear: &migrate.Step{Percent: 10, Wait: 3 * time.Minute}}
		}, func(s migrate.Service) any { return *s.Deployment.Linear }, migrate.Linear{Percent: 10, Bake: 3}},
		{"the wait before blue's end is the bake time", func(*migrate.Source) {}, func(s migrate.Service) any { return s.Deployment.Bake }, 30},
		{"a bake time is a day at most", func(s *migrate.Source) { s.Termination = 48 * time.Hour }, func(s migrate.Service) any { return s.Deployment.Bake }, 1440},
		{"part of a minute is a whole one", func(s *migrate.Source) { s.Termination = 90 * time.Second }, func(s migrate.Service) any { return s.Deployment.Bake }, 2},
		{
			"one function is one hook, its stages in their order", func(*migrate.Source) {}, func(s migrate.Service) any { return s.Deployment.Hooks[0].Stages },
			[]string{"POST_TEST_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"},
		},
		{"another function is another hook", func(s *migrate.Source) {
			s.AppSpec.Hooks = append(s.AppSpec.Hooks, appspec.Hook{Event: "BeforeInstall", Function: "arn:aws:lambda:eu-west-1:123456789012:function:other"})
		}, func(s migrate.Service) any { return s.Deployment.Hooks[1].Target }, "arn:aws:lambda:eu-west-1:123456789012:function:other"},
		{"a hook has CodeDeploy's hour", func(*migrate.Source) {}, func(s migrate.Service) any { return s.Deployment.Hooks[0].Timeout }, migrate.HookTimeout{Minutes: 60, Action: "ROLLBACK"}},
		{
			"a wait for an approval is a pause", func(s *migrate.Source) { s.Approval = 2 * time.Hour }, func(s migrate.Service) any { return s.Deployment.Hooks[1] },
			migrate.Hook{Type: "PAUSE", Stages: []string{"POST_TEST_TRAFFIC_SHIFT"}, Timeout: migrate.HookTimeout{Minutes: 120, Action: "ROLLBACK"}},
		},
		{"alarms end a deployment as before", func(*migrate.Source) {}, func(s migrate.Service) any { return *s.Deployment.Alarms }, migrate.Alarms{Names: []string{"shop-errors"}, Enable: true, Rollback: true}},
		{"the live group is the target group, the other one waits", func(*migrate.Source) {}, func(s migrate.Service) any {
			return []string{s.LoadBalancers[0].TargetGroup, s.LoadBalancers[0].Advanced.AlternateTargetGroup}
		}, []string{group1, group2}},
		{"without a test listener there is no test rule", func(s *migrate.Source) { s.Balancer.TestListener, s.Balancer.TestRule = "", "" }, func(s migrate.Service) any {
			return s.LoadBalancers[0].Advanced.TestRule
		}, ""},
		{"what runs now is what the service is changed with, not what the AppSpec deploys next", func(*migrate.Source) {}, func(s migrate.Service) any { return s.TaskDefinition }, "shop:6"},
		{"what isn't known is a word in capitals", func(s *migrate.Source) { *s = migrate.Source{AppSpec: s.AppSpec} }, func(s migrate.Service) any {
			return []string{s.Cluster, s.LoadBalancers[0].TargetGroup, s.LoadBalancers[0].Advanced.ProductionRule}
		}, []string{"CLUSTER", "PRODUCTION_TARGET_GROUP_ARN", "PRODUCTION_LISTENER_RULE_ARN"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			from := known()
			tt.change(&from)
			service, _ := migrate.NewService(from, names())
			if diff := cmp.Diff(tt.want, tt.got(service)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatAReaderMustKnowIsSaid(t *testing.T) {
	const attached = "no rule leads to tg-2: the test rule must"
	for _, tt := range []struct {
		why    string
		change func(*migrate.Source)
		kind   migrate.Kind
		want   string
		absent bool
	}{
		{"both listeners are left on the live group, and ECS would refuse", func(s *migrate.Source) { s.Balancer.ProductionTargets = []string{group1} }, migrate.Before, attached, false},
		{"each group has a rule already", func(*migrate.Source) {}, migrate.Before, attached, true},
		{"without a test listener both belong to the production rule", func(s *migrate.Source) {
			s.Balancer.ProductionTargets = []string{group1}
			s.Balancer.TestListener, s.Balancer.TestRule, s.Balancer.TestTargets = "", "", nil
		}, migrate.Before, "the second one with the weight 0", false},
		{"without one nobody reaches green at the test stage", func(s *migrate.Source) { s.Balancer.TestListener, s.Balancer.TestRule = "", "" }, migrate.Before, "There is no test listener", false},
		{"a function must answer ECS", func(*migrate.Source) {}, migrate.Before, "so look at: CodeDeployHook_greenlight", false},
		{"no hooks, nothing that stops", func(s *migrate.Source) { s.AppSpec.Hooks = nil }, migrate.Before, "The AppSpec has no hooks", false},
		{"an event that ECS doesn't have", func(s *migrate.Source) {
			s.AppSpec.Hooks = append(s.AppSpec.Hooks, appspec.Hook{Event: "ValidateService", Function: "f"})
		}, migrate.Differs, "The hook for ValidateService has no counterpart", false},
		{"a hook before the install can now roll back", func(s *migrate.Source) { s.AppSpec.Hooks[0].Event = "BeforeInstall" }, migrate.Differs, "CodeDeploy can't roll back at BeforeInstall", false},
		{"a hook before each step", func(s *migrate.Source) { s.AppSpec.Hooks[0].Event = "BeforeAllowTraffic" }, migrate.Differs, "runs before every step of a canary deployment", false},
		{"which there is one of with all at once", func(s *migrate.Source) { s.AppSpec.Hooks[0].Event, s.Shift = "BeforeAllowTraffic", migrate.Shift{} }, migrate.Differs, "runs before every step", true},
		{"two days are more than ECS has", func(s *migrate.Source) { s.Termination = 48 * time.Hour }, migrate.Differs, "ran on for 2880 minutes", false},
		{"a group that didn't roll back", func(s *migrate.Source) { s.Rollback = migrate.Rollback{OnAlarm: true} }, migrate.Differs, "ECS always does", false},
		{"alarms that didn't roll back", func(s *migrate.Source) { s.Rollback.OnAlarm = false }, migrate.Differs, "ECS's setting rolls back", false},
		{"alarms that may be unreadable", func(s *migrate.Source) { s.IgnoresAlarmErrors = true }, migrate.Differs, "ignorePollAlarmFailure", false},
		{"an approval", func(s *migrate.Source) { s.Approval = time.Hour }, migrate.Differs, "aws ecs continue-service-deployment", false},
		{"notices end", func(s *migrate.Source) { s.Triggers = []string{"chat"} }, migrate.After, "The group's notices (chat) end", false},
		{"releases are made in another way", func(*migrate.Source) {}, migrate.After, "A release is a new task definition", false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			from := known()
			tt.change(&from)
			_, notes := migrate.NewService(from, names())
			found := slices.ContainsFunc(notes, func(n migrate.Note) bool { return n.Kind == tt.kind && strings.Contains(n.Text, tt.want) })
			if found == tt.absent {
				t.Errorf("%s: %q among %d notes: %t", tt.kind, tt.want, len(notes), found)
			}
		})
	}
}

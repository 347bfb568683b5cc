package doctor

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func TestAPolicyForAPlanAllowsItsSecretsAndNoOthers(t *testing.T) {
	at := Place{Region: "eu-west-1", Account: account, Application: "shop"}
	for _, tt := range []struct{ source, action, resource, why string }{
		{"ssm:/shop/token", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token", "a parameter's ARN has its name"},
		{"ssm:/shop/token:3", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token", "IAM knows no versions"},
		{"ssm:/SERVICE/token", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/SERVICE/token", "a name isn't a placeholder"},
		{"ssm:/{{ application }}/token", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token", "what is known of a deployment is filled in"},
		{"ssm:/{{ group }}/token", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/*/token", "what isn't stands for anything"},
		{"ssm:/{{ green.version }}/{{ group }}", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/*/*", "nor what only a deployment knows, which no flag gives"},
		{"secretsmanager:shop/test#key", "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/test-??????", "six characters follow that the name hasn't"},
		{"secretsmanager:" + secretARN, "secretsmanager:GetSecretValue", secretARN, "an ARN has them"},
		{"env:TOKEN", "", "", "nothing of AWS is asked"},
	} {
		t.Run(tt.source, func(t *testing.T) {
			p, err := parse(plan.Source{Name: "greenlight.yaml", Text: secretPlan(tt.source)})
			if err != nil {
				t.Fatal(err)
			}
			var want []Grant
			if tt.action != "" {
				want = []Grant{{tt.action, tt.resource}}
			}
			got, open := SecretGrants(p, at)
			if wantOpen := strings.Contains(tt.resource, "*"); wantOpen != slices.Equal(at.Open(nil, open...), []string{"GROUP"}) {
				t.Errorf("open are %v", open)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.why, diff)
			}
		})
	}
}

func TestAPolicyForAPlanInAWSAllowsToReadThatOne(t *testing.T) {
	at := Place{Region: "cn-north-1", Account: account, Application: "shop"}
	for _, tt := range []struct{ place, action, resource string }{
		{"s3://plans/shop/greenlight.yaml", "s3:GetObject", "arn:aws-cn:s3:::plans/shop/greenlight.yaml"},
		{"s3://plans/{{ application }}/{{ group }}.yaml", "s3:GetObject", "arn:aws-cn:s3:::plans/shop/*.yaml"},
		{"ssm:/plans/{{ application }}", "ssm:GetParameter", "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/plans/shop"},
	} {
		place, err := plan.ParseLocation("--plan", tt.place)
		if err != nil {
			t.Fatal(err)
		}
		got, open, err := ReadingGrants(place, at)
		if wantOpen := strings.Contains(tt.resource, "*"); wantOpen != slices.Equal(at.Open(nil, open...), []string{"GROUP"}) {
			t.Errorf("open are %v", open)
		}
		if want := []Grant{{tt.action, tt.resource}}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", tt.place, got, err, want)
		}
	}
}

func TestAPolicyForAPlanHasTheFeaturesOfItsChecks(t *testing.T) {
	p, err := parse(plan.Source{Name: "greenlight.yaml", Text: []byte("version: 1\nstages:\n  AfterAllowTestTraffic: {checks: [{targets: green}, {http: GET /}]}\n  AfterAllowTraffic: {checks: [{alarms: [shop-5xx]}, {targets: green}]}\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := PlanFeatures(p), []string{"alarms", "targets"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

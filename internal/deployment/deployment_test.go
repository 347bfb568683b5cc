package deployment_test

import (
	"slices"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

func TestLookup(t *testing.T) {
	const (
		groupARN    = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/"
		balancerARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/1"
	)
	known := deployment.Deployment{
		ID: "d-ABC", Stage: lifecycle.AfterAllowTraffic, Application: "shop", Group: "production", Cluster: "prod", Service: "web",
		LoadBalancerARN: balancerARN,
		Green: deployment.Side{
			URL: "https://green.example.com:8443/api", TargetGroup: "tg-2", TargetGroupARN: groupARN + "tg-2/2", TaskDefinition: "shop:2", Image: "shop@sha256:2",
			Version: "2", FunctionARN: "arn:aws:lambda:eu-west-1:123456789012:function:f:2",
		},
		Blue: deployment.Side{
			URL: "http://[::1]", TargetGroup: "tg-1", TargetGroupARN: groupARN + "tg-1/1", TaskDefinition: "shop:1", Image: "shop@sha256:1",
			Version: "1", FunctionARN: "arn:aws:lambda:eu-west-1:123456789012:function:f:1",
		},
	}
	const (
		green    = "not known here: set green: in the plan, --green, or ALB_URL"
		blue     = "not known here: set blue: in the plan, or --blue"
		onECS    = "not known here: only a hook of a deployment to ECS knows it"
		onLambda = "not known here: only a hook of a deployment to Lambda knows it"
		service  = "not known here: only a hook of a deployment to ECS is called for a service"
		code     = "not known here: only a hook that CodeDeploy calls knows it"
	)
	tests := []struct{ name, value, missing string }{
		{"green.url", "https://green.example.com:8443/api", green},
		{"green.host", "green.example.com:8443", green},
		{"green.target_group", "tg-2", onECS},
		{"green.target_group_arn", groupARN + "tg-2/2", onECS},
		{"green.task_definition", "shop:2", onECS},
		{"green.image", "shop@sha256:2", onECS},
		{"green.version", "2", onLambda},
		{"green.function", "arn:aws:lambda:eu-west-1:123456789012:function:f:2", onLambda},
		{"blue.url", "http://[::1]", blue},
		{"blue.host", "[::1]", blue},
		{"blue.target_group", "tg-1", onECS},
		{"blue.target_group_arn", groupARN + "tg-1/1", onECS},
		{"blue.task_definition", "shop:1", onECS},
		{"blue.image", "shop@sha256:1", onECS},
		{"blue.version", "1", onLambda},
		{"blue.function", "arn:aws:lambda:eu-west-1:123456789012:function:f:1", onLambda},
		{"deployment.id", "d-ABC", "not known here: only a hook is called by a deployment"},
		{"application", "shop", code},
		{"group", "production", code},
		{"cluster", "prod", service},
		{"service", "web", service},
		{"load_balancer_arn", balancerARN, onECS},
		{"stage", "AfterAllowTraffic", "not known here: set --stage, or GREENLIGHT_STAGE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := known.Lookup(tt.name); err != nil || got != tt.value {
				t.Errorf("got %v, %v, want %s", got, err, tt.value)
			}
			if got, err := (deployment.Deployment{}).Lookup(tt.name); err == nil || err.Error() != tt.missing {
				t.Errorf("got %v, %v, want the error %s", got, err, tt.missing)
			}
			if !slices.Contains(deployment.Names(), tt.name) {
				t.Error("it isn't among the names that a plan may hold")
			}
		})
	}
	if n := len(deployment.Names()); n != len(tests) {
		t.Errorf("%d names, and %d are tested", n, len(tests))
	}
}

func TestAnUnknownNameIsAnError(t *testing.T) {
	if got, err := (deployment.Deployment{}).Lookup("green.colour"); err == nil || err.Error() != "there is no such name" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAHostThatARuleDemandsIsGreensHost(t *testing.T) {
	d := deployment.Deployment{Green: deployment.Side{URL: "http://lb.example:8080", Host: "green.example.com"}}
	if got, err := d.Lookup("green.host"); err != nil || got != "green.example.com" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAURLThatCanNotBeReadHasNoHost(t *testing.T) {
	d := deployment.Deployment{Green: deployment.Side{URL: "http://a b"}}
	if got, err := d.Lookup("green.host"); err == nil {
		t.Errorf("the host is %v", got)
	}
}

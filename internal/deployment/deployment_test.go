package deployment_test

import (
	"slices"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

func TestLookup(t *testing.T) {
	known := deployment.Deployment{
		ID: "d-ABC", Stage: lifecycle.AfterAllowTraffic,
		Green: deployment.Side{URL: "https://green.example.com:8443/api"}, Blue: deployment.Side{URL: "http://[::1]"},
	}
	for _, tt := range []struct{ name, value, missing string }{
		{"green.url", "https://green.example.com:8443/api", "not known here: set green: in the plan, --green, or ALB_URL"},
		{"green.host", "green.example.com:8443", "not known here: set green: in the plan, --green, or ALB_URL"},
		{"blue.url", "http://[::1]", "not known here: set blue: in the plan, or --blue"},
		{"blue.host", "[::1]", "not known here: set blue: in the plan, or --blue"},
		{"deployment.id", "d-ABC", "not known here: only a hook is called by a deployment"},
		{"stage", "AfterAllowTraffic", "not known here: set --stage, or GREENLIGHT_STAGE"},
	} {
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
	if n := len(deployment.Names()); n != 6 {
		t.Errorf("%d names, and 6 are tested", n)
	}
}

func TestAnUnknownNameIsAnError(t *testing.T) {
	if got, err := (deployment.Deployment{}).Lookup("green.image"); err == nil || err.Error() != "there is no such name" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAURLThatCanNotBeReadHasNoHost(t *testing.T) {
	d := deployment.Deployment{Green: deployment.Side{URL: "http://a b"}}
	if got, err := d.Lookup("green.host"); err == nil {
		t.Errorf("the host is %v", got)
	}
}

//go:build linux

package cdk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/cloud"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// examined is a synthesized example in an account, with what is beside it, before it is deployed there.
type examined struct {
	name    string
	stack   *cfntest.Stack
	network cloud.Network
	plan    string
}

func readExample(t *testing.T, name string) *examined {
	t.Helper()
	s, err := cfntest.Load(filepath.Join("test", "testdata", name+".template.json"), cfntest.Options{StackName: "shop", Region: region, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("examples", name, "greenlight.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return &examined{name: name, stack: s, plan: string(text), network: cloud.Network{VPC: "vpc-0123456789abcdef0", Subnets: []cloud.Subnet{
		{ID: "subnet-0123456789abcdef0", CIDR: "10.0.1.0/24"}, {ID: "subnet-0123456789abcdef1", CIDR: "10.0.2.0/24"},
	}}}
}

// deployed is what doctor says of the account once a version has been deployed in it; ended is how that ended.
func (e *examined) deployed(t *testing.T) (report doctor.Report, ended cdtypes.DeploymentStatus) {
	t.Helper()
	a := cloud.Start(t, cloud.Config{Stack: e.stack, Region: region, Account: account, Network: e.network})
	o := doctor.Options{Plan: plan.Source{Name: "greenlight.yaml", Text: []byte(e.plan)}}
	var err error
	switch e.name {
	case "codedeploy-ecs":
		o.Application = "shop"
		ended, err = a.Deploy(e.stack.Outputs["AppSpec"].(string))
	case "ecs":
		o.Cluster, o.Service = "shop", "shop"
		ended, err = cdtypes.DeploymentStatusSucceeded, a.Update()
	case "codedeploy-lambda":
		o.Application = "prices"
		ended, err = a.Shift()
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.Examine(o), ended
}

func TestDoctorFindsNothingWrongInTheExamples(t *testing.T) {
	for _, name := range []string{"codedeploy-ecs", "ecs", "codedeploy-lambda"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, ended := readExample(t, name).deployed(t)
			if ended != cdtypes.DeploymentStatusSucceeded {
				t.Errorf("the deployment ended as %s", ended)
			}
			cloud.MustBeRight(t, report)
			if !strings.Contains(report.About, "function "+gateName) {
				t.Errorf("it is about %s", report.About)
			}
		})
	}
}

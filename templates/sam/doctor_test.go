//go:build linux

package sam

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

// examined is an example in an account, with what is beside it, before it is deployed there.
type examined struct {
	name    string
	stack   *cfntest.Stack
	network cloud.Network
	spec    string // the AppSpec of a service that CodeDeploy deploys
	plan    string
	ringing []string
	denied  []string
}

func readExample(t *testing.T, name string) *examined {
	t.Helper()
	parameters := services()
	if name == "lambda" {
		parameters = nil
	}
	e := &examined{name: name, plan: readFile(t, filepath.Join(name, "greenlight.yaml"))}
	e.stack, _ = example(t, name, parameters)
	if name == "ecs-codedeploy" {
		e.spec = readFile(t, filepath.Join(name, "appspec.yaml"))
	}
	e.network = cloud.Network{VPC: "vpc-0a1b2c3d", Subnets: []cloud.Subnet{
		{ID: "subnet-0a1b2c3d", CIDR: "10.0.1.0/24", Out: cloud.NATGateway}, {ID: "subnet-1a1b2c3d", CIDR: "10.0.2.0/24", Out: cloud.NATGateway},
	}}
	return e
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// deployed is what doctor says of the account once a version has been deployed in it; ended is how that ended.
func (e *examined) deployed(t *testing.T) (report doctor.Report, ended cdtypes.DeploymentStatus) {
	t.Helper()
	a := cloud.Start(t, cloud.Config{Stack: e.stack, Region: region, Account: account, Network: e.network, Ringing: e.ringing, Denied: e.denied})
	o := doctor.Options{Plan: plan.Source{Name: "greenlight.yaml", Text: []byte(e.plan)}}
	var err error
	switch e.name {
	case "ecs-codedeploy":
		err = a.Register()
		if err == nil {
			ended, err = a.Deploy(e.spec)
		}
		o.Application = "shop"
	case "ecs":
		ended, err = cdtypes.DeploymentStatusSucceeded, a.Update()
		o.Cluster, o.Service = "shop", "shop"
	case "lambda":
		ended, err = a.Shift()
		o.Application = group(e.stack).Properties["ApplicationName"].(string)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.Examine(o), ended
}

func group(s *cfntest.Stack) *cfntest.Resource { return s.Find("AWS::CodeDeploy::DeploymentGroup")[0] }

func TestDoctorFindsNothingWrongInTheExamples(t *testing.T) {
	for _, name := range []string{"ecs-codedeploy", "ecs", "lambda"} {
		for who, denied := range map[string][]string{"who may simulate policies": nil, "who may only read them": {"iam:SimulatePrincipalPolicy"}} {
			t.Run(name+" to "+who, func(t *testing.T) {
				t.Parallel()
				e := readExample(t, name)
				e.denied = denied
				report, ended := e.deployed(t)
				if ended != cdtypes.DeploymentStatusSucceeded {
					t.Errorf("the deployment ended as %s", ended)
				}
				for _, f := range report.Findings {
					if f.Status != doctor.Pass {
						t.Errorf("%s: %s %s: %s", f.Area, f.Check, f.Status, f.Text)
					}
				}
				if len(report.Findings) < 20 || len(report.Unread) > 0 || !strings.Contains(report.About, "function CodeDeployHook_shop") {
					t.Errorf("%s: %d findings, unread are %v", report.About, len(report.Findings), report.Unread)
				}
			})
		}
	}
}

//go:build linux

package sam

import (
	"maps"
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
	secrets []string          // in the Parameter Store
	objects map[string]string // in S3
	denied  []string
}

func readExample(t *testing.T, name string) *examined {
	t.Helper()
	parameters := services()
	if name == "lambda" {
		parameters = nil
	}
	return readShape(t, name, parameters)
}

// readShape is an example with parameters of its own.
func readShape(t *testing.T, name string, parameters map[string]string) *examined {
	t.Helper()
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

// deployed is the account once a version has been deployed in it, and what is asked about it; ended is how that ended.
func (e *examined) deployed(t *testing.T) (a *cloud.Account, o doctor.Options, ended cdtypes.DeploymentStatus) {
	t.Helper()
	a = cloud.Start(t, cloud.Config{Stack: e.stack, Region: region, Account: account, Network: e.network, Ringing: e.ringing, Parameters: e.secrets, Objects: e.objects, Denied: e.denied})
	o.Plan = plan.Source{Name: "greenlight.yaml", Text: []byte(e.plan)}
	var err error
	switch e.name {
	case "ecs-codedeploy":
		o.Application = "shop"
		if err = a.Register(); err == nil { // shop:2, which the AppSpec names
			ended, err = a.Deploy(e.spec)
		}
	case "ecs":
		o.Cluster, o.Service = "shop", "shop"
		ended, err = cdtypes.DeploymentStatusSucceeded, a.Update()
	case "lambda":
		o.Application = e.resource(t, "ServerlessDeploymentApplication").Name
		ended, err = a.Shift()
	}
	if err != nil {
		t.Fatal(err)
	}
	return a, o, ended
}

// resource is one of the example's, or of the gate that is nested in it.
func (e *examined) resource(t *testing.T, id string) *cfntest.Resource {
	t.Helper()
	if r := e.stack.Resources[id]; r != nil {
		return r
	}
	r := e.stack.Resources["Gate"].Nested.Resources[id]
	if r == nil {
		t.Fatalf("the example has no %s", id)
	}
	return r
}

// put changes a property of a resource; nil takes it away.
func (e *examined) put(t *testing.T, id, path string, value any) {
	t.Helper()
	if err := cloud.Put(e.resource(t, id).Properties, path, value); err != nil {
		t.Fatal(err)
	}
}

// remove takes a resource out of the stack.
func (e *examined) remove(t *testing.T, id string) {
	t.Helper()
	e.resource(t, id)
	delete(e.stack.Resources, id)
	delete(e.stack.Resources["Gate"].Nested.Resources, id)
}

func TestDoctorFindsNothingWrongInTheExamples(t *testing.T) {
	for _, name := range []string{"ecs-codedeploy", "ecs", "lambda"} {
		for who, denied := range map[string][]string{"who may simulate policies": nil, "who may only read them": {"iam:SimulatePrincipalPolicy"}} {
			t.Run(name+" to "+who, func(t *testing.T) {
				t.Parallel()
				e := readExample(t, name)
				e.denied = denied
				a, o, ended := e.deployed(t)
				if ended != cdtypes.DeploymentStatusSucceeded {
					t.Errorf("the deployment ended as %s", ended)
				}
				report := a.Examine(o)
				cloud.MustBeRight(t, report)
				if !strings.Contains(report.About, "function CodeDeployHook_shop") {
					t.Errorf("it is about %s", report.About)
				}
			})
		}
	}
}

func TestDoctorFindsNothingWrongInAnyShapeOfTheExamples(t *testing.T) {
	shapes := map[string]struct {
		parameters map[string]string
		out        cloud.Out
	}{
		"by VPC endpoints, without a way out": {map[string]string{"CreateEndpoints": "true"}, cloud.Nowhere},
		"with certificates":                   {map[string]string{"CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d"}, cloud.NATGateway},
		"public":                              {map[string]string{"PublicSubnetIds": "subnet-2a1b2c3d,subnet-3a1b2c3d", "TestCidr": "203.0.113.7/32"}, cloud.NATGateway},
	}
	for shape, with := range shapes {
		for _, name := range []string{"ecs-codedeploy", "ecs"} {
			t.Run(name+" "+shape, func(t *testing.T) {
				t.Parallel()
				parameters := services()
				maps.Copy(parameters, with.parameters)
				e := readShape(t, name, parameters)
				out(with.out)(t, e)
				a, o, ended := e.deployed(t)
				if ended != cdtypes.DeploymentStatusSucceeded {
					t.Errorf("the deployment ended as %s", ended)
				}
				cloud.MustBeRight(t, a.Examine(o))
			})
		}
	}
}

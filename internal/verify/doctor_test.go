//go:build linux

package verify

import (
	"context"
	"fmt"
	"os"
	"strings"

	accounts "github.com/greenlight-deploy/greenlight/internal/cfntest/cloud"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
)

// examine has doctor look at the stack that it is asked about, in an account that has all that the stack makes, roles and network too, and in which a
// version has been deployed.
func (c *cloud) examine(_ context.Context, o doctor.Options) (doctor.Report, error) {
	d, contract := c.examined(o)
	if d == nil {
		return doctor.Report{}, fmt.Errorf("nothing in the account is what doctor was asked about: %+v", o)
	}
	stack := d.stack
	network := accounts.Network{VPC: "vpc-0a1b2c3d"}
	for i, id := range strings.Split(d.parameters["SubnetIds"], ",") {
		network.VPC = d.parameters["VpcId"]
		network.Subnets = append(network.Subnets, accounts.Subnet{ID: id, CIDR: fmt.Sprintf("10.97.%d.0/24", i+1), Out: accounts.NATGateway})
	}
	a := accounts.Start(c.t, accounts.Config{Stack: stack, Region: "eu-west-1", Account: c.account, Network: network})
	var err error
	switch contract {
	case CodeDeployECS:
		var spec []byte
		if spec, err = os.ReadFile("../../templates/sam/ecs-codedeploy/appspec.yaml"); err == nil {
			text := strings.NewReplacer("CodeDeployHook_shop", "CodeDeployHook_"+stack.Name, "123456789012:task-definition/shop", c.account+":task-definition/"+stack.Name).Replace(string(spec))
			if err = a.Register(); err == nil {
				_, err = a.Deploy(text)
			}
		}
	case ECS:
		err = a.Update()
	case CodeDeployLambda:
		_, err = a.Shift()
	}
	if err != nil {
		return doctor.Report{}, err
	}
	return a.Examine(o), nil
}

// examined is the stack that doctor is asked about.
func (c *cloud) examined(o doctor.Options) (*deployed, Contract) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, d := range c.stacks {
		_, of, _ := strings.Cut(strings.TrimPrefix(name, prefix), "-")
		switch contract := Contract(of); {
		case d.stack == nil || d.sim == nil:
		case contract == ECS && o.Cluster == name && o.Service == name,
			contract == CodeDeployECS && o.Application == name && o.Group == "production",
			contract == CodeDeployLambda && strings.HasPrefix(o.Application, name) && strings.HasPrefix(o.Group, name):
			return d, contract
		}
	}
	return nil, ""
}

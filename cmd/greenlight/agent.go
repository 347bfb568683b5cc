package main

import (
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// The variables that the CodeDeploy agent sets for the scripts of an AppSpec, on EC2 instances and on premises.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#reference-appspec-file-structure-environment-variable-availability
const (
	envAgentEvent       = "LIFECYCLE_EVENT"
	envAgentDeployment  = "DEPLOYMENT_ID"
	envAgentApplication = "APPLICATION_NAME"
	envAgentGroup       = "DEPLOYMENT_GROUP_NAME"
)

// agentTail is what the CodeDeploy agent sends to the console of what a script writes, in bytes: the last of it.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-view-logs.html
const agentTail = 4096

// byAgent says whether the CodeDeploy agent runs the command, as a script of an AppSpec.
func (a app) byAgent() bool { return a.env(envAgentEvent) != "" && a.env(envAgentDeployment) != "" }

// agentDeployment is what the agent says of the deployment; the zero one where no agent runs the command. The agent has
// events that aren't stages of a blue/green deployment, such as ApplicationStart: there, only a plan that is the same at
// each stage says what to check.
func (a app) agentDeployment(p *plan.Plan) (deployment.Deployment, error) {
	d := a.deploymentOfAgent()
	if !a.byAgent() {
		return d, nil
	}
	event := a.env(envAgentEvent)
	stage, ok := lifecycle.ParseStage(event)
	if !ok && p.NeedsStage() {
		return d, fmt.Errorf("%s has checks for %s, and the agent runs this at %s: say which with --stage", p.Source, stageList(p), event)
	}
	d.Stage = stage
	return d, nil
}

// deploymentOfAgent is what the agent says of the deployment before there is a plan.
func (a app) deploymentOfAgent() deployment.Deployment {
	if !a.byAgent() {
		return deployment.Deployment{}
	}
	return deployment.Deployment{
		ID: a.env(envAgentDeployment), Platform: deployment.Servers,
		Application: a.env(envAgentApplication), Group: a.env(envAgentGroup),
	}
}

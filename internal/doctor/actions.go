package doctor

import (
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
)

// Action is an IAM action that greenlight's code calls.
type Action struct {
	// Name is IAM's, such as "codedeploy:GetDeployment".
	Name string
	// Resource is the ARN that it is called for, with PARTITION, REGION, ACCOUNT, APPLICATION, GROUP, CLUSTER, SERVICE,
	// FUNCTION (the hook) and DEPLOYED (the function that is deployed) where theirs belong; "*" where IAM knows no resource for the action.
	Resource string
	// Why says what it is for.
	Why string
	// Optional says that the function works without it, and says what is missing.
	Optional bool
}

// Patterns of resources.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
const (
	anyResource                = "*"
	groupResource              = "arn:PARTITION:codedeploy:REGION:ACCOUNT:deploymentgroup:APPLICATION/GROUP"
	applicationResource        = "arn:PARTITION:codedeploy:REGION:ACCOUNT:application:APPLICATION"
	serviceResource            = "arn:PARTITION:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE"
	serviceDeploymentResource  = "arn:PARTITION:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/*"
	functionResource           = "arn:PARTITION:lambda:REGION:ACCOUNT:function:FUNCTION"
	functionQualifiersResource = functionResource + ":*"
)

// Feature is something that greenlight does, with what a role must allow for it.
type Feature struct {
	Name, Summary string
	Actions       []Action
}

// Names of features.
const (
	FeatureCodeDeploy = "codedeploy"
	FeatureECS        = "ecs"
	FeatureHandOver   = "handover"
	FeaturePause      = "pause"
	FeatureLogs       = "logs"
	FeatureVPC        = "vpc"
	FeatureInvoke     = "invoke"
	FeatureDoctor     = "doctor"
)

// reportAction is how the verdict reaches CodeDeploy.
const reportAction = "codedeploy:PutLifecycleEventHookExecutionStatus"

func reporting() Action {
	return Action{Name: reportAction, Resource: groupResource, Why: "give CodeDeploy the verdict"}
}

// discovery is what finding and proving green takes on any of the platforms.
func discovery(platforms ...deployment.Platform) []Action {
	var actions []Action
	for _, a := range deployment.Actions() {
		if slices.ContainsFunc(platforms, func(p deployment.Platform) bool { return slices.Contains(a.Platforms, p) }) {
			actions = append(actions, Action{Name: a.Name, Resource: a.Resource, Why: a.Why, Optional: a.Optional})
		}
	}
	return actions
}

func handOver() []Action {
	return []Action{
		{"lambda:InvokeFunction", functionResource, "invoke itself with the state so far", false},
		{"lambda:InvokeFunction", functionQualifiersResource, "the same, where a version or an alias is called", false},
	}
}

// Features lists all features, in the order in which they are told.
func Features() []Feature {
	return slices.Concat([]Feature{
		{FeatureCodeDeploy, "find green and report, for CodeDeploy's hooks", slices.Concat(
			[]Action{reporting()}, discovery(deployment.CodeDeployECS, deployment.CodeDeployLambda),
		)},
		{FeatureECS, "find green, for hooks of Amazon ECS itself", discovery(deployment.ECS)},
		{FeatureHandOver, "go on in another invocation, for checks of more than 15 minutes", handOver()},
		{FeaturePause, "answer PAUSE hooks of Amazon ECS", slices.Concat([]Action{
			{"ecs:ContinueServiceDeployment", serviceDeploymentResource, "let the deployment go on, or roll it back", false},
			{"ecs:DescribeServiceDeployments", serviceDeploymentResource, "whether the pause has been answered already", false},
		}, handOver())}, // nobody calls again at a pause either
		{FeatureLogs, "write logs", []Action{
			{"logs:CreateLogGroup", "arn:PARTITION:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION:*", "the function's log group", false},
			{"logs:CreateLogStream", "arn:PARTITION:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION:*", "a stream for each sandbox", false},
			{"logs:PutLogEvents", "arn:PARTITION:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION:*", "the log, with the verdict in its last line", false},
		}},
		{FeatureVPC, "run in a VPC", []Action{
			{"ec2:CreateNetworkInterface", anyResource, "Lambda's network interfaces in the subnets", false},
			{"ec2:DescribeNetworkInterfaces", anyResource, "Lambda's network interfaces in the subnets", false},
			{"ec2:DescribeSubnets", anyResource, "Lambda's network interfaces in the subnets", false},
			{"ec2:DeleteNetworkInterface", anyResource, "Lambda's network interfaces in the subnets", false},
			{"ec2:AssignPrivateIpAddresses", anyResource, "Lambda's network interfaces in the subnets", false},
			{"ec2:UnassignPrivateIpAddresses", anyResource, "Lambda's network interfaces in the subnets", false},
		}},
		{FeatureInvoke, "call the function: for CodeDeploy's service role, and the role of ECS's lifecycle hooks", []Action{
			{"lambda:InvokeFunction", functionResource, "call the hook", false},
			{"lambda:InvokeFunction", functionQualifiersResource, "call the hook by a version or an alias", false},
		}},
		{FeatureDoctor, "run greenlight doctor: for people and CI jobs", doctorActions()},
	}, checking())
}

// checking are the kinds of check that ask AWS, each a feature by its key.
func checking() []Feature {
	var features []Feature
	for _, kind := range registry.Kinds(registry.Environment{}) {
		if len(kind.Actions) == 0 {
			continue
		}
		f := Feature{Name: kind.Key, Summary: "checks of the kind " + kind.Key}
		for _, a := range kind.Actions {
			f.Actions = append(f.Actions, Action{Name: a.Name, Resource: a.Resource, Why: a.Why, Optional: a.Optional})
		}
		features = append(features, f)
	}
	return features
}

// doctorActions are all that this package calls.
func doctorActions() []Action {
	const theRoles = "what the roles allow"
	return []Action{
		{"codedeploy:ListApplications", anyResource, "find the application where none is named", true},
		{"codedeploy:ListDeploymentGroups", anyResource, "find the deployment group where none is named", true},
		{"codedeploy:GetDeploymentGroup", groupResource, "the group's settings", false},
		{"codedeploy:GetApplicationRevision", applicationResource, "the hooks in the AppSpec", true},
		{"codedeploy:GetDeployment", groupResource, "the revision of the last deployment", true},
		{"s3:GetObject", "arn:PARTITION:s3:::*/*", "the AppSpec and the plan, where they are in S3: narrow it to their buckets", true},
		{"codedeploy:ListDeployments", groupResource, "whether a deployment is under way", true},
		{"ecs:DescribeServices", serviceResource, "the service's settings, hooks and task sets", false},
		{"ecs:ListServiceDeployments", serviceResource, "whether a deployment is under way", true},
		{"elasticloadbalancing:DescribeListeners", anyResource, "the listeners and their weights", false},
		{"elasticloadbalancing:DescribeRules", anyResource, "the listeners' rules and their weights", false},
		{"elasticloadbalancing:DescribeTargetGroups", anyResource, "the target groups", false},
		{"elasticloadbalancing:DescribeTargetHealth", anyResource, "blue's health", false},
		{"elasticloadbalancing:DescribeLoadBalancers", anyResource, "the load balancer's network and security groups", false},
		{"cloudwatch:DescribeAlarms", anyResource, "alarms that are in ALARM already", true},
		{"lambda:GetFunctionConfiguration", functionResource, "the function's settings", false},
		{"lambda:GetFunctionEventInvokeConfig", functionResource, "how often a failed event is run again", true},
		{"lambda:GetFunctionConcurrency", functionResource, "whether its concurrency is reserved", true},
		{"lambda:GetPolicy", functionResource, "whom the function's own policy lets call it", true},
		{"iam:GetRole", "arn:PARTITION:iam::ACCOUNT:role/*", "who may take the roles", true},
		{"iam:SimulatePrincipalPolicy", "arn:PARTITION:iam::ACCOUNT:role/*", theRoles, true},
		{"iam:ListAttachedRolePolicies", "arn:PARTITION:iam::ACCOUNT:role/*", theRoles + ", where they can't be simulated", true},
		{"iam:ListRolePolicies", "arn:PARTITION:iam::ACCOUNT:role/*", theRoles + ", where they can't be simulated", true},
		{"iam:GetRolePolicy", "arn:PARTITION:iam::ACCOUNT:role/*", theRoles + ", where they can't be simulated", true},
		{"iam:GetPolicy", "arn:PARTITION:iam::*:policy/*", theRoles + ", where they can't be simulated", true},
		{"iam:GetPolicyVersion", "arn:PARTITION:iam::*:policy/*", theRoles + ", where they can't be simulated", true},
		{"ssm:DescribeParameters", anyResource, "whether the plan's secrets are there, without their values", true},
		{"secretsmanager:DescribeSecret", "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:*", "whether the plan's secrets are there, without their values", true},
		{"kms:DescribeKey", "arn:PARTITION:kms:REGION:ACCOUNT:key/*", "the keys that the plan's secrets are encrypted under", true},
		{"ec2:DescribeSubnets", anyResource, "the function's subnets", true},
		{"ec2:DescribeRouteTables", anyResource, "their way out", true},
		{"ec2:DescribeVpcEndpoints", anyResource, "interface endpoints in their network", true},
		{"ec2:DescribeSecurityGroups", anyResource, "what the security groups let through", true},
	}
}

// feature finds a feature by its name.
func feature(name string) (Feature, bool) {
	all := Features()
	i := slices.IndexFunc(all, func(f Feature) bool { return f.Name == name })
	if i < 0 {
		return Feature{}, false
	}
	return all[i], true
}

package doctor

import (
	"slices"
)

// Action is an IAM action that greenlight's code calls.
type Action struct {
	// Name is IAM's, such as "codedeploy:GetDeployment".
	Name string
	// Resource is the ARN that it is called for, with PARTITION, REGION, ACCOUNT, APPLICATION, GROUP, CLUSTER, SERVICE and
	// FUNCTION where theirs belong; "*" where IAM knows no resource for the action.
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
	serviceRevisionResource    = "arn:PARTITION:ecs:REGION:ACCOUNT:service-revision/CLUSTER/SERVICE/*"
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

// balancing is what finding and proving green takes of the load balancer.
func balancing() []Action {
	return []Action{
		{"elasticloadbalancing:DescribeListeners", anyResource, "where green answers", false},
		{"elasticloadbalancing:DescribeRules", anyResource, "which target group has test and production traffic, and what requests must carry", false},
		{"elasticloadbalancing:DescribeTargetGroups", anyResource, "the ARNs of the two target groups", false},
		{"elasticloadbalancing:DescribeLoadBalancers", anyResource, "the load balancer's name, for green's URL", false},
		{"elasticloadbalancing:DescribeTargetHealth", anyResource, "whether green's targets are healthy", false},
	}
}

// Features lists all features, in the order in which they are told.
func Features() []Feature {
	return []Feature{
		{FeatureCodeDeploy, "find green and report, for CodeDeploy's hooks", slices.Concat([]Action{
			{reportAction, groupResource, "give CodeDeploy the verdict", false},
			{"codedeploy:GetDeployment", groupResource, "the deployment's application, group, revision and state", false},
			{"codedeploy:ListDeploymentTargets", groupResource, "the lifecycle event in progress", false},
			{"codedeploy:BatchGetDeploymentTargets", groupResource, "the lifecycle event in progress, and which target group is green's", false},
			{"codedeploy:GetDeploymentGroup", groupResource, "the listeners, where the deployment doesn't name them", false},
			{"codedeploy:GetApplicationRevision", applicationResource, "the AppSpec: this function's hook, the task definition, the versions", true},
			{"ecs:DescribeServices", serviceResource, "the task set of the deployment, to check which target group is green's", true},
			{"ecs:DescribeTaskDefinition", anyResource, "the images, for {{ green.image }}", true},
			{"lambda:GetAlias", functionResource, "which version has the alias's traffic, on the Lambda platform", true},
		}, balancing())},
		{FeatureECS, "find green, for hooks of Amazon ECS itself", slices.Concat([]Action{
			{"ecs:DescribeServiceRevisions", serviceRevisionResource, "the target groups, the rules and the images of both versions", false},
			{"ecs:DescribeServiceDeployments", serviceDeploymentResource, "blue, and whether the deployment is a rollback, or over", true},
			{"ecs:ListServiceDeployments", serviceResource, "whether the deployment creates the service", true},
		}, balancing())},
		{FeatureHandOver, "go on in another invocation, for checks of more than 15 minutes", []Action{
			{"lambda:InvokeFunction", functionResource, "invoke itself with the state so far", false},
			{"lambda:InvokeFunction", functionQualifiersResource, "the same, where a version or an alias is called", false},
		}},
		{FeaturePause, "answer PAUSE hooks of Amazon ECS", []Action{
			{"ecs:ContinueServiceDeployment", serviceDeploymentResource, "let the deployment go on, or roll it back", false},
		}},
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
	}
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

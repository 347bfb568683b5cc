package deployment

// The IAM actions that reading takes.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
const (
	actionDeployment         = "codedeploy:GetDeployment"
	actionTargetIDs          = "codedeploy:ListDeploymentTargets"
	actionTargets            = "codedeploy:BatchGetDeploymentTargets"
	actionRevision           = "codedeploy:GetApplicationRevision"
	actionGroup              = "codedeploy:GetDeploymentGroup"
	actionListeners          = "elasticloadbalancing:DescribeListeners"
	actionRules              = "elasticloadbalancing:DescribeRules"
	actionTargetGroups       = "elasticloadbalancing:DescribeTargetGroups"
	actionLoadBalancers      = "elasticloadbalancing:DescribeLoadBalancers"
	actionTargetHealth       = "elasticloadbalancing:DescribeTargetHealth"
	actionServices           = "ecs:DescribeServices"
	actionTaskDefinition     = "ecs:DescribeTaskDefinition"
	actionServiceRevisions   = "ecs:DescribeServiceRevisions"
	actionServiceDeployments = "ecs:DescribeServiceDeployments"
	actionListDeployments    = "ecs:ListServiceDeployments"
	actionAlias              = "lambda:GetAlias"
)

// An Action is an IAM action that describing a deployment, or proving that green is green, calls.
type Action struct {
	// Name is IAM's, such as "codedeploy:GetDeployment".
	Name string
	// Resource is the pattern of the ARNs that it is called for, with PARTITION, REGION, ACCOUNT, APPLICATION, GROUP, CLUSTER,
	// SERVICE and DEPLOYED, the function that is deployed, where theirs belong; "*" where IAM knows no resource for the action.
	Resource string
	// Why says what is found by it.
	Why string
	// Platforms are those whose deployments take it.
	Platforms []Platform
	// Optional says that checks run without it, and what is missing is told.
	Optional bool
}

const (
	groupResource       = "arn:PARTITION:codedeploy:REGION:ACCOUNT:deploymentgroup:APPLICATION/GROUP"
	applicationResource = "arn:PARTITION:codedeploy:REGION:ACCOUNT:application:APPLICATION"
	serviceResource     = "arn:PARTITION:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE"
	functionResource    = "arn:PARTITION:lambda:REGION:ACCOUNT:function:DEPLOYED"
	anyResource         = "*"
)

// Actions are all that this package calls. Where green, blue and the stage are set, none is needed.
func Actions() []Action {
	code := []Platform{CodeDeployECS, CodeDeployLambda}
	codeECS, ecs := []Platform{CodeDeployECS}, []Platform{ECS}
	balanced := []Platform{CodeDeployECS, ECS}
	return []Action{
		{actionDeployment, groupResource, "the deployment's application, group, revision and state", code, false},
		{actionTargetIDs, groupResource, "the lifecycle event in progress", code, false},
		{actionTargets, groupResource, "the lifecycle event in progress, and which target group is green's", code, false},
		{actionRevision, applicationResource, "the AppSpec: this function's hook, the task definition, the versions", code, true},
		{actionGroup, groupResource, "the listeners, where the deployment doesn't name them", codeECS, false},
		{actionListeners, anyResource, "where green answers", balanced, false},
		{actionRules, anyResource, "which target group has test and production traffic, and what requests must carry", balanced, false},
		{actionTargetGroups, anyResource, "the ARNs of the two target groups", codeECS, false},
		{actionLoadBalancers, anyResource, "the load balancer's name, for green's URL", balanced, false},
		{actionTargetHealth, anyResource, "whether green's targets are healthy", balanced, false},
		{actionServices, serviceResource, "the task set of this deployment, to check which target group is green's", codeECS, true},
		{actionTaskDefinition, anyResource, "the images, for {{ green.image }}", codeECS, true},
		{actionServiceRevisions, "arn:PARTITION:ecs:REGION:ACCOUNT:service-revision/CLUSTER/SERVICE/*", "the target groups, the rules and the images of both versions", ecs, false},
		{actionServiceDeployments, "arn:PARTITION:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/*", "blue, and whether the deployment is a rollback, or over", ecs, true},
		{actionListDeployments, serviceResource, "whether the deployment creates the service", ecs, true},
		{actionAlias, functionResource, "which version has the alias's traffic", []Platform{CodeDeployLambda}, false},
	}
}

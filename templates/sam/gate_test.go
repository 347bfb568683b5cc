package sam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
	"github.com/greenlight-deploy/greenlight/internal/planstore"
	"github.com/greenlight-deploy/greenlight/internal/secret"
)

const (
	region  = "eu-west-1"
	account = "123456789012"
	gate    = "CodeDeployHook_greenlight"
	key     = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d"
)

// parameters of a gate.
type parameters map[string]string

func (p parameters) with(more parameters) parameters {
	all := maps.Clone(p)
	maps.Copy(all, more)
	return all
}

// nothing is a gate that is asked by nobody, to which tests add what they are about.
func nothing() parameters {
	return parameters{"FeatureCodeDeploy": "false"}
}

// service and function are what is deployed.
func service() parameters {
	return parameters{"ApplicationName": "shop", "DeploymentGroupName": "production", "ClusterName": "main", "ServiceName": "shop"}
}

func function() parameters {
	return parameters{"ApplicationName": "shop", "DeploymentGroupName": "production", "DeployedFunctionName": "prices"}
}

// load loads the gate, as SAM's transform leaves it.
func load(t *testing.T, p parameters) *cfntest.Stack {
	t.Helper()
	s, err := cfntest.Load("testdata/gate.json", cfntest.Options{Parameters: p})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// grants are the resources of each action that policies allow.
type grants map[string][]string

func (g grants) add(action string, resources ...string) {
	for _, r := range resources {
		if !slices.Contains(g[action], r) {
			g[action] = append(g[action], r)
		}
	}
	slices.Sort(g[action])
	if slices.Contains(g[action], "*") {
		g[action] = []string{"*"}
	}
}

func (g grants) addAll(of grants) {
	for action, resources := range of {
		g.add(action, resources...)
	}
}

// generated is what `greenlight doctor --policy` prints for features.
func generated(t *testing.T, deployed string, features ...string) grants {
	t.Helper()
	at := doctor.Place{Region: region, Account: account, Application: "shop", Group: "production", Cluster: "main", Service: "shop", Function: deployed, Deployed: deployed}
	p, err := doctor.NewPolicy(features, at)
	if err != nil {
		t.Fatal(err)
	}
	g := grants{}
	for _, s := range p.Statement {
		for _, action := range s.Action {
			g.add(action, s.Resource...)
		}
	}
	return g
}

// filled fills a pattern of an action's resource in.
func filled(pattern string, more ...string) string {
	return strings.NewReplacer(append(more,
		"PARTITION", "aws", "REGION", region, "ACCOUNT", account, "APPLICATION", "shop", "GROUP", "production", "CLUSTER", "main", "SERVICE", "shop", "FUNCTION", "prices", "DEPLOYED", "prices",
	)...).Replace(pattern)
}

// onPlatform is what CodeDeploy's hooks take on one platform alone.
func onPlatform(platform deployment.Platform) grants {
	g := grants{}
	g.add("codedeploy:PutLifecycleEventHookExecutionStatus", filled("arn:PARTITION:codedeploy:REGION:ACCOUNT:deploymentgroup:APPLICATION/GROUP"))
	for _, a := range deployment.Actions() {
		if slices.Contains(a.Platforms, platform) {
			g.add(a.Name, filled(a.Resource))
		}
	}
	return g
}

// roleGrants are what the statements of a role allow.
func roleGrants(t *testing.T, role *cfntest.Resource) grants {
	t.Helper()
	g := grants{}
	policies, _ := role.Properties["Policies"].([]any)
	for _, policy := range policies {
		encoded, err := json.Marshal(policy)
		if err != nil {
			t.Fatal(err)
		}
		var p struct {
			PolicyDocument struct {
				Statement []struct {
					Effect           string
					Action, Resource any
					Condition        any
				}
			}
		}
		if err := json.Unmarshal(encoded, &p); err != nil {
			t.Fatal(err)
		}
		for _, s := range p.PolicyDocument.Statement {
			if s.Effect != "Allow" || s.Condition != nil {
				t.Errorf("%s has a statement that the comparison doesn't know: %+v", role.ID, s)
			}
			for _, action := range listOf(s.Action) {
				g.add(action, listOf(s.Resource)...)
			}
		}
	}
	return g
}

func listOf(of any) []string {
	if one, is := of.(string); is {
		return []string{one}
	}
	var all []string
	list, _ := of.([]any)
	for _, item := range list {
		all = append(all, fmt.Sprint(item))
	}
	return all
}

func functionRole(t *testing.T, s *cfntest.Stack) *cfntest.Resource {
	t.Helper()
	role, err := s.Role(s.Outputs["RoleArn"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return role
}

// ways are the ways of using the gate, each with what its role must allow.
type way struct {
	name string
	set  parameters
	want func(*testing.T) grants
}

func of(feature string) func(*testing.T) grants {
	return func(t *testing.T) grants { return generated(t, gate, feature) }
}

func always(g grants) func(*testing.T) grants { return func(*testing.T) grants { return g } }

func ways() []way {
	return []way{
		{"nothing but logs", nothing(), always(grants{})},
		{"CodeDeploy, for services and functions", service().with(function()).with(parameters{"FeatureHandOver": "false"}), func(t *testing.T) grants { return generated(t, "prices", doctor.FeatureCodeDeploy) }},
		{"CodeDeploy, for a service", service().with(parameters{"FeatureHandOver": "false"}), always(onPlatform(deployment.CodeDeployECS))},
		{"CodeDeploy, for a function", function().with(parameters{"FeatureHandOver": "false"}), always(onPlatform(deployment.CodeDeployLambda))},
		{"ECS", nothing().with(service()).with(parameters{"FeatureEcs": "true"}), of(doctor.FeatureECS)},
		{"pauses", nothing().with(service()).with(parameters{"FeaturePause": "true"}), of(doctor.FeaturePause)},
		{"CodeDeploy, handing over unless it is said otherwise", service(), func(t *testing.T) grants {
			g := onPlatform(deployment.CodeDeployECS)
			g.addAll(generated(t, gate, doctor.FeatureHandOver))
			return g
		}},
		{"checks of targets", nothing().with(parameters{"FeatureTargets": "true"}), of("targets")},
		{"checks of functions", nothing().with(parameters{"FeatureLambda": "true"}), of("lambda")},
		// Narrower than the generator, which doesn't know which functions a plan asks.
		{"checks of one function", nothing().with(parameters{"FeatureLambda": "true", "DeployedFunctionName": "prices"}), always(grants{
			"lambda:InvokeFunction": {filled("arn:PARTITION:lambda:REGION:ACCOUNT:function:FUNCTION"), filled("arn:PARTITION:lambda:REGION:ACCOUNT:function:FUNCTION:*")},
		})},
		{"checks of alarms", nothing().with(parameters{"FeatureAlarms": "true"}), of("alarms")},
		{"checks of metrics", nothing().with(parameters{"FeatureCloudWatch": "true"}), of("cloudwatch")},
		{"checks of Prometheus", nothing().with(parameters{"FeaturePrometheus": "true"}), of("prometheus")},
		{"a VPC", nothing().with(inVPC()), of(doctor.FeatureVPC)},
		{"a plan in S3", nothing().with(parameters{"PlanBucket": "plans", "PlanKey": "shop/green.yaml", "DecryptKeyArns": key}), always(planned("s3"))},
		{"a plan in the Parameter Store", nothing().with(parameters{"PlanParameter": "/greenlight/plan", "DecryptKeyArns": key}), always(planned("ssm"))},
		{"secrets in the Parameter Store", nothing().with(parameters{
			"SsmSecretArns":  "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token, arn:aws:ssm:eu-west-1:123456789012:parameter/shop/other",
			"DecryptKeyArns": key,
		}), always(secrets("ssm", "/shop/token", "/shop/other"))},
		{"secrets in Secrets Manager", nothing().with(parameters{
			"SecretsManagerSecretArns": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/token-??????",
			"DecryptKeyArns":           key,
		}), always(secrets("secretsmanager", "shop/token"))},
		// Lambda's own, which greenlight's code doesn't call.
		{"a destination for what is given up", nothing().with(parameters{"OnFailureArn": "arn:aws:sqs:eu-west-1:123456789012:lost"}), always(grants{
			"sqs:SendMessage": {"arn:aws:sqs:eu-west-1:123456789012:lost"}, "sns:Publish": {"arn:aws:sqs:eu-west-1:123456789012:lost"},
		})},
		{"tracing", nothing().with(parameters{"Tracing": "true"}), always(grants{"xray:PutTraceSegments": {"*"}, "xray:PutTelemetryRecords": {"*"}})},
	}
}

func inVPC() parameters {
	return parameters{"VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d,subnet-1a1b2c3d"}
}

// planned is what reading a plan takes. That an object isn't there is told apart from one that may not be read by
// s3:ListBucket, which would also tell the names of all other objects: the template leaves it out.
func planned(scheme string) grants {
	g := grants{}
	for _, a := range planstore.Actions() {
		if a.Scheme == scheme && a.Name != "s3:ListBucket" {
			g.add(a.Name, filled(a.Resource, "BUCKET", "plans", "KEY", "shop/green.yaml", "parameterNAME", "parameter/greenlight/plan", "NAME", "0a1b2c3d"))
		}
	}
	return g
}

func secrets(scheme string, names ...string) grants {
	g := grants{}
	for _, name := range names {
		for _, a := range secret.Actions() {
			if a.Scheme == scheme {
				g.add(a.Name, filled(a.Resource, "key/NAME", "key/0a1b2c3d", "NAME", name))
			}
		}
	}
	return g
}

func TestTheRoleAllowsWhatTheCodeCallsActionForActionAndResourceForResource(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			want := generated(t, gate, doctor.FeatureLogs)
			want.addAll(w.want(t))
			if diff := cmp.Diff(want, roleGrants(t, functionRole(t, load(t, w.set)))); diff != "" {
				t.Errorf("the code's policy and the template's differ (-code +template):\n%s", diff)
			}
		})
	}
}

func TestAFeatureOfTheCodeThatTheTemplateDoesntHaveIsNoticed(t *testing.T) {
	covered := map[string]bool{doctor.FeatureDoctor: true} // for people, not for the function
	for _, name := range []string{
		doctor.FeatureCodeDeploy, doctor.FeatureECS, doctor.FeatureHandOver, doctor.FeaturePause, doctor.FeatureLogs, doctor.FeatureVPC, doctor.FeatureInvoke,
		"targets", "lambda", "alarms", "cloudwatch", "prometheus",
	} {
		covered[name] = true
	}
	for _, f := range doctor.Features() {
		if !covered[f.Name] {
			t.Errorf("the feature %s has no parameter in gate.yaml, and no row in the tests here", f.Name)
		}
	}
}

// everything is a gate with all that it can do.
func everything() parameters {
	return service().with(function()).with(inVPC()).with(parameters{
		"FeatureEcs": "true", "FeaturePause": "true", "FeatureTargets": "true", "FeatureLambda": "true", "FeatureAlarms": "true", "FeatureCloudWatch": "true",
		"FeaturePrometheus": "true", "PlanBucket": "plans", "PlanKey": "shop/green.yaml", "DecryptKeyArns": key, "Tracing": "true", "CreateEndpoints": "true",
		"SsmSecretArns":            "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token",
		"SecretsManagerSecretArns": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/token-AbCdEf",
		"OnFailureArn":             "arn:aws:sns:eu-west-1:123456789012:lost", "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
		"LogKeyArn": key, "ReservedConcurrency": "5", "LoadBalancerSecurityGroupId": "sg-0a1b2c3d", "RouteTableIds": "rtb-0a1b2c3d",
	})
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: all inline policies of a role together, without white space.
func TestTheInlinePoliciesOfAGateThatDoesEverythingFitIntoARole(t *testing.T) {
	role := functionRole(t, load(t, everything()))
	total := 0
	policies, _ := role.Properties["Policies"].([]any)
	for _, p := range policies {
		encoded, err := json.Marshal(p.(map[string]any)["PolicyDocument"])
		if err != nil {
			t.Fatal(err)
		}
		total += len(encoded)
	}
	if total > 10240 {
		t.Errorf("they have %d characters, and 10240 is IAM's limit", total)
	}
}

// Each row is something that a gate for shop/production, main/shop and prices must not be able to do, even one that does everything.
func TestTheRoleDeniesWhatIsOfOthersAndWhatChangesAnything(t *testing.T) {
	tests := []struct{ why, action, resource string }{
		{"another group's verdict", "codedeploy:PutLifecycleEventHookExecutionStatus", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/staging"},
		{"another application's verdict", "codedeploy:PutLifecycleEventHookExecutionStatus", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:cart/production"},
		{"another account's verdict", "codedeploy:PutLifecycleEventHookExecutionStatus", "arn:aws:codedeploy:eu-west-1:210987654321:deploymentgroup:shop/production"},
		{"another region's verdict", "codedeploy:PutLifecycleEventHookExecutionStatus", "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:shop/production"},
		{"a group whose name begins alike", "codedeploy:PutLifecycleEventHookExecutionStatus", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/production-2"},
		{"another group's deployments", "codedeploy:GetDeployment", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/staging"},
		{"another application's revisions", "codedeploy:GetApplicationRevision", "arn:aws:codedeploy:eu-west-1:123456789012:application:cart"},
		{"deploying", "codedeploy:CreateDeployment", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/production"},
		{"stopping a deployment", "codedeploy:StopDeployment", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/production"},
		{"going on with a deployment", "codedeploy:ContinueDeployment", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/production"},
		{"changing the group", "codedeploy:UpdateDeploymentGroup", "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/production"},
		{"another service", "ecs:DescribeServices", "arn:aws:ecs:eu-west-1:123456789012:service/main/cart"},
		{"a service of another cluster", "ecs:DescribeServices", "arn:aws:ecs:eu-west-1:123456789012:service/other/shop"},
		{"another service's revisions", "ecs:DescribeServiceRevisions", "arn:aws:ecs:eu-west-1:123456789012:service-revision/main/cart/1"},
		{"another service's pauses", "ecs:ContinueServiceDeployment", "arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/cart/abc"},
		{"stopping ECS's deployment", "ecs:StopServiceDeployment", "arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/shop/abc"},
		{"changing the service", "ecs:UpdateService", "arn:aws:ecs:eu-west-1:123456789012:service/main/shop"},
		{"running tasks", "ecs:RunTask", "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:1"},
		{"a shell in tasks", "ecs:ExecuteCommand", "arn:aws:ecs:eu-west-1:123456789012:task/main/abc"},
		{"moving traffic", "elasticloadbalancing:ModifyListener", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2"},
		{"moving traffic by a rule", "elasticloadbalancing:ModifyRule", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/1/2/3"},
		{"taking targets out", "elasticloadbalancing:DeregisterTargets", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tg/1"},
		{"another function", "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:payments"},
		{"another hook", "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_greenlight2"},
		{"another function's alias", "lambda:GetAlias", "arn:aws:lambda:eu-west-1:123456789012:function:payments"},
		{"shifting the alias", "lambda:UpdateAlias", "arn:aws:lambda:eu-west-1:123456789012:function:prices"},
		{"changing its own code", "lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_greenlight"},
		{"reading other functions' variables", "lambda:GetFunctionConfiguration", "arn:aws:lambda:eu-west-1:123456789012:function:payments"},
		{"another object of the plan's bucket", "s3:GetObject", "arn:aws:s3:::plans/cart/green.yaml"},
		{"another bucket", "s3:GetObject", "arn:aws:s3:::invoices/shop/green.yaml"},
		{"changing the plan", "s3:PutObject", "arn:aws:s3:::plans/shop/green.yaml"},
		{"the names in the plan's bucket", "s3:ListBucket", "arn:aws:s3:::plans"},
		{"another parameter", "ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/cart/token"},
		{"all parameters below one", "ssm:GetParametersByPath", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop"},
		{"another secret", "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cart/token-AbCdEf"},
		{"another key", "kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/ffffffff"},
		{"encrypting", "kms:Encrypt", key},
		{"setting alarms", "cloudwatch:SetAlarmState", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop"},
		{"another function's log", "logs:PutLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/prices:log-stream:x"},
		{"reading logs", "logs:GetLogEvents", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/CodeDeployHook_greenlight:log-stream:x"},
		{"deleting its log", "logs:DeleteLogGroup", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/CodeDeployHook_greenlight:*"},
		{"opening a security group", "ec2:AuthorizeSecurityGroupIngress", "*"},
		{"starting machines", "ec2:RunInstances", "*"},
		{"handing a role on", "iam:PassRole", "arn:aws:iam::123456789012:role/any"},
		{"taking another role", "sts:AssumeRole", "arn:aws:iam::123456789012:role/any"},
		{"giving itself more", "iam:PutRolePolicy", "arn:aws:iam::123456789012:role/stack-Role"},
		{"another topic", "sns:Publish", "arn:aws:sns:eu-west-1:123456789012:alarms"},
	}
	documents, err := functionRole(t, load(t, everything())).Documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		if got := iampolicy.Decide(documents, nil, tt.action, tt.resource); got.Allowed {
			t.Errorf("%s: %s on %s is allowed: %s", tt.why, tt.action, tt.resource, got.Why)
		}
	}
}

func TestTheRoleAllowsEachCallOfItsWayAndNoneOfTheOthers(t *testing.T) {
	all := grants{}
	wanted := map[string]grants{}
	for _, w := range ways() {
		wanted[w.name] = w.want(t)
		wanted[w.name].addAll(generated(t, gate, doctor.FeatureLogs))
		all.addAll(wanted[w.name])
	}
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			documents, err := functionRole(t, load(t, w.set)).Documents()
			if err != nil {
				t.Fatal(err)
			}
			for action, resources := range wanted[w.name] {
				for _, r := range resources {
					if got := iampolicy.Decide(documents, nil, action, concrete(r)); !got.Allowed {
						t.Errorf("%s on %s isn't allowed: %s", action, concrete(r), got.Why)
					}
				}
			}
			for action, resources := range all {
				for _, r := range resources {
					if wanted[w.name][action] == nil && iampolicy.Decide(documents, nil, action, concrete(r)).Allowed {
						t.Errorf("%s on %s is allowed, and nothing of this way calls it", action, concrete(r))
					}
				}
			}
		})
	}
}

// concrete is a resource that is like a pattern.
func concrete(pattern string) string {
	if pattern == "*" {
		return "*"
	}
	return strings.NewReplacer("*", "x1", "??????", "AbCdEf").Replace(pattern)
}

func TestOnlyLambdaTakesTheRoleAndOnlyECSThatOfItsHooks(t *testing.T) {
	s := load(t, everything())
	hookRole, err := s.Role(s.Outputs["EcsHookRoleArn"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		role *cfntest.Resource
		by   string
	}{{functionRole(t, s), "lambda.amazonaws.com"}, {hookRole, "ecs.amazonaws.com"}} {
		trust, err := tt.role.Trust()
		if err != nil {
			t.Fatal(err)
		}
		for _, service := range []string{"lambda.amazonaws.com", "ecs.amazonaws.com", "codedeploy.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"} {
			if got := trust.Trusts(service); got != (service == tt.by) {
				t.Errorf("%s may be taken by %s: %v", tt.role.ID, service, got)
			}
		}
	}
	if diff := cmp.Diff(generated(t, gate, doctor.FeatureInvoke), roleGrants(t, hookRole)); diff != "" {
		t.Errorf("what ECS's hook role allows (-code +template):\n%s", diff)
	}
}

func TestParametersAreHeldAgainstWhatTheyMayBe(t *testing.T) {
	good := service()
	tests := []struct {
		why  string
		set  parameters
		says string // empty: it is right
	}{
		{"what CodeDeploy's managed policies allow", parameters{"FunctionName": "CodeDeployHook_shop"}, ""},
		{"a name that they don't", parameters{"FunctionName": "greenlight"}, "CodeDeployHook_ and then"},
		{"a name that is the prefix alone", parameters{"FunctionName": "CodeDeployHook_"}, "CodeDeployHook_ and then"},
		{"64 characters", parameters{"FunctionName": "CodeDeployHook_" + strings.Repeat("a", 49)}, ""},
		{"65 characters", parameters{"FunctionName": "CodeDeployHook_" + strings.Repeat("a", 50)}, "64 in all"},
		{"an ARN for a name", parameters{"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_shop"}, "CodeDeployHook_ and then"},
		{"another processor", parameters{"Architecture": "x86_64"}, ""},
		{"a processor that Lambda hasn't", parameters{"Architecture": "amd64"}, "Architecture"},
		{"too little memory", parameters{"MemorySize": "64"}, "MemorySize"},
		{"too much memory", parameters{"MemorySize": "10241"}, "MemorySize"},
		{"Lambda's default time-out, which leaves the report nothing", parameters{"Timeout": "3"}, "Timeout"},
		{"more than a function may take", parameters{"Timeout": "901"}, "Timeout"},
		{"a retention that CloudWatch hasn't", parameters{"LogRetentionDays": "31"}, "LogRetentionDays"},
		{"no application", parameters{"ApplicationName": ""}, "ApplicationName and DeploymentGroupName say what the gate may report for"},
		{"any application, said", parameters{"ApplicationName": "*", "DeploymentGroupName": "*"}, ""},
		{"nothing that is deployed", parameters{"ServiceName": ""}, "say what CodeDeploy deploys"},
		{"a service's ARN", parameters{"ServiceName": "arn:aws:ecs:eu-west-1:123456789012:service/main/shop"}, "not its ARN"},
		{"a slash, which would name a group of another application", parameters{"ApplicationName": "shop/production"}, "up to 100 letters"},
		{"ECS without a cluster", parameters{"FeatureEcs": "true", "ClusterName": "", "DeployedFunctionName": "prices"}, "which service the gate is asked about"},
		{"a plan that may be any object", parameters{"PlanBucket": "plans", "PlanKey": "*"}, "without wildcards"},
		{"a bucket's URL", parameters{"PlanBucket": "s3://plans"}, "the name of a bucket"},
		{"a parameter without its slash", parameters{"PlanParameter": "plan"}, "begins with a slash"},
		{"a secret's name", parameters{"SecretsManagerSecretArns": "shop/token"}, "ARNs of secrets"},
		{"any secret", parameters{"SecretsManagerSecretArns": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"}, "ARNs of secrets"},
		{"one wrong ARN of two", parameters{"SsmSecretArns": "arn:aws:ssm:eu-west-1:123456789012:parameter/a,b"}, "ARNs of parameters"},
		{"an alias for a key", parameters{"DecryptKeyArns": "alias/plans"}, "ARNs of keys"},
		{"subnets without their VPC", parameters{"SubnetIds": "subnet-0a1b2c3d"}, "VpcId is the VPC of SubnetIds"},
		{"a subnet that is none", parameters{"SubnetIds": "subnet-0a1b2c3d,vpc-0a1b2c3d", "VpcId": "vpc-0a1b2c3d"}, "ids of subnets"},
		{"endpoints without a way to the plan", inVPC().with(parameters{"CreateEndpoints": "true", "PlanBucket": "plans"}), "RouteTableIds are"},
		{"a FIFO topic, to which Lambda delivers nothing", parameters{"OnFailureArn": "arn:aws:sns:eu-west-1:123456789012:lost.fifo"}, "not a FIFO one"},
		{"a boolean in another spelling", parameters{"FeatureEcs": "yes"}, "FeatureEcs"},
		{"a parameter that there isn't", parameters{"Runtime": "go1.x"}, "there is no parameter Runtime"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := cfntest.Load("testdata/gate.json", cfntest.Options{Parameters: good.with(tt.set)})
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("it is refused: %v", err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("got %v, want an error with %q", err, tt.says)
			}
		})
	}
}

func TestTheFunctionIsWhatTheContractsWant(t *testing.T) {
	s := load(t, service())
	f := s.Find("AWS::Lambda::Function")[0].Properties
	want := map[string]any{
		"FunctionName": gate, "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": "900", "MemorySize": "512",
		"Architectures": []any{"arm64"}, "TracingConfig": map[string]any{"Mode": "PassThrough"},
		"Environment":   map[string]any{"Variables": map[string]any{"LOG_LEVEL": "info"}},
		"LoggingConfig": map[string]any{"LogGroup": "/aws/lambda/" + gate},
	}
	for property, value := range want {
		if diff := cmp.Diff(value, f[property]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", property, diff)
		}
	}
	for _, property := range []string{"ReservedConcurrentExecutions", "VpcConfig", "KmsKeyArn"} {
		if f[property] != nil {
			t.Errorf("%s is %v, and nobody asked for it", property, f[property])
		}
	}
	invokes := s.Find("AWS::Lambda::EventInvokeConfig")[0].Properties
	if invokes["MaximumRetryAttempts"] != 2.0 || invokes["MaximumEventAgeInSeconds"] != 3600.0 || invokes["Qualifier"] != "$LATEST" || invokes["DestinationConfig"] != nil {
		t.Errorf("events are run again as %v", invokes)
	}
	if g := s.Find("AWS::Logs::LogGroup")[0]; g.Name != "/aws/lambda/"+gate || g.Properties["RetentionInDays"] != "30" {
		t.Errorf("the log group is %s with %v", g.Name, g.Properties)
	}
}

func TestWhereThePlanLiesIsSaidToTheFunction(t *testing.T) {
	for _, tt := range []struct {
		why  string
		set  parameters
		want any
	}{
		{"in the zip", parameters{}, nil},
		{"in S3", parameters{"PlanBucket": "plans", "PlanKey": "shop/green.yaml"}, "s3://plans/shop/green.yaml"},
		{"in the Parameter Store", parameters{"PlanParameter": "/greenlight/plan"}, "ssm:/greenlight/plan"},
		{"here", parameters{"PlanText": "version: 1\nchecks: [{http: GET /}]\n"}, "version: 1\nchecks: [{http: GET /}]\n"},
		{"in several places: S3 is the first", parameters{"PlanBucket": "plans", "PlanParameter": "/plan", "PlanText": "version: 1"}, "s3://plans/greenlight.yaml"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			f := load(t, service().with(tt.set)).Find("AWS::Lambda::Function")[0]
			if got := f.Properties["Environment"].(map[string]any)["Variables"].(map[string]any)["GREENLIGHT_PLAN"]; got != tt.want {
				t.Errorf("GREENLIGHT_PLAN is %q, want %q", got, tt.want)
			}
		})
	}
}

// What the function calls for its features is what endpoints are made for: those in doctor's network-route, and those of checks,
// plan and secrets. Logs and traces are Lambda's own traffic.
func TestAVPCWithoutAWayOutGetsTheEndpointsOfItsFeatures(t *testing.T) {
	endpoints := nothing().with(inVPC()).with(parameters{"CreateEndpoints": "true"})
	for _, tt := range []struct {
		why  string
		set  parameters
		want []string
	}{
		{"nothing", parameters{}, nil},
		{"CodeDeploy, for a service", service().with(parameters{"FeatureCodeDeploy": "true"}), []string{"codedeploy", "ecs", "elasticloadbalancing", "lambda"}},
		{"CodeDeploy, for a service, without handing over", service().with(parameters{"FeatureCodeDeploy": "true", "FeatureHandOver": "false"}), []string{"codedeploy", "ecs", "elasticloadbalancing"}},
		{"CodeDeploy, for a function", function().with(parameters{"FeatureCodeDeploy": "true"}), []string{"codedeploy", "lambda"}},
		{"ECS", service().with(parameters{"FeatureEcs": "true"}), []string{"ecs", "elasticloadbalancing"}},
		{"pauses", service().with(parameters{"FeaturePause": "true"}), []string{"ecs", "elasticloadbalancing", "lambda"}},
		{"alarms", parameters{"FeatureAlarms": "true"}, []string{"monitoring"}},
		{"metrics", parameters{"FeatureCloudWatch": "true"}, []string{"monitoring"}},
		{"Prometheus", parameters{"FeaturePrometheus": "true"}, []string{"aps-workspaces"}},
		{"targets", parameters{"FeatureTargets": "true"}, []string{"elasticloadbalancing"}},
		{"functions", parameters{"FeatureLambda": "true"}, []string{"lambda"}},
		{"a plan in S3", parameters{"PlanBucket": "plans", "RouteTableIds": "rtb-0a1b2c3d"}, []string{"s3"}},
		{"a plan in the Parameter Store", parameters{"PlanParameter": "/plan"}, []string{"ssm"}},
		{"secrets", parameters{"SecretsManagerSecretArns": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf"}, []string{"secretsmanager"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s := load(t, endpoints.with(tt.set))
			group := s.Resources["EndpointSecurityGroup"]
			var got []string
			for _, e := range s.Find("AWS::EC2::VPCEndpoint") {
				name, _ := strings.CutPrefix(e.Properties["ServiceName"].(string), "com.amazonaws.eu-west-1.")
				got = append(got, name)
				if name != "s3" && (e.Properties["PrivateDnsEnabled"] != true || len(listOf(e.Properties["SecurityGroupIds"])) != 1) {
					t.Errorf("the endpoint for %s is %v", name, e.Properties)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
			in := group.Properties["SecurityGroupIngress"].([]any)[0].(map[string]any)
			if self := s.Outputs["SecurityGroupId"]; in["SourceSecurityGroupId"] != self || in["FromPort"] != 443.0 {
				t.Errorf("the endpoints let in %v, and the function is %v", in, self)
			}
		})
	}
	if e := load(t, nothing().with(inVPC())).Find("AWS::EC2::VPCEndpoint"); len(e) > 0 {
		t.Errorf("nobody asked for endpoints, and there are %d", len(e))
	}
	s, err := cfntest.Load("testdata/gate.json", cfntest.Options{Region: "cn-north-1", Parameters: endpoints.with(parameters{"FeatureTargets": "true"})})
	if err != nil {
		t.Fatal(err)
	}
	if name := s.Find("AWS::EC2::VPCEndpoint")[0].Properties["ServiceName"]; name != "cn.com.amazonaws.cn-north-1.elasticloadbalancing" {
		t.Errorf("in China the endpoint is %v", name)
	}
}

func TestTheSecurityGroupsLetTheFunctionReachBothListenersAndAWS(t *testing.T) {
	rules := func(s *cfntest.Stack) []string {
		var all []string
		for _, rule := range s.Resources["SecurityGroup"].Properties["SecurityGroupEgress"].([]any) {
			r := rule.(map[string]any)
			to := r["CidrIp"]
			if to == nil {
				to = r["DestinationSecurityGroupId"]
			}
			all = append(all, fmt.Sprintf("out %v %v", r["FromPort"], to))
		}
		for _, in := range s.Find("AWS::EC2::SecurityGroupIngress") {
			r := in.Properties
			if r["SourceSecurityGroupId"] != s.Outputs["SecurityGroupId"] {
				t.Errorf("%s lets in %v", in.ID, r["SourceSecurityGroupId"])
			}
			all = append(all, fmt.Sprintf("in %v %v", r["FromPort"], r["GroupId"]))
		}
		slices.Sort(all)
		return all
	}
	for _, tt := range []struct {
		why  string
		set  parameters
		want []string
	}{
		{"no load balancer is known", parameters{}, []string{"out 443 0.0.0.0/0"}},
		{"an internal one", parameters{"LoadBalancerSecurityGroupId": "sg-0a1b2c3d"}, []string{"in 443 sg-0a1b2c3d", "in 8443 sg-0a1b2c3d", "out 443 0.0.0.0/0", "out 443 sg-0a1b2c3d", "out 8443 sg-0a1b2c3d"}},
		{"one listener for both", parameters{"LoadBalancerSecurityGroupId": "sg-0a1b2c3d", "TestPort": "443"}, []string{"in 443 sg-0a1b2c3d", "out 443 0.0.0.0/0", "out 443 sg-0a1b2c3d"}},
		{"a public one, which sees a NAT gateway", parameters{"LoadBalancerSecurityGroupId": "sg-0a1b2c3d", "LoadBalancerIsPublic": "true", "ProductionPort": "80", "TestPort": "8080"}, []string{"out 443 0.0.0.0/0", "out 80 0.0.0.0/0", "out 8080 0.0.0.0/0"}},
	} {
		if diff := cmp.Diff(tt.want, rules(load(t, nothing().with(inVPC()).with(tt.set)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.why, diff)
		}
	}
}

func TestTheGateHasAlarmsOnItself(t *testing.T) {
	s := load(t, service().with(parameters{"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms"}))
	seen := map[string][]string{}
	for _, a := range s.Find("AWS::CloudWatch::Alarm") {
		p := a.Properties
		metrics := []string{fmt.Sprint(p["MetricName"])}
		if list, several := p["Metrics"].([]any); several {
			metrics = nil
			for _, m := range list {
				if stat, is := m.(map[string]any)["MetricStat"].(map[string]any); is {
					metrics = append(metrics, fmt.Sprint(stat["Metric"].(map[string]any)["MetricName"]))
				}
			}
		}
		seen[a.Name] = metrics
		if p["TreatMissingData"] != "notBreaching" || p["Threshold"] != 0.0 || p["ComparisonOperator"] != "GreaterThanThreshold" {
			t.Errorf("%s goes off at %v", a.Name, p)
		}
		if diff := cmp.Diff([]any{"arn:aws:sns:eu-west-1:123456789012:alarms"}, p["AlarmActions"]); diff != "" {
			t.Errorf("%s tells (-want +got):\n%s", a.Name, diff)
		}
	}
	if diff := cmp.Diff(map[string][]string{
		gate + "-errors": {"Errors"}, gate + "-throttles": {"Throttles"}, gate + "-no-verdict": {"AsyncEventsDropped", "RecursiveInvocationsDropped"},
	}, seen); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	if alarms := load(t, service().with(parameters{"CreateAlarms": "false"})).Find("AWS::CloudWatch::Alarm"); len(alarms) > 0 {
		t.Errorf("nobody wants alarms, and there are %d", len(alarms))
	}
}

func TestPausesReachTheFunctionByARuleThatMayInvokeIt(t *testing.T) {
	s := load(t, nothing().with(service()).with(parameters{"FeaturePause": "true"}))
	rule, permission := s.Find("AWS::Events::Rule")[0], s.Find("AWS::Lambda::Permission")[0].Properties
	want := map[string]any{
		"source": []any{"aws.ecs"}, "detail-type": []any{"ECS Hook State Change"},
		"detail": map[string]any{
			"eventName":  []any{"HOOK_AWAITING_ACTION"},
			"serviceArn": []any{map[string]any{"wildcard": "arn:aws:ecs:eu-west-1:123456789012:service/main/shop"}},
		},
	}
	if diff := cmp.Diff(want, rule.Properties["EventPattern"]); diff != "" {
		t.Errorf("the rule's pattern (-want +got):\n%s", diff)
	}
	target := rule.Properties["Targets"].([]any)[0].(map[string]any)
	if target["Arn"] != s.Outputs["FunctionArn"] || permission["Principal"] != "events.amazonaws.com" || !strings.HasSuffix(fmt.Sprint(permission["SourceArn"]), ":rule/"+rule.Name) {
		t.Errorf("the rule leads to %v, and %v may invoke it", target, permission)
	}
	if rules := load(t, service()).Find("AWS::Events::Rule"); len(rules) > 0 {
		t.Error("there is a rule, and no pause that it is for")
	}
}

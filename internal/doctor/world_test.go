package doctor

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/revision"
)

const (
	account       = "123456789012"
	blueARN       = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tg-blue/1111"
	greenARN      = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tg-green/2222"
	balancerARN   = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/3333"
	productionARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/3333/4444"
	testARN       = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/3333/5555"
	functionARN   = "arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_check"
	serviceRole   = "arn:aws:iam::123456789012:role/codedeploy-service"
	hookRole      = "arn:aws:iam::123456789012:role/ecs-hooks"
	functionRole  = "arn:aws:iam::123456789012:role/service-role/greenlight-hook"
)

// world is an account, as typed answers. newWorld has one in which nothing is wrong.
type world struct {
	mu     sync.Mutex
	called []string         // IAM actions
	fails  map[string]error // by IAM action
	region string

	applications, groups []string
	group                *cdtypes.DeploymentGroupInfo
	underWay             []string
	service              *ecstypes.Service
	serviceDeployments   []string

	listeners []elbtypes.Listener
	rules     map[string][]elbtypes.Rule // by listener or rule ARN
	targets   []elbtypes.TargetGroup
	health    map[string][]elbtypes.TargetHealthDescription
	balancers []elbtypes.LoadBalancer

	function    *lambda.GetFunctionConfigurationOutput
	invokes     *lambda.GetFunctionEventInvokeConfigOutput
	concurrency *lambda.GetFunctionConcurrencyOutput
	policy      string

	trust     map[string]string            // by role name
	documents map[string]map[string]string // by role name: policy name → document
	boundary  map[string]string            // by role name: policy ARN
	managed   map[string]string            // by policy ARN
	simulates bool

	alarms    []alarm
	subnets   []subnet
	tables    []routeTable
	endpoints []vpcEndpoint
	security  []securityGroup

	secrets map[string]storedSecret  // by service:name
	plans   map[string]string        // in S3, by address
	keys    map[string]encryptionKey // by alias or id
}

func document1(statements ...string) string {
	return url.PathEscape(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

func allow(actions, resource string) string {
	text, _ := json.Marshal(map[string]any{"Effect": "Allow", "Action": strings.Split(actions, " "), "Resource": resource})
	return string(text)
}

func trusting(service string) string {
	return document1(`{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}`)
}

func forward(arn string) []elbtypes.Action {
	other := greenARN
	if arn == greenARN {
		other = blueARN
	}
	return weighted(map[string]int32{arn: 100, other: 0})
}

func weighted(weights map[string]int32) []elbtypes.Action {
	action := elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{}}
	for _, arn := range []string{blueARN, greenARN} {
		if w, there := weights[arn]; there {
			action.ForwardConfig.TargetGroups = append(action.ForwardConfig.TargetGroups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(w)})
		}
	}
	return []elbtypes.Action{action}
}

func defaultRule(actions []elbtypes.Action) []elbtypes.Rule {
	return []elbtypes.Rule{{IsDefault: aws.Bool(true), Priority: aws.String("default"), RuleArn: aws.String(strings.Replace(productionARN, ":listener/", ":listener-rule/", 1) + "/6666"), Actions: actions}}
}

const hooksSpec = `{"version":0.0,"Resources":[],"Hooks":[{"AfterAllowTestTraffic":"CodeDeployHook_check"}]}`

func newWorld() *world {
	w := &world{
		fails: map[string]error{}, region: "eu-west-1", applications: []string{"shop"}, groups: []string{"production"}, simulates: true,
		group: &cdtypes.DeploymentGroupInfo{
			ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("production"), ComputePlatform: cdtypes.ComputePlatformEcs,
			ServiceRoleArn: aws.String(serviceRole), EcsServices: []cdtypes.ECSService{{ClusterName: aws.String("main"), ServiceName: aws.String("shop")}},
			AutoRollbackConfiguration: &cdtypes.AutoRollbackConfiguration{Enabled: true, Events: []cdtypes.AutoRollbackEvent{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}},
			AlarmConfiguration:        &cdtypes.AlarmConfiguration{Enabled: true, Alarms: []cdtypes.Alarm{{Name: aws.String("shop-5xx")}}},
			LoadBalancerInfo: &cdtypes.LoadBalancerInfo{TargetGroupPairInfoList: []cdtypes.TargetGroupPairInfo{{
				TargetGroups:     []cdtypes.TargetGroupInfo{{Name: aws.String("tg-blue")}, {Name: aws.String("tg-green")}},
				ProdTrafficRoute: &cdtypes.TrafficRoute{ListenerArns: []string{productionARN}}, TestTrafficRoute: &cdtypes.TrafficRoute{ListenerArns: []string{testARN}},
			}}},
			TargetRevision: &cdtypes.RevisionLocation{RevisionType: cdtypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &cdtypes.AppSpecContent{Content: aws.String(hooksSpec)}},
		},
		service: &ecstypes.Service{
			ServiceName: aws.String("shop"), Status: aws.String("ACTIVE"), DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy},
			TaskSets: []ecstypes.TaskSet{{Status: aws.String("PRIMARY"), LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: aws.String(blueARN)}}}},
		},
		listeners: []elbtypes.Listener{
			{ListenerArn: aws.String(productionARN), LoadBalancerArn: aws.String(balancerARN), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp},
			{ListenerArn: aws.String(testARN), LoadBalancerArn: aws.String(balancerARN), Port: aws.Int32(9000), Protocol: elbtypes.ProtocolEnumHttp},
		},
		rules: map[string][]elbtypes.Rule{productionARN: defaultRule(forward(blueARN)), testARN: defaultRule(forward(blueARN))},
		targets: []elbtypes.TargetGroup{
			{TargetGroupArn: aws.String(blueARN), TargetGroupName: aws.String("tg-blue")}, {TargetGroupArn: aws.String(greenARN), TargetGroupName: aws.String("tg-green")},
		},
		health:    map[string][]elbtypes.TargetHealthDescription{blueARN: {{TargetHealth: &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnumHealthy}}}},
		balancers: []elbtypes.LoadBalancer{{LoadBalancerArn: aws.String(balancerARN), LoadBalancerName: aws.String("shop"), DNSName: aws.String("shop-1.eu-west-1.elb.amazonaws.com"), Scheme: elbtypes.LoadBalancerSchemeEnumInternal, VpcId: aws.String("vpc-1"), SecurityGroups: []string{"sg-balancer"}}},
		function: &lambda.GetFunctionConfigurationOutput{
			FunctionName: aws.String("CodeDeployHook_check"), FunctionArn: aws.String(functionARN), Role: aws.String(functionRole), Timeout: aws.Int32(300), MemorySize: aws.Int32(512),
			Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Architectures: []lambdatypes.Architecture{lambdatypes.ArchitectureArm64},
			PackageType: lambdatypes.PackageTypeZip, State: lambdatypes.StateActive, LastUpdateStatus: lambdatypes.LastUpdateStatusSuccessful,
			VpcConfig:   &lambdatypes.VpcConfigResponse{VpcId: aws.String("vpc-1"), SubnetIds: []string{"subnet-a", "subnet-b"}, SecurityGroupIds: []string{"sg-function"}},
			Environment: &lambdatypes.EnvironmentResponse{Variables: map[string]string{}},
		},
		concurrency: &lambda.GetFunctionConcurrencyOutput{},
		trust: map[string]string{
			"codedeploy-service": trusting("codedeploy.amazonaws.com"), "ecs-hooks": trusting("ecs.amazonaws.com"), "greenlight-hook": trusting("lambda.amazonaws.com"),
		},
		documents: map[string]map[string]string{
			"codedeploy-service": {"invoke": document1(allow("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:CodeDeployHook_*"))},
			"ecs-hooks":          {"invoke": document1(allow("lambda:InvokeFunction", functionARN))},
			"greenlight-hook": {"all": document1(allow("codedeploy:Get* codedeploy:List* codedeploy:BatchGet* codedeploy:PutLifecycleEventHookExecutionStatus ecs:Describe* ecs:List* "+
				"elasticloadbalancing:Describe* lambda:InvokeFunction logs:*", "*"))},
		},
		boundary: map[string]string{}, managed: map[string]string{},
		alarms:  []alarm{{Name: "shop-5xx", State: "OK"}},
		subnets: []subnet{{ID: "subnet-a", VPC: "vpc-1", CIDR: "10.0.1.0/24"}, {ID: "subnet-b", VPC: "vpc-1", CIDR: "10.0.2.0/24"}},
		tables: []routeTable{{
			ID: "rtb-1", Associations: []association{{Main: true}}, Routes: []route{{Destination: "10.0.0.0/16", Gateway: "local"}, {Destination: "0.0.0.0/0", NAT: "nat-1", State: "active"}},
		}},
		security: []securityGroup{
			{ID: "sg-function", VPC: "vpc-1", Egress: []permission{{Protocol: "-1", Ranges: []cidr{{"0.0.0.0/0"}}}}},
			{ID: "sg-balancer", VPC: "vpc-1", Ingress: []permission{{Protocol: "tcp", From: 9000, To: 9000, Groups: []member{{"sg-function"}}}}},
		},
	}
	w.secrets = map[string]storedSecret{
		"ssm:/shop/token": {arn: "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token", key: "alias/aws/ssm"}, "secretsmanager:shop/test": {arn: secretARN},
	}
	w.keys = map[string]encryptionKey{"alias/shop": {arn: keyARN, state: enabledKey}}
	return w
}

const (
	secretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/test-a1B2c3"
	keyARN    = "arn:aws:kms:eu-west-1:123456789012:key/0b7a4f3e-4c1d-4b52-9d6f-2f2f5a1c9e10"
)

// secretPlan is a plan that fetches the secret at the source.
func secretPlan(source string) []byte {
	return []byte("version: 1\nsecrets: {token: '" + source + "'}\nchecks: [{http: {path: /, headers: {authorization: 'Bearer {{ secrets.token }}'}}}]\n")
}

// mayAlso gives the function's role one more policy.
func (w *world) mayAlso(statements ...string) {
	w.documents["greenlight-hook"]["secrets"] = document1(statements...)
}

// reads has the function read its plan from a place.
func (w *world) reads(place string) {
	w.function.Environment.Variables["GREENLIGHT_PLAN"] = place
}

// hooksPlan has the service's hook name the plan of its calls.
func (w *world) hooksPlan(text string) {
	w.hooks().HookDetails = document.NewLazyDocument(map[string]string{"plan": text})
}

// stored finds a secret.
func (w *world) stored(source string) (storedSecret, error) {
	s, there := w.secrets[source]
	if !there {
		return s, apiError("ResourceNotFoundException")
	}
	return s, nil
}

// byECS has the service deployed by ECS itself.
func (w *world) byECS() *world {
	w.group = nil
	w.service = &ecstypes.Service{
		ServiceName: aws.String("shop"), Status: aws.String("ACTIVE"),
		DeploymentConfiguration: &ecstypes.DeploymentConfiguration{
			Strategy: ecstypes.DeploymentStrategyBlueGreen, DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: true},
			Alarms: &ecstypes.DeploymentAlarms{Enable: true, Rollback: true, AlarmNames: []string{"shop-5xx"}},
			LifecycleHooks: []ecstypes.DeploymentLifecycleHook{{
				HookTargetArn: aws.String(functionARN), RoleArn: aws.String(hookRole), LifecycleStages: []ecstypes.DeploymentLifecycleHookStage{"POST_TEST_TRAFFIC_SHIFT"},
			}},
		},
		LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: aws.String(blueARN), AdvancedConfiguration: &ecstypes.AdvancedConfiguration{
			AlternateTargetGroupArn: aws.String(greenARN), ProductionListenerRule: aws.String(ruleARN(productionARN)), TestListenerRule: aws.String(ruleARN(testARN)), RoleArn: aws.String(hookRole),
		}}},
	}
	w.rules[ruleARN(productionARN)] = []elbtypes.Rule{{Priority: aws.String("1"), RuleArn: aws.String(ruleARN(productionARN)), Actions: forward(blueARN)}}
	w.rules[ruleARN(testARN)] = []elbtypes.Rule{{Priority: aws.String("1"), RuleArn: aws.String(ruleARN(testARN)), Actions: forward(blueARN)}}
	return w
}

// inS3 is a revision that lies there.
func inS3() *cdtypes.RevisionLocation {
	return &cdtypes.RevisionLocation{RevisionType: cdtypes.RevisionLocationTypeS3, S3Location: &cdtypes.S3Location{
		Bucket: aws.String("b"), Key: aws.String("k"), BundleType: cdtypes.BundleTypeYaml,
	}}
}

// deploysFunction has the group deploy a function.
func (w *world) deploysFunction() {
	w.group.ComputePlatform, w.group.EcsServices, w.group.LoadBalancerInfo, w.service = cdtypes.ComputePlatformLambda, nil, nil, nil
	w.group.TargetRevision.AppSpecContent.Content = aws.String(`{"version":0.0,"Resources":[{"prices":{"Type":"AWS::Lambda::Function","Properties":` +
		`{"Name":"prices","Alias":"live","CurrentVersion":"1","TargetVersion":"2"}}}],"Hooks":[{"BeforeAllowTraffic":"CodeDeployHook_check"}]}`)
	w.documents["greenlight-hook"]["all"] = document1(allow("codedeploy:* logs:* lambda:GetAlias", "*"), allow("lambda:InvokeFunction", functionARN))
}

func ruleARN(listener string) string {
	return strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/7777"
}

func (w *world) hooks() *ecstypes.DeploymentLifecycleHook {
	return &w.service.DeploymentConfiguration.LifecycleHooks[0]
}

// apiError is an error as a service answers it.
func apiError(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "said by the service"}
}

// answer is a call that takes an IAM action.
func answer[In, Out any](w *world, action string, give func(In) (Out, error)) call[In, Out] {
	return func(_ context.Context, in In) (Out, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.called = append(w.called, action)
		if err := w.fails[action]; err != nil {
			var none Out
			return none, err
		}
		return give(in)
	}
}

func (w *world) clients() Clients {
	lambdaThere := func() error {
		if w.function == nil {
			return apiError("ResourceNotFoundException")
		}
		return nil
	}
	return Clients{
		region: w.region,
		listApplications: answer(w, "codedeploy:ListApplications", func(in *codedeploy.ListApplicationsInput) (*codedeploy.ListApplicationsOutput, error) {
			return &codedeploy.ListApplicationsOutput{Applications: w.applications}, nil
		}),
		listDeploymentGroups: answer(w, "codedeploy:ListDeploymentGroups", func(in *codedeploy.ListDeploymentGroupsInput) (*codedeploy.ListDeploymentGroupsOutput, error) {
			if !slices.Contains(w.applications, aws.ToString(in.ApplicationName)) {
				return nil, apiError("ApplicationDoesNotExistException")
			}
			return &codedeploy.ListDeploymentGroupsOutput{DeploymentGroups: w.groups}, nil
		}),
		getDeploymentGroup: answer(w, "codedeploy:GetDeploymentGroup", func(in *codedeploy.GetDeploymentGroupInput) (*codedeploy.GetDeploymentGroupOutput, error) {
			if w.group == nil || !slices.Contains(w.groups, aws.ToString(in.DeploymentGroupName)) {
				return nil, apiError("DeploymentGroupDoesNotExistException")
			}
			return &codedeploy.GetDeploymentGroupOutput{DeploymentGroupInfo: w.group}, nil
		}),
		getDeployment: answer(w, "codedeploy:GetDeployment", func(in *codedeploy.GetDeploymentInput) (*codedeploy.GetDeploymentOutput, error) {
			return &codedeploy.GetDeploymentOutput{DeploymentInfo: &cdtypes.DeploymentInfo{Revision: &cdtypes.RevisionLocation{
				RevisionType: cdtypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &cdtypes.AppSpecContent{Sha256: aws.String("00")},
			}}}, nil
		}),
		getRevision: answer(w, "codedeploy:GetApplicationRevision", func(in *codedeploy.GetApplicationRevisionInput) (*codedeploy.GetApplicationRevisionOutput, error) {
			if in.Revision.AppSpecContent != nil {
				in.Revision.AppSpecContent.Content = aws.String(hooksSpec)
			}
			return &codedeploy.GetApplicationRevisionOutput{Revision: in.Revision}, nil
		}),
		getObject: answer(w, "s3:GetObject", func(at revision.InS3) (string, error) {
			if at != (revision.InS3{Bucket: "b", Key: "k"}) {
				return "", apiError("NoSuchKey")
			}
			return hooksSpec, nil
		}),
		getPlan: answer(w, "s3:GetObject", func(at plan.Address) ([]byte, error) {
			text, there := w.plans[at.String()]
			if !there {
				return nil, apiError("NoSuchKey")
			}
			return []byte(text), nil
		}),
		listDeployments: answer(w, "codedeploy:ListDeployments", func(in *codedeploy.ListDeploymentsInput) (*codedeploy.ListDeploymentsOutput, error) {
			return &codedeploy.ListDeploymentsOutput{Deployments: w.underWay}, nil
		}),
		describeServices: answer(w, "ecs:DescribeServices", func(in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
			if w.service == nil || in.Services[0] != aws.ToString(w.service.ServiceName) {
				return &ecs.DescribeServicesOutput{}, nil
			}
			return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{*w.service}}, nil
		}),
		listServiceDeployments: answer(w, "ecs:ListServiceDeployments", func(in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
			out := &ecs.ListServiceDeploymentsOutput{}
			for _, arn := range w.serviceDeployments {
				out.ServiceDeployments = append(out.ServiceDeployments, ecstypes.ServiceDeploymentBrief{ServiceDeploymentArn: aws.String(arn)})
			}
			return out, nil
		}),
		describeListeners: answer(w, "elasticloadbalancing:DescribeListeners", func(in *elb.DescribeListenersInput) (*elb.DescribeListenersOutput, error) {
			return &elb.DescribeListenersOutput{Listeners: w.listeners}, nil
		}),
		describeRules: answer(w, "elasticloadbalancing:DescribeRules", func(in *elb.DescribeRulesInput) (*elb.DescribeRulesOutput, error) {
			arn := aws.ToString(in.ListenerArn)
			if len(in.RuleArns) > 0 {
				arn = in.RuleArns[0]
			}
			rules, there := w.rules[arn]
			if !there {
				return nil, apiError("ListenerNotFound")
			}
			return &elb.DescribeRulesOutput{Rules: rules}, nil
		}),
		describeTargetGroups: answer(w, "elasticloadbalancing:DescribeTargetGroups", func(in *elb.DescribeTargetGroupsInput) (*elb.DescribeTargetGroupsOutput, error) {
			return &elb.DescribeTargetGroupsOutput{TargetGroups: w.targets}, nil
		}),
		describeTargetHealth: answer(w, "elasticloadbalancing:DescribeTargetHealth", func(in *elb.DescribeTargetHealthInput) (*elb.DescribeTargetHealthOutput, error) {
			return &elb.DescribeTargetHealthOutput{TargetHealthDescriptions: w.health[aws.ToString(in.TargetGroupArn)]}, nil
		}),
		describeLoadBalancers: answer(w, "elasticloadbalancing:DescribeLoadBalancers", func(in *elb.DescribeLoadBalancersInput) (*elb.DescribeLoadBalancersOutput, error) {
			return &elb.DescribeLoadBalancersOutput{LoadBalancers: w.balancers}, nil
		}),
		getFunction: answer(w, "lambda:GetFunctionConfiguration", func(in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
			return w.function, lambdaThere()
		}),
		getFunctionInvokes: answer(w, "lambda:GetFunctionEventInvokeConfig", func(in *lambda.GetFunctionEventInvokeConfigInput) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
			if w.invokes == nil {
				return nil, apiError("ResourceNotFoundException")
			}
			return w.invokes, nil
		}),
		getFunctionConcurrency: answer(w, "lambda:GetFunctionConcurrency", func(in *lambda.GetFunctionConcurrencyInput) (*lambda.GetFunctionConcurrencyOutput, error) {
			return w.concurrency, lambdaThere()
		}),
		getFunctionPolicy: answer(w, "lambda:GetPolicy", func(in *lambda.GetPolicyInput) (*lambda.GetPolicyOutput, error) {
			if w.policy == "" {
				return nil, apiError("ResourceNotFoundException")
			}
			return &lambda.GetPolicyOutput{Policy: aws.String(w.policy)}, nil
		}),
		getRole: answer(w, "iam:GetRole", func(in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
			trust, there := w.trust[aws.ToString(in.RoleName)]
			if !there {
				return nil, apiError("NoSuchEntity")
			}
			out := &iam.GetRoleOutput{Role: &iamtypes.Role{AssumeRolePolicyDocument: aws.String(trust)}}
			if b := w.boundary[aws.ToString(in.RoleName)]; b != "" {
				out.Role.PermissionsBoundary = &iamtypes.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(b)}
			}
			return out, nil
		}),
		simulatePolicy: answer(w, "iam:SimulatePrincipalPolicy", w.simulate),
		listAttachedPolicies: answer(w, "iam:ListAttachedRolePolicies", func(in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
			out := &iam.ListAttachedRolePoliciesOutput{}
			for arn := range w.managed {
				if !slices.Contains([]string{w.boundary[aws.ToString(in.RoleName)]}, arn) {
					out.AttachedPolicies = append(out.AttachedPolicies, iamtypes.AttachedPolicy{PolicyArn: aws.String(arn)})
				}
			}
			return out, nil
		}),
		listRolePolicies: answer(w, "iam:ListRolePolicies", func(in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
			out := &iam.ListRolePoliciesOutput{}
			for name := range w.documents[aws.ToString(in.RoleName)] {
				out.PolicyNames = append(out.PolicyNames, name)
			}
			return out, nil
		}),
		getRolePolicy: answer(w, "iam:GetRolePolicy", func(in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
			return &iam.GetRolePolicyOutput{PolicyDocument: aws.String(w.documents[aws.ToString(in.RoleName)][aws.ToString(in.PolicyName)])}, nil
		}),
		getPolicy: answer(w, "iam:GetPolicy", func(in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
			return &iam.GetPolicyOutput{Policy: &iamtypes.Policy{DefaultVersionId: aws.String("v1")}}, nil
		}),
		getPolicyVersion: answer(w, "iam:GetPolicyVersion", func(in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
			return &iam.GetPolicyVersionOutput{PolicyVersion: &iamtypes.PolicyVersion{Document: aws.String(w.managed[aws.ToString(in.PolicyArn)])}}, nil
		}),
		describeAlarms:    answer(w, "cloudwatch:DescribeAlarms", func([]string) ([]alarm, error) { return w.alarms, nil }),
		describeParameter: answer(w, "ssm:DescribeParameters", func(name string) (storedSecret, error) { return w.stored("ssm:" + name) }),
		describeSecret:    answer(w, "secretsmanager:DescribeSecret", func(id string) (storedSecret, error) { return w.stored("secretsmanager:" + id) }),
		describeKey: answer(w, "kms:DescribeKey", func(id string) (encryptionKey, error) {
			key, there := w.keys[id]
			if !there {
				return key, apiError("NotFoundException")
			}
			return key, nil
		}),
		describeSubnets:        answer(w, "ec2:DescribeSubnets", func([]string) ([]subnet, error) { return w.subnets, nil }),
		describeRouteTables:    answer(w, "ec2:DescribeRouteTables", func(string) ([]routeTable, error) { return w.tables, nil }),
		describeVPCEndpoints:   answer(w, "ec2:DescribeVpcEndpoints", func(string) ([]vpcEndpoint, error) { return w.endpoints, nil }),
		describeSecurityGroups: answer(w, "ec2:DescribeSecurityGroups", func([]string) ([]securityGroup, error) { return w.security, nil }),
	}
}

// simulate is IAM's own evaluation, of inline policies.
func (w *world) simulate(in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if !w.simulates {
		return nil, apiError("AccessDenied")
	}
	name := role{arn: aws.ToString(in.PolicySourceArn)}.name()
	var documents []iampolicy.Document
	for policy, text := range w.documents[name] {
		d, err := iampolicy.Parse(policy, text)
		if err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
	out := &iam.SimulatePrincipalPolicyOutput{}
	for _, action := range in.ActionNames {
		resource := "*"
		if len(in.ResourceArns) > 0 {
			resource = in.ResourceArns[0]
		}
		result := iamtypes.EvaluationResult{EvalActionName: aws.String(action), EvalDecision: iamtypes.PolicyEvaluationDecisionTypeImplicitDeny}
		if iampolicy.Decide(documents, nil, action, resource).Allowed {
			result.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeAllowed
		}
		out.EvaluationResults = append(out.EvaluationResults, result)
	}
	return out, nil
}

const goodPlan = "version: 1\nstages:\n  AfterAllowTestTraffic:\n    budget: 1m\n    checks: [{http: GET /}]\n"

func parse(s plan.Source) (*plan.Plan, error) {
	return plan.Language{Kinds: registry.Kinds(registry.Environment{}), Names: deployment.Names()}.Parse(s)
}

func (w *world) options() Options {
	o := Options{Plan: plan.Source{Name: "greenlight.yaml", Text: []byte(goodPlan)}, Parse: parse}
	if w.group == nil {
		o.Cluster, o.Service = "main", "shop"
	}
	return o
}

// withSecrets are the options with a plan that needs two secrets, which are there and may be read.
func (w *world) withSecrets() Options {
	o := w.options()
	w.mayAlso(allow("ssm:GetParameter secretsmanager:GetSecretValue kms:Decrypt", "*"))
	w.secrets["ssm:/shop/token"] = storedSecret{key: "alias/shop"}
	o.Plan.Text = []byte("version: 1\nsecrets: {a: ssm:/shop/token, b: secretsmanager:shop/test}\nstages:\n  AfterAllowTestTraffic:\n    budget: 1m\n    checks: [{http: {path: /, query: {a: '{{ secrets.a }}', b: '{{ secrets.b }}'}}}]\n")
	return o
}

func (w *world) examine(t *testing.T, o Options) Report {
	t.Helper()
	r, err := Examine(t.Context(), w.clients(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/cloud"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
)

// noted is a test whose failures are only noted.
type noted struct {
	*testing.T

	mu     sync.Mutex
	errors []string
}

func (n *noted) Errorf(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.errors = append(n.errors, fmt.Sprintf(format, args...))
}

func (n *noted) Failed() bool { return false }

// only fails the test where anything but this was noted.
func (n *noted) only(t *testing.T, want string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.errors) != 1 || !strings.Contains(n.errors[0], want) {
		t.Errorf("noted: %q, want one with %q", n.errors, want)
	}
}

const gate = `{"Resources": {
	"Gate": {"Type": "AWS::Lambda::Function", "Properties": {
		"FunctionName": "CodeDeployHook_gate", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Runtime": "provided.al2023", "Timeout": "300",
		"Code": {"ZipFile": "x"}, "ReservedConcurrentExecutions": 2, "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}},
	"Called": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Ref": "Gate"}, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}},
	"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "gate", "AssumeRolePolicyDocument": {"Statement": []},
		"ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
		"Policies": [{"PolicyName": "report", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "codedeploy:Put*", "Resource": "*"}]}}]}}
}}`

// start starts an account with a template in it.
func start(t *testing.T, test cloud.T, template string, edit func(*cloud.Config)) *cloud.Account {
	t.Helper()
	path := filepath.Join(t.TempDir(), "template.json")
	if err := os.WriteFile(path, []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := cfntest.Load(path, cfntest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := cloud.Config{Stack: s, Region: "eu-west-1", Account: "123456789012", Network: cloud.Network{VPC: "vpc-1"}}
	if edit != nil {
		edit(&c)
	}
	return cloud.Start(test, c)
}

func TestAFunctionIsToldAsItsTemplateHasIt(t *testing.T) {
	a := start(t, t, gate, nil)
	client, name := lambda.NewFromConfig(a.AWS()), aws.String("arn:aws:lambda:eu-west-1:123456789012:function:CodeDeployHook_gate:live")
	c, err := client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	if *c.Timeout != 300 || *c.Role != "arn:aws:iam::123456789012:role/gate" || c.State != lambdatypes.StateActive || *c.VpcConfig.VpcId != "vpc-1" || c.VpcConfig.SecurityGroupIds[0] != "sg-1" {
		t.Errorf("its configuration is %+v", c)
	}
	if r, err := client.GetFunctionConcurrency(t.Context(), &lambda.GetFunctionConcurrencyInput{FunctionName: name}); err != nil || *r.ReservedConcurrentExecutions != 2 {
		t.Errorf("its concurrency is %+v, %v", r, err)
	}
	if p, err := client.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: name}); err != nil || !strings.Contains(*p.Policy, "events.amazonaws.com") {
		t.Errorf("its policy is %+v, %v", p, err)
	}
	var missing *lambdatypes.ResourceNotFoundException
	if _, err := client.GetFunctionEventInvokeConfig(t.Context(), &lambda.GetFunctionEventInvokeConfigInput{FunctionName: name}); !errors.As(err, &missing) {
		t.Errorf("what the template doesn't set: %v", err)
	}
	if _, err := client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("other")}); !errors.As(err, &missing) {
		t.Errorf("a function that isn't there: %v", err)
	}
}

func TestARoleMayWhatItsPoliciesAllow(t *testing.T) {
	a := start(t, t, gate, nil)
	client := iam.NewFromConfig(a.AWS())
	out, err := client.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::123456789012:role/gate"),
		ActionNames:     []string{"codedeploy:PutLifecycleEventHookExecutionStatus", "logs:PutLogEvents", "s3:GetObject"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var decisions []iamtypes.PolicyEvaluationDecisionType
	for _, r := range out.EvaluationResults {
		decisions = append(decisions, r.EvalDecision)
	}
	if !slices.Equal(decisions, []iamtypes.PolicyEvaluationDecisionType{"allowed", "allowed", "implicitDeny"}) {
		t.Errorf("its own policy, the managed one and none decide %v", decisions)
	}
	_, err = client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("other")})
	if missing := (*iamtypes.NoSuchEntityException)(nil); !errors.As(err, &missing) {
		t.Errorf("a role that isn't there: %v", err)
	}
}

func TestWhatIsDeniedIsDenied(t *testing.T) {
	a := start(t, t, gate, func(c *cloud.Config) { c.Denied = []string{"iam:GetRole"} })
	_, err := iam.NewFromConfig(a.AWS()).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("gate")})
	if refused := smithy.APIError(nil); !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
		t.Errorf("got %v", err)
	}
}

func TestWhatTheSimulatorHasIsItsOwn(t *testing.T) {
	a := start(t, t, gate, nil)
	_, err := codedeploy.NewFromConfig(a.AWS()).GetDeploymentGroup(t.Context(), &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("x")})
	if missing := (*cdtypes.ApplicationDoesNotExistException)(nil); !errors.As(err, &missing) {
		t.Errorf("the simulated CodeDeploy, which has no application shop, answers %v", err)
	}
}

// What isn't known fails the test: an empty answer would be taken for one in which nothing is wrong.
func TestWhatTheAccountDoesNotKnowFailsTheTest(t *testing.T) {
	ask := func(change func(context.Context, aws.Config)) func(*testing.T, *cloud.Account) {
		return func(t *testing.T, a *cloud.Account) { change(t.Context(), a.AWS()) }
	}
	signed := func(method, path, service string) func(*testing.T, *cloud.Account) {
		return func(t *testing.T, a *cloud.Account) {
			r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
			a.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	for _, tt := range []struct {
		why, old, new string
		ask           func(*testing.T, *cloud.Account)
		want          string
	}{
		{"an operation", "", "", ask(func(ctx context.Context, c aws.Config) {
			_, _ = iam.NewFromConfig(c).ListUsers(ctx, &iam.ListUsersInput{})
		}), "iam:ListUsers"},
		{"a parameter", "", "", ask(func(ctx context.Context, c aws.Config) {
			_, _ = iam.NewFromConfig(c).ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: aws.String("gate"), Marker: aws.String("more")})
		}), "Marker"},
		{"an operation of Lambda's", "", "", ask(func(ctx context.Context, c aws.Config) {
			_, _ = lambda.NewFromConfig(c).ListFunctions(ctx, &lambda.ListFunctionsInput{})
		}), "Lambda"},
		{"a service", "", "", signed(http.MethodPost, "/", "sqs"), `the service "sqs"`},
		{"an operation of S3's", "", "", signed(http.MethodDelete, "/plans/shop.yaml", "s3"), "DELETE /plans/shop.yaml of S3"},
		{"a version of an object", "", "", signed(http.MethodGet, "/plans/shop.yaml?versionId=1", "s3"), "versionId"},
		{"an operation of the Parameter Store's", "", "", ask(func(ctx context.Context, c aws.Config) {
			_ = awscall.New(c, awscall.SSM).Call(ctx, "GetParameter", struct{}{}, &struct{}{})
		}), "AmazonSSM.GetParameter"},
		{"a filter of parameters", "", "", ask(func(ctx context.Context, c aws.Config) {
			in := map[string]any{"ParameterFilters": []map[string]string{{"Key": "Type"}}}
			_ = awscall.New(c, awscall.SSM).Call(ctx, "DescribeParameters", in, &struct{}{})
		}), "by their Type"},
		{"a property of a function", `"Timeout": "300"`, `"Timeout": "300", "Speed": 1`, ask(func(ctx context.Context, c aws.Config) {
			_, _ = lambda.NewFromConfig(c).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("CodeDeployHook_gate")})
		}), "has no Speed"},
		{"a property of a role", `"RoleName"`, `"PermissionsBoundary": "arn:x", "RoleName"`, ask(func(ctx context.Context, c aws.Config) {
			_, _ = iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("gate")})
		}), "PermissionsBoundary"},
		{"a managed policy", "AWSLambdaBasicExecutionRole", "AdministratorAccess", ask(func(ctx context.Context, c aws.Config) {
			_, _ = iam.NewFromConfig(c).SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String("gate"), ActionNames: []string{"s3:GetObject"}})
		}), "AdministratorAccess"},
		{"a type of resource", `"AWS::Lambda::Permission"`, `"AWS::SQS::Queue"`, func(*testing.T, *cloud.Account) {}, "AWS::SQS::Queue"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if !strings.Contains(gate, tt.old) {
				t.Fatalf("the template has no %s", tt.old)
			}
			test := &noted{T: t}
			tt.ask(t, start(t, test, strings.Replace(gate, tt.old, tt.new, 1), nil))
			test.only(t, tt.want)
		})
	}
}

func TestAPropertyIsPutWhereItIs(t *testing.T) {
	for _, tt := range []struct {
		why, path string
		value     any
		want      string // an error
	}{
		{"a member of an item", "Hooks.0.Role", "other", ""},
		{"a whole item", "Hooks.0", map[string]any{}, ""},
		{"what isn't there yet", "Hooks.0.Stage", "x", ""},
		{"it is taken away", "Hooks", nil, ""},
		{"what isn't there to be taken away", "Hook", nil, "there is no Hook"},
		{"no such item", "Hooks.1.Role", "x", "no item 1"},
		{"below a text", "Hooks.0.Role.Arn", "x", "no mapping and no list"},
		{"below what isn't there", "Hook.Role", "x", "there is no Hook"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := map[string]any{"Hooks": []any{map[string]any{"Role": "hook"}}}
			before := fmt.Sprint(p)
			err := cloud.Put(p, tt.path, tt.value)
			if tt.want == "" && (err != nil || fmt.Sprint(p) == before) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, %v", p, err)
			}
		})
	}
}

func TestAPlantedFaultMustBeFoundAndNothingElse(t *testing.T) {
	finding := func(check string, status doctor.Status) doctor.Finding {
		return doctor.Finding{Check: check, Status: status, Text: check + " is wrong"}
	}
	fault := cloud.Planted{Check: "a", Status: doctor.Fail, Text: "is wrong", Follows: []string{"b"}}
	for _, tt := range []struct {
		why      string
		findings []doctor.Finding
		want     string
	}{
		{"it isn't found", []doctor.Finding{finding("b", doctor.Warn)}, "no finding is a"},
		{"it is found less gravely", []doctor.Finding{finding("a", doctor.Warn), finding("b", doctor.Warn)}, "no finding is a"},
		{"more is found", []doctor.Finding{finding("a", doctor.Fail), finding("b", doctor.Warn), finding("c", doctor.Skip)}, "doesn't follow"},
		{"what follows doesn't", []doctor.Finding{finding("a", doctor.Fail), finding("b", doctor.Pass)}, "b was said to follow"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			test := &noted{T: t}
			fault.MustFind(test, doctor.Report{Findings: tt.findings})
			test.only(t, tt.want)
		})
	}
	fault.MustFind(t, doctor.Report{Findings: []doctor.Finding{finding("a", doctor.Fail), finding("b", doctor.Warn), finding("c", doctor.Pass)}})
	test := &noted{T: t}
	cloud.MustBeRight(test, doctor.Report{})
	test.only(t, "0 findings")
}

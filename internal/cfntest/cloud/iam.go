package cloud

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
)

// managed are the policies of AWS's own that the examples attach, as far as what they allow is asked about.
//
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
func managed() map[string]string {
	const (
		hooks = `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:CodeDeployHook_*"}`
		ecs   = `{"Effect":"Allow","Action":["ecs:DescribeServices","ecs:CreateTaskSet","ecs:UpdateServicePrimaryTaskSet","ecs:DeleteTaskSet","cloudwatch:DescribeAlarms",` +
			`"elasticloadbalancing:DescribeTargetGroups","elasticloadbalancing:DescribeListeners","elasticloadbalancing:ModifyListener","elasticloadbalancing:DescribeRules","elasticloadbalancing:ModifyRule"],"Resource":"*"}`
		functions = `{"Effect":"Allow","Action":["cloudwatch:DescribeAlarms","lambda:UpdateAlias","lambda:GetAlias","lambda:GetProvisionedConcurrencyConfig"],"Resource":"*"}`
		logs      = `{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}`
	)
	document := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	return map[string]string{
		"AWSCodeDeployRoleForECS":                        document(ecs, `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}`),
		"AWSCodeDeployRoleForECSLimited":                 document(ecs, hooks),
		"service-role/AWSCodeDeployRoleForLambda":        document(functions, hooks),
		"service-role/AWSCodeDeployRoleForLambdaLimited": document(functions, hooks),
		"service-role/AWSLambdaBasicExecutionRole":       document(logs),
	}
}

func (a *Account) role(name string) (*cfntest.Resource, error) {
	r, known := a.find("AWS::IAM::Role", name)
	if !known {
		return nil, &refusal{"NoSuchEntity", "The role with name " + name + " cannot be found."}
	}
	err := only(r.Properties, "RoleName", "Description", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns")
	return r, err
}

func (a *Account) getRole(f *form) (any, error) {
	r, err := a.role(f.text("RoleName"))
	if err != nil {
		return nil, err
	}
	trust, err := json.Marshal(r.Properties["AssumeRolePolicyDocument"])
	if err != nil {
		return nil, err
	}
	type role struct{ Path, RoleName, RoleId, Arn, CreateDate, AssumeRolePolicyDocument string } //nolint:revive,staticcheck // as IAM has them
	return struct{ Role role }{role{"/", r.Name, "AROAEXAMPLE", r.ARN(), "2026-01-01T00:00:00Z", url.QueryEscape(string(trust))}}, nil
}

// attached are the ARNs of the managed policies of a role.
func attached(r *cfntest.Resource) ([]string, error) {
	list, _ := r.Properties["ManagedPolicyArns"].([]any)
	var arns []string
	for _, item := range list {
		arn, err := text(item)
		if err != nil {
			return nil, err
		}
		arns = append(arns, arn)
	}
	return arns, nil
}

// managedDocument is the text of a managed policy.
func managedDocument(arn string) (string, error) {
	_, name, _ := strings.Cut(arn, ":policy/")
	document, known := managed()[name]
	if !known {
		return "", fmt.Errorf("what the managed policy %s allows isn't known here", arn)
	}
	return document, nil
}

// documents are all policies of a role.
func documents(r *cfntest.Resource) ([]iampolicy.Document, error) {
	all, err := r.Documents()
	if err != nil {
		return nil, err
	}
	arns, err := attached(r)
	if err != nil {
		return nil, err
	}
	for _, arn := range arns {
		written, err := managedDocument(arn)
		if err != nil {
			return nil, err
		}
		d, err := iampolicy.Parse(arn, written)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// simulatePolicy decides as far as policies alone decide.
func (a *Account) simulatePolicy(f *form) (any, error) {
	arn := f.text("PolicySourceArn")
	r, err := a.role(arn[strings.LastIndexByte(arn, '/')+1:])
	if err != nil {
		return nil, err
	}
	policies, err := documents(r)
	if err != nil {
		return nil, err
	}
	type result struct{ EvalActionName, EvalResourceName, EvalDecision string }
	var results []result
	resources := f.list("ResourceArns.member")
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	for _, action := range f.list("ActionNames.member") {
		for _, resource := range resources {
			decision := "implicitDeny"
			if iampolicy.Decide(policies, nil, action, resource).Allowed {
				decision = "allowed"
			}
			results = append(results, result{action, resource, decision})
		}
	}
	return struct {
		IsTruncated bool
		Results     []result `xml:"EvaluationResults>member"`
	}{Results: results}, nil
}

func (a *Account) listAttachedPolicies(f *form) (any, error) {
	r, err := a.role(f.text("RoleName"))
	if err != nil {
		return nil, err
	}
	arns, err := attached(r)
	type policy struct {
		PolicyArn, PolicyName string
	}
	var list []policy
	for _, arn := range arns {
		list = append(list, policy{arn, arn[strings.LastIndexByte(arn, '/')+1:]})
	}
	return struct {
		IsTruncated bool
		Policies    []policy `xml:"AttachedPolicies>member"`
	}{Policies: list}, err
}

// inline are the names and texts of a role's own policies.
func inline(r *cfntest.Resource) (map[string]string, error) {
	written := map[string]string{}
	for _, p := range r.Policies() {
		encoded, err := json.Marshal(p["PolicyDocument"])
		if err != nil {
			return nil, err
		}
		name, err := text(p["PolicyName"])
		if err != nil {
			return nil, err
		}
		written[name] = string(encoded)
	}
	return written, nil
}

func (a *Account) listRolePolicies(f *form) (any, error) {
	r, err := a.role(f.text("RoleName"))
	if err != nil {
		return nil, err
	}
	policies, err := inline(r)
	var names []string
	for name := range policies {
		names = append(names, name)
	}
	slices.Sort(names)
	return struct {
		IsTruncated bool
		Names       []string `xml:"PolicyNames>member"`
	}{Names: names}, err
}

func (a *Account) getRolePolicy(f *form) (any, error) {
	r, err := a.role(f.text("RoleName"))
	if err != nil {
		return nil, err
	}
	policies, err := inline(r)
	name := f.text("PolicyName")
	return struct{ RoleName, PolicyName, PolicyDocument string }{r.Name, name, url.QueryEscape(policies[name])}, err
}

func (a *Account) getPolicy(f *form) (any, error) {
	arn := f.text("PolicyArn")
	_, err := managedDocument(arn)
	type policy struct{ Arn, DefaultVersionId string } //nolint:revive,staticcheck // as IAM has them
	return struct{ Policy policy }{policy{arn, "v1"}}, err
}

func (a *Account) getPolicyVersion(f *form) (any, error) {
	written, err := managedDocument(f.text("PolicyArn"))
	type version struct{ Document, VersionId string } //nolint:revive,staticcheck // as IAM has them
	return struct{ PolicyVersion version }{version{url.QueryEscape(written), f.text("VersionId")}}, err
}

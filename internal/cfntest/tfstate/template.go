package tfstate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

type (
	object    = map[string]any
	translate func(json.RawMessage) (object, error)
)

// form is how CloudFormation says a resource of Terraform's.
type form struct {
	name       string
	properties translate
	// ref says that the ARN, which CloudFormation makes up, is what Ref gives.
	ref bool
}

// forms are the types that the simulator has something of, or that tests hold against other templates.
//
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs
var forms = map[string]form{
	"aws_cloudwatch_log_group":                {name: "AWS::Logs::LogGroup", properties: as(logGroup.properties)},
	"aws_cloudwatch_metric_alarm":             {name: "AWS::CloudWatch::Alarm", properties: as(alarm.properties)},
	"aws_codedeploy_app":                      {name: "AWS::CodeDeploy::Application", properties: as(application.properties)},
	"aws_codedeploy_deployment_group":         {name: "AWS::CodeDeploy::DeploymentGroup", properties: as(deploymentGroup.properties)},
	"aws_ecs_cluster":                         {name: "AWS::ECS::Cluster", properties: as(cluster.properties)},
	"aws_ecs_service":                         {name: "AWS::ECS::Service", properties: as(service.properties)},
	"aws_iam_role":                            {name: "AWS::IAM::Role", properties: as(role.properties)},
	"aws_iam_role_policy":                     {name: "AWS::IAM::RolePolicy", properties: as(rolePolicy.properties)},
	"aws_lambda_alias":                        {name: "AWS::Lambda::Alias", properties: as(alias.properties)},
	"aws_lambda_function":                     {name: "AWS::Lambda::Function", properties: as(function.properties)},
	"aws_lambda_function_event_invoke_config": {name: "AWS::Lambda::EventInvokeConfig", properties: as(eventInvokeConfig.properties)},
	"aws_lb":               {name: "AWS::ElasticLoadBalancingV2::LoadBalancer", properties: as(loadBalancer.properties), ref: true},
	"aws_lb_listener":      {name: "AWS::ElasticLoadBalancingV2::Listener", properties: as(listener.properties), ref: true},
	"aws_lb_listener_rule": {name: "AWS::ElasticLoadBalancingV2::ListenerRule", properties: as(listenerRule.properties), ref: true},
	"aws_lb_target_group":  {name: "AWS::ElasticLoadBalancingV2::TargetGroup", properties: as(targetGroup.properties), ref: true},
}

// beside are the types that the simulator has nothing of.
var beside = []string{
	"aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_ecs_task_definition", "aws_iam_role_policy_attachment",
	"aws_lambda_permission", "aws_security_group", "aws_sns_topic", "aws_vpc_endpoint",
	"aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule",
}

// as reads a resource's values as T has them.
func as[T any](properties func(T) (object, error)) translate {
	return func(values json.RawMessage) (object, error) {
		var of T
		if err := json.Unmarshal(values, &of); err != nil {
			return nil, err
		}
		return properties(of)
	}
}

// Template is a CloudFormation template of the state. The hooks of a function's alias, which Terraform doesn't know, are those of the
// AppSpec in the output appspec.
func (s *State) Template() ([]byte, error) {
	resources, references := object{}, map[string]any{}
	for _, r := range s.Resources {
		f, known := forms[r.Type]
		if !known {
			if !slices.Contains(beside, r.Type) {
				return nil, fmt.Errorf("%s: nothing is known of %s", r.Address, r.Type)
			}
			continue
		}
		properties, err := f.properties(r.Values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Address, err)
		}
		id := logicalID(r.Address)
		if resources[id] != nil {
			return nil, fmt.Errorf("%s: there is another resource that is called %s", r.Address, id)
		}
		resources[id] = object{"Type": f.name, "Properties": properties}
		var arn struct{ ARN string }
		if err := json.Unmarshal(r.Values, &arn); err == nil && f.ref {
			references[arn.ARN] = object{"Ref": id}
		}
	}
	if err := s.shiftAlias(resources); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", " ")
	err := enc.Encode(object{"Resources": referring(resources, references)})
	return text.Bytes(), err
}

// logicalID is an address without what CloudFormation doesn't take.
func logicalID(address string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, address)
}

// referring is a value whose texts are references where they are one of those.
func referring(of any, references map[string]any) any {
	switch v := of.(type) {
	case string:
		if to, is := references[v]; is {
			return to
		}
	case object:
		for key, value := range v {
			v[key] = referring(value, references)
		}
	case []any:
		for i, value := range v {
			v[i] = referring(value, references)
		}
	}
	return of
}

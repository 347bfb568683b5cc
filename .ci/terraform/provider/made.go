package main

// Where it is applied: nowhere.
const (
	region  = "eu-west-1"
	account = "123456789012"
)

// values are what AWS gives resources, as far as the templates refer to it. Names in braces are other attributes, or what filling knows.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var values = map[string]map[string]string{
	"aws_cloudwatch_event_rule":       {"name": "{name_prefix}{hash}", "id": "{name}", "arn": "arn:aws:events:{region}:{account}:rule/{name}"},
	"aws_cloudwatch_log_group":        {"id": "{name}", "arn": "arn:aws:logs:{region}:{account}:log-group:{name}"},
	"aws_cloudwatch_metric_alarm":     {"id": "{alarm_name}", "arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{alarm_name}"},
	"aws_codedeploy_app":              {"arn": "arn:aws:codedeploy:{region}:{account}:application:{name}"},
	"aws_codedeploy_deployment_group": {"arn": "arn:aws:codedeploy:{region}:{account}:deploymentgroup:{app_name}/{deployment_group_name}"},
	"aws_ecs_cluster":                 {"id": "{arn}", "arn": "arn:aws:ecs:{region}:{account}:cluster/{name}"},
	"aws_ecs_task_definition":         {"id": "{family}", "revision": "1", "arn": "arn:aws:ecs:{region}:{account}:task-definition/{family}:{revision}"},
	"aws_iam_role":                    {"name": "{name_prefix}{hash}", "id": "{name}", "arn": "arn:aws:iam::{account}:role/{name}"},
	"aws_lambda_alias":                {"id": "{arn}", "arn": "arn:aws:lambda:{region}:{account}:function:{function_name}:{name}"},
	"aws_lambda_function": {
		"id": "{function_name}", "version": "1", "arn": "arn:aws:lambda:{region}:{account}:function:{function_name}", "qualified_arn": "{arn}:{version}",
	},
	"aws_lb": {
		"id": "{arn}", "arn": "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{arn_suffix}", "arn_suffix": "app/{name}/{hash}",
		"dns_name": "internal-{name}-1.{region}.elb.amazonaws.com",
	},
	"aws_lb_listener":      {"id": "{arn}", "arn": "arn:aws:elasticloadbalancing:{region}:{account}:listener/{load_balancer}/{hash}"},
	"aws_lb_listener_rule": {"id": "{arn}", "arn": "arn:aws:elasticloadbalancing:{region}:{account}:listener-rule/{listener}/{hash}"},
	"aws_lb_target_group": {
		"id": "{arn}", "arn": "arn:aws:elasticloadbalancing:{region}:{account}:{arn_suffix}", "arn_suffix": "targetgroup/{name}/{hash}",
	},
	"aws_security_group": {"name": "{name_prefix}{hash}", "id": "sg-{hash}", "arn": "arn:aws:ec2:{region}:{account}:security-group/{id}"},
	"aws_sns_topic":      {"id": "{arn}", "arn": "arn:aws:sns:{region}:{account}:{name}"},
	"aws_vpc_endpoint":   {"id": "vpce-{hash}", "arn": "arn:aws:ec2:{region}:{account}:vpc-endpoint/{id}"},
}

// read is what data sources answer.
var read = map[string]map[string]string{
	"aws_caller_identity": {"account_id": account, "id": account},
	"aws_partition":       {"partition": "aws", "dns_suffix": "amazonaws.com", "reverse_dns_prefix": "com.amazonaws", "id": "aws"},
	"aws_region":          {"region": region, "name": region, "id": region},
}

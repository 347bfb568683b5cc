package main

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// enumerations are what AWS takes, of the attributes that the templates set. The bindings know no values.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
var enumerations = map[string][]string{
	"aws_lambda_function.architectures":       {"arm64", "x86_64"},
	"aws_lambda_function.package_type":        {"Zip", "Image"},
	"aws_lambda_function.tracing_config.mode": {"Active", "PassThrough"},
	"aws_lambda_function.runtime": {
		"provided.al2023", "nodejs20.x", "nodejs22.x", "nodejs24.x", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14",
		"java17", "java21", "java25", "dotnet8", "dotnet10", "ruby3.3", "ruby3.4",
	},
	"aws_lambda_permission.principal": {"events.amazonaws.com"},

	"aws_cloudwatch_log_group.retention_in_days": {
		"0", "1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365", "400", "545", "731", "1096", "1827", "2192", "2557", "2922", "3288", "3653",
	},
	"aws_cloudwatch_metric_alarm.comparison_operator": {
		"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
		"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
	},
	"aws_cloudwatch_metric_alarm.statistic":                {"SampleCount", "Average", "Sum", "Minimum", "Maximum"},
	"aws_cloudwatch_metric_alarm.metric_query.metric.stat": {"SampleCount", "Average", "Sum", "Minimum", "Maximum"},
	"aws_cloudwatch_metric_alarm.treat_missing_data":       {"breaching", "notBreaching", "ignore", "missing"},

	"aws_ecs_cluster.setting.name":                     {"containerInsights"},
	"aws_ecs_cluster.setting.value":                    {"enabled", "enhanced", "disabled"},
	"aws_ecs_task_definition.network_mode":             {"none", "bridge", "awsvpc", "host"},
	"aws_ecs_task_definition.requires_compatibilities": {"EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"},
	"aws_ecs_service.launch_type":                      {"EC2", "FARGATE", "EXTERNAL"},
	"aws_ecs_service.deployment_controller.type":       {"ECS", "CODE_DEPLOY", "EXTERNAL"},
	"aws_ecs_service.deployment_configuration.strategy": {
		"ROLLING", "BLUE_GREEN", "LINEAR", "CANARY",
	},
	"aws_ecs_service.deployment_configuration.lifecycle_hook.lifecycle_stages": {
		"RECONCILE_SERVICE", "PRE_SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT",
		"PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT",
	},
	"aws_ecs_service.deployment_configuration.lifecycle_hook.target_type":                  {"AWS_LAMBDA", "PAUSE"},
	"aws_ecs_service.deployment_configuration.lifecycle_hook.timeout_configuration.action": {"ROLLBACK", "CONTINUE"},

	"aws_codedeploy_app.compute_platform": {"Server", "Lambda", "ECS"},
	"aws_codedeploy_deployment_group.deployment_config_name": {
		"CodeDeployDefault.ECSAllAtOnce", "CodeDeployDefault.ECSCanary10Percent5Minutes", "CodeDeployDefault.ECSCanary10Percent15Minutes",
		"CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
		"CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.LambdaCanary10Percent5Minutes", "CodeDeployDefault.LambdaCanary10Percent10Minutes",
		"CodeDeployDefault.LambdaCanary10Percent15Minutes", "CodeDeployDefault.LambdaCanary10Percent30Minutes",
		"CodeDeployDefault.LambdaLinear10PercentEvery1Minute", "CodeDeployDefault.LambdaLinear10PercentEvery2Minutes",
		"CodeDeployDefault.LambdaLinear10PercentEvery3Minutes", "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes",
	},
	"aws_codedeploy_deployment_group.deployment_style.deployment_type":                                                   {"IN_PLACE", "BLUE_GREEN"},
	"aws_codedeploy_deployment_group.deployment_style.deployment_option":                                                 {"WITH_TRAFFIC_CONTROL", "WITHOUT_TRAFFIC_CONTROL"},
	"aws_codedeploy_deployment_group.auto_rollback_configuration.events":                                                 {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"},
	"aws_codedeploy_deployment_group.blue_green_deployment_config.deployment_ready_option.action_on_timeout":             {"CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"},
	"aws_codedeploy_deployment_group.blue_green_deployment_config.terminate_blue_instances_on_deployment_success.action": {"TERMINATE", "KEEP_ALIVE"},

	"aws_lb.load_balancer_type":                                  {"application", "network", "gateway"},
	"aws_lb_target_group.target_type":                            {"instance", "ip", "lambda", "alb"},
	"aws_lb_target_group.protocol":                               {"HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"},
	"aws_lb_listener.protocol":                                   {"HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"},
	"aws_lb_listener.default_action.type":                        {"forward", "authenticate-oidc", "authenticate-cognito", "redirect", "fixed-response", "jwt-validation"},
	"aws_lb_listener.default_action.fixed_response.content_type": {"text/plain", "text/css", "text/html", "application/javascript", "application/json"},
	"aws_lb_listener_rule.action.type":                           {"forward", "authenticate-oidc", "authenticate-cognito", "redirect", "fixed-response", "jwt-validation"},

	"aws_vpc_endpoint.vpc_endpoint_type":              {"Gateway", "GatewayLoadBalancer", "Interface", "Resource", "ServiceNetwork"},
	"aws_vpc_security_group_ingress_rule.ip_protocol": {"tcp", "udp", "icmp", "icmpv6", "-1"},
	"aws_vpc_security_group_egress_rule.ip_protocol":  {"tcp", "udp", "icmp", "icmpv6", "-1"},
}

// form is how AWS wants a name or a description.
type form struct {
	characters *regexp.Regexp
	most       int // characters
}

var (
	anything  = regexp.MustCompile(`(?s)^.+$`)
	groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*$`)
	label     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
)

// forms are those of attributes that the templates put together.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
var forms = map[string]form{
	"aws_security_group.description":                  {groupText, 255},
	"aws_vpc_security_group_ingress_rule.description": {groupText, 255},
	"aws_vpc_security_group_egress_rule.description":  {groupText, 255},
	"aws_security_group.name_prefix":                  {groupText, 255 - 26}, // 26 more are added
	"aws_iam_role.name_prefix":                        {regexp.MustCompile(`^[\w+=,.@-]+$`), 38},
	"aws_iam_role.description":                        {regexp.MustCompile(`^[\t\n\r\x20-\x7e\x{a1}-\x{ff}]*$`), 1000},
	"aws_iam_role_policy.policy":                      {anything, 10240},
	"aws_cloudwatch_event_rule.name_prefix":           {regexp.MustCompile(`^[.\-_A-Za-z0-9]+$`), 38},
	"aws_cloudwatch_event_rule.description":           {anything, 512},
	"aws_cloudwatch_event_rule.event_pattern":         {anything, 4096},
	"aws_cloudwatch_metric_alarm.alarm_name":          {anything, 255},
	"aws_cloudwatch_metric_alarm.alarm_description":   {anything, 1024},
	"aws_lambda_function.description":                 {anything, 256},
	"aws_lambda_function.function_name":               {regexp.MustCompile(`^[A-Za-z0-9_-]+$`), 64},
	"aws_lb.name":                                     {label, 32},
	"aws_lb_target_group.name":                        {label, 32},
}

// problems are the values of a configuration that AWS wouldn't take. What isn't known yet is none.
func problems(resource string, config tftypes.Value) ([]*tfprotov5.Diagnostic, error) {
	var found []*tfprotov5.Diagnostic
	err := tftypes.Walk(config, func(path *tftypes.AttributePath, v tftypes.Value) (bool, error) {
		text, is := primitive(v)
		if !is {
			return true, nil
		}
		name := nameOf(resource, path)
		if allowed, known := enumerations[name]; known && !slices.Contains(allowed, text) {
			found = append(found, problem(path, "%s is %q: AWS takes %s", name, text, strings.Join(allowed, ", ")))
		}
		if form, known := forms[name]; known && (!form.characters.MatchString(text) || utf8.RuneCountInString(text) > form.most) {
			found = append(found, problem(path, "%s is %q: AWS takes up to %d characters that match %s", name, text, form.most, form.characters))
		}
		return true, nil
	})
	return found, err
}

func problem(path *tftypes.AttributePath, format string, args ...any) *tfprotov5.Diagnostic {
	return &tfprotov5.Diagnostic{
		Severity: tfprotov5.DiagnosticSeverityError, Summary: "AWS wouldn't take this", Detail: fmt.Sprintf(format, args...), Attribute: path,
	}
}

// primitive is a string's or a number's text, where it is known and there is one.
func primitive(v tftypes.Value) (string, bool) {
	if !v.IsKnown() || v.IsNull() {
		return "", false
	}
	var text string
	if v.Type().Is(tftypes.String) && v.As(&text) == nil {
		return text, true
	}
	number := new(big.Float)
	if v.Type().Is(tftypes.Number) && v.As(&number) == nil {
		return number.Text('f', -1), true
	}
	return "", false
}

// nameOf is a path without the places in lists and sets.
func nameOf(resource string, path *tftypes.AttributePath) string {
	name := resource
	for _, step := range path.Steps() {
		if attribute, is := step.(tftypes.AttributeName); is {
			name += "." + string(attribute)
		}
	}
	return name
}

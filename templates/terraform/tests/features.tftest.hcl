# What each feature adds, and what each setting sets.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  filename          = "tests/function.zip"
  features          = ["codedeploy"]
  deployment_groups = [{ application = "shop", group = "production", function = "checkout" }]
}

run "settings_reach_the_function" {
  command = plan

  variables {
    function_name              = "CodeDeployHook_shop"
    architecture               = "x86_64"
    memory_size                = 1024
    timeout                    = 300
    reserved_concurrency       = 5
    xray                       = true
    log_level                  = "debug"
    environment                = { ALB_URL = "green.example" }
    plan                       = "ssm:/plans/shop"
    log_retention_days         = 365
    log_kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/1"
    on_failure_destination_arn = "arn:aws:sqs:eu-west-1:123456789012:lost"
    alarm_topic_arns           = ["arn:aws:sns:eu-west-1:123456789012:alarms"]
    permissions_boundary_arn   = "arn:aws:iam::123456789012:policy/boundary"
    tags                       = { team = "shop" }
  }

  assert {
    condition = (
      aws_lambda_function.gate.function_name == "CodeDeployHook_shop" && aws_lambda_function.gate.architectures == tolist(["x86_64"]) &&
      aws_lambda_function.gate.memory_size == 1024 && aws_lambda_function.gate.timeout == 300 && aws_lambda_function.gate.reserved_concurrent_executions == 5
    )
    error_message = "A setting doesn't reach the function."
  }
  assert {
    condition     = aws_lambda_function.gate.environment[0].variables == tomap({ ALB_URL = "green.example", LOG_LEVEL = "debug", GREENLIGHT_PLAN = "ssm:/plans/shop" })
    error_message = "Its environment is ${jsonencode(aws_lambda_function.gate.environment[0].variables)}."
  }
  assert {
    condition     = aws_lambda_function.gate.tracing_config[0].mode == "Active" && strcontains(aws_iam_role_policy.gate.policy, "xray:PutTraceSegments")
    error_message = "Nothing is traced."
  }
  assert {
    condition     = aws_cloudwatch_log_group.gate.retention_in_days == 365 && aws_cloudwatch_log_group.gate.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1"
    error_message = "The log isn't kept as asked."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.gate.destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:lost"
    error_message = "Lost events don't reach the queue."
  }
  assert {
    condition     = contains(flatten([for s in jsondecode(aws_iam_role_policy.gate.policy).Statement : [for a in s.Action : [for r in s.Resource : "${a} ${r}"]]]), "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:lost")
    error_message = "The role may not send to the queue: ${aws_iam_role_policy.gate.policy}"
  }
  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.failing), aws_cloudwatch_metric_alarm.no_verdict) :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:alarms"]) && startswith(alarm.alarm_name, "CodeDeployHook_shop-")
    ])
    error_message = "Nobody hears of the alarms."
  }
  assert {
    condition     = aws_iam_role.gate.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary" && aws_iam_role.gate.tags == tomap({ team = "shop" })
    error_message = "The role has no boundary, or no tags."
  }
}

run "a_topic_is_a_destination_too" {
  command = plan

  variables {
    on_failure_destination_arn = "arn:aws:sns:eu-west-1:123456789012:lost"
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.gate.policy, "sns:Publish") && !strcontains(aws_iam_role_policy.gate.policy, "sqs:")
    error_message = "The role may not publish: ${aws_iam_role_policy.gate.policy}"
  }
}

run "the_zip_may_lie_in_s3" {
  command = plan

  variables {
    filename   = null
    s3_package = { bucket = "releases", key = "function-arm64.zip", object_version = "3" }
  }

  assert {
    condition     = aws_lambda_function.gate.s3_bucket == "releases" && aws_lambda_function.gate.s3_key == "function-arm64.zip" && aws_lambda_function.gate.s3_object_version == "3" && aws_lambda_function.gate.filename == null
    error_message = "The zip isn't taken from S3."
  }
}

run "the_plan_may_be_the_text" {
  command = plan

  variables {
    plan = "version: 1\nchecks:\n  - http: GET /health\n"
  }

  assert {
    condition     = aws_lambda_function.gate.environment[0].variables.GREENLIGHT_PLAN == "version: 1\nchecks:\n  - http: GET /health\n" && !strcontains(aws_iam_role_policy.gate.policy, "s3:") && !strcontains(aws_iam_role_policy.gate.policy, "ssm:")
    error_message = "The plan isn't the text, or the role may read what there isn't."
  }
}

run "alarms_can_be_left_out" {
  command = plan

  variables {
    alarms = false
  }

  assert {
    condition     = length(output.alarm_names) == 0
    error_message = "There are alarms: ${join(", ", output.alarm_names)}."
  }
}

run "pauses_of_the_services_reach_the_function" {
  command = plan

  variables {
    features          = ["pause"]
    deployment_groups = []
    services          = [{ cluster = "main", service = "web" }, { cluster = "main", service = "api" }]
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.pause[0].event_pattern) == {
      source        = ["aws.ecs"]
      "detail-type" = ["ECS Hook State Change"]
      detail = {
        eventName = ["HOOK_AWAITING_ACTION"]
        serviceDeploymentArn = [
          { wildcard = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/web/*" },
          { wildcard = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/api/*" },
        ]
      }
    }
    error_message = "The rule is for ${aws_cloudwatch_event_rule.pause[0].event_pattern}"
  }
  assert {
    condition     = aws_lambda_permission.pause[0].principal == "events.amazonaws.com" && length(aws_iam_role.ecs_hook) == 0
    error_message = "EventBridge may not call the function, or ECS may."
  }
}

run "in_a_vpc_the_function_reaches_the_load_balancer_and_443" {
  command = plan

  variables {
    vpc = {
      vpc_id         = "vpc-1"
      subnet_ids     = ["subnet-1", "subnet-2"]
      load_balancers = [{ security_group_id = "sg-lb", ports = [80, 8080] }]
    }
  }

  assert {
    condition     = aws_lambda_function.gate.vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"])
    error_message = "It isn't in the subnets."
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.listener : rule.from_port]) == toset([80, 8080]) && alltrue([for rule in aws_vpc_security_group_egress_rule.listener : rule.referenced_security_group_id == "sg-lb" && rule.from_port == rule.to_port])
    error_message = "It isn't let out to the listeners."
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.listener : rule.from_port]) == toset([80, 8080]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.listener : rule.security_group_id == "sg-lb"])
    error_message = "The load balancer doesn't let it in."
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_egress_rule.https : rule.from_port] == [443] && length(aws_vpc_endpoint.interface) == 0
    error_message = "It isn't let out to AWS, or there are endpoints that weren't asked for."
  }
}

run "endpoints_are_those_that_the_features_call" {
  command = plan

  variables {
    vpc = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], endpoints = true }
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["codedeploy", "lambda"]) && length(aws_vpc_endpoint.s3) == 0
    error_message = "There are endpoints for ${join(", ", keys(aws_vpc_endpoint.interface))}."
  }
  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.interface : e.private_dns_enabled && e.vpc_endpoint_type == "Interface" && startswith(e.service_name, "com.amazonaws.eu-west-1.")])
    error_message = "An endpoint doesn't answer to the service's usual name."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints[0].from_port == 443
    error_message = "The endpoints don't let the function in."
  }
}

run "all_features_have_all_endpoints" {
  command = plan

  variables {
    features          = ["codedeploy", "ecs", "pause", "targets", "lambda", "alarms", "cloudwatch", "prometheus"]
    deployment_groups = [{ application = "shop", group = "production", cluster = "main", service = "web" }]
    services          = [{ cluster = "main", service = "web" }]
    plan              = "s3://plans/shop.yaml"
    secrets           = ["ssm:/shop/token", "secretsmanager:shop/test"]
    vpc               = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], endpoints = true, route_table_ids = ["rtb-1"] }
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["codedeploy", "ecs", "elasticloadbalancing", "lambda", "monitoring", "aps-workspaces", "ssm", "secretsmanager"])
    error_message = "There are endpoints for ${join(", ", keys(aws_vpc_endpoint.interface))}."
  }
  assert {
    condition     = aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3[0].route_table_ids == toset(["rtb-1"])
    error_message = "There is no way to the plan."
  }
}

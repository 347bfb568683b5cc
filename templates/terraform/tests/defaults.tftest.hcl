# What the module makes where little is said.

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
  deployment_groups = [{ application = "shop", group = "production", cluster = "main", service = "web" }]
}

run "the_function_is_what_the_contracts_want" {
  command = plan

  assert {
    condition     = aws_lambda_function.gate.function_name == "CodeDeployHook_greenlight" && output.function_name == "CodeDeployHook_greenlight"
    error_message = "Its name is ${aws_lambda_function.gate.function_name}."
  }
  assert {
    condition     = aws_lambda_function.gate.runtime == "provided.al2023" && aws_lambda_function.gate.handler == "bootstrap"
    error_message = "Its runtime is ${aws_lambda_function.gate.runtime} with the handler ${aws_lambda_function.gate.handler}."
  }
  assert {
    condition     = aws_lambda_function.gate.architectures == tolist(["arm64"])
    error_message = "It isn't for arm64."
  }
  assert {
    condition     = aws_lambda_function.gate.timeout == 900 && aws_lambda_function.gate.memory_size == 512
    error_message = "It has ${aws_lambda_function.gate.timeout} s and ${aws_lambda_function.gate.memory_size} MB."
  }
  assert {
    condition     = aws_lambda_function.gate.reserved_concurrent_executions == null
    error_message = "Its concurrency is reserved, so that it can be throttled."
  }
  assert {
    condition     = aws_lambda_function.gate.tracing_config[0].mode == "PassThrough"
    error_message = "X-Ray is on."
  }
  assert {
    condition     = length(aws_lambda_function.gate.environment) == 0
    error_message = "It has an environment, and no plan was given."
  }
  assert {
    condition     = length(aws_lambda_function.gate.vpc_config) == 0
    error_message = "It is in a VPC, and none was given."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.gate.maximum_retry_attempts == 2 && aws_lambda_function_event_invoke_config.gate.maximum_event_age_in_seconds == 3600
    error_message = "An event that failed isn't run again twice, within CodeDeploy's hour."
  }
  assert {
    condition     = length(aws_lambda_function_event_invoke_config.gate.destination_config) == 0
    error_message = "Events have a destination, and none was given."
  }
  assert {
    condition     = aws_cloudwatch_log_group.gate.name == "/aws/lambda/CodeDeployHook_greenlight" && aws_cloudwatch_log_group.gate.retention_in_days == 30
    error_message = "Its log is ${aws_cloudwatch_log_group.gate.name} for ${aws_cloudwatch_log_group.gate.retention_in_days} days."
  }
}

run "there_are_alarms_on_the_gate_and_nothing_that_was_not_asked_for" {
  command = plan

  assert {
    condition     = toset(output.alarm_names) == toset(["CodeDeployHook_greenlight-errors", "CodeDeployHook_greenlight-throttles", "CodeDeployHook_greenlight-no-verdict"])
    error_message = "The alarms are ${join(", ", output.alarm_names)}."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.failing : alarm.threshold == 0 && alarm.treat_missing_data == "notBreaching"])
    error_message = "An alarm rings too late, or where nothing is deployed."
  }
  assert {
    condition     = length(aws_iam_role.ecs_hook) == 0 && output.ecs_hook_role_arn == null
    error_message = "There is a role for the hooks of Amazon ECS, without the feature ecs."
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.pause) + length(aws_lambda_permission.pause) == 0
    error_message = "EventBridge calls the function, without the feature pause."
  }
  assert {
    condition     = length(aws_security_group.gate) + length(aws_vpc_endpoint.interface) + length(aws_vpc_endpoint.s3) == 0 && output.security_group_id == null
    error_message = "There is something in a VPC, and none was given."
  }
}

run "only_lambda_takes_the_role" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role.gate.assume_role_policy).Statement[*].Principal == [{ Service = "lambda.amazonaws.com" }]
    error_message = "Somebody else may take the function's role: ${aws_iam_role.gate.assume_role_policy}"
  }
}

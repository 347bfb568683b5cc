# Each mistake is one that the AWS provider refuses, and so has its stand-in, in the words above it.

resource "aws_lambda_function" "argument" {
  function_name = "wrong"
  role          = "arn:aws:iam::123456789012:role/wrong"
  # says: An argument named "time_out" is not expected here.
  time_out = 900
}

# says: The argument "role" is required, but no definition was found.
resource "aws_lambda_function" "missing" {
  function_name = "wrong"
}

resource "aws_lambda_function" "values" {
  function_name = "wrong"
  role          = "arn:aws:iam::123456789012:role/wrong"
  # says: aws_lambda_function.runtime is "provided.al2024"
  runtime = "provided.al2024"
  # says: aws_lambda_function.architectures is "amd64"
  architectures = ["amd64"]
}

resource "aws_lambda_function" "blocks" {
  function_name = "wrong"
  role          = "arn:aws:iam::123456789012:role/wrong"

  tracing_config {
    mode = "Active"
  }

  # says: No more than 1 "tracing_config" blocks are allowed
  tracing_config {
    mode = "PassThrough"
  }
}

resource "aws_cloudwatch_log_group" "wrong" {
  name = "wrong"
  # says: aws_cloudwatch_log_group.retention_in_days is "31"
  retention_in_days = 31
}

resource "aws_ecs_service" "wrong" {
  name = "wrong"

  deployment_configuration {
    # says: aws_ecs_service.deployment_configuration.strategy is "BLUEGREEN"
    strategy = "BLUEGREEN"

    lifecycle_hook {
      # says: aws_ecs_service.deployment_configuration.lifecycle_hook.lifecycle_stages is "AfterAllowTestTraffic"
      lifecycle_stages = ["AfterAllowTestTraffic"]
    }
  }
}

resource "aws_codedeploy_deployment_group" "wrong" {
  app_name              = "wrong"
  deployment_group_name = "wrong"
  service_role_arn      = "arn:aws:iam::123456789012:role/wrong"
  # says: aws_codedeploy_deployment_group.deployment_config_name is "CodeDeployDefault.ECSCanary10Percent5Minute"
  deployment_config_name = "CodeDeployDefault.ECSCanary10Percent5Minute"
}

resource "aws_codedeploy_deployment_group" "type" {
  app_name              = "wrong"
  deployment_group_name = "wrong"
  service_role_arn      = "arn:aws:iam::123456789012:role/wrong"

  auto_rollback_configuration {
    # says: Inappropriate value for attribute "enabled": a bool is required.
    enabled = "perhaps"
  }
}

resource "aws_security_group" "wrong" {
  # says: aws_security_group.description is "the function's"
  description = "the function's"
}

# says: The provider hashicorp/aws does not support resource type "aws_lambda_hook"
resource "aws_lambda_hook" "wrong" {
}

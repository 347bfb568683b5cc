# What can't be right is refused before anything is made.

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

run "a_name_that_codedeploys_role_may_not_call" {
  command = plan

  variables {
    function_name = "greenlight"
  }

  expect_failures = [var.function_name]
}

run "a_name_that_is_none" {
  command = plan

  variables {
    function_name = "CodeDeployHook_green light"
  }

  expect_failures = [var.function_name]
}

run "a_name_that_is_too_long" {
  command = plan

  variables {
    function_name = "CodeDeployHook_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }

  expect_failures = [var.function_name]
}

run "an_architecture_that_there_is_not" {
  command = plan

  variables {
    architecture = "amd64"
  }

  expect_failures = [var.architecture]
}

run "too_little_memory" {
  command = plan

  variables {
    memory_size = 64
  }

  expect_failures = [var.memory_size]
}

run "too_much_memory" {
  command = plan

  variables {
    memory_size = 10241
  }

  expect_failures = [var.memory_size]
}

run "a_part_of_a_megabyte" {
  command = plan

  variables {
    memory_size = 512.5
  }

  expect_failures = [var.memory_size]
}

run "a_timeout_that_leaves_no_time" {
  command = plan

  variables {
    timeout = 3
  }

  expect_failures = [var.timeout]
}

run "a_timeout_beyond_lambdas" {
  command = plan

  variables {
    timeout = 901
  }

  expect_failures = [var.timeout]
}

run "no_concurrency_at_all" {
  command = plan

  variables {
    reserved_concurrency = 0
  }

  expect_failures = [var.reserved_concurrency]
}

run "a_level_that_there_is_not" {
  command = plan

  variables {
    log_level = "trace"
  }

  expect_failures = [var.log_level]
}

run "a_plan_in_the_environment" {
  command = plan

  variables {
    environment = { GREENLIGHT_PLAN = "x" }
  }

  expect_failures = [var.environment]
}

run "days_that_cloudwatch_does_not_keep" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "a_key_by_its_alias" {
  command = plan

  variables {
    log_kms_key_arn = "alias/logs"
  }

  expect_failures = [var.log_kms_key_arn]
}

run "a_destination_that_is_none" {
  command = plan

  variables {
    on_failure_destination_arn = "arn:aws:s3:::lost"
  }

  expect_failures = [var.on_failure_destination_arn]
}

run "a_queue_in_order" {
  command = plan

  variables {
    on_failure_destination_arn = "arn:aws:sqs:eu-west-1:123456789012:lost.fifo"
  }

  expect_failures = [var.on_failure_destination_arn]
}

run "a_bucket_without_a_key" {
  command = plan

  variables {
    plan = "s3://plans"
  }

  expect_failures = [var.plan]
}

run "a_folder_of_a_bucket" {
  command = plan

  variables {
    plan = "s3://plans/"
  }

  expect_failures = [var.plan]
}

run "a_parameter_without_a_slash" {
  command = plan

  variables {
    plan = "ssm:plan"
  }

  expect_failures = [var.plan]
}

run "an_include_from_elsewhere" {
  command = plan

  variables {
    plan_includes = ["common.yaml"]
  }

  expect_failures = [var.plan_includes]
}

run "a_secret_by_its_arn" {
  command = plan

  variables {
    secrets = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop"]
  }

  expect_failures = [var.secrets]
}

run "secrets_by_the_dozen" {
  command = plan

  variables {
    secrets = ["ssm:/shop/*"]
  }

  expect_failures = [var.secrets]
}

run "keys_by_the_dozen" {
  command = plan

  variables {
    kms_key_arns = ["arn:aws:kms:eu-west-1:123456789012:key/*"]
  }

  expect_failures = [var.kms_key_arns]
}

run "a_feature_that_there_is_not" {
  command = plan

  variables {
    features = ["codedeploy", "cloud"]
  }

  expect_failures = [var.features]
}

run "a_function_that_nobody_calls" {
  command = plan

  variables {
    features          = ["targets"]
    deployment_groups = []
  }

  expect_failures = [var.features]
}

run "no_deployment_group" {
  command = plan

  variables {
    deployment_groups = []
  }

  expect_failures = [var.deployment_groups]
}

run "groups_without_codedeploy" {
  command = plan

  variables {
    features = ["ecs"]
    services = [{ cluster = "main", service = "web" }]
  }

  expect_failures = [var.deployment_groups]
}

run "a_group_that_deploys_nothing" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "production" }]
  }

  expect_failures = [var.deployment_groups]
}

run "a_group_that_deploys_both" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "production", cluster = "main", service = "web", function = "checkout" }]
  }

  expect_failures = [var.deployment_groups]
}

run "a_service_without_its_cluster" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "production", service = "web" }]
  }

  expect_failures = [var.deployment_groups]
}

run "a_group_by_its_arn" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:shop/production", function = "checkout" }]
  }

  expect_failures = [var.deployment_groups]
}

run "no_service" {
  command = plan

  variables {
    features = ["codedeploy", "ecs"]
  }

  expect_failures = [var.services]
}

run "services_without_ecs" {
  command = plan

  variables {
    services = [{ cluster = "main", service = "web" }]
  }

  expect_failures = [var.services]
}

run "a_service_by_its_arn" {
  command = plan

  variables {
    features = ["codedeploy", "pause"]
    services = [{ cluster = "main", service = "arn:aws:ecs:eu-west-1:123456789012:service/main/web" }]
  }

  expect_failures = [var.services]
}

run "a_vpc_without_subnets" {
  command = plan

  variables {
    vpc = { vpc_id = "vpc-1", subnet_ids = [] }
  }

  expect_failures = [var.vpc]
}

run "a_port_that_is_none" {
  command = plan

  variables {
    vpc = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], load_balancers = [{ security_group_id = "sg-1", ports = [0] }] }
  }

  expect_failures = [var.vpc]
}

run "an_address_that_is_no_block" {
  command = plan

  variables {
    vpc = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], https_cidr_blocks = ["10.0.0.1"] }
  }

  expect_failures = [var.vpc]
}

run "a_topic_by_its_name" {
  command = plan

  variables {
    alarm_topic_arns = ["alarms"]
  }

  expect_failures = [var.alarm_topic_arns]
}

run "no_zip" {
  command = plan

  variables {
    filename = null
  }

  expect_failures = [aws_lambda_function.gate]
}

run "two_zips" {
  command = plan

  variables {
    s3_package = { bucket = "releases", key = "function-arm64.zip" }
  }

  expect_failures = [aws_lambda_function.gate]
}

run "a_long_text" {
  module {
    source = "./tests/long"
  }
}

run "a_plan_that_is_too_long" {
  command = plan

  variables {
    plan = run.a_long_text.text
  }

  expect_failures = [aws_lambda_function.gate]
}

run "a_plan_in_s3_without_a_way_to_it" {
  command = plan

  variables {
    plan = "s3://plans/shop.yaml"
    vpc  = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], endpoints = true }
  }

  expect_failures = [aws_vpc_endpoint.s3]
}

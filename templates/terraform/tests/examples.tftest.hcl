# The examples, as far as they can be planned without an account.

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
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:alarms" }
  }
}

variables {
  vpc_id       = "vpc-1"
  subnet_ids   = ["subnet-1", "subnet-2"]
  image        = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1"
  code_zip     = "tests/function.zip"
  function_zip = "tests/function.zip"
}

run "ecs_by_codedeploy" {
  module {
    source = "./examples/ecs-codedeploy"
  }

  assert {
    condition     = jsondecode(output.appspec).Hooks == [for event in ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"] : { (event) = "CodeDeployHook_shop" }]
    error_message = "The AppSpec doesn't name the gate at all five hooks: ${output.appspec}"
  }
  assert {
    condition     = jsondecode(jsondecode(output.deployment).revision.appSpecContent.content) == jsondecode(output.appspec) && jsondecode(output.deployment).deploymentGroupName == aws_codedeploy_deployment_group.this.deployment_group_name
    error_message = "The deployment isn't of the AppSpec: ${output.deployment}"
  }
  assert {
    condition     = aws_ecs_service.this.deployment_controller[0].type == "CODE_DEPLOY" && aws_codedeploy_app.this.compute_platform == "ECS"
    error_message = "CodeDeploy doesn't deploy the service."
  }
  assert {
    condition     = aws_codedeploy_deployment_group.this.deployment_config_name == "CodeDeployDefault.ECSCanary10Percent5Minutes"
    error_message = "Traffic is shifted as ${aws_codedeploy_deployment_group.this.deployment_config_name} says."
  }
  assert {
    condition     = aws_codedeploy_deployment_group.this.auto_rollback_configuration[0].enabled && contains(aws_codedeploy_deployment_group.this.auto_rollback_configuration[0].events, "DEPLOYMENT_FAILURE") && contains(aws_codedeploy_deployment_group.this.auto_rollback_configuration[0].events, "DEPLOYMENT_STOP_ON_ALARM")
    error_message = "A failed deployment isn't rolled back."
  }
  assert {
    condition     = aws_codedeploy_deployment_group.this.alarm_configuration[0].enabled && aws_codedeploy_deployment_group.this.alarm_configuration[0].alarms == toset([for alarm in aws_cloudwatch_metric_alarm.green : alarm.alarm_name])
    error_message = "Alarms don't stop a deployment."
  }
  assert {
    condition = (
      aws_codedeploy_deployment_group.this.load_balancer_info[0].target_group_pair_info[0].prod_traffic_route[0].listener_arns == toset([aws_lb_listener.production.arn]) &&
      aws_codedeploy_deployment_group.this.load_balancer_info[0].target_group_pair_info[0].test_traffic_route[0].listener_arns == toset([aws_lb_listener.test.arn]) &&
      aws_lb_listener.production.port != aws_lb_listener.test.port
    )
    error_message = "Production and test have no listener each."
  }
  assert {
    condition     = [for group in aws_codedeploy_deployment_group.this.load_balancer_info[0].target_group_pair_info[0].target_group : group.name] == ["shop-a", "shop-b"]
    error_message = "There are no two target groups."
  }
}

run "ecs_by_itself" {
  module {
    source = "./examples/ecs"
  }

  assert {
    condition     = aws_ecs_service.this.deployment_configuration[0].strategy == "BLUE_GREEN" && aws_ecs_service.this.deployment_controller[0].type == "ECS" && tonumber(aws_ecs_service.this.deployment_configuration[0].bake_time_in_minutes) > 0
    error_message = "Amazon ECS doesn't deploy it blue/green."
  }
  assert {
    condition = alltrue([for hook in aws_ecs_service.this.deployment_configuration[0].lifecycle_hook :
      hook.hook_target_arn == module.gate.function_arn && hook.role_arn == module.gate.ecs_hook_role_arn && contains(hook.lifecycle_stages, "POST_TEST_TRAFFIC_SHIFT") && hook.timeout_configuration[0].action == "ROLLBACK"
    ]) && length(aws_ecs_service.this.deployment_configuration[0].lifecycle_hook) == 1
    error_message = "The gate isn't asked while green is on the test listener."
  }
  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback && aws_ecs_service.this.alarms[0].enable && aws_ecs_service.this.alarms[0].rollback && length(aws_ecs_service.this.alarms[0].alarm_names) == 2
    error_message = "A deployment that goes wrong isn't rolled back."
  }
  assert {
    condition = alltrue([for b in aws_ecs_service.this.load_balancer :
      b.target_group_arn == aws_lb_target_group.this["a"].arn && b.advanced_configuration[0].alternate_target_group_arn == aws_lb_target_group.this["b"].arn &&
      b.advanced_configuration[0].production_listener_rule == aws_lb_listener_rule.this["production"].arn && b.advanced_configuration[0].test_listener_rule == aws_lb_listener_rule.this["test"].arn &&
      b.advanced_configuration[0].role_arn == aws_iam_role.load_balancer.arn
    ])
    error_message = "The load balancer isn't told where green and blue are."
  }
}

run "lambda_by_codedeploy" {
  module {
    source = "./examples/lambda"
  }

  assert {
    condition     = jsondecode(output.appspec).Hooks == [{ BeforeAllowTraffic = "CodeDeployHook_checkout" }, { AfterAllowTraffic = "CodeDeployHook_checkout" }]
    error_message = "The AppSpec doesn't name the gate at both hooks: ${output.appspec}"
  }
  assert {
    condition     = jsondecode(output.appspec).Resources[0].checkout.Properties.Alias == aws_lambda_alias.live.name && aws_lambda_function.this.publish
    error_message = "The AppSpec deploys no version to the alias: ${output.appspec}"
  }
  assert {
    condition     = aws_codedeploy_app.this.compute_platform == "Lambda" && startswith(aws_codedeploy_deployment_group.this.deployment_config_name, "CodeDeployDefault.LambdaCanary")
    error_message = "It isn't a canary of CodeDeploy's for Lambda."
  }
  assert {
    condition     = contains(aws_codedeploy_deployment_group.this.auto_rollback_configuration[0].events, "DEPLOYMENT_FAILURE") && aws_codedeploy_deployment_group.this.alarm_configuration[0].alarms == toset([aws_cloudwatch_metric_alarm.green.alarm_name])
    error_message = "A deployment that goes wrong isn't rolled back."
  }
}

locals {
  # Names that both sides have: of the gate's role, and of what is deployed.
  group = "production"
}

module "gate" {
  source = "../.."

  function_name     = "CodeDeployHook_${var.name}"
  filename          = var.function_zip
  plan              = file("${path.module}/greenlight.yaml")
  features          = ["codedeploy", "targets"]
  deployment_groups = [{ application = var.name, group = local.group, cluster = var.name, service = var.name }]
  alarm_topic_arns  = [aws_sns_topic.alarms.arn]

  vpc = {
    vpc_id         = var.vpc_id
    subnet_ids     = var.subnet_ids
    load_balancers = [{ security_group_id = aws_security_group.load_balancer.id, ports = [80, 8080] }]
  }
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:alarms hold no secrets, and CloudWatch can't use AWS's own key
  name = "${var.name}-alarms"
}

# Green at either place. A deployment whose green makes one of them ring is stopped and rolled back.
resource "aws_cloudwatch_metric_alarm" "green" {
  for_each = aws_lb_target_group.this

  alarm_name          = "${var.name}-${each.key}-errors"
  alarm_description   = "Tasks of the target group ${each.value.name} answer with 5xx"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  dimensions          = { LoadBalancer = aws_lb.this.arn_suffix, TargetGroup = each.value.arn_suffix }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_iam_role" "codedeploy" {
  name_prefix = "${var.name}-codedeploy-"
  description = "CodeDeploy deploys ${var.name}, and calls its hooks"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "codedeploy.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

# It may call functions whose names begin with CodeDeployHook_, where AWSCodeDeployRoleForECS may call all of the account's.
resource "aws_iam_role_policy_attachment" "codedeploy" {
  role       = aws_iam_role.codedeploy.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AWSCodeDeployRoleForECSLimited"
}

# That policy hands on roles called ecsTaskExecutionRole alone.
resource "aws_iam_role_policy" "codedeploy" {
  name = "pass-execution-role"
  role = aws_iam_role.codedeploy.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow", Action = "iam:PassRole", Resource = aws_iam_role.execution.arn
      Condition = { StringLike = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    }]
  })
}

resource "aws_codedeploy_app" "this" {
  name             = var.name
  compute_platform = "ECS"
}

resource "aws_codedeploy_deployment_group" "this" {
  app_name               = aws_codedeploy_app.this.name
  deployment_group_name  = local.group
  service_role_arn       = aws_iam_role.codedeploy.arn
  deployment_config_name = "CodeDeployDefault.ECSCanary10Percent5Minutes"

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  # Without it a hook that says no leaves everything as it is.
  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }

  alarm_configuration {
    enabled = true
    alarms  = values(aws_cloudwatch_metric_alarm.green)[*].alarm_name
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout = "CONTINUE_DEPLOYMENT"
    }
    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = 5
    }
  }

  ecs_service {
    cluster_name = aws_ecs_cluster.this.name
    service_name = aws_ecs_service.this.name
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route {
        listener_arns = [aws_lb_listener.production.arn]
      }
      test_traffic_route {
        listener_arns = [aws_lb_listener.test.arn]
      }
      target_group {
        name = aws_lb_target_group.this["a"].name
      }
      target_group {
        name = aws_lb_target_group.this["b"].name
      }
    }
  }

  depends_on = [aws_iam_role_policy_attachment.codedeploy, aws_iam_role_policy.codedeploy]
}

locals {
  # A name that both sides have: of the gate's role, and of what is deployed.
  group = "production"
}

module "gate" {
  source = "../.."

  function_name     = "CodeDeployHook_${var.name}"
  filename          = var.function_zip
  plan              = file("${path.module}/greenlight.yaml")
  features          = ["codedeploy", "lambda"]
  deployment_groups = [{ application = var.name, group = local.group, function = var.name }]
  alarm_topic_arns  = [aws_sns_topic.alarms.arn]
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:alarms hold no secrets, and CloudWatch can't use AWS's own key
  name = "${var.name}-alarms"
}

# Callers of the alias, of whom some have green. A deployment during which it rings is stopped and rolled back.
resource "aws_cloudwatch_metric_alarm" "green" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "Invocations of ${var.name}:live end in errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name, Resource = "${aws_lambda_function.this.function_name}:${aws_lambda_alias.live.name}" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
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

# It may call functions whose names begin with CodeDeployHook_.
resource "aws_iam_role_policy_attachment" "codedeploy" {
  role       = aws_iam_role.codedeploy.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"
}

resource "aws_codedeploy_app" "this" {
  name             = var.name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "this" {
  app_name               = aws_codedeploy_app.this.name
  deployment_group_name  = local.group
  service_role_arn       = aws_iam_role.codedeploy.arn
  deployment_config_name = "CodeDeployDefault.LambdaCanary10Percent5Minutes"

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
    alarms  = [aws_cloudwatch_metric_alarm.green.alarm_name]
  }

  depends_on = [aws_iam_role_policy_attachment.codedeploy]
}

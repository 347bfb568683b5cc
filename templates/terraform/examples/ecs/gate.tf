module "gate" {
  source = "../.."

  function_name    = "CodeDeployHook_${var.name}"
  filename         = var.function_zip
  plan             = file("${path.module}/greenlight.yaml")
  features         = ["ecs", "targets"]
  services         = [{ cluster = var.name, service = var.name }]
  alarm_topic_arns = [aws_sns_topic.alarms.arn]

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

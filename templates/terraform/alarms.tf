# Lambda dates an error by when its invocation began, and tells of it when that has ended, up to 15 minutes later: an alarm that looked at
# the last minute would never see it.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#invocation-metrics
locals {
  alarms_look_back = 20 # minutes

  failing = var.alarms ? {
    errors = {
      metric = "Errors"
      says   = "ended without a verdict, or couldn't deliver it. CodeDeploy's events are run again, twice. Its log, ${aws_cloudwatch_log_group.gate.name}, says why."
    }
    throttles = {
      metric = "Throttles"
      says   = "was refused, and a deployment waits or fails. The account's concurrency in this region is used up, or what is reserved for the function is too little."
    }
  } : {}
}

resource "aws_cloudwatch_metric_alarm" "failing" {
  for_each = local.failing

  alarm_name          = "${var.function_name}-${each.key}"
  alarm_description   = "greenlight: an invocation of ${var.function_name} ${each.value.says}"
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = aws_lambda_function.gate.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = local.alarms_look_back
  datapoints_to_alarm = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # nothing is deployed most of the time
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

# No verdict is coming any more: Lambda has given an event up after its retries or its hour, or has taken hand-overs for an endless loop.
# Counting the log's lines wouldn't do. A run that ends without a verdict may be mended by the next one. And invocations less verdicts go
# apart at each minute's edge: an invocation counts where it begins, its verdict where it ends, up to 15 later.
resource "aws_cloudwatch_metric_alarm" "no_verdict" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.function_name}-no-verdict"
  alarm_description   = "greenlight: Lambda has given up an event of ${var.function_name}. Its deployment gets no verdict, and waits until CodeDeploy's hour or the pause is over: stop it (aws deploy stop-deployment --auto-rollback-enabled). Its log, ${aws_cloudwatch_log_group.gate.name}, says why."
  evaluation_periods  = local.alarms_look_back
  datapoints_to_alarm = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags

  metric_query {
    id          = "lost"
    label       = "events without a verdict"
    expression  = "FILL(dropped, 0) + FILL(looped, 0)"
    return_data = true
  }

  metric_query {
    id = "dropped"
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "AsyncEventsDropped"
      dimensions  = { FunctionName = aws_lambda_function.gate.function_name }
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id = "looped"
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "RecursiveInvocationsDropped"
      dimensions  = { FunctionName = aws_lambda_function.gate.function_name }
      period      = 60
      stat        = "Sum"
    }
  }
}

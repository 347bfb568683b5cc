locals {
  failing = var.alarms ? {
    errors    = { metric = "Errors", says = "an invocation ended without a verdict, or couldn't deliver it; CodeDeploy's events are run again, twice" }
    throttles = { metric = "Throttles", says = "an invocation was refused, and a deployment waits: the account's concurrency in this region is used up, or reserved_concurrency is too small" }
  } : {}
}

resource "aws_cloudwatch_metric_alarm" "failing" {
  for_each = local.failing

  alarm_name          = "${var.function_name} ${each.key}"
  alarm_description   = "${var.function_name}: ${each.value.says}. Its log: ${aws_cloudwatch_log_group.gate.name}"
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = aws_lambda_function.gate.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # nothing is deployed most of the time
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

# No verdict is coming any more: Lambda has given an event up after its retries or its hour, or has taken hand-overs for an endless loop.
# Invocations less verdicts in the log wouldn't do: an invocation counts in the minute in which it begins, its verdict in that in which it is
# written, up to 15 later.
resource "aws_cloudwatch_metric_alarm" "no_verdict" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.function_name} no verdict"
  alarm_description   = "Lambda has given up an event of ${var.function_name}. Its deployment waits until CodeDeploy's hour is over: stop it (aws deploy stop-deployment --auto-rollback-enabled), and see ${aws_cloudwatch_log_group.gate.name} for why."
  evaluation_periods  = 1
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

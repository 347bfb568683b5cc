# Amazon ECS tells EventBridge of a pause that waits for an answer.
resource "aws_cloudwatch_event_rule" "pause" {
  count = contains(var.features, "pause") ? 1 : 0

  name_prefix = substr("${var.function_name}-", 0, 38)
  description = "Has ${var.function_name} answer the pauses of Amazon ECS's deployments"
  tags        = var.tags

  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Hook State Change"]
    detail = {
      eventName = ["HOOK_AWAITING_ACTION"]
      # The pauses of other services are for somebody else to answer.
      serviceDeploymentArn = [for s in var.services : {
        wildcard = "arn:${local.here.partition}:ecs:${local.here.region}:${local.here.account}:service-deployment/${s.cluster}/${s.service}/*"
      }]
    }
  })
}

resource "aws_cloudwatch_event_target" "pause" {
  count = contains(var.features, "pause") ? 1 : 0

  rule = aws_cloudwatch_event_rule.pause[0].name
  arn  = aws_lambda_function.gate.arn

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }
}

resource "aws_lambda_permission" "pause" {
  count = contains(var.features, "pause") ? 1 : 0

  statement_id  = "EventBridgeTellsOfPauses"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.gate.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.pause[0].arn
}

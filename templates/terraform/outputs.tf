output "function_name" {
  description = "What an AppSpec's hooks name."
  value       = aws_lambda_function.gate.function_name
}

output "function_arn" {
  description = "What a lifecycle hook of an ECS service has as its `hook_target_arn`."
  value       = aws_lambda_function.gate.arn
}

output "role_arn" {
  description = "The function's role."
  value       = aws_iam_role.gate.arn
}

output "role_name" {
  description = "The function's role, to attach more policies to it."
  value       = aws_iam_role.gate.name
}

output "ecs_hook_role_arn" {
  description = "What a lifecycle hook of an ECS service has as its `role_arn`; null without the feature `ecs`."
  value       = one(aws_iam_role.ecs_hook[*].arn)
}

output "log_group_name" {
  description = "The function's log, whose last line of each execution is the verdict."
  value       = aws_cloudwatch_log_group.gate.name
}

output "security_group_id" {
  description = "The function's security group; null without `vpc`."
  value       = one(aws_security_group.gate[*].id)
}

output "alarm_names" {
  description = "The alarms on the gate itself."
  value       = concat(values(aws_cloudwatch_metric_alarm.failing)[*].alarm_name, aws_cloudwatch_metric_alarm.no_verdict[*].alarm_name)
}

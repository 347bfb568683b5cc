locals {
  environment = merge(
    var.environment,
    var.log_level == "info" ? {} : { LOG_LEVEL = var.log_level },
    var.plan == null ? {} : { GREENLIGHT_PLAN = var.plan },
  )
}

resource "aws_lambda_function" "gate" {
  #checkov:skip=CKV_AWS_50:tracing is the variable xray; the log has each request's timings without it
  #checkov:skip=CKV_AWS_115:concurrency is the variable reserved_concurrency; a hook that is throttled lets its deployment hang
  #checkov:skip=CKV_AWS_116:events that are given up go to the variable on_failure_destination_arn, which tells more than a dead-letter queue
  #checkov:skip=CKV_AWS_117:the VPC is the variable vpc; without it the function reaches what has a public address
  #checkov:skip=CKV_AWS_173:the environment holds no secrets: the plan names where they lie
  #checkov:skip=CKV_AWS_272:signing the zip is the business of who builds it
  function_name = var.function_name
  description   = "greenlight: decides whether blue/green deployments may go on"
  role          = aws_iam_role.gate.arn

  # provided.al2023 starts the zip's bootstrap, whatever the handler is.
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.architecture]
  memory_size   = var.memory_size
  timeout       = var.timeout

  filename          = var.filename
  source_code_hash  = var.filename == null ? null : filebase64sha256(var.filename)
  s3_bucket         = try(var.s3_package.bucket, null)
  s3_key            = try(var.s3_package.key, null)
  s3_object_version = try(var.s3_package.object_version, null)

  # None by default: what is reserved is also the most there is, and a hook that is throttled lets its deployment hang.
  reserved_concurrent_executions = var.reserved_concurrency

  dynamic "environment" {
    for_each = length(local.environment) == 0 ? [] : [local.environment]
    content {
      variables = environment.value
    }
  }

  tracing_config {
    mode = var.xray ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = concat([aws_security_group.gate[0].id], vpc_config.value.security_group_ids)
    }
  }

  tags = var.tags

  # The first hook finds its log group and its permissions.
  depends_on = [aws_cloudwatch_log_group.gate, aws_iam_role_policy.gate]

  lifecycle {
    precondition {
      condition     = (var.filename == null) != (var.s3_package == null)
      error_message = "The function's zip is given by filename or by s3_package: give one of them."
    }
    precondition {
      condition     = length(jsonencode(local.environment)) <= 4096
      error_message = "The function's environment has ${length(jsonencode(local.environment))} characters, and Lambda takes 4096 bytes: put the plan into the zip, into S3 (s3://bucket/key) or the Parameter Store (ssm:/name)."
    }
  }
}

# CodeDeploy and EventBridge call asynchronously: an invocation that fails runs again twice, and within the hour that CodeDeploy waits.
resource "aws_lambda_function_event_invoke_config" "gate" {
  function_name                = aws_lambda_function.gate.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600

  dynamic "destination_config" {
    for_each = var.on_failure_destination_arn == null ? [] : [var.on_failure_destination_arn]
    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "gate" {
  #checkov:skip=CKV_AWS_158:the key is the variable log_kms_key_arn; without it the log is encrypted under a key of AWS's
  #checkov:skip=CKV_AWS_338:how long it is kept is the variable log_retention_days; verdicts are in the deployment's own history too
  name              = "/aws/lambda/${var.function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

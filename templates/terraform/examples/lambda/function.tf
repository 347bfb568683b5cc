data "aws_partition" "current" {}

resource "aws_iam_role" "function" {
  name_prefix = "${var.name}-"
  description = "What ${var.name} may do"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "function" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:under a key of AWS's; a key of your own is kms_key_id
  #checkov:skip=CKV_AWS_338:a month is enough for an example
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:tracing is for the function's own needs
  #checkov:skip=CKV_AWS_115:and so is its concurrency
  #checkov:skip=CKV_AWS_116:and so are a dead-letter queue,
  #checkov:skip=CKV_AWS_117:a VPC
  #checkov:skip=CKV_AWS_272:and signed code
  function_name    = var.name
  role             = aws_iam_role.function.arn
  runtime          = var.runtime
  handler          = var.handler
  architectures    = ["arm64"]
  filename         = var.code_zip
  source_code_hash = filebase64sha256(var.code_zip)
  publish          = true # each change is a version, and the alias leads to one

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy_attachment.function]
}

# What callers call.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  # CodeDeploy moves it; what this file says is true of the first version alone.
  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

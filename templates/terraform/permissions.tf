# The roles' statements are what greenlight's code calls: permissions.json is written from it, and each statement is for the deployment
# groups, services and features that are given. What is below for Lambda itself (tracing, destinations) is all that stands by its own.

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  permissions = "${path.module}/permissions.json"

  # Names that hold for all statements.
  here = {
    partition = data.aws_partition.current.partition
    region    = data.aws_region.current.region
    account   = data.aws_caller_identity.current.account_id
    function  = var.function_name
    # Each is given where a statement is for one.
    application = "*", group = "*", cluster = "*", service = "*", deployed = "*", bucket = "*", key = "*", name = "*", kms_key_arn = "*"
  }

  # What the plan and its secrets lie in. What a name such as {{ application }} stands for isn't known here, and what is made in the same
  # configuration is known after apply alone: that an address begins with s3: or ssm: is known before, and all that decides what is made.
  plan_elsewhere = var.plan == null ? false : startswith(var.plan, "s3:") || startswith(var.plan, "ssm:")
  plan_addresses = concat(local.plan_elsewhere ? [var.plan] : [], var.plan_includes)
  any_name       = "/\\{\\{[^}]*}}/"
  plan_objects   = [for address in local.plan_addresses : regex("^s3://(?P<bucket>[^/]+)/(?P<key>.+)$", replace(address, local.any_name, "*")) if startswith(address, "s3:")]
  plan_names     = [for address in local.plan_addresses : trimprefix(replace(address, local.any_name, "*"), "ssm:") if startswith(address, "ssm:")]
  secrets = [for secret in var.secrets : {
    scheme = startswith(secret, "ssm:") ? "ssm" : "secretsmanager"
    name   = regex("^[a-z]+:([^#]+)", replace(secret, local.any_name, "*"))[0]
  }]

  # Each is a feature of permissions.json, with the names that its resources are to have.
  granted = concat(
    [{ feature = "logs", platform = null, names = {} }],
    [for feature in setsubtract(var.features, ["codedeploy", "ecs", "pause"]) : { feature = feature, platform = null, names = {} }],
    var.hand_over && contains(var.features, "codedeploy") ? [{ feature = "handover", platform = null, names = {} }] : [],
    var.vpc == null ? [] : [{ feature = "vpc", platform = null, names = {} }],
    [for g in var.deployment_groups : {
      feature  = "codedeploy"
      platform = g.function == null ? "ecs" : "lambda"
      names = {
        application = g.application, group = g.group, cluster = coalesce(g.cluster, "*"), service = coalesce(g.service, "*"), deployed = coalesce(g.function, "*")
      }
    }],
    flatten([for feature in setintersection(var.features, ["ecs", "pause"]) : [for s in var.services : { feature = feature, platform = null, names = s }]]),
    [for o in local.plan_objects : { feature = "plan-s3", platform = null, names = o }],
    [for name in local.plan_names : { feature = "plan-ssm", platform = null, names = { name = name } }],
    [for s in local.secrets : { feature = "secret-${s.scheme}", platform = null, names = { name = s.name } }],
  )
  with_keys = [for g in local.granted : g if can(regex("^(plan|secret)-", g.feature))]

  # An action and a resource each.
  calls = concat(
    flatten([for g in local.granted : [
      for call in jsondecode(templatefile(local.permissions, merge(local.here, g.names)))[g.feature] : call
      if !startswith(call.action, "kms:") && (g.platform == null || contains(try(call.platforms, [coalesce(g.platform, "any")]), coalesce(g.platform, "any")))
    ]]),
    # Keys are each for all that is read.
    flatten([for g in local.with_keys : [for arn in var.kms_key_arns : [
      for call in jsondecode(templatefile(local.permissions, merge(local.here, g.names, { kms_key_arn = arn })))[g.feature] : call
      if startswith(call.action, "kms:")
    ]]]),
    var.xray ? [
      { action = "xray:PutTraceSegments", resource = "*" },
      { action = "xray:PutTelemetryRecords", resource = "*" },
    ] : [],
    var.on_failure_destination_arn == null ? [] : [{
      action   = strcontains(var.on_failure_destination_arn, ":sqs:") ? "sqs:SendMessage" : "sns:Publish"
      resource = var.on_failure_destination_arn
    }],
  )
  invocations = jsondecode(templatefile(local.permissions, local.here)).invoke

  # Actions of the same resources stand in one statement.
  resources_of  = { for action in distinct(local.calls[*].action) : action => sort(distinct([for call in local.calls : call.resource if call.action == action])) }
  actions_alike = { for action, resources in local.resources_of : join("\n", resources) => action... }
}

resource "aws_iam_role" "gate" {
  name_prefix          = substr("${var.function_name}-", 0, 38)
  description          = "What ${var.function_name} may do: find what is deployed, prove that it is green, and report"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "gate" {
  name = "greenlight"
  role = aws_iam_role.gate.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for resources, actions in local.actions_alike : {
      Effect = "Allow", Action = sort(actions), Resource = split("\n", resources)
    }]
  })
}

# Amazon ECS takes this role to call the function at its lifecycle hooks.
resource "aws_iam_role" "ecs_hook" {
  count = contains(var.features, "ecs") ? 1 : 0

  name_prefix          = substr("${var.function_name}-", 0, 38)
  description          = "Lets Amazon ECS call ${var.function_name} at its lifecycle hooks"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ecs.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "ecs_hook" {
  count = contains(var.features, "ecs") ? 1 : 0

  name = "greenlight"
  role = aws_iam_role.ecs_hook[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = distinct(local.invocations[*].action), Resource = distinct(local.invocations[*].resource)
    }]
  })
}

locals {
  # The interface endpoint by which a service is called, by the service's prefix in IAM; null where the function calls it not
  # through its network (Lambda writes the log, S3 has a gateway, what is encrypted is decrypted where it lies) or where there is none (tag).
  endpoint_of = {
    aps                  = "aps-workspaces"
    cloudwatch           = "monitoring"
    codedeploy           = "codedeploy"
    ecs                  = "ecs"
    elasticloadbalancing = "elasticloadbalancing"
    lambda               = "lambda"
    secretsmanager       = "secretsmanager"
    ssm                  = "ssm"
    xray                 = null
    ec2                  = null
    kms                  = null
    logs                 = null
    s3                   = null
    sns                  = null
    sqs                  = null
    tag                  = null
  }
  # Of the features, and not of the role's statements: whose names may be known after apply alone.
  called = toset(flatten([for g in local.granted : [
    for call in jsondecode(templatefile(local.permissions, local.here))[g.feature] : split(":", call.action)[0]
    if g.platform == null || contains(try(call.platforms, [coalesce(g.platform, "any")]), coalesce(g.platform, "any"))
  ]]))
  endpoints = toset(try(var.vpc.endpoints, false) ? [for service in local.called : local.endpoint_of[service] if local.endpoint_of[service] != null] : [])

  # Interface endpoints in China begin with cn.
  endpoint_prefix = "${startswith(local.here.region, "cn-") ? "cn.com" : "com"}.amazonaws.${local.here.region}"

  # Not by try: what holds something that is known after apply alone, as a security group's id is, try gives as unknown, and for_each takes none.
  load_balancers = var.vpc == null ? [] : var.vpc.load_balancers
  listeners      = merge([for i, b in local.load_balancers : { for port in b.ports : "${i}-${port}" => { group = b.security_group_id, port = port } }]...)
}

resource "aws_security_group" "gate" {
  #checkov:skip=CKV2_AWS_5:it is the function's
  count = var.vpc == null ? 0 : 1

  name_prefix = "${var.function_name}-"
  description = "The function ${var.function_name}: to AWS and to the load balancers listeners"
  vpc_id      = var.vpc.vpc_id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(try(var.vpc.https_cidr_blocks, []))

  security_group_id = aws_security_group.gate[0].id
  description       = "AWS services, to find green and to report"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "listener" {
  for_each = local.listeners

  security_group_id            = aws_security_group.gate[0].id
  description                  = "A listener, to ask green"
  referenced_security_group_id = each.value.group
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "listener" {
  for_each = local.listeners

  security_group_id            = each.value.group
  description                  = "${var.function_name} asks green"
  referenced_security_group_id = aws_security_group.gate[0].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = var.tags
}

# The endpoints: without them, or another way out, the verdict can't be reported, and each deployment hangs for an hour.
resource "aws_security_group" "endpoints" {
  #checkov:skip=CKV2_AWS_5:it is the endpoints'
  count = length(local.endpoints) > 0 ? 1 : 0

  name_prefix = "${var.function_name}-endpoints-"
  description = "The endpoints that ${var.function_name} calls"
  vpc_id      = var.vpc.vpc_id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = length(local.endpoints) > 0 ? 1 : 0

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "${var.function_name} calls AWS services"
  referenced_security_group_id = aws_security_group.gate[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.endpoints

  vpc_id              = var.vpc.vpc_id
  service_name        = "${local.endpoint_prefix}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.vpc.subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  tags                = merge(var.tags, { Name = "${var.function_name}-${each.value}" })
}

resource "aws_vpc_endpoint" "s3" {
  count = try(var.vpc.endpoints, false) && length(local.plan_objects) > 0 ? 1 : 0

  vpc_id            = var.vpc.vpc_id
  service_name      = "com.amazonaws.${local.here.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.vpc.route_table_ids
  tags              = merge(var.tags, { Name = "${var.function_name}-s3" })

  lifecycle {
    precondition {
      condition     = length(var.vpc.route_table_ids) > 0
      error_message = "The plan lies in S3 and vpc.endpoints is true: name the subnets' route tables in vpc.route_table_ids."
    }
  }
}

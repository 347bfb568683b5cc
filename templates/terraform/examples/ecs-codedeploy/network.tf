# The load balancer: production at port 80, green before its time at port 8080.
#
# It is internal, and the gate asks it from inside of the VPC. One that faces the internet answers at public addresses: the gate's requests
# come out of the NAT gateway then, whose address has to be among test_cidr_blocks.

resource "aws_security_group" "load_balancer" {
  name_prefix = "${var.name}-lb-"
  description = "The load balancer of ${var.name}"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "customers" {
  for_each = toset(var.customer_cidr_blocks)

  security_group_id = aws_security_group.load_balancer.id
  description       = "Customers"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_ingress_rule" "testers" {
  for_each = toset(var.test_cidr_blocks)

  security_group_id = aws_security_group.load_balancer.id
  description       = "Those who test green"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 8080
  to_port           = 8080
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "The tasks"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_security_group" "tasks" {
  name_prefix = "${var.name}-tasks-"
  description = "The tasks of ${var.name}"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "tasks" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "The load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  security_group_id = aws_security_group.tasks.id
  description       = "The image, the log, and what the service calls"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:access logs need a bucket of yours
  #checkov:skip=CKV_AWS_150:an example is to be destroyed without a second step
  #checkov:skip=CKV2_AWS_20:there is no certificate to redirect to
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = true
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.load_balancer.id]
  drop_invalid_header_fields = true
}

# Green and blue change places with each deployment.
resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:the tasks serve HTTP, inside of the VPC
  for_each = toset(["a", "b"])

  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.port
  deregistration_delay = 30

  health_check {
    path                = "/"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "production" {
  #checkov:skip=CKV_AWS_2:a certificate is yours to have; then protocol is HTTPS, port 443
  #checkov:skip=CKV_AWS_103:there is no TLS without one
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["a"].arn
  }

  # CodeDeploy moves it; what this file says is true of the first deployment alone.
  lifecycle {
    ignore_changes = [default_action]
  }
}

resource "aws_lb_listener" "test" {
  #checkov:skip=CKV_AWS_2:as production's
  #checkov:skip=CKV_AWS_103:as production's
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTP"
  port              = 8080

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["a"].arn
  }

  lifecycle {
    ignore_changes = [default_action]
  }
}

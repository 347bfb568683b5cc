resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_cloudwatch_log_group" "service" {
  #checkov:skip=CKV_AWS_158:under a key of AWS's; a key of your own is kms_key_id
  #checkov:skip=CKV_AWS_338:a month is enough for an example
  name              = "/ecs/${var.name}"
  retention_in_days = 30
}

resource "aws_iam_role" "execution" {
  name_prefix = "${var.name}-execution-"
  description = "Fetches the image of ${var.name} and writes its log"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_336:whether the image can do with a file system that is read-only isn't known here
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn
  skip_destroy             = true # the revision before is what a rollback goes back to

  container_definitions = jsonencode([{
    name         = var.name
    image        = var.image
    essential    = true
    portMappings = [{ containerPort = var.port, protocol = "tcp" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.service.name
        "awslogs-region"        = data.aws_region.current.region
        "awslogs-stream-prefix" = "task"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = 2
  launch_type     = "FARGATE"

  deployment_controller {
    type = "ECS"
  }

  deployment_configuration {
    strategy             = "BLUE_GREEN"
    bake_time_in_minutes = 5

    # Where the plan asks nothing the gate still finds green, and proves that it is green.
    lifecycle_hook {
      hook_target_arn  = module.gate.function_arn
      role_arn         = module.gate.ecs_hook_role_arn
      lifecycle_stages = ["PRE_SCALE_UP", "POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"]

      timeout_configuration {
        timeout_in_minutes = 60
        action             = "ROLLBACK"
      }
    }
  }

  # Without it a deployment whose tasks don't start goes on trying.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    enable      = true
    rollback    = true
    alarm_names = values(aws_cloudwatch_metric_alarm.green)[*].alarm_name
  }

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = [aws_security_group.tasks.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this["a"].arn
    container_name   = var.name
    container_port   = var.port

    advanced_configuration {
      alternate_target_group_arn = aws_lb_target_group.this["b"].arn
      production_listener_rule   = aws_lb_listener_rule.this["production"].arn
      test_listener_rule         = aws_lb_listener_rule.this["test"].arn
      role_arn                   = aws_iam_role.load_balancer.arn
    }
  }

  lifecycle {
    ignore_changes = [desired_count] # automatic scaling's
  }

  depends_on = [module.gate, aws_iam_role_policy_attachment.execution, aws_iam_role_policy_attachment.load_balancer]
}

# Amazon ECS takes this role to move the listeners' rules.
resource "aws_iam_role" "load_balancer" {
  name_prefix = "${var.name}-load-balancer-"
  description = "Lets Amazon ECS shift the traffic of ${var.name}"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ecs.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "load_balancer" {
  role       = aws_iam_role.load_balancer.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
}

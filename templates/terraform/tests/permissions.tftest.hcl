# The roles' policies, action for action and resource for resource, are those that `greenlight doctor --policy` prints: expected.json is
# written from its code.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  filename = "tests/function.zip"
  features = ["codedeploy"]
}

run "codedeploy_on_ecs" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "production", cluster = "main", service = "web" }]
  }

  assert {
    condition = toset(jsondecode(file("tests/expected.json"))["codedeploy-ecs"]) == toset(flatten([
      for s in jsondecode(aws_iam_role_policy.gate.policy).Statement : [for action in s.Action : [for resource in s.Resource : "${action} ${resource}"]]
    ]))
    error_message = "The role allows ${aws_iam_role_policy.gate.policy}"
  }
  assert {
    condition     = alltrue([for s in jsondecode(aws_iam_role_policy.gate.policy).Statement : s.Effect == "Allow" && toset(keys(s)) == toset(["Action", "Effect", "Resource"])])
    error_message = "The role has a statement of another form: ${aws_iam_role_policy.gate.policy}"
  }
}

run "codedeploy_on_lambda" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "production", function = "checkout" }]
  }

  assert {
    condition = toset(jsondecode(file("tests/expected.json"))["codedeploy-lambda"]) == toset(flatten([
      for s in jsondecode(aws_iam_role_policy.gate.policy).Statement : [for action in s.Action : [for resource in s.Resource : "${action} ${resource}"]]
    ]))
    error_message = "The role allows ${aws_iam_role_policy.gate.policy}"
  }
}

run "ecs_itself" {
  command = plan

  variables {
    features = ["ecs"]
    services = [{ cluster = "main", service = "web" }]
  }

  assert {
    condition = toset(jsondecode(file("tests/expected.json"))["ecs"]) == toset(flatten([
      for s in jsondecode(aws_iam_role_policy.gate.policy).Statement : [for action in s.Action : [for resource in s.Resource : "${action} ${resource}"]]
    ]))
    error_message = "The role allows ${aws_iam_role_policy.gate.policy}"
  }
  assert {
    condition = toset(jsondecode(file("tests/expected.json"))["invoke"]) == toset(flatten([
      for s in jsondecode(aws_iam_role_policy.ecs_hook[0].policy).Statement : [for action in s.Action : [for resource in s.Resource : "${action} ${resource}"]]
    ]))
    error_message = "The role of the hooks allows ${aws_iam_role_policy.ecs_hook[0].policy}"
  }
  assert {
    condition     = jsondecode(aws_iam_role.ecs_hook[0].assume_role_policy).Statement[*].Principal == [{ Service = "ecs.amazonaws.com" }]
    error_message = "Somebody else may take the role of the hooks: ${aws_iam_role.ecs_hook[0].assume_role_policy}"
  }
}

run "everything" {
  command = plan

  variables {
    features = ["codedeploy", "ecs", "pause", "targets", "lambda", "alarms", "cloudwatch", "prometheus"]
    deployment_groups = [
      { application = "shop", group = "production", cluster = "main", service = "web" },
      { application = "till", group = "production", function = "checkout" },
    ]
    services = [{ cluster = "main", service = "web" }, { cluster = "main", service = "api" }]
    vpc      = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"] }
  }

  assert {
    condition = toset(jsondecode(file("tests/expected.json"))["everything"]) == toset(flatten([
      for s in jsondecode(aws_iam_role_policy.gate.policy).Statement : [for action in s.Action : [for resource in s.Resource : "${action} ${resource}"]]
    ]))
    error_message = "The role allows ${aws_iam_role_policy.gate.policy}"
  }
}

run "what_lies_in_aws_is_read_there_and_nowhere_else" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "production", function = "checkout" }]
    plan              = "s3://plans/{{ application }}/production.yaml"
    plan_includes     = ["s3://plans/common.yaml", "ssm:/plans/more"]
    secrets           = ["ssm:/shop/token", "secretsmanager:shop/test#key", "secretsmanager:shop/{{ group }}"]
    kms_key_arns      = ["arn:aws:kms:eu-west-1:123456789012:key/1"]
  }

  assert {
    condition = toset([for call in flatten([
      for s in jsondecode(aws_iam_role_policy.gate.policy).Statement : [for action in s.Action : [for resource in s.Resource : "${action} ${resource}"]]
      ]) : call if can(regex("^(s3|ssm|secretsmanager|kms):", call))]) == toset([
      "s3:GetObject arn:aws:s3:::plans/*/production.yaml",
      "s3:GetObject arn:aws:s3:::plans/common.yaml",
      "s3:ListBucket arn:aws:s3:::plans",
      "ssm:GetParameter arn:aws:ssm:eu-west-1:123456789012:parameter/plans/more",
      "ssm:GetParameter arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token",
      "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/test-??????",
      "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/*-??????",
      "kms:Decrypt arn:aws:kms:eu-west-1:123456789012:key/1",
    ])
    error_message = "The role allows ${aws_iam_role_policy.gate.policy}"
  }
}

run "without_keys_nothing_is_decrypted" {
  command = plan

  variables {
    deployment_groups = [{ application = "shop", group = "production", function = "checkout" }]
    plan              = "ssm:/plans/shop"
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.gate.policy, "parameter/plans/shop") && !strcontains(aws_iam_role_policy.gate.policy, "kms:")
    error_message = "The role allows ${aws_iam_role_policy.gate.policy}"
  }
}

run "in_china" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-cn" }
  }
  override_data {
    target = data.aws_region.current
    values = { region = "cn-north-1" }
  }

  variables {
    deployment_groups = [{ application = "shop", group = "production", function = "checkout" }]
    plan              = "s3://plans/shop.yaml"
    vpc               = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], endpoints = true, route_table_ids = ["rtb-1"] }
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.gate.policy, "arn:aws:") && strcontains(aws_iam_role_policy.gate.policy, "arn:aws-cn:codedeploy:cn-north-1:123456789012:deploymentgroup:shop/production")
    error_message = "The role allows ${aws_iam_role_policy.gate.policy}"
  }
  assert {
    condition     = aws_vpc_endpoint.interface["codedeploy"].service_name == "cn.com.amazonaws.cn-north-1.codedeploy" && aws_vpc_endpoint.s3[0].service_name == "com.amazonaws.cn-north-1.s3"
    error_message = "The endpoints are ${aws_vpc_endpoint.interface["codedeploy"].service_name} and ${aws_vpc_endpoint.s3[0].service_name}."
  }
}

run "without_handing_over_it_may_not_call_itself" {
  command = plan

  variables {
    hand_over         = false
    deployment_groups = [{ application = "shop", group = "production", cluster = "main", service = "web" }]
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.gate.policy, "lambda:InvokeFunction")
    error_message = "The function may call itself: ${aws_iam_role_policy.gate.policy}"
  }
}

# Whoever makes what the gate is given in the same configuration knows it after apply alone: what the module makes must not hang on it.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

resource "terraform_data" "made" {
  for_each = {
    vpc         = "vpc-0a1b2c3d"
    subnet      = "subnet-0a1b2c3d"
    group       = "sg-0a1b2c3d"
    route_table = "rtb-0a1b2c3d"
    topic       = "arn:aws:sns:eu-west-1:123456789012:alarms"
    queue       = "arn:aws:sqs:eu-west-1:123456789012:lost"
    key         = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d"
    boundary    = "arn:aws:iam::123456789012:policy/boundary"
    bucket      = "plans"
  }

  input = each.value
}

module "gate" {
  source = "../module"

  filename                   = "../module/tests/function.zip"
  plan                       = "s3://${terraform_data.made["bucket"].output}/greenlight.yaml"
  secrets                    = ["ssm:/shop/token"]
  deployment_groups          = [{ application = "shop", group = "production", cluster = "main", service = "web" }]
  alarm_topic_arns           = [terraform_data.made["topic"].output]
  on_failure_destination_arn = terraform_data.made["queue"].output
  kms_key_arns               = [terraform_data.made["key"].output]
  log_kms_key_arn            = terraform_data.made["key"].output
  permissions_boundary_arn   = terraform_data.made["boundary"].output

  vpc = {
    vpc_id             = terraform_data.made["vpc"].output
    subnet_ids         = [terraform_data.made["subnet"].output]
    load_balancers     = [{ security_group_id = terraform_data.made["group"].output, ports = [80, 8080] }]
    endpoints          = true
    route_table_ids    = [terraform_data.made["route_table"].output]
    security_group_ids = [terraform_data.made["group"].output]
  }
}

# The gate: the function that is asked during a deployment. ./greenlight is its module, whose variables.tf says what there is.
module "greenlight" {
  source = "./greenlight"

  function_name = "[[ .Function ]]"
  filename      = "${path.root}/function-arm64.zip"
  plan          = file("${path.root}/greenlight.yaml")
[[- if ne .Platform "lambda" ]]

  # An internal load balancer is asked from inside of its VPC, whose subnets have a way out:
  # vpc = {
  #   vpc_id         = "vpc-…"
  #   subnet_ids     = ["subnet-…", "subnet-…"]
  #   load_balancers = [{ security_group_id = "sg-…", ports = [443, 8443] }]
  # }
[[- end ]]
[[- if eq .Platform "ecs" ]]

  features = ["ecs"]
  services = [{ cluster = "[[ .Label ]]", service = "[[ .Label ]]" }]
[[- else if eq .Platform "ecs-codedeploy" ]]

  deployment_groups = [{ application = "[[ .Label ]]", group = "[[ .Label ]]", cluster = "[[ .Label ]]", service = "[[ .Label ]]" }]
[[- else ]]

  features          = ["codedeploy", "lambda"]
  deployment_groups = [{ application = "[[ .Label ]]", group = "[[ .Label ]]", function = "[[ .Label ]]" }]
[[- end ]]
}

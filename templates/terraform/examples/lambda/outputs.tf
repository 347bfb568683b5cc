locals {
  appspec = jsonencode({
    version = "0.0"
    Resources = [{
      (var.name) = {
        Type = "AWS::Lambda::Function"
        Properties = {
          Name           = aws_lambda_function.this.function_name
          Alias          = aws_lambda_alias.live.name
          CurrentVersion = aws_lambda_alias.live.function_version
          TargetVersion  = aws_lambda_function.this.version
        }
      }
    }]
    Hooks = [
      for event in ["BeforeAllowTraffic", "AfterAllowTraffic"] : { (event) = module.gate.function_name }
    ]
  })
}

output "appspec" {
  description = "The AppSpec of a deployment of the newest version, with the gate at both hooks."
  value       = local.appspec
}

output "deployment" {
  description = "What `aws deploy create-deployment --cli-input-json` takes to deploy the newest version."
  value = jsonencode({
    applicationName     = aws_codedeploy_app.this.name
    deploymentGroupName = aws_codedeploy_deployment_group.this.deployment_group_name
    revision            = { revisionType = "AppSpecContent", appSpecContent = { content = local.appspec } }
  })
}

output "gate" {
  description = "The gate's function."
  value       = module.gate.function_name
}

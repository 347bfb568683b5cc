output "url" {
  description = "Where customers are."
  value       = "http://${aws_lb.this.dns_name}"
}

locals {
  appspec = jsonencode({
    version = "0.0"
    Resources = [{
      TargetService = {
        Type = "AWS::ECS::Service"
        Properties = {
          TaskDefinition   = aws_ecs_task_definition.this.arn
          LoadBalancerInfo = { ContainerName = var.name, ContainerPort = var.port }
        }
      }
    }]
    Hooks = [
      for event in ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"] :
      { (event) = module.gate.function_name }
    ]
  })
}

output "appspec" {
  description = "The AppSpec of a deployment of the task definition, with the gate at all five hooks."
  value       = local.appspec
}

output "deployment" {
  description = "What `aws deploy create-deployment --cli-input-json` takes to deploy the task definition."
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

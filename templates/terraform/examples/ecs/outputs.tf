output "url" {
  description = "Where customers are."
  value       = "http://${aws_lb.this.dns_name}"
}

output "service" {
  description = "The service: `terraform apply` with another image deploys it."
  value       = aws_ecs_service.this.name
}

output "gate" {
  description = "The gate's function."
  value       = module.gate.function_name
}

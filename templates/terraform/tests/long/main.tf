# A text that is longer than a function's environment may be: test files can't call functions.

terraform {
  required_version = ">= 1.9"
}

output "text" {
  description = "4,000 letters and more."
  value       = join(" ", [for i in range(1000) : "long"])
}

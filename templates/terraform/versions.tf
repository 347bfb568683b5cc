terraform {
  # 1.9: validations that look at other variables. OpenTofu's releases have the same numbers.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

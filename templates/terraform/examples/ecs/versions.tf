terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.66, < 7.0" # a time-out for lifecycle hooks
    }
  }
}

provider "aws" {
  default_tags {
    tags = { application = var.name }
  }
}

variable "name" {
  description = "What the service, its load balancer and its deployments are called."
  type        = string
  default     = "shop"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.name))
    error_message = "name is \"${var.name}\": it must have up to 24 small letters, digits and -, and begin with a letter."
  }
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of two availability zones or more, with a way out, such as a NAT gateway, to fetch the image and to call AWS: the load balancer's, the tasks' and the gate's."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids has ${length(var.subnet_ids)} subnets: an Application Load Balancer needs two, of different availability zones."
  }
}

variable "customer_cidr_blocks" {
  description = "Where customers are: the load balancer is internal."
  type        = list(string)
  default     = ["10.0.0.0/8"]
}

variable "image" {
  description = "The container's image, which serves HTTP at `port`."
  type        = string
}

variable "port" {
  description = "The port at which the container serves HTTP."
  type        = number
  default     = 8080
}

variable "test_cidr_blocks" {
  description = "Who else than the gate may ask the test listener."
  type        = list(string)
  default     = []
}

variable "function_zip" {
  description = "greenlight's zip, as `make package` writes it."
  type        = string
  default     = "../../../../dist/function-arm64.zip"
}

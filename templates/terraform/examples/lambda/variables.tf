variable "name" {
  description = "What the function and its deployments are called."
  type        = string
  default     = "checkout"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,39}$", var.name))
    error_message = "name is \"${var.name}\": it must have up to 40 letters, digits and -, and begin with a letter."
  }
}

variable "code_zip" {
  description = "The zip of the function that is deployed."
  type        = string
}

variable "runtime" {
  description = "What the deployed function's code runs on."
  type        = string
  default     = "nodejs24.x"
}

variable "handler" {
  description = "What is called in the deployed function's code."
  type        = string
  default     = "index.handler"
}

variable "function_zip" {
  description = "greenlight's zip, as `make package` writes it."
  type        = string
  default     = "../../../../dist/function-arm64.zip"
}

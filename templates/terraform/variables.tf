# The function

variable "function_name" {
  description = "The function's name. It begins with `CodeDeployHook_`, since the managed policies of CodeDeploy's role let it call no other."
  type        = string
  default     = "CodeDeployHook_greenlight"
  nullable    = false

  validation {
    condition     = startswith(var.function_name, "CodeDeployHook_")
    error_message = "function_name is \"${var.function_name}\": it must begin with CodeDeployHook_, the only functions that AWSCodeDeployRoleForECSLimited and AWSCodeDeployRoleForLambda let CodeDeploy call."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "function_name is \"${var.function_name}\": a function's name has 1 to 64 letters, digits, - and _."
  }
}

variable "filename" {
  description = "The function's zip on this machine, as `make package` writes it: `dist/function-arm64.zip`. Either this or `s3_package`."
  type        = string
  default     = null
}

variable "s3_package" {
  description = "The function's zip in S3, in the function's region. Either this or `filename`."
  type = object({
    bucket         = string
    key            = string
    object_version = optional(string)
  })
  default = null
}

variable "architecture" {
  description = "The processor that the zip is made for: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is \"${var.architecture}\": it must be arm64 or x86_64, as the zip is (function-arm64.zip or function-amd64.zip)."
  }
}

variable "memory_size" {
  description = "Memory in MB, 128 to 10240. The processor's share grows with it: at 128 MB each new TLS connection takes 0.3 s."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size is ${var.memory_size}: a function has 128 to 10240 MB."
  }
}

variable "timeout" {
  description = "How long one invocation may run, in seconds, 30 to 900. 10 s of it are kept for the report."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.timeout >= 30 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "timeout is ${var.timeout}: it must be 30 to 900 s. 10 s of it are kept for the report, and Lambda's most is 900."
  }
}

variable "reserved_concurrency" {
  description = "Executions that are kept for the function, and the most that it has. None by default: a hook that is throttled lets its deployment wait."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency, false)
    error_message = "reserved_concurrency is ${coalesce(var.reserved_concurrency, 0)}: it must be 1 or more. With 0 no hook is ever called."
  }
}

variable "xray" {
  description = "Whether invocations are traced by X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_level" {
  description = "What the function logs: `debug` shows each request with its timings; `info`, `warn`, `error`. Verdicts that say yes are logged at info, and not without it."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["debug", "info", "warn", "error"], var.log_level)
    error_message = "log_level is \"${var.log_level}\": it must be debug, info, warn or error."
  }
}

variable "environment" {
  description = "More of the function's environment, such as `ALB_URL`, `GREENLIGHT_STAGE` or `GREENLIGHT_SKIP`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.environment), ["GREENLIGHT_PLAN", "LOG_LEVEL"])) == 0
    error_message = "environment has GREENLIGHT_PLAN or LOG_LEVEL: they are set by plan and log_level."
  }
}

variable "log_retention_days" {
  description = "How long the log is kept, in days, as CloudWatch Logs allows; 0 is for ever."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days is ${var.log_retention_days}: CloudWatch Logs keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, or with 0 for ever."
  }
}

variable "log_kms_key_arn" {
  description = "A KMS key for the log group, whose policy lets CloudWatch Logs use it."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn must be a key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "on_failure_destination_arn" {
  description = "An SQS queue or SNS topic that gets the events that Lambda gives up."
  type        = string
  default     = null

  validation {
    condition     = var.on_failure_destination_arn == null || can(regex("^arn:[a-z-]+:(sqs|sns):[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.on_failure_destination_arn))
    error_message = "on_failure_destination_arn must be the ARN of an SQS queue or an SNS topic that isn't FIFO."
  }
}

# The plan

variable "plan" {
  description = "The plan: `s3://bucket/key`, `ssm:/name`, in which names such as `{{ application }}` may stand, or the YAML itself, such as `file(\"greenlight.yaml\")`, of up to some 3,900 characters. Without it it is `greenlight.yaml` in the zip."
  type        = string
  default     = null

  validation {
    condition     = !try(startswith(var.plan, "s3:"), false) || can(regex("^s3://[^/]+/.*[^/]$", var.plan))
    error_message = "plan names no object: write s3://bucket/key."
  }

  validation {
    condition     = !try(startswith(var.plan, "ssm:"), false) || can(regex("^ssm:/.*[^/ ]$", var.plan))
    error_message = "plan names no parameter: write ssm:/name."
  }
}

variable "plan_includes" {
  description = "What the plan includes, where it lies in S3 or the Parameter Store: addresses as in `plan`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.plan_includes : can(regex("^(s3://[^/]+/.*[^/]|ssm:/.*[^/ ])$", address))])
    error_message = "plan_includes has an address that is neither s3://bucket/key nor ssm:/name."
  }
}

variable "secrets" {
  description = "The secrets of the plan, as they stand in it: `ssm:/name`, `secretsmanager:name` or `secretsmanager:name#key`. Names such as `{{ application }}` may stand in them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for secret in var.secrets : can(regex("^(ssm:/|secretsmanager:)(\\{\\{ *[a-z.]+ *}}|[A-Za-z0-9/_+=.@-])+(#.+)?$", secret))])
    error_message = "secrets has one that is neither ssm:/name nor secretsmanager:name, with or without #key; give names, no ARNs."
  }
}

variable "kms_key_arns" {
  description = "KMS keys under which the plan or its secrets are encrypted, where they aren't AWS's own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[^*]+$", arn))])
    error_message = "kms_key_arns has one that is no key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

# Whom it serves

variable "features" {
  description = "What the function's role is for: the contracts `codedeploy`, `ecs` and `pause`; the kinds of check `targets`, `lambda`, `alarms`, `cloudwatch` and `prometheus` where the plan has them."
  type        = set(string)
  default     = ["codedeploy"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.features, ["codedeploy", "ecs", "pause", "targets", "lambda", "alarms", "cloudwatch", "prometheus"])) == 0
    error_message = "features has ${join(", ", setsubtract(var.features, ["codedeploy", "ecs", "pause", "targets", "lambda", "alarms", "cloudwatch", "prometheus"]))}: there are codedeploy, ecs, pause, targets, lambda, alarms, cloudwatch and prometheus."
  }

  validation {
    condition     = length(setintersection(var.features, ["codedeploy", "ecs", "pause"])) > 0
    error_message = "features has none of codedeploy, ecs and pause: nobody would call the function."
  }
}

variable "hand_over" {
  description = "Whether the function goes on in another invocation at CodeDeploy's hooks, for checks of more than 15 minutes. Without it they are a Failed verdict."
  type        = bool
  default     = true
  nullable    = false
}

variable "deployment_groups" {
  description = "CodeDeploy's deployment groups whose hooks call the function, with the ECS service (`cluster` and `service`) or the Lambda `function` that each deploys."
  type = list(object({
    application = string
    group       = string
    cluster     = optional(string)
    service     = optional(string)
    function    = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = contains(var.features, "codedeploy") == (length(var.deployment_groups) > 0)
    error_message = "deployment_groups must name those that the function serves where features has codedeploy, and none where it hasn't. { application = \"*\", group = \"*\", cluster = \"*\", service = \"*\" } serves all of the account's ECS services."
  }

  validation {
    condition     = alltrue([for g in var.deployment_groups : (g.service == null) == (g.cluster == null) && (g.service == null) != (g.function == null)])
    error_message = "deployment_groups has one that says neither which cluster and service it deploys nor which function, or both."
  }

  validation {
    condition     = alltrue(flatten([for g in var.deployment_groups : [for name in values(g) : name == null || can(regex("^[A-Za-z0-9 _.,+=@&*-]+$", name))]]))
    error_message = "deployment_groups has a name that is none: names are of letters, digits and _.,+=@&*-, and no ARNs."
  }
}

variable "services" {
  description = "ECS services that Amazon ECS itself deploys, and whose hooks or pauses the function answers."
  type = list(object({
    cluster = string
    service = string
  }))
  default  = []
  nullable = false

  validation {
    condition     = (length(setintersection(var.features, ["ecs", "pause"])) > 0) == (length(var.services) > 0)
    error_message = "services must name those that the function serves where features has ecs or pause, and none where it hasn't. { cluster = \"*\", service = \"*\" } serves all of the account's."
  }

  validation {
    condition     = alltrue(flatten([for s in var.services : [for name in values(s) : can(regex("^[A-Za-z0-9_*-]+$", name))]]))
    error_message = "services has a name that is none: names are of letters, digits, _ and -, and no ARNs."
  }
}

variable "permissions_boundary_arn" {
  description = "A permissions boundary for the roles."
  type        = string
  default     = null
}

# The network

variable "vpc" {
  description = <<-EOT
    Runs the function in a VPC, which it needs where the load balancer is internal.
    `load_balancers`: security groups of internal load balancers, and the ports of their listeners; rules are added on both sides. (One that faces the internet is asked at public addresses, from the NAT gateway's.)
    `endpoints`: makes the interface endpoints that the features need, and for a plan in S3 the gateway endpoint of the `route_table_ids`. Without them the subnets need a way out, such as a NAT gateway.
    `https_cidr_blocks`: where the function may connect to on port 443.
    `security_group_ids`: more security groups for the function.
  EOT
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
    load_balancers = optional(list(object({
      security_group_id = string
      ports             = list(number)
    })), [])
    endpoints          = optional(bool, false)
    route_table_ids    = optional(list(string), [])
    https_cidr_blocks  = optional(list(string), ["0.0.0.0/0"])
    security_group_ids = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) > 0, false)
    error_message = "vpc.subnet_ids is empty: name the subnets that the function runs in."
  }

  validation {
    condition     = var.vpc == null || try(alltrue(flatten([for b in var.vpc.load_balancers : [for port in b.ports : port >= 1 && port <= 65535 && floor(port) == port]])), false)
    error_message = "vpc.load_balancers has a port that is none: 1 to 65535."
  }

  validation {
    condition     = var.vpc == null || try(alltrue([for block in var.vpc.https_cidr_blocks : can(cidrhost(block, 0))]), false)
    error_message = "vpc.https_cidr_blocks has one that is no CIDR block, such as 10.0.0.0/8."
  }
}

# Watching the gate itself

variable "alarms" {
  description = "Whether there are alarms on the gate itself: errors, throttles, and hooks without a verdict."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear of the alarms."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", arn))])
    error_message = "alarm_topic_arns has one that is no SNS topic's ARN, arn:aws:sns:REGION:ACCOUNT:NAME."
  }
}

variable "tags" {
  description = "Tags for all that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`."
  type = object({
    manifest_version = number
    app              = string
    deployment       = optional(string)
    queues = list(object({
      name               = string
      fifo               = bool
      visibility_timeout = number
      dead_letter_queue  = string
      function_timeout   = number
    }))
    environment = map(string)
    roles = map(object({
      trusted_services = list(string)
      statements = list(object({
        sid       = string
        actions   = list(string)
        resources = list(string)
        condition = optional(map(map(list(string))), {})
      }))
    }))
  })

  validation {
    condition     = var.manifest.manifest_version == 1
    error_message = "This module reads manifests of version 1; use the modules of the same release as the program that printed it."
  }
  validation {
    condition     = contains(keys(var.manifest.roles), "lambda")
    error_message = "The manifest has no role `lambda`; print it anew with `myapp manifest`."
  }
}

variable "name" {
  description = "Name of the function, and of what belongs to it. `<app>-worker` if left out."
  type        = string
  default     = null
}

variable "queues" {
  description = "Celery names of the queues that feed the function. All of the manifest if left out."
  type        = set(string)
  default     = null

  validation {
    condition     = length(setsubtract(coalesce(var.queues, []), [for q in var.manifest.queues : q.name])) == 0
    error_message = "`queues` names a queue that the manifest does not have; use the names under `queues[*].name`."
  }
}

variable "queue_arns" {
  description = "ARNs of the queues by Celery name: output `arns` of the module `queues`."
  type        = map(string)
}

variable "dead_letter_names" {
  description = "SQS names of the dead-letter queues by their queues' Celery names: output `dead_letter_names` of the module `queues`. The alarm `dead_letters` needs them."
  type        = map(string)
  default     = {}
}

variable "code" {
  description = "The program: `zip` (path of a zip with `bootstrap` in it), or `s3_bucket` and `s3_key`, or `image_uri`. `hash` is the SHA-256 in base64 of what lies in S3, so that new code is noticed; a zip's own is computed."
  type = object({
    zip               = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    image_uri         = optional(string)
    hash              = optional(string)
  })

  validation {
    condition     = length([for place in [var.code.zip, var.code.s3_bucket, var.code.image_uri] : place if place != null]) == 1
    error_message = "Give exactly one of `code.zip`, `code.s3_bucket` with `code.s3_key`, and `code.image_uri`."
  }
  validation {
    condition     = (var.code.s3_bucket == null) == (var.code.s3_key == null)
    error_message = "`code.s3_bucket` and `code.s3_key` go together."
  }
}

variable "architecture" {
  description = "What the program is built for: `arm64`, which is cheaper, or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "`architecture` is `arm64` or `x86_64`."
  }
}

variable "memory" {
  description = "Memory in MiB; CPU grows with it, one whole at 1769."
  type        = number
  default     = 512

  validation {
    condition     = var.memory >= 128 && var.memory <= 10240
    error_message = "Lambda has 128 to 10240 MiB."
  }
}

variable "timeout" {
  description = "The function's timeout in seconds. If left out, the greatest `function_timeout` of its queues, which leaves room around the longest task."
  type        = number
  default     = null

  validation {
    condition     = var.timeout == null ? true : var.timeout >= 1 && var.timeout <= 900
    error_message = "A function runs 1 to 900 seconds; longer tasks belong on the module `ecs-worker`."
  }
}

variable "environment" {
  description = "Environment variables beside those of the manifest, such as `RUST_LOG` or what the tasks themselves read. No secrets: they show in the console."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Za-z][A-Za-z0-9_]+$", name)) && !startswith(name, "AWS_")])
    error_message = "Names of environment variables are letters, digits and `_`, and Lambda keeps those with `AWS_` for itself."
  }
}

variable "environment_kms_key_arn" {
  description = "ARN of a customer managed KMS key for the environment variables. Lambda encrypts them with its own key otherwise."
  type        = string
  default     = null
}

variable "kms_key_arns" {
  description = "Customer managed KMS keys of the queues and the table, which the function then may use."
  type        = list(string)
  default     = []
}

variable "event_sources" {
  description = <<-TEXT
    How a queue feeds the function, by Celery name. Queues that are not named here have the defaults.
    - `batch_size`: messages in one invocation, 10 (at most 10 on FIFO queues, 10000 on others); more than 10 needs a window.
    - `batching_window_seconds`: how long Lambda gathers a batch, 0 to 300; not on FIFO queues.
    - `maximum_concurrency`: invocations at a time for this queue, 2 to 1000; 100 if left out.
    - `provisioned_pollers`: pollers that wait for this queue alone, which scale faster and cost while they wait; in place of `maximum_concurrency`.
    - `enabled`: false stops feeding without deleting anything.
  TEXT
  type = map(object({
    batch_size              = optional(number, 10)
    batching_window_seconds = optional(number, 0)
    maximum_concurrency     = optional(number)
    provisioned_pollers     = optional(object({ minimum = number, maximum = number }))
    enabled                 = optional(bool, true)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.event_sources), coalesce(var.queues, [for q in var.manifest.queues : q.name]))) == 0
    error_message = "`event_sources` names a queue that does not feed this function; add it to `queues`, or correct the name."
  }
  validation {
    condition = alltrue([for name, source in var.event_sources :
      source.batch_size >= 1 && source.batch_size <= (anytrue([for q in var.manifest.queues : q.fifo if q.name == name]) ? 10 : 10000)
    ])
    error_message = "`batch_size` is 1 to 10 on FIFO queues and 1 to 10000 on others."
  }
  validation {
    condition     = alltrue([for source in var.event_sources : source.batch_size <= 10 || source.batching_window_seconds >= 1])
    error_message = "A `batch_size` over 10 needs `batching_window_seconds` of at least 1."
  }
  validation {
    condition = alltrue([for name, source in var.event_sources :
      source.batching_window_seconds >= 0 && source.batching_window_seconds <= (anytrue([for q in var.manifest.queues : q.fifo if q.name == name]) ? 0 : 300)
    ])
    error_message = "`batching_window_seconds` is 0 to 300, and 0 on FIFO queues, where Lambda has no window."
  }
  validation {
    condition     = alltrue([for source in var.event_sources : source.maximum_concurrency == null ? true : source.maximum_concurrency >= 2 && source.maximum_concurrency <= 1000])
    error_message = "`maximum_concurrency` is 2 to 1000."
  }
  validation {
    condition     = alltrue([for source in var.event_sources : source.maximum_concurrency == null || source.provisioned_pollers == null])
    error_message = "Give `maximum_concurrency` or `provisioned_pollers`; Lambda refuses both together. Bound pollers by their `maximum`."
  }
  validation {
    condition = alltrue([for source in var.event_sources : source.provisioned_pollers == null ? true :
      source.provisioned_pollers.minimum >= 2 && source.provisioned_pollers.minimum <= 200 &&
      source.provisioned_pollers.maximum >= source.provisioned_pollers.minimum && source.provisioned_pollers.maximum <= 2000
    ])
    error_message = "`provisioned_pollers` has a `minimum` of 2 to 200 and a `maximum` from there to 2000."
  }
}

variable "reserved_concurrency" {
  description = "Concurrency that is set aside for this function, which is also its most. -1 is none."
  type        = number
  default     = -1

  validation {
    condition     = var.reserved_concurrency == -1 || var.reserved_concurrency >= 1
    error_message = "`reserved_concurrency` is 1 or more, or -1 for none; 0 would stop the function. Use `event_sources` with `enabled = false` to stop it."
  }
}

variable "allow_recursion" {
  description = "Whether tasks of this function may send tasks to its own queues more than 16 times in a row. Retries, chains and long countdowns do; Lambda takes that for an accident, stops the function and moves the message away, unless it is told otherwise."
  type        = bool
  default     = true
}

variable "vpc" {
  description = "Subnets and security groups, where tasks need something in a VPC. SQS and DynamoDB must be reachable from there: a NAT gateway, or the module `private-endpoints`."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0
    error_message = "`vpc` needs at least one subnet, better two in different zones, and a security group."
  }
}

variable "tracing" {
  description = "Whether AWS X-Ray samples and traces invocations."
  type        = bool
  default     = false
}

variable "code_signing_config_arn" {
  description = "ARN of a code signing configuration, where only signed zips may run."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "log_kms_key_arn" {
  description = "ARN of a customer managed KMS key for the logs, whose policy lets CloudWatch Logs use it."
  type        = string
  default     = null
}

variable "alarms" {
  description = "Which alarms to make: `errors`, `throttles`, `dead_letters`. The module `dashboard-alarms` has the latter two as well."
  type        = set(string)
  default     = ["errors", "throttles", "dead_letters"]

  validation {
    condition     = length(setsubtract(var.alarms, ["errors", "throttles", "dead_letters"])) == 0
    error_message = "`alarms` are `errors`, `throttles` and `dead_letters`."
  }
}

variable "alarm_actions" {
  description = "ARNs of what is told of an alarm and of its end, such as an SNS topic."
  type        = list(string)
  default     = []
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the role, where the organisation demands one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything made."
  type        = map(string)
  default     = {}
}

variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`."
  type = object({
    manifest_version = number
    app              = string
    deployment       = optional(string)
    queues = list(object({
      name              = string
      queue_name        = string
      dead_letter_queue = optional(string)
    }))
    table = optional(object({ name = string, region = optional(string) }))
  })

  validation {
    condition     = var.manifest.manifest_version == 1
    error_message = "This module reads manifests of version 1; use the modules of the same release as the program that printed it."
  }
}

variable "workers" {
  description = "Celery names of the queues of each service and function, by a name of your choice: outputs `queues` of the modules `ecs-worker` and `lambda-worker`. The metrics that workers print themselves are found by these."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = length(setsubtract(flatten(values(var.workers)), [for q in var.manifest.queues : q.name])) == 0
    error_message = "`workers` names a queue that the manifest does not have; use the outputs `queues` of the worker modules."
  }
  validation {
    condition     = alltrue([for queues in values(var.workers) : length(queues) > 0])
    error_message = "Each of `workers` has at least one queue."
  }
  validation {
    condition     = alltrue([for queues in values(var.workers) : length(join(",", queues)) <= 1024 && can(regex("^[ -~]*$", join(",", queues)))])
    error_message = "The names of a worker's queues together are a dimension of its metrics, for which CloudWatch takes 1,024 ASCII characters (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html): give it fewer queues, or shorter names."
  }
}

variable "function_names" {
  description = "Names of the Lambda functions, by a name of your choice: output `function_name` of the module `lambda-worker`."
  type        = map(string)
  default     = {}
}

variable "thresholds" {
  description = <<-TEXT
    When alarms ring.
    - `oldest_message_seconds`: how long a task may wait in its queue, 300.
    - `failed`: tasks that may fail for good within five minutes, 0.
    - `throttles`: refusals by SQS or DynamoDB that workers may meet within five minutes, and go round by trying again, 100.
    - `lease_takeovers`: tasks that may be taken from dead workers within five minutes, 5. Some are usual where Spot takes machines back.
  TEXT
  type = object({
    oldest_message_seconds = optional(number, 300)
    failed                 = optional(number, 0)
    throttles              = optional(number, 100)
    lease_takeovers        = optional(number, 5)
  })
  default = {}

  validation {
    condition     = var.thresholds.oldest_message_seconds >= 60
    error_message = "SQS reports ages by the minute; use `oldest_message_seconds` of 60 or more."
  }
}

variable "oldest_message_seconds" {
  description = "Another `thresholds.oldest_message_seconds` for single queues, by Celery name."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.oldest_message_seconds), [for q in var.manifest.queues : q.name])) == 0
    error_message = "`oldest_message_seconds` names a queue that the manifest does not have; use the names under `queues[*].name`."
  }
}

variable "alarm_actions" {
  description = "ARNs of what is told of an alarm and of its end, such as an SNS topic that is there already."
  type        = list(string)
  default     = []
}

variable "topic" {
  description = "An SNS topic to make for the alarms: `emails` to write to (each must confirm), and the ARN of a customer managed KMS key that lets `cloudwatch.amazonaws.com` use it. `null` is none."
  type = object({
    emails      = optional(set(string), [])
    kms_key_arn = optional(string)
  })
  default = null
}

variable "tags" {
  description = "Tags of the alarms and the topic."
  type        = map(string)
  default     = {}
}

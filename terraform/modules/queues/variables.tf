variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`."
  type = object({
    manifest_version = number
    app              = string
    deployment       = optional(string)
    region           = optional(string)
    queues = list(object({
      name                  = string
      queue_name            = string
      arn                   = optional(string)
      url                   = optional(string)
      fifo                  = bool
      visibility_timeout    = number
      message_retention     = number
      max_receive_count     = number
      dead_letter_queue     = string
      dead_letter_retention = number
      function_timeout      = number
    }))
  })

  validation {
    condition     = var.manifest.manifest_version == 1
    error_message = "This module reads manifests of version 1; use the modules of the same release as the program that printed it."
  }
  validation {
    condition     = length(var.manifest.queues) > 0
    error_message = "The manifest has no queues; print it anew with `myapp manifest`."
  }
  validation {
    condition     = length(distinct(var.manifest.queues[*].queue_name)) == length(var.manifest.queues)
    error_message = "Two queues of the manifest are one in SQS (${join(", ", distinct([for q in var.manifest.queues : q.queue_name if length([for other in var.manifest.queues : other if other.queue_name == q.queue_name]) > 1]))}): Celery writes dots as hyphens. Rename one in the program and print the manifest anew."
  }
  validation {
    condition     = length(setintersection(var.manifest.queues[*].queue_name, compact(var.manifest.queues[*].dead_letter_queue))) == 0
    error_message = "A queue of the manifest is the dead-letter queue of another (${join(", ", setintersection(var.manifest.queues[*].queue_name, compact(var.manifest.queues[*].dead_letter_queue)))}): rename it in the program and print the manifest anew."
  }
  validation {
    condition     = alltrue([for q in var.manifest.queues : q.fifo == endswith(q.queue_name, ".fifo")])
    error_message = "A FIFO queue's name ends in `.fifo`, and no other queue's does; print the manifest anew with `myapp manifest`."
  }
  validation {
    condition     = alltrue([for q in var.manifest.queues : q.dead_letter_queue != null])
    error_message = "Every queue needs a dead-letter queue: without one, unreadable messages come back until they expire. Declare the queue with one in the program and print the manifest anew."
  }
  validation {
    condition     = alltrue([for q in var.manifest.queues : q.dead_letter_queue == null ? true : endswith(q.dead_letter_queue, ".fifo") == q.fifo])
    error_message = "SQS takes the dead letters of a FIFO queue to a FIFO queue only, and the reverse; give the dead-letter queue a name of its queue's kind."
  }
  validation {
    condition     = alltrue([for q in var.manifest.queues : q.visibility_timeout >= q.function_timeout])
    error_message = "A queue's visibility timeout must be at least its `function_timeout`, or a second copy of a task starts while the first runs. Print the manifest anew with `myapp manifest`."
  }
  validation {
    condition     = alltrue([for q in var.manifest.queues : q.dead_letter_retention >= q.message_retention])
    error_message = "A dead letter keeps the age it had, so the dead-letter queue must retain messages at least as long as its queue; raise `dead_letter_retention`."
  }
}

variable "lambda_queues" {
  description = "Celery names of the queues that feed Lambda functions. AWS recommends that their visibility timeout is six times the function's timeout; what the manifest says is held to that."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.lambda_queues, [for q in var.manifest.queues : q.name])) == 0
    error_message = "`lambda_queues` names a queue that the manifest does not have; use the names under `queues[*].name`."
  }
}

variable "fifo_high_throughput" {
  description = "Whether FIFO queues deduplicate and limit throughput per message group, which lifts SQS's 300 requests a second for the whole queue. Costs nothing."
  type        = bool
  default     = true
}

variable "require_tls" {
  description = "Whether a queue policy refuses requests without TLS. Turn it off only where the queues have a policy of their own."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "ARN of a customer managed KMS key for messages. Without one SQS encrypts with its own key, at no cost. The roles need the key too: give them `kms_key_arns`."
  type        = string
  default     = null
}

variable "kms_data_key_reuse_seconds" {
  description = "How long SQS reuses a data key of `kms_key_arn` before it asks KMS again; longer is cheaper."
  type        = number
  default     = 3600

  validation {
    condition     = var.kms_data_key_reuse_seconds >= 60 && var.kms_data_key_reuse_seconds <= 86400
    error_message = "SQS reuses data keys for 60 to 86400 seconds."
  }
}

variable "tags" {
  description = "Tags of the queues."
  type        = map(string)
  default     = {}
}

variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`. Its `schedules` become schedules of EventBridge Scheduler."
  type = object({
    manifest_version           = number
    app                        = string
    deployment                 = optional(string)
    schedule_group             = string
    schedule_dead_letter_queue = optional(string)
    # Their `delete_after` is not read: a schedule that deletes itself would come back with the next
    # apply.
    schedules = list(object({
      name                         = string
      description                  = optional(string)
      schedule_expression          = string
      schedule_expression_timezone = optional(string)
      start_date                   = optional(string)
      end_date                     = optional(string)
      enabled                      = bool
      flexible_minutes             = number
      queue                        = string
      message_group_id             = optional(string)
      input                        = string
      maximum_retry_attempts       = number
      maximum_event_age_in_seconds = number
      universal = optional(object({
        delay_seconds            = optional(number, 0)
        message_group_id         = optional(string)
        message_deduplication_id = optional(string)
        message_attributes       = optional(map(string), {})
      }))
    }))
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
    condition     = length(distinct(var.manifest.schedules[*].name)) == length(var.manifest.schedules)
    error_message = "Two schedules of the manifest have one name; rename a beat entry in the program and print the manifest anew."
  }
  validation {
    condition     = alltrue([for s in var.manifest.schedules : !endswith(s.queue, ".fifo") || s.message_group_id != null || try(s.universal.message_group_id, null) != null])
    error_message = "A schedule on a FIFO queue needs a `message_group_id`; print the manifest anew with `myapp manifest`."
  }
  validation {
    condition     = alltrue([for s in var.manifest.schedules : s.flexible_minutes >= 0 && s.flexible_minutes <= 1440])
    error_message = "`flexible_minutes` is 0 (to the minute) to 1440."
  }
  validation {
    condition     = alltrue([for s in var.manifest.schedules : s.maximum_retry_attempts >= 0 && s.maximum_retry_attempts <= 185 && s.maximum_event_age_in_seconds >= 60 && s.maximum_event_age_in_seconds <= 86400])
    error_message = "EventBridge Scheduler retries 0 to 185 times, within 60 to 86400 seconds."
  }
  validation {
    condition     = alltrue([for time in compact(concat(var.manifest.schedules[*].start_date, var.manifest.schedules[*].end_date)) : can(regex("^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$", time))])
    error_message = "`start_date` and `end_date` are RFC 3339 in UTC, such as `2026-01-31T09:00:00Z`."
  }
  validation {
    condition     = alltrue([for s in var.manifest.schedules : s.universal.delay_seconds >= 0 && s.universal.delay_seconds <= 900 && floor(s.universal.delay_seconds) == s.universal.delay_seconds if s.universal != null])
    error_message = "SQS delays a message by 0 to 900 whole seconds; give the task an `eta` in place of a longer `delay_seconds`."
  }
  validation {
    condition     = alltrue([for s in var.manifest.schedules : s.universal.delay_seconds == 0 if s.universal != null && endswith(s.queue, ".fifo")])
    error_message = "SQS delays no single message of a FIFO queue; leave `delay_seconds` at 0 there, or send to another queue."
  }
  validation {
    condition     = alltrue([for s in var.manifest.schedules : (s.universal.message_deduplication_id != null) == endswith(s.queue, ".fifo") if s.universal != null])
    error_message = "A message to a FIFO queue needs a `message_deduplication_id`, and SQS refuses one on any other queue; print the manifest anew with `myapp manifest`."
  }
  validation {
    condition     = alltrue([for s in var.manifest.schedules : length(s.universal.message_attributes) <= 10 && !contains(values(s.universal.message_attributes), "") if s.universal != null])
    error_message = "An SQS message has at most 10 attributes, and none of them is empty."
  }
  validation {
    condition     = !endswith(coalesce(var.manifest.schedule_dead_letter_queue, "none"), ".fifo")
    error_message = "EventBridge Scheduler takes a standard queue for its dead letters, not a FIFO queue; name another `schedule_dead_letter_queue`."
  }
}

variable "queue_arns" {
  description = "ARNs of the queues by Celery name: output `arns` of the module `queues`."
  type        = map(string)
}

variable "queue_urls" {
  description = "URLs of the queues by Celery name: output `urls` of the module `queues`. Only schedules with `universal` need them."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of the role. `<app>-scheduler` if left out."
  type        = string
  default     = null
}

variable "dead_letter_queue_arn" {
  description = "ARN of a standard queue to which EventBridge Scheduler moves what it could not deliver. The manifest's `schedule_dead_letter_queue` if left out; without either, a firing that fails for good leaves a metric only."
  type        = string
  default     = null

  validation {
    condition     = var.dead_letter_queue_arn == null ? true : !endswith(var.dead_letter_queue_arn, ".fifo")
    error_message = "EventBridge Scheduler takes a standard queue for its dead letters, not a FIFO queue."
  }
}

variable "kms_key_arn" {
  description = "ARN of a customer managed KMS key for the schedules' messages. EventBridge Scheduler encrypts with its own key otherwise."
  type        = string
  default     = null
}

variable "queue_kms_key_arns" {
  description = "Customer managed KMS keys of the queues, which the role then may use to send."
  type        = list(string)
  default     = []
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the role, where the organisation demands one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the group and the role. Schedules have none of their own."
  type        = map(string)
  default     = {}
}

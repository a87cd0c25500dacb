variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`. Its `schedules` become schedules of EventBridge Scheduler."
  type = object({
    manifest_version = number
    app              = string
    schedule_group   = string
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
    }))
    roles = map(object({
      trusted_services = list(string)
      statements = list(object({
        sid       = string
        actions   = list(string)
        resources = list(string)
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
    condition     = alltrue([for s in var.manifest.schedules : !endswith(s.queue, ".fifo") || s.message_group_id != null])
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
}

variable "queue_arns" {
  description = "ARNs of the queues by Celery name: output `arns` of the module `queues`."
  type        = map(string)
}

variable "name" {
  description = "Name of the role. `<app>-scheduler` if left out."
  type        = string
  default     = null
}

variable "dead_letter_queue_arn" {
  description = "ARN of a standard queue to which EventBridge Scheduler moves what it could not deliver. Without one, a firing that fails for good leaves a metric only."
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

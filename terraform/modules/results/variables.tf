variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`. Where it has no table (`disabled://` results), none is made."
  type = object({
    manifest_version = number
    app              = string
    deployment       = optional(string)
    table = optional(object({
      name          = string
      region        = optional(string)
      hash_key      = string
      ttl_attribute = string
    }))
  })

  validation {
    condition     = var.manifest.manifest_version == 1
    error_message = "This module reads manifests of version 1; use the modules of the same release as the program that printed it."
  }
  validation {
    condition     = var.manifest.table == null ? true : var.manifest.table.hash_key == "id"
    error_message = "Celery's DynamoDB backend finds results by `id`; print the manifest anew with `myapp manifest`."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be brought back to any second of the last 35 days. Without it, a table lost is the ledger lost: tasks that come again run again."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table. Set it to false, and apply, before `terraform destroy`."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "ARN of a customer managed KMS key for the table. Without one DynamoDB encrypts with its own key, at no cost. The roles need the key too: give them `kms_key_arns`."
  type        = string
  default     = null
}

variable "max_request_units" {
  description = "The most read and write request units a second, each, that the table may use: a bound on what a runaway costs. Beyond it DynamoDB throttles, and workers wait. `null` is no bound."
  type        = number
  default     = null

  validation {
    condition     = var.max_request_units == null ? true : var.max_request_units >= 1
    error_message = "`max_request_units` is 1 or more; leave it out for no bound."
  }
}

variable "tags" {
  description = "Tags of the table."
  type        = map(string)
  default     = {}
}

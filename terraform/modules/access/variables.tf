variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`."
  type = object({
    manifest_version = number
    app              = string
    deployment       = optional(string)
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
}

variable "roles" {
  description = "Roles of the manifest that get a policy to attach: `producer` sends tasks and reads results, as a web application does, in Python or Rust; `reader` reads results alone; `forgetter` may forget them; `operator` is a person with the `celeriac` program. All that no service takes if left out."
  type        = set(string)
  default     = null

  validation {
    condition     = length(setsubtract(coalesce(var.roles, []), keys(var.manifest.roles))) == 0
    error_message = "`roles` names a role that the manifest does not have; use the names under `roles`."
  }
}

variable "kms_key_arns" {
  description = "Customer managed KMS keys of the queues and the table, which the holders then may use."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of the policies."
  type        = map(string)
  default     = {}
}

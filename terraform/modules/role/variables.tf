variable "name" {
  description = "Name of the role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "A role's name has 1 to 64 letters, digits and + = , . @ _ -; choose a shorter `name`."
  }
}

variable "description" {
  description = "What the role is for."
  type        = string
  default     = null
}

variable "trusted_services" {
  description = "Services that take the role, as a role of the manifest names them."
  type        = list(string)

  validation {
    condition     = length(var.trusted_services) > 0
    error_message = "Nobody could take this role; name at least one service, such as `lambda.amazonaws.com`."
  }
  validation {
    condition     = alltrue([for service in var.trusted_services : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com(\\.cn)?$", service))])
    error_message = "`trusted_services` names services only, such as `ecs-tasks.amazonaws.com`; no account, no `*`."
  }
}

variable "trust_this_account_only" {
  description = "Whether the service may take the role on behalf of this account only (`aws:SourceAccount`). ECS and EventBridge Scheduler send it, Lambda does not."
  type        = bool
  default     = true
}

variable "trusted_source_arns" {
  description = "What the service may take the role for (`aws:SourceArn`), beside the account: a schedule group for EventBridge Scheduler, which names no single schedule. Anything of the account if left out."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.trusted_source_arns) == 0 || var.trust_this_account_only
    error_message = "`trusted_source_arns` narrows `trust_this_account_only`, which is off."
  }
}

variable "statements" {
  description = "Rights, as the module `policy` has them: the statements of a role of the manifest, and others of the same form."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    effect    = optional(string, "Allow")
    condition = optional(map(map(list(string))), {})
  }))
}

variable "account_wide_actions" {
  description = "Actions for which IAM knows no resource, by the `sid` of their statement, as the module `policy` has them."
  type        = map(list(string))
  default     = {}
}

variable "kms_key_arns" {
  description = "Customer managed KMS keys of the queues and tables that the role works on. It may use them through SQS and DynamoDB only."
  type        = list(string)
  default     = []
}

variable "may_be_empty" {
  description = "Whether there may be no rights at all; the role then has no policy, which IAM would refuse. Must be known when planning, where `statements` need not be."
  type        = bool
  default     = false
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds the role, where the organisation demands one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
}

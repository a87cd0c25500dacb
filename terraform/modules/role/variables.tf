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

variable "statements" {
  description = "Rights: the statements of a role of the manifest and others of the same form. `$${partition}`, `$${region}` and `$${account}` are filled in."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    effect    = optional(string, "Allow")
    condition = optional(map(map(list(string))), {})
  }))

  validation {
    condition     = alltrue([for s in var.statements : length(s.actions) > 0 && length(s.resources) > 0])
    error_message = "Each statement names at least one action and one resource; leave statements without either out."
  }
  validation {
    condition     = alltrue(flatten([for s in var.statements : [for action in s.actions : can(regex("^[a-z0-9-]+:[A-Za-z0-9]+$", action))]]))
    error_message = "Actions are written out, such as `sqs:SendMessage`; replace each `*` by the actions that are needed."
  }
  validation {
    condition = alltrue(flatten([for s in var.statements : [for resource in s.resources :
      can(regex("^arn:[^*]+:[^*]+:[^*]*:[^*]*:.+$", resource)) || s.effect == "Deny"
    ]]))
    error_message = "Resources are ARNs that name partition, service, region and account; replace `*` by what the role works on. Actions that know no resource go to `account_wide_actions`."
  }
  validation {
    condition = alltrue(flatten([for s in var.statements : [for resource in s.resources :
      !strcontains(resource, "*") if contains(s.actions, "iam:PassRole")
    ]]))
    error_message = "`iam:PassRole` is given for roles by their full ARN; a `*` there lets the holder become any role it matches."
  }
  validation {
    condition     = length(distinct([for s in var.statements : s.sid])) == length(var.statements)
    error_message = "Each statement has its own `sid`."
  }
}

variable "account_wide_actions" {
  description = "Actions for which IAM knows no resource, so that `*` is the only one there is, by the `sid` of their statement."
  type        = map(list(string))
  default     = {}

  validation {
    condition = alltrue([for action in flatten(values(var.account_wide_actions)) : contains([
      "ecr:GetAuthorizationToken",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
      # Lambda's network interfaces: AWS checks the rights before any interface exists.
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ], action)])
    error_message = "Only actions for which IAM knows no resource may be given on `*`; put this one in `statements`, with its resources."
  }
}

variable "kms_key_arns" {
  description = "Customer managed KMS keys of the queues and tables that the role works on. It may use them through SQS and DynamoDB only."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[^*:]+:kms:[^*:]+:[0-9]+:key/[^*]+$", arn))])
    error_message = "`kms_key_arns` are the ARNs of keys (`arn:aws:kms:<region>:<account>:key/<id>`), not aliases: IAM does not match those."
  }
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

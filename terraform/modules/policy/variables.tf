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
      can(regex("^arn:[^*]+:[^*]+:[^*]*:[^*]*:.+$", resource)) || s.effect == "Deny" || (resource == "*" && alltrue([for action in s.actions : action == "scheduler:ListSchedules"]))
    ]]))
    error_message = "Resources are ARNs that name partition, service, region and account; replace `*` by what the role works on. Actions that know no resource go to `account_wide_actions`; of the manifest's only `scheduler:ListSchedules` is one."
  }
  validation {
    condition = alltrue(flatten([for s in var.statements : [for resource in s.resources :
      !strcontains(resource, "*") if contains(s.actions, "iam:PassRole")
    ]]))
    error_message = "`iam:PassRole` is given for roles by their full ARN; a `*` there lets the holder become any role it matches."
  }
  validation {
    condition = alltrue(flatten([for s in var.statements : [for resource in s.resources :
      can(regex("^arn(:[^:]*){4}:[*]$", resource)) ? alltrue([for action in s.actions : action == "sqs:ListQueues"]) : true
    ]]))
    error_message = "Only `sqs:ListQueues` is given on all that a service has (`arn:...:*`); name the resources of other actions."
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

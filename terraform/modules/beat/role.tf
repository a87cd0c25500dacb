locals {
  given = try(var.manifest.roles["scheduler"].statements, [])

  # What the manifest says, else the queues that the schedules send to, and no others.
  targets = distinct([for s in var.manifest.schedules : lookup(var.queue_arns, s.queue, null)])
  to_targets = [for arns in [compact(local.targets)] : {
    sid       = "SendTasks"
    actions   = ["sqs:SendMessage"]
    resources = arns
  } if length(local.given) == 0 && length(local.schedules) > 0]

  role_wanted = length(local.schedules) > 0 || length(local.given) > 0
}

module "role" {
  source = "../role"
  count  = local.role_wanted ? 1 : 0

  name                 = coalesce(var.name, "${local.deployment}-scheduler")
  description          = "EventBridge Scheduler sends tasks of ${local.deployment} with it"
  trusted_services     = ["scheduler.amazonaws.com"]
  trusted_source_arns  = [aws_scheduler_schedule_group.this.arn]
  kms_key_arns         = var.queue_kms_key_arns
  permissions_boundary = var.permissions_boundary
  tags                 = local.tags

  statements = concat(
    local.given,
    local.to_targets,
    local.dead_letter_queue_arn == null ? [] : [{
      sid       = "DeadLetter"
      actions   = ["sqs:SendMessage"]
      resources = [local.dead_letter_queue_arn]
    }],
    var.kms_key_arn == null ? [] : [{
      sid       = "ReadSchedules"
      actions   = ["kms:Decrypt"]
      resources = [var.kms_key_arn]
    }],
  )
}

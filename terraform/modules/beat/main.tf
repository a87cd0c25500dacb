locals {
  deployment = coalesce(var.manifest.deployment, var.manifest.app)
  schedules  = { for s in var.manifest.schedules : s.name => s }
  # AWS refuses a start in the past, and a manifest may be older. A rate needs one: it counts from it.
  starts = { for s in var.manifest.schedules : s.name =>
    s.start_date == null || startswith(s.schedule_expression, "rate(") ? s.start_date : timecmp(s.start_date, plantimestamp()) > 0 ? s.start_date : null
  }
  tags = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment })
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.manifest.schedule_group
  tags = local.tags
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:EventBridge Scheduler encrypts with its own key; another is an option, `kms_key_arn`
  for_each = local.schedules

  name        = each.key
  group_name  = aws_scheduler_schedule_group.this.name
  description = each.value.description
  state       = each.value.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn = var.kms_key_arn

  schedule_expression          = each.value.schedule_expression
  schedule_expression_timezone = each.value.schedule_expression_timezone
  start_date                   = local.starts[each.key]
  end_date                     = each.value.end_date

  flexible_time_window {
    mode                      = each.value.flexible_minutes == 0 ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = each.value.flexible_minutes == 0 ? null : each.value.flexible_minutes
  }

  target {
    arn      = each.value.universal == null ? var.queue_arns[each.value.queue] : local.send_message
    role_arn = module.role[0].arn
    input    = local.inputs[each.key]

    retry_policy {
      maximum_retry_attempts       = each.value.maximum_retry_attempts
      maximum_event_age_in_seconds = each.value.maximum_event_age_in_seconds
    }

    dynamic "sqs_parameters" {
      for_each = each.value.message_group_id == null || each.value.universal != null ? [] : [each.value.message_group_id]
      content {
        message_group_id = sqs_parameters.value
      }
    }

    dynamic "dead_letter_config" {
      for_each = local.dead_letter_queue_arn == null ? [] : [local.dead_letter_queue_arn]
      content {
        arn = dead_letter_config.value
      }
    }
  }

  lifecycle {
    # A rate counts from its first start, and each manifest has another. Where the entry's own `start`
    # changes, so does the schedule's name.
    ignore_changes = [start_date]

    precondition {
      condition     = contains(keys(var.queue_arns), each.value.queue)
      error_message = "Schedule ${each.key} sends to queue ${each.value.queue}, which `queue_arns` does not have; give all of the module queues' output `arns`."
    }
    precondition {
      condition     = each.value.universal == null || contains(keys(var.queue_urls), each.value.queue)
      error_message = "Schedule ${each.key} sends to queue ${each.value.queue} by `SendMessage`, and `queue_urls` does not have it; give all of the module queues' output `urls`."
    }
    precondition {
      condition     = var.dead_letter_queue_arn != null || (var.manifest.schedule_dead_letter_queue == null ? true : contains(keys(var.queue_arns), var.manifest.schedule_dead_letter_queue))
      error_message = "The manifest's `schedule_dead_letter_queue` is ${coalesce(var.manifest.schedule_dead_letter_queue, "none")}, which `queue_arns` does not have; give all of the module queues' output `arns`, or `dead_letter_queue_arn`."
    }
  }
}

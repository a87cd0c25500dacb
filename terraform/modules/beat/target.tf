data "aws_partition" "current" {}

locals {
  # The universal target: Scheduler calls SendMessage itself, with whatever parameters its input
  # has. The role needs `sqs:SendMessage` all the same.
  send_message = "arn:${data.aws_partition.current.partition}:scheduler:::aws-sdk:sqs:sendMessage"
  universal    = [for s in var.manifest.schedules : s if s.universal != null]

  requests = { for s in local.universal : s.name => { for parameter, value in {
    QueueUrl               = lookup(var.queue_urls, s.queue, null)
    MessageBody            = s.input
    DelaySeconds           = s.universal.delay_seconds == 0 ? null : s.universal.delay_seconds
    MessageGroupId         = s.universal.message_group_id == null ? s.message_group_id : s.universal.message_group_id
    MessageDeduplicationId = s.universal.message_deduplication_id
    MessageAttributes = length(s.universal.message_attributes) == 0 ? null : {
      for name, text in s.universal.message_attributes : name => { DataType = "String", StringValue = text }
    }
  } : parameter => value if value != null } }

  # Scheduler puts the time in for `<aws.scheduler.scheduled-time>`, and finds that as bare text
  # only, where `jsonencode` writes \u003c for <, \u003e for > and \u0026 for &. A backslash of the
  # text comes as two, of which the second begins no \u003c: pairs are set aside as line feeds, of
  # which `jsonencode` leaves none.
  encoded = { for name, request in local.requests : name => replace(jsonencode(request), "\\\\", "\n") }
  bare    = { for name, text in local.encoded : name => replace(replace(replace(text, "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&") }
  inputs  = { for name, s in local.schedules : name => s.universal == null ? s.input : replace(local.bare[name], "\n", "\\\\") }

  named_dead_letter_queue = var.manifest.schedule_dead_letter_queue == null ? null : lookup(var.queue_arns, var.manifest.schedule_dead_letter_queue, null)
  dead_letter_queue_arn   = var.dead_letter_queue_arn == null ? local.named_dead_letter_queue : var.dead_letter_queue_arn
}

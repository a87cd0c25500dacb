data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  deployment = coalesce(var.manifest.deployment, var.manifest.app)
  all        = { for q in var.manifest.queues : q.name => q }
  queues     = { for name, q in local.all : name => q if q.url == null }

  # Queues with a URL are there already: predefined ones.
  there = { for name, q in local.all : name => {
    url = q.url
    arn = replace(q.arn, "$${partition}", data.aws_partition.current.partition)
  } if q.url != null }

  # By SQS name: queues may share a dead-letter queue.
  dead_letter_queues = {
    for name in distinct(compact(values(local.queues)[*].dead_letter_queue)) : name => {
      fifo      = endswith(name, ".fifo")
      retention = max([for q in local.queues : q.dead_letter_retention if q.dead_letter_queue == name]...)
      sources   = [for q in local.queues : q.name if q.dead_letter_queue == name]
    }
  }
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                       = each.value.queue_name
  fifo_queue                 = each.value.fifo
  deduplication_scope        = each.value.fifo && var.fifo_high_throughput ? "messageGroup" : null
  fifo_throughput_limit      = each.value.fifo && var.fifo_high_throughput ? "perMessageGroupId" : null
  visibility_timeout_seconds = each.value.visibility_timeout
  message_retention_seconds  = each.value.message_retention
  receive_wait_time_seconds  = 20

  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : var.kms_data_key_reuse_seconds

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.value.dead_letter_queue].arn
    maxReceiveCount     = each.value.max_receive_count
  })

  tags = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment, "celeriac:queue" = each.key })

  lifecycle {
    precondition {
      condition     = coalesce(var.manifest.region, data.aws_region.current.region) == data.aws_region.current.region
      error_message = "The program looks for its queues in ${coalesce(var.manifest.region, "none")}, by its settings, and this is ${data.aws_region.current.region}: deploy there, or print the manifest with another `region`."
    }
    precondition {
      condition     = !contains(var.lambda_queues, each.key) || each.value.visibility_timeout >= 6 * each.value.function_timeout
      error_message = "Queue ${each.key} feeds Lambda, so its visibility timeout must be at least six times its function_timeout (${each.value.function_timeout} s): Lambda keeps messages while it is throttled. Print the manifest anew with `myapp manifest`."
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.dead_letter_queues

  name                      = each.key
  fifo_queue                = each.value.fifo
  deduplication_scope       = each.value.fifo && var.fifo_high_throughput ? "messageGroup" : null
  fifo_throughput_limit     = each.value.fifo && var.fifo_high_throughput ? "perMessageGroupId" : null
  message_retention_seconds = each.value.retention
  receive_wait_time_seconds = 20

  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : var.kms_data_key_reuse_seconds

  tags = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment, "celeriac:dead-letters-of" = join(" ", each.value.sources) })
}

# Apart from the queue, because the two name each other.
resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  for_each = aws_sqs_queue.dead_letters

  queue_url = each.value.url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [for name in local.dead_letter_queues[each.key].sources : aws_sqs_queue.this[name].arn]
  })
}

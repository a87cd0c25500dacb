locals {
  default_source = { batch_size = 10, batching_window_seconds = 0, maximum_concurrency = null, provisioned_pollers = null, enabled = true }

  chosen_sources = { for name in keys(local.queues) : name => merge(local.default_source, lookup(var.event_sources, name, null)) }

  # A bound where none was chosen: with `allow_recursion` it is what keeps a runaway small.
  event_sources = { for name, source in local.chosen_sources : name => merge(source, {
    maximum_concurrency = source.provisioned_pollers == null ? coalesce(source.maximum_concurrency, 100) : null
  }) }
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = local.event_sources

  event_source_arn                   = var.queue_arns[each.key]
  function_name                      = aws_lambda_function.this.arn
  enabled                            = each.value.enabled
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batching_window_seconds

  # Without it one failed task brings back its whole batch.
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = each.value.maximum_concurrency == null ? [] : [each.value.maximum_concurrency]
    content {
      maximum_concurrency = scaling_config.value
    }
  }

  dynamic "provisioned_poller_config" {
    for_each = each.value.provisioned_pollers == null ? [] : [each.value.provisioned_pollers]
    content {
      minimum_pollers = provisioned_poller_config.value.minimum
      maximum_pollers = provisioned_poller_config.value.maximum
    }
  }

  tags = local.tags

  # Lambda reads from the queue with the function's role, and looks for the right to do so when this
  # is created.
  depends_on = [module.role]
}

# What Lambda and DynamoDB say.

resource "aws_cloudwatch_metric_alarm" "function_throttles" {
  for_each = var.function_names

  alarm_name        = "${local.app}-function-throttles-${each.key}"
  alarm_description = "Lambda refused to run ${each.value} for lack of concurrency, minute after minute. Raise the account's quota, or lower `maximum_concurrency`."

  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = each.value }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = local.actions
  ok_actions    = local.actions
  tags          = local.tags
}

# `ThrottledRequests` counts a batch only if all of it was throttled; these two count each item, and
# workers write in batches.
resource "aws_cloudwatch_metric_alarm" "table_throttles" {
  count = local.table == null ? 0 : 1

  alarm_name          = "${local.app}-table-throttles"
  alarm_description   = "DynamoDB refuses reads or writes of ${local.table}: more in a short time than the table has grown to, or than its `max_request_units`."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.throttles
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "throttles"
    label       = "Throttled reads and writes"
    expression  = "FILL(reads, 0) + FILL(writes, 0)"
    return_data = true
  }

  metric_query {
    id = "reads"
    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "ReadThrottleEvents"
      dimensions  = { TableName = local.table }
      period      = 300
      stat        = "Sum"
    }
  }

  metric_query {
    id = "writes"
    metric {
      namespace   = "AWS/DynamoDB"
      metric_name = "WriteThrottleEvents"
      dimensions  = { TableName = local.table }
      period      = 300
      stat        = "Sum"
    }
  }

  alarm_actions = local.actions
  ok_actions    = local.actions
  tags          = local.tags
}

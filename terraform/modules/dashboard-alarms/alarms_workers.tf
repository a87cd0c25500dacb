# What the workers themselves say.

resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each = local.dimensions

  alarm_name        = "${local.app}-failed-${each.key}"
  alarm_description = "Tasks of ${each.value.queues} failed for good, retries and all. Their results hold the errors."

  namespace           = local.namespace
  metric_name         = "Failed"
  dimensions          = each.value
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.failed
  treat_missing_data  = "notBreaching"

  alarm_actions = local.actions
  ok_actions    = local.actions
  tags          = local.tags
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = local.dimensions

  alarm_name        = "${local.app}-throttles-${each.key}"
  alarm_description = "AWS refuses requests of the workers of ${each.value.queues} for being too many. They try again, so tasks are slow, not lost."

  namespace           = local.namespace
  metric_name         = "Throttles"
  dimensions          = each.value
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.throttles
  treat_missing_data  = "notBreaching"

  alarm_actions = local.actions
  ok_actions    = local.actions
  tags          = local.tags
}

resource "aws_cloudwatch_metric_alarm" "lease_takeovers" {
  for_each = local.dimensions

  alarm_name        = "${local.app}-lease-takeovers-${each.key}"
  alarm_description = "Workers of ${each.value.queues} die while they run tasks; others take these over. Memory that runs out is the usual cause."

  namespace           = local.namespace
  metric_name         = "LeaseTakeovers"
  dimensions          = each.value
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.lease_takeovers
  treat_missing_data  = "notBreaching"

  alarm_actions = local.actions
  ok_actions    = local.actions
  tags          = local.tags
}

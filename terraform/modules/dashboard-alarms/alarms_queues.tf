# What SQS says. It is silent about queues that nothing has touched for six hours: no news is good
# news.

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  for_each = local.queues

  alarm_name        = "${local.app}-oldest-message-${replace(each.key, ".", "-")}"
  alarm_description = "A task has waited in ${each.key} for minutes on end. Are workers there, and enough? `celeriac queues list` and the dashboard say."

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value.queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = lookup(var.oldest_message_seconds, each.key, var.thresholds.oldest_message_seconds)
  treat_missing_data  = "notBreaching"

  alarm_actions = local.actions
  ok_actions    = local.actions
  tags          = local.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = toset(local.dead_letter_queues)

  alarm_name        = "${local.app}-dead-letters-${replace(each.key, ".", "-")}"
  alarm_description = "There is a message in ${each.key}: a task that cannot be read, or that ended its worker too often. Its attributes say why."

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.key }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = local.actions
  ok_actions    = local.actions
  tags          = local.tags
}

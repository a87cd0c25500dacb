resource "aws_cloudwatch_metric_alarm" "errors" {
  count = contains(var.alarms, "errors") ? 1 : 0

  alarm_name        = "${local.name}-errors"
  alarm_description = "The function ${local.name} crashed or ran out of time. Tasks that fail do not count: they are results. See its log group ${aws_cloudwatch_log_group.this.name}."

  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_actions
  ok_actions    = var.alarm_actions
  tags          = local.tags
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  count = contains(var.alarms, "throttles") ? 1 : 0

  alarm_name        = "${local.name}-throttles"
  alarm_description = "Lambda refused to run ${local.name} for lack of concurrency, minute after minute. Raise the account's quota or `reserved_concurrency`, or lower `maximum_concurrency`."

  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_actions
  ok_actions    = var.alarm_actions
  tags          = local.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = contains(var.alarms, "dead_letters") ? { for name, queue in var.dead_letter_names : name => queue if contains(keys(local.queues), name) } : {}

  alarm_name        = "${local.name}-dead-letters-${replace(each.key, ".", "-")}"
  alarm_description = "A task of ${each.key} ended in ${each.value}. Its message attributes say why."

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_actions
  ok_actions    = var.alarm_actions
  tags          = local.tags
}

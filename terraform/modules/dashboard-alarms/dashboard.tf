locals {
  alarms = concat(
    values(aws_cloudwatch_metric_alarm.oldest_message),
    values(aws_cloudwatch_metric_alarm.dead_letters),
    values(aws_cloudwatch_metric_alarm.failed),
    values(aws_cloudwatch_metric_alarm.throttles),
    values(aws_cloudwatch_metric_alarm.lease_takeovers),
    values(aws_cloudwatch_metric_alarm.function_throttles),
    aws_cloudwatch_metric_alarm.table_throttles,
  )

  # Each graph: title, statistic, and metrics as CloudWatch has them: namespace, name, dimensions'
  # names and values.
  queue_graphs = [
    {
      title   = "Tasks that wait"
      stat    = "Maximum"
      metrics = [for q in local.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", q.queue_name]]
    },
    {
      title   = "How long the oldest has waited, in seconds"
      stat    = "Maximum"
      metrics = [for q in local.queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", q.queue_name]]
    },
    {
      title   = "Tasks that are held by workers"
      stat    = "Maximum"
      metrics = [for q in local.queues : ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", q.queue_name]]
    },
    {
      title   = "Dead letters"
      stat    = "Maximum"
      metrics = [for queue in local.dead_letter_queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]]
    },
  ]

  worker_graphs = flatten([for worker, d in local.dimensions : [
    {
      title   = "${worker}: outcomes"
      stat    = "Sum"
      metrics = [for metric in ["Succeeded", "Failed", "Retried", "DeadLettered", "LeaseTakeovers", "Throttles"] : [local.namespace, metric, "app", d.app, "queues", d.queues]]
    },
    {
      title   = "${worker}: workers"
      stat    = "Sum"
      metrics = [[local.namespace, "Workers", "app", d.app, "queues", d.queues]]
    },
    {
      title   = "${worker}: seconds that one worker would need for what waits"
      stat    = "Average"
      metrics = [[local.namespace, "BacklogSeconds", "app", d.app, "queues", d.queues]]
    },
  ]])

  function_graphs = flatten([for name, function in var.function_names : [
    {
      title   = "${name}: invocations"
      stat    = "Sum"
      metrics = [for metric in ["Invocations", "Errors", "Throttles"] : ["AWS/Lambda", metric, "FunctionName", function]]
    },
    {
      title   = "${name}: milliseconds, concurrency"
      stat    = "Maximum"
      metrics = [for metric in ["Duration", "ConcurrentExecutions"] : ["AWS/Lambda", metric, "FunctionName", function]]
    },
  ]])

  table_graphs = [for table in compact([local.table]) : {
    title   = "Table: units used, and refused"
    stat    = "Sum"
    metrics = [for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"] : ["AWS/DynamoDB", metric, "TableName", table]]
  }]

  graphs = [for graph in concat(local.queue_graphs, local.worker_graphs, local.function_graphs, local.table_graphs) : {
    type   = "metric"
    width  = 12
    height = 6
    properties = {
      title   = graph.title
      region  = local.region
      view    = "timeSeries"
      stat    = graph.stat
      period  = 60
      metrics = graph.metrics
    }
  } if length(graph.metrics) > 0]

  # CloudWatch takes 100 alarms in a widget.
  alarm_boards = [for arns in chunklist(local.alarms[*].arn, 100) : {
    type   = "alarm"
    width  = 24
    height = 3
    properties = {
      title  = "Alarms of ${local.app}"
      alarms = arns
    }
  }]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${local.app}-tasks"
  dashboard_body = jsonencode({ widgets = concat(local.alarm_boards, local.graphs) })
}

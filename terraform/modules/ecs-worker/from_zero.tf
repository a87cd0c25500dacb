# Nobody measures anything while there are no workers, so starting the first one goes by what SQS
# itself says.

locals {
  from_zero = var.min_workers == 0
}

resource "aws_appautoscaling_policy" "from_zero" {
  count = local.from_zero ? 1 : 0

  name               = "${local.name}-from-zero"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 180 # What a task needs to start and to be counted.

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "from_zero" {
  count = local.from_zero ? 1 : 0

  alarm_name          = "${local.name}-from-zero"
  alarm_description   = "Messages wait, and no worker is there. Starts one; nobody needs to look."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 2 # The newest minute of the workers' own metrics may not be there yet.
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.from_zero[0].arn]
  tags                = local.tags

  metric_query {
    id          = "waiting"
    label       = "Messages that wait for a first worker"
    expression  = "IF(FILL(workers, 0) > 0, 0, ${join(" + ", [for i in range(length(local.queue_names)) : "FILL(visible${i}, 0)"])})"
    return_data = true
  }

  metric_query {
    id = "workers"
    metric {
      namespace   = local.namespace
      metric_name = "Workers"
      dimensions  = local.dimensions
      period      = 60
      stat        = "Sum"
    }
  }

  dynamic "metric_query" {
    for_each = local.queue_names
    content {
      id = "visible${metric_query.key}"
      metric {
        namespace   = "AWS/SQS"
        metric_name = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = local.queues[metric_query.value].queue_name }
        period      = 60
        stat        = "Maximum"
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.queue_names) <= 9
      error_message = "An alarm reads ten metrics at most, so workers that start from zero can have nine queues; raise `min_workers`, or split the queues over two services."
    }
  }
}

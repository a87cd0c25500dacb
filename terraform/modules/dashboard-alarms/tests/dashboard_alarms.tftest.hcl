mock_provider "aws" {
  source = "../../mocks"
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    queues = [
      { name = "celery", queue_name = "prod-celery", dead_letter_queue = "prod-celery-dlq" },
      { name = "orders.fifo", queue_name = "prod-orders.fifo", dead_letter_queue = "prod-orders-dlq.fifo" },
    ]
    table = { name = "celery" }
  }
  workers        = { service = ["orders.fifo", "celery"] }
  function_names = { function = "shop-worker" }
  alarm_actions  = ["arn:aws:sns:eu-central-1:123456789012:there"]
}

run "queues_are_watched" {
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.oldest_message : name => "${alarm.namespace} ${alarm.metric_name} ${alarm.dimensions.QueueName} ${alarm.comparison_operator} ${alarm.threshold}" } == {
      celery        = "AWS/SQS ApproximateAgeOfOldestMessage prod-celery GreaterThanThreshold 300"
      "orders.fifo" = "AWS/SQS ApproximateAgeOfOldestMessage prod-orders.fifo GreaterThanThreshold 300"
    }
    error_message = "the age of the oldest message of each queue"
  }
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.dead_letters : name => "${alarm.namespace} ${alarm.metric_name} ${alarm.dimensions.QueueName} ${alarm.comparison_operator} ${alarm.threshold}" } == {
      for name in ["prod-celery-dlq", "prod-orders-dlq.fifo"] : name => "AWS/SQS ApproximateNumberOfMessagesVisible ${name} GreaterThanThreshold 0"
    }
    error_message = "a dead letter in each dead-letter queue"
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.oldest_message), values(aws_cloudwatch_metric_alarm.dead_letters)) : alarm.statistic == "Maximum" && alarm.treat_missing_data == "notBreaching" && length(alarm.dimensions) == 1])
    error_message = "a queue that sleeps is well"
  }
}

run "environments_are_watched_apart" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      deployment       = "prod-shop"
      queues = [
        { name = "celery", queue_name = "prod-celery", dead_letter_queue = "prod-celery-dlq" },
        { name = "orders.fifo", queue_name = "prod-orders.fifo", dead_letter_queue = "prod-orders-dlq.fifo" },
      ]
      table = { name = "celery" }
    }
  }
  assert {
    condition     = alltrue([for name in output.alarm_names : startswith(name, "prod-shop-")]) && output.dashboard_name == "prod-shop-tasks"
    error_message = "the environment is a part of every name"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.failed : alarm.dimensions.app == "prod-shop"])
    error_message = "the metrics of workers have it as their dimension"
  }
}

run "workers_are_watched" {
  assert {
    condition = [for alarm in concat(values(aws_cloudwatch_metric_alarm.failed), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.lease_takeovers)) : "${alarm.namespace} ${alarm.metric_name} ${alarm.statistic} ${alarm.comparison_operator} ${alarm.threshold}"] == [
      "celeriac Failed Sum GreaterThanThreshold 0",
      "celeriac Throttles Sum GreaterThanThreshold 100",
      "celeriac LeaseTakeovers Sum GreaterThanThreshold 5",
    ]
    error_message = "failures, throttles and take-overs"
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.failed), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.lease_takeovers)) : alarm.dimensions == tomap({ app = "shop", queues = "celery,orders.fifo" })])
    error_message = "by the dimensions that workers print: app, and queues sorted"
  }
}

run "services_are_watched" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.function_throttles["function"].namespace == "AWS/Lambda" && aws_cloudwatch_metric_alarm.function_throttles["function"].metric_name == "Throttles" && aws_cloudwatch_metric_alarm.function_throttles["function"].dimensions == tomap({ FunctionName = "shop-worker" })
    error_message = "Lambda's throttles"
  }
  assert {
    condition = { for q in aws_cloudwatch_metric_alarm.table_throttles[0].metric_query : q.id => q.expression != null ? q.expression : "${q.metric[0].namespace} ${q.metric[0].metric_name} ${q.metric[0].dimensions.TableName}" } == {
      throttles = "FILL(reads, 0) + FILL(writes, 0)"
      reads     = "AWS/DynamoDB ReadThrottleEvents celery"
      writes    = "AWS/DynamoDB WriteThrottleEvents celery"
    }
    error_message = "DynamoDB's throttles"
  }
}

run "somebody_is_told" {
  variables {
    topic = { emails = ["on-call@example.com"] }
  }
  assert {
    condition     = alltrue([for alarm in local.alarms : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:there", "arn:aws:sns:eu-central-1:123456789012:mocked"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "of every alarm, and of its end"
  }
  assert {
    condition     = length(local.alarms) == 9 && length(distinct(output.alarm_names)) == 9
    error_message = "2 + 2 for the queues, 3 for the workers, 1 for the function, 1 for the table; no two of one name"
  }
  assert {
    condition     = [for s in aws_sns_topic_subscription.email : "${s.protocol} ${s.endpoint}"] == ["email on-call@example.com"]
    error_message = "by mail"
  }
  assert {
    condition = [for s in jsondecode(aws_sns_topic_policy.this[0].policy).Statement : "${s.Sid} ${s.Effect} ${try(s.Condition.StringEquals["aws:SourceAccount"], s.Condition.Bool["aws:SecureTransport"])}"] == [
      "AlarmsPublish Allow 123456789012",
      "RefuseWithoutTLS Deny false",
    ]
    error_message = "only alarms of this account publish, and by TLS"
  }
}

run "the_dashboard_shows_all_of_it" {
  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].type == "alarm" && length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].properties.alarms) == 9
    error_message = "alarms first"
  }
  assert {
    condition     = [for w in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(w.properties.metrics) if w.type == "metric"] == [2, 2, 2, 2, 6, 1, 1, 3, 2, 4]
    error_message = "four graphs of queues, three of workers, two of the function, one of the table"
  }
  assert {
    condition     = contains(flatten([for w in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [for m in w.properties.metrics : join(" ", m)] if w.type == "metric"]), "celeriac BacklogSeconds app shop queues celery,orders.fifo")
    error_message = "the workers' own metrics, by their dimensions"
  }
  assert {
    condition     = alltrue([for w in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : w.properties.region == "eu-central-1" if w.type == "metric"])
    error_message = "of this region"
  }
}

run "thresholds" {
  variables {
    thresholds             = { oldest_message_seconds = 900, failed = 10 }
    oldest_message_seconds = { "orders.fifo" = 60 }
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.oldest_message["celery"].threshold == 900 && aws_cloudwatch_metric_alarm.oldest_message["orders.fifo"].threshold == 60 && aws_cloudwatch_metric_alarm.failed["service"].threshold == 10
    error_message = "for all, and for one queue"
  }
}

run "little_to_watch" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [{ name = "celery", queue_name = "celery", dead_letter_queue = null }]
      table            = null
    }
    workers        = {}
    function_names = {}
  }
  assert {
    condition     = output.alarm_names == ["shop-oldest-message-celery"] && output.topic_arn == null
    error_message = "only what is there"
  }
}

run "workers_on_queues_that_do_not_exist" {
  command = plan
  variables {
    workers = { service = ["typo"] }
  }
  expect_failures = [var.workers]
}

run "ages_of_queues_that_do_not_exist" {
  command = plan
  variables {
    oldest_message_seconds = { typo = 60 }
  }
  expect_failures = [var.oldest_message_seconds]
}

run "a_widget_has_a_hundred_alarms_at_most" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [for n in range(60) : { name = "tenant-${n}", queue_name = "tenant-${n}", dead_letter_queue = "tenant-${n}-dlq" }]
    }
    workers = {}
  }
  assert {
    condition     = [for w in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(w.properties.alarms) if w.type == "alarm"] == [100, 21]
    error_message = "CloudWatch refuses more"
  }
}

run "names_of_queues_over_a_dimensions_length" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [for n in range(60) : { name = "tenant-${n}-with-a-long-name", queue_name = "tenant-${n}", dead_letter_queue = "tenant-${n}-dlq" }]
    }
    workers = { service = [for n in range(60) : "tenant-${n}-with-a-long-name"] }
  }
  expect_failures = [var.workers]
}

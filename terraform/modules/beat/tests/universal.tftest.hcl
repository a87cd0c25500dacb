# Schedules that send by `SendMessage` itself, since their messages have a delay, a deduplication id
# or attributes.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    schedule_group   = "shop"
    roles            = {}
    schedules = [
      {
        name      = "plain", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60
        input     = "{\"id\":\"plain:<aws.scheduler.scheduled-time>\",\"text\":\"a & b\"}"
        universal = null, delete_after = false
      },
      {
        name      = "late", schedule_expression = "at(2030-01-01T09:00:00)", start_date = "2029-12-31T00:00:00Z", enabled = true, flexible_minutes = 0, queue = "celery", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60
        input     = "{\"id\":\"late:<aws.scheduler.scheduled-time>\",\"text\":\"a & b\\u003c \\\\u003e\"}", delete_after = true
        universal = { delay_seconds = 900, message_group_id = null, message_deduplication_id = null, message_attributes = { origin = "<aws.scheduler.schedule-arn>", kind = "beat" } }
      },
      {
        name      = "ordered", schedule_expression = "rate(1 day)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", message_group_id = "group", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60
        input     = "{}"
        universal = { message_deduplication_id = "ordered:<aws.scheduler.scheduled-time>" }
      },
      {
        name      = "own-group", schedule_expression = "rate(1 day)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60
        input     = "{}"
        universal = { delay_seconds = 0, message_group_id = "own", message_deduplication_id = "own-group:<aws.scheduler.scheduled-time>", message_attributes = {} }
      },
    ]
  }
  queue_arns = {
    celery        = "arn:aws:sqs:eu-central-1:123456789012:celery"
    "orders.fifo" = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"
  }
  queue_urls = {
    celery        = "https://sqs.eu-central-1.amazonaws.com/123456789012/celery"
    "orders.fifo" = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo"
  }
}

run "they_send_by_the_api_itself" {
  assert {
    condition = { for name, s in aws_scheduler_schedule.this : name => s.target[0].arn } == {
      plain     = "arn:aws:sqs:eu-central-1:123456789012:celery"
      late      = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
      ordered   = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
      own-group = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    }
    error_message = "only where `universal` is given"
  }
  assert {
    condition = jsondecode(aws_scheduler_schedule.this["late"].target[0].input) == {
      QueueUrl     = "https://sqs.eu-central-1.amazonaws.com/123456789012/celery"
      MessageBody  = var.manifest.schedules[1].input
      DelaySeconds = 900
      MessageAttributes = {
        origin = { DataType = "String", StringValue = "<aws.scheduler.schedule-arn>" }
        kind   = { DataType = "String", StringValue = "beat" }
      }
    }
    error_message = "the message with its delay and attributes, and no group: ${aws_scheduler_schedule.this["late"].target[0].input}"
  }
  assert {
    condition = jsondecode(aws_scheduler_schedule.this["ordered"].target[0].input) == {
      QueueUrl               = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo"
      MessageBody            = "{}"
      MessageGroupId         = "group"
      MessageDeduplicationId = "ordered:<aws.scheduler.scheduled-time>"
    }
    error_message = "group and deduplication id, and no delay, which FIFO queues refuse: ${aws_scheduler_schedule.this["ordered"].target[0].input}"
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.this["own-group"].target[0].input).MessageGroupId == "own"
    error_message = "the group of `universal`"
  }
  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.this : length(s.target[0].sqs_parameters) == 0])
    error_message = "parameters of the templated target would be refused"
  }
}

run "keywords_stand_bare" {
  assert {
    condition     = strcontains(aws_scheduler_schedule.this["plain"].target[0].input, "\"plain:<aws.scheduler.scheduled-time>\",\"text\":\"a & b\"")
    error_message = "in a templated target's input: ${aws_scheduler_schedule.this["plain"].target[0].input}"
  }
  assert {
    condition     = strcontains(aws_scheduler_schedule.this["late"].target[0].input, "late:<aws.scheduler.scheduled-time>") && strcontains(aws_scheduler_schedule.this["late"].target[0].input, "\"<aws.scheduler.schedule-arn>\"")
    error_message = "in a universal target's input: ${aws_scheduler_schedule.this["late"].target[0].input}"
  }
  assert {
    condition     = strcontains(aws_scheduler_schedule.this["late"].target[0].input, "a & b")
    error_message = "as everything else that `jsonencode` escapes: ${aws_scheduler_schedule.this["late"].target[0].input}"
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.this["late"].target[0].input).MessageBody == var.manifest.schedules[1].input
    error_message = "what the message itself has escaped stays as it is: ${aws_scheduler_schedule.this["late"].target[0].input}"
  }
}

run "the_role_may_send_to_their_queues_and_no_more" {
  assert {
    condition = jsondecode(module.role[0].policy).Statement == [{
      Sid      = "SendTasks"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = ["arn:aws:sqs:eu-central-1:123456789012:celery", "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"]
    }]
    error_message = "the same as for templated targets: ${module.role[0].policy}"
  }
}

run "none_deletes_itself" {
  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.this : s.action_after_completion != "DELETE"])
    error_message = "the next apply would make it again"
  }
  assert {
    condition     = aws_scheduler_schedule.this["late"].start_date == "2029-12-31T00:00:00Z"
    error_message = "a start is for at() too"
  }
}

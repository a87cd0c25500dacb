mock_provider "aws" {
  source = "../../mocks"
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    schedule_group   = "shop"
    schedules = [
      {
        name       = "daily-report", description = "Report of yesterday", schedule_expression = "cron(0 9 * * ? *)", schedule_expression_timezone = "Asia/Seoul",
        start_date = null, end_date = null, enabled = true, flexible_minutes = 0, queue = "reports", message_group_id = null,
        input      = "{\"id\":\"daily-report <aws.scheduler.scheduled-time>\"}", maximum_retry_attempts = 10, maximum_event_age_in_seconds = 3600
      },
      {
        name    = "settle", schedule_expression = "rate(1 hour)", start_date = "2026-01-01T00:00:00Z", end_date = "2027-01-01T00:00:00Z",
        enabled = false, flexible_minutes = 15, queue = "orders.fifo", message_group_id = "settle", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60
      },
    ]
    roles = { scheduler = { trusted_services = ["scheduler.amazonaws.com"], statements = [] } }
  }
  queue_arns = {
    celery        = "arn:aws:sqs:eu-central-1:123456789012:celery"
    reports       = "arn:aws:sqs:eu-central-1:123456789012:reports"
    "orders.fifo" = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"
  }
}

run "schedules_are_the_manifests" {
  assert {
    condition     = aws_scheduler_schedule_group.this.name == "shop" && alltrue([for s in aws_scheduler_schedule.this : s.group_name == "shop"])
    error_message = "all are in the app's group"
  }
  assert {
    condition     = { for name, s in aws_scheduler_schedule.this : name => "${s.state} ${s.schedule_expression}" } == { daily-report = "ENABLED cron(0 9 * * ? *)", settle = "DISABLED rate(1 hour)" }
    error_message = "times and states"
  }
  assert {
    condition     = aws_scheduler_schedule.this["daily-report"].schedule_expression_timezone == "Asia/Seoul" && aws_scheduler_schedule.this["settle"].start_date == "2026-01-01T00:00:00Z" && aws_scheduler_schedule.this["settle"].end_date == "2027-01-01T00:00:00Z"
    error_message = "time zone and dates"
  }
  assert {
    condition     = aws_scheduler_schedule.this["daily-report"].flexible_time_window[0].mode == "OFF" && aws_scheduler_schedule.this["daily-report"].flexible_time_window[0].maximum_window_in_minutes == null
    error_message = "to the minute"
  }
  assert {
    condition     = aws_scheduler_schedule.this["settle"].flexible_time_window[0].mode == "FLEXIBLE" && aws_scheduler_schedule.this["settle"].flexible_time_window[0].maximum_window_in_minutes == 15
    error_message = "or within a window"
  }
  assert {
    condition     = { for name, s in aws_scheduler_schedule.this : name => s.target[0].arn } == { daily-report = "arn:aws:sqs:eu-central-1:123456789012:reports", settle = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo" }
    error_message = "the target is the queue, by its Celery name"
  }
  assert {
    condition     = aws_scheduler_schedule.this["daily-report"].target[0].input == "{\"id\":\"daily-report <aws.scheduler.scheduled-time>\"}"
    error_message = "the message is left as it is"
  }
  assert {
    condition     = length(aws_scheduler_schedule.this["daily-report"].target[0].sqs_parameters) == 0 && aws_scheduler_schedule.this["settle"].target[0].sqs_parameters[0].message_group_id == "settle"
    error_message = "a group on FIFO queues"
  }
  assert {
    condition     = aws_scheduler_schedule.this["daily-report"].target[0].retry_policy[0].maximum_retry_attempts == 10 && aws_scheduler_schedule.this["daily-report"].target[0].retry_policy[0].maximum_event_age_in_seconds == 3600
    error_message = "retries"
  }
  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.this : s.target[0].role_arn == module.role[0].arn])
    error_message = "sent with the role"
  }
}

run "the_role_sends_to_the_targets_and_nowhere_else" {
  assert {
    condition = jsondecode(module.role[0].policy).Statement == [{
      Sid      = "SendTasks"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = ["arn:aws:sqs:eu-central-1:123456789012:reports", "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"]
    }]
    error_message = "not to `celery`, which no schedule names: ${module.role[0].policy}"
  }
  assert {
    condition     = jsondecode(module.role[0].trust).Statement[0].Principal.Service == ["scheduler.amazonaws.com"] && jsondecode(module.role[0].trust).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "only the Scheduler of this account takes it"
  }
  assert {
    condition     = jsondecode(module.role[0].trust).Statement[0].Condition.StringEquals["aws:SourceArn"] == [aws_scheduler_schedule_group.this.arn]
    error_message = "and only for this group: ${module.role[0].trust}"
  }
}

run "statements_of_the_manifest_come_first" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      schedules        = []
      roles = { scheduler = { trusted_services = ["scheduler.amazonaws.com"], statements = [
        { sid = "SendLater", actions = ["sqs:SendMessage"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:celery"] },
      ] } }
    }
  }
  assert {
    condition     = [for s in jsondecode(module.role[0].policy).Statement : [s.Sid, join(",", s.Resource)]] == [["SendLater", "arn:aws:sqs:eu-central-1:123456789012:celery"]]
    error_message = "workers that schedule far countdowns need the role without any beat entry"
  }
  assert {
    condition     = output.role_arn != null
    error_message = "they are given it"
  }
}

run "nothing_scheduled" {
  variables {
    manifest = { manifest_version = 1, app = "shop", schedule_group = "shop", schedules = [], roles = {} }
  }
  assert {
    condition     = length(module.role) == 0 && length(aws_scheduler_schedule.this) == 0 && output.role_arn == null && output.group_name == "shop"
    error_message = "a group, which costs nothing, and no role"
  }
}

run "dead_letters_and_keys" {
  variables {
    dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:celery-dlq"
    kms_key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/schedules"
    queue_kms_key_arns    = ["arn:aws:kms:eu-central-1:123456789012:key/queues"]
  }
  assert {
    condition     = alltrue([for s in aws_scheduler_schedule.this : s.target[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-central-1:123456789012:celery-dlq" && s.kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/schedules"])
    error_message = "on every schedule"
  }
  assert {
    condition = { for s in jsondecode(module.role[0].policy).Statement : s.Sid => join(",", s.Resource) if s.Sid != "SendTasks" } == {
      DeadLetter    = "arn:aws:sqs:eu-central-1:123456789012:celery-dlq"
      ReadSchedules = "arn:aws:kms:eu-central-1:123456789012:key/schedules"
      UseKeys       = "arn:aws:kms:eu-central-1:123456789012:key/queues"
    }
    error_message = "the role may use them: ${module.role[0].policy}"
  }
}

run "dead_letters_to_the_manifests_queue" {
  variables {
    manifest = {
      manifest_version           = 1
      app                        = "shop"
      schedule_group             = "shop"
      schedule_dead_letter_queue = "celery"
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "reports", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
      roles = {}
    }
  }
  assert {
    condition     = aws_scheduler_schedule.this["a"].target[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-central-1:123456789012:celery"
    error_message = "by its Celery name"
  }
  assert {
    condition     = [for s in jsondecode(module.role[0].policy).Statement : join(",", s.Resource) if s.Sid == "DeadLetter"] == ["arn:aws:sqs:eu-central-1:123456789012:celery"]
    error_message = "the role may send there: ${module.role[0].policy}"
  }
}

run "dead_letters_to_the_given_queue_first" {
  variables {
    manifest = {
      manifest_version           = 1
      app                        = "shop"
      schedule_group             = "shop"
      schedule_dead_letter_queue = "celery"
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "reports", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
      roles = {}
    }
    dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:celery-dlq"
  }
  assert {
    condition     = aws_scheduler_schedule.this["a"].target[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-central-1:123456789012:celery-dlq"
    error_message = "the variable is stronger than the manifest"
  }
}

run "fifo_dead_letters_are_refused" {
  command = plan
  variables {
    dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:orders-dlq.fifo"
  }
  expect_failures = [var.dead_letter_queue_arn]
}

run "starts_that_have_been" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      schedules = [
        { name = "over", schedule_expression = "cron(0 9 * * ? *)", start_date = "2024-01-01T00:00:00Z", enabled = true, flexible_minutes = 0, queue = "reports", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
        { name = "later", schedule_expression = "cron(0 9 * * ? *)", start_date = "2098-01-01T00:00:00Z", enabled = true, flexible_minutes = 0, queue = "reports", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
        { name = "rate", schedule_expression = "rate(7 minutes)", start_date = "2098-01-01T00:00:00Z", enabled = true, flexible_minutes = 0, queue = "reports", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
      roles = {}
    }
  }
  assert {
    condition     = { for name, s in aws_scheduler_schedule.this : name => s.start_date == null ? "none" : s.start_date } == { over = "none", later = "2098-01-01T00:00:00Z", rate = "2098-01-01T00:00:00Z" }
    error_message = "AWS refuses a start in the past"
  }
}

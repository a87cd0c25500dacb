# What is refused before anything is made.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  queue_arns = {
    celery        = "arn:aws:sqs:eu-central-1:123456789012:celery"
    "orders.fifo" = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"
  }
  queue_urls = {
    celery        = "https://sqs.eu-central-1.amazonaws.com/123456789012/celery"
    "orders.fifo" = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo"
  }
}

run "manifests_of_another_version" {
  command = plan
  variables {
    manifest = {
      manifest_version = 2
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", message_group_id = "a", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "two_schedules_of_one_name" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", message_group_id = "a", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", message_group_id = "a", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "fifo_without_a_group" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", message_group_id = null, input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "windows_of_more_than_a_day" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 1441, queue = "orders.fifo", message_group_id = "a", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "more_retries_than_there_are" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", message_group_id = "a", input = "{}", maximum_retry_attempts = 186, maximum_event_age_in_seconds = 60 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "events_older_than_a_day" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", message_group_id = "a", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 86401 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "dates_of_another_time_zone" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, start_date = "2026-01-31T09:00:00+09:00" },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "delays_longer_than_sqs_has" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { delay_seconds = 901 } },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "delays_of_a_fraction" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { delay_seconds = 0.5 } },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "delays_on_a_fifo_queue" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { delay_seconds = 1, message_group_id = "a", message_deduplication_id = "a" } },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "fifo_without_a_deduplication_id" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "orders.fifo", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { message_group_id = "a" } },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "a_deduplication_id_where_there_is_no_fifo" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { message_deduplication_id = "a" } },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "more_attributes_than_sqs_has" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { message_attributes = { for n in range(11) : "a${n}" => "b" } } },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "attributes_without_a_value" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { message_attributes = { a = "" } } },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "fifo_dead_letters_by_name" {
  command = plan
  variables {
    manifest = {
      manifest_version           = 1
      app                        = "shop"
      schedule_group             = "shop"
      roles                      = {}
      schedule_dead_letter_queue = "orders.fifo"
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "dead_letters_to_a_queue_that_is_not_given" {
  command = plan
  variables {
    manifest = {
      manifest_version           = 1
      app                        = "shop"
      schedule_group             = "shop"
      roles                      = {}
      schedule_dead_letter_queue = "elsewhere"
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60 },
      ]
    }
  }
  expect_failures = [aws_scheduler_schedule.this]
}

run "sent_by_a_url_that_is_not_given" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      schedule_group   = "shop"
      roles            = {}
      schedules = [
        { name = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}", maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { delay_seconds = 1 } },
      ]
    }
    queue_urls = { "orders.fifo" = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo" }
  }
  expect_failures = [aws_scheduler_schedule.this]
}

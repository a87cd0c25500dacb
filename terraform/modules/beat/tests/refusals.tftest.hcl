# What is refused before anything is made.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  queue_arns = { "orders.fifo" = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo" }
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

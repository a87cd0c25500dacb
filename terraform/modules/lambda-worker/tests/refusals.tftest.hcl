# What is refused before anything is made.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    queues = [
      { name = "celery", fifo = false, visibility_timeout = 5400, dead_letter_queue = "celery-dlq", function_timeout = 900 },
      { name = "orders.fifo", fifo = true, visibility_timeout = 1890, dead_letter_queue = "orders-dlq.fifo", function_timeout = 315 },
    ]
    environment = {}
    roles       = { lambda = { trusted_services = ["lambda.amazonaws.com"], statements = [] } }
  }
  queue_arns = {
    celery        = "arn:aws:sqs:eu-central-1:123456789012:celery"
    "orders.fifo" = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"
  }
  code = { zip = "bootstrap.zip" }
}

run "fifo_batches_over_ten" {
  command = plan
  variables {
    event_sources = { "orders.fifo" = { batch_size = 11 } }
  }
  expect_failures = [var.event_sources]
}

run "large_batches_without_a_window" {
  command = plan
  variables {
    event_sources = { "celery" = { batch_size = 11 } }
  }
  expect_failures = [var.event_sources]
}

run "windows_on_fifo_queues" {
  command = plan
  variables {
    event_sources = { "orders.fifo" = { batching_window_seconds = 1 } }
  }
  expect_failures = [var.event_sources]
}

run "a_concurrency_of_one" {
  command = plan
  variables {
    event_sources = { "celery" = { maximum_concurrency = 1 } }
  }
  expect_failures = [var.event_sources]
}

run "pollers_and_concurrency_together" {
  command = plan
  variables {
    event_sources = { "celery" = { maximum_concurrency = 10, provisioned_pollers = { minimum = 2, maximum = 10 } } }
  }
  expect_failures = [var.event_sources]
}

run "a_single_poller" {
  command = plan
  variables {
    event_sources = { "celery" = { provisioned_pollers = { minimum = 1, maximum = 10 } } }
  }
  expect_failures = [var.event_sources]
}

run "sources_that_are_no_queues" {
  command = plan
  variables {
    event_sources = { "typo" = { batch_size = 5 } }
  }
  expect_failures = [var.event_sources]
}

run "queues_that_do_not_exist" {
  command = plan
  variables {
    queues = ["typo"]
  }
  expect_failures = [var.queues]
}

run "two_places_of_code" {
  command = plan
  variables {
    code = { zip = "bootstrap.zip", image_uri = "shop:1" }
  }
  expect_failures = [var.code]
}

run "no_code" {
  command = plan
  variables {
    code = {}
  }
  expect_failures = [var.code]
}

run "a_bucket_without_a_key" {
  command = plan
  variables {
    code = { s3_bucket = "code" }
  }
  expect_failures = [var.code]
}

run "timeouts_lambda_does_not_have" {
  command = plan
  variables {
    timeout = 901
  }
  expect_failures = [var.timeout]
}

run "variables_of_lambdas_own" {
  command = plan
  variables {
    environment = { AWS_REGION = "eu-west-1" }
  }
  expect_failures = [var.environment]
}

run "concurrency_that_is_not_there" {
  command = plan
  variables {
    reserved_concurrency = 150
  }
  expect_failures = [aws_lambda_function.this]
}

run "alarms_that_do_not_exist" {
  command = plan
  variables {
    alarms = ["error"]
  }
  expect_failures = [var.alarms]
}

run "visibility_shorter_than_the_function_may_run" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [{ name = "celery", fifo = false, visibility_timeout = 899, dead_letter_queue = "celery-dlq", function_timeout = 900 }]
      environment      = {}
      roles            = { lambda = { trusted_services = ["lambda.amazonaws.com"], statements = [] } }
    }
  }
  expect_failures = [aws_lambda_function.this]
}

run "queues_without_dead_letters" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [{ name = "celery", fifo = false, visibility_timeout = 5400, dead_letter_queue = null, function_timeout = 900 }]
      environment      = {}
      roles            = { lambda = { trusted_services = ["lambda.amazonaws.com"], statements = [] } }
    }
  }
  expect_failures = [aws_lambda_function.this]
}

run "an_environment_over_lambdas_quota" {
  command = plan
  variables {
    environment = { CELERIAC_TASK_ROUTES = join("", [for n in range(1000) : "abcde"]) }
  }
  expect_failures = [aws_lambda_function.this]
}

# What is refused before anything is made.

mock_provider "aws" {
  source = "../../mocks"
}

run "manifests_of_another_version" {
  command = plan
  variables {
    manifest = {
      manifest_version = 2
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = "celery-dlq", dead_letter_retention = 1209600, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "manifests_without_queues" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = []
    }
  }
  expect_failures = [var.manifest]
}

run "fifo_queues_with_standard_names" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = true, visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = "celery-dlq.fifo", dead_letter_retention = 1209600, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "queues_without_a_dead_letter_queue" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = null, dead_letter_retention = 1209600, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "dead_letter_queues_of_the_other_kind" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = "celery-dlq.fifo", dead_letter_retention = 1209600, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "visibility_shorter_than_a_function_may_run" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 899, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = "celery-dlq", dead_letter_retention = 1209600, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "dead_letters_that_expire_before_their_queue" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = "celery-dlq", dead_letter_retention = 86400, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "less_than_six_timeouts_where_lambda_reads" {
  command = plan
  variables {
    lambda_queues = ["celery"]
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 5399, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = "celery-dlq", dead_letter_retention = 1209600, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [aws_sqs_queue.this]
}

run "queues_of_lambda_that_do_not_exist" {
  command = plan
  variables {
    lambda_queues = ["typo"]
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        {
          name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100,
          dead_letter_queue = "celery-dlq", dead_letter_retention = 1209600, function_timeout = 900
        },
      ]
    }
  }
  expect_failures = [var.lambda_queues]
}

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

run "a_region_that_the_program_does_not_look_in" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      region           = "eu-west-1"
      queues           = [{ name = "celery", queue_name = "celery", fifo = false, dead_letter_queue = "celery-dlq", visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100, dead_letter_retention = 1209600, function_timeout = 900 }]
    }
  }
  expect_failures = [aws_sqs_queue.this]
}

run "two_queues_of_one_name" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        { name = "mail.high", queue_name = "mail-high", fifo = false, dead_letter_queue = "a-dlq", visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100, dead_letter_retention = 1209600, function_timeout = 900 },
        { name = "mail-high", queue_name = "mail-high", fifo = false, dead_letter_queue = "b-dlq", visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100, dead_letter_retention = 1209600, function_timeout = 900 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

run "a_queue_that_is_anothers_dead_letter_queue" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        { name = "mail", queue_name = "mail", fifo = false, dead_letter_queue = "mail-dlq", visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100, dead_letter_retention = 1209600, function_timeout = 900 },
        { name = "mail-dlq", queue_name = "mail-dlq", fifo = false, dead_letter_queue = "mail-dlq-dlq", visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100, dead_letter_retention = 1209600, function_timeout = 900 },
      ]
    }
  }
  expect_failures = [var.manifest]
}

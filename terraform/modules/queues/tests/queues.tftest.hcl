mock_provider "aws" {
  source = "../../mocks"

  override_resource {
    target = aws_sqs_queue.this["celery"]
    values = {
      arn = "arn:aws:sqs:eu-central-1:123456789012:celery"
      url = "https://sqs.eu-central-1.amazonaws.com/123456789012/celery"
    }
  }
  override_resource {
    target = aws_sqs_queue.this["orders.fifo"]
    values = {
      arn = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"
      url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo"
    }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["celery-dlq"]
    values = {
      arn = "arn:aws:sqs:eu-central-1:123456789012:celery-dlq"
      url = "https://sqs.eu-central-1.amazonaws.com/123456789012/celery-dlq"
    }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["orders-dlq.fifo"]
    values = {
      arn = "arn:aws:sqs:eu-central-1:123456789012:orders-dlq.fifo"
      url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-dlq.fifo"
    }
  }
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    queues = [
      {
        name              = "celery", queue_name = "celery", fifo = false, visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100,
        dead_letter_queue = "celery-dlq", dead_letter_retention = 1209600, function_timeout = 900
      },
      {
        name              = "orders.fifo", queue_name = "orders.fifo", fifo = true, visibility_timeout = 1890, message_retention = 345600, max_receive_count = 100,
        dead_letter_queue = "orders-dlq.fifo", dead_letter_retention = 1209600, function_timeout = 315
      },
    ]
  }
}

run "predefined_queues_are_not_made" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues = [
        { name = "celery", queue_name = "celery", fifo = false, dead_letter_queue = "celery-dlq", visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100, dead_letter_retention = 1209600, function_timeout = 900 },
        { name = "old", queue_name = "legacy", arn = "arn:$${partition}:sqs:eu-central-1:210987654321:legacy", url = "https://sqs.eu-central-1.amazonaws.com/210987654321/legacy", fifo = false, dead_letter_queue = "legacy-dlq", visibility_timeout = 5400, message_retention = 345600, max_receive_count = 100, dead_letter_retention = 1209600, function_timeout = 900 },
      ]
    }
  }
  assert {
    condition     = keys(aws_sqs_queue.this) == ["celery"] && keys(aws_sqs_queue.dead_letters) == ["celery-dlq"]
    error_message = "what is there is left alone"
  }
  assert {
    condition     = output.arns["old"] == "arn:aws:sqs:eu-central-1:210987654321:legacy" && output.urls["old"] == "https://sqs.eu-central-1.amazonaws.com/210987654321/legacy"
    error_message = "and yet is known"
  }
}

run "queues_are_as_the_manifest_says" {
  assert {
    condition     = { for name, q in aws_sqs_queue.this : name => q.name } == { celery = "celery", "orders.fifo" = "orders.fifo" }
    error_message = "each queue has its SQS name"
  }
  assert {
    condition     = { for name, q in aws_sqs_queue.this : name => q.visibility_timeout_seconds } == { celery = 5400, "orders.fifo" = 1890 }
    error_message = "visibility timeouts come from the manifest"
  }
  assert {
    condition     = alltrue([for q in aws_sqs_queue.this : q.message_retention_seconds == 345600])
    error_message = "retention comes from the manifest"
  }
  assert {
    condition     = alltrue([for q in values(aws_sqs_queue.this) : q.receive_wait_time_seconds == 20])
    error_message = "receives without a wait of their own are long polls"
  }
  assert {
    condition     = { for name, q in aws_sqs_queue.this : name => q.fifo_queue } == { celery = false, "orders.fifo" = true }
    error_message = "order is kept where the manifest says so"
  }
  assert {
    condition     = aws_sqs_queue.this["orders.fifo"].deduplication_scope == "messageGroup" && aws_sqs_queue.this["orders.fifo"].fifo_throughput_limit == "perMessageGroupId"
    error_message = "FIFO queues have high throughput"
  }
  assert {
    condition     = aws_sqs_queue.this["celery"].tags["celeriac:app"] == "shop"
    error_message = "queues are tagged with the app"
  }
}

run "every_queue_redrives_to_its_own_dead_letter_queue" {
  assert {
    condition = { for name, q in aws_sqs_queue.this : name => jsondecode(q.redrive_policy) } == {
      celery        = { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:celery-dlq", maxReceiveCount = 100 }
      "orders.fifo" = { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:orders-dlq.fifo", maxReceiveCount = 100 }
    }
    error_message = "redrive policies name the manifest's dead-letter queues"
  }
  assert {
    condition     = keys(aws_sqs_queue.dead_letters) == ["celery-dlq", "orders-dlq.fifo"]
    error_message = "each dead-letter queue is made"
  }
  assert {
    condition     = alltrue([for name, q in aws_sqs_queue.dead_letters : q.name == name && q.fifo_queue == endswith(name, ".fifo")])
    error_message = "a dead-letter queue is of its queue's kind"
  }
  assert {
    condition     = alltrue([for q in aws_sqs_queue.dead_letters : q.message_retention_seconds == 1209600])
    error_message = "dead letters are kept as long as the manifest says"
  }
  assert {
    condition = { for name, p in aws_sqs_queue_redrive_allow_policy.dead_letters : p.queue_url => jsondecode(p.redrive_allow_policy) } == {
      "https://sqs.eu-central-1.amazonaws.com/123456789012/celery-dlq"      = { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:123456789012:celery"] }
      "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-dlq.fifo" = { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:123456789012:orders.fifo"] }
    }
    error_message = "a dead-letter queue takes messages of its own queue only"
  }
}

run "requests_without_tls_are_refused" {
  assert {
    condition = { for name, p in aws_sqs_queue_policy.this : p.queue_url => jsondecode(p.policy).Statement } == {
      for name in ["celery", "orders.fifo"] : "https://sqs.eu-central-1.amazonaws.com/123456789012/${name}" => [{
        Sid       = "RefuseWithoutTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:eu-central-1:123456789012:${name}"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    }
    error_message = "the policy of a queue is the refusal, and opens nothing"
  }
  assert {
    condition = { for name, p in aws_sqs_queue_policy.dead_letters : p.queue_url => jsondecode(p.policy).Statement } == {
      for name in ["celery-dlq", "orders-dlq.fifo"] : "https://sqs.eu-central-1.amazonaws.com/123456789012/${name}" => [{
        Sid       = "RefuseWithoutTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:eu-central-1:123456789012:${name}"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    }
    error_message = "the policy of a dead-letter queue is the refusal, and opens nothing"
  }
}

run "messages_are_encrypted_by_sqs" {
  assert {
    condition     = alltrue([for q in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead_letters)) : q.sqs_managed_sse_enabled])
    error_message = "without a key of the customer's, SQS encrypts with its own"
  }
}

run "messages_are_encrypted_by_the_given_key" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }
  assert {
    condition = alltrue([for q in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead_letters)) :
      q.kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1" && q.kms_data_key_reuse_period_seconds == 3600
    ])
    error_message = "queues and dead-letter queues use the key"
  }
}

run "outputs_are_by_celery_name" {
  assert {
    condition     = output.arns["orders.fifo"] == "arn:aws:sqs:eu-central-1:123456789012:orders.fifo" && output.dead_letter_arns["orders.fifo"] == "arn:aws:sqs:eu-central-1:123456789012:orders-dlq.fifo"
    error_message = "ARNs"
  }
  assert {
    condition     = endswith(output.urls["celery"], "/celery") && endswith(output.dead_letter_urls["celery"], "/celery-dlq")
    error_message = "URLs"
  }
  assert {
    condition     = output.names["celery"] == "celery" && output.dead_letter_names["celery"] == "celery-dlq"
    error_message = "names"
  }
}

mock_provider "aws" {
  source = "../../mocks"

  override_resource {
    target = aws_cloudwatch_log_group.this
    values = {
      arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-worker"
    }
  }
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    queues = [
      { name = "celery", fifo = false, visibility_timeout = 5400, dead_letter_queue = "celery-dlq", function_timeout = 900 },
      { name = "orders.fifo", fifo = true, visibility_timeout = 1890, dead_letter_queue = "orders-dlq.fifo", function_timeout = 315 },
    ]
    environment = { CELERIAC_BROKER_URL = "sqs://", CELERIAC_RESULT_BACKEND = "dynamodb://$${region}/celery" }
    roles = {
      lambda = {
        trusted_services = ["lambda.amazonaws.com"]
        statements = [{
          sid       = "ConsumeTasks"
          actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
          resources = ["arn:$${partition}:sqs:$${region}:$${account}:celery"]
        }]
      }
    }
  }
  queue_arns = {
    celery        = "arn:aws:sqs:eu-central-1:123456789012:celery"
    "orders.fifo" = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"
  }
  dead_letter_names = { celery = "celery-dlq", "orders.fifo" = "orders-dlq.fifo", other = "other-dlq" }
  code              = { zip = "bootstrap.zip" }
}

run "environments_have_functions_of_their_own" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      deployment       = "staging-shop"
      queues           = [{ name = "celery", fifo = false, visibility_timeout = 5400, dead_letter_queue = "celery-dlq", function_timeout = 900 }]
      environment      = {}
      roles = {
        lambda = {
          trusted_services = ["lambda.amazonaws.com"]
          statements       = [{ sid = "ConsumeTasks", actions = ["sqs:ReceiveMessage"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:staging-celery"] }]
        }
      }
    }
  }
  assert {
    condition     = output.function_name == "staging-shop-worker" && output.role_name == "staging-shop-worker" && output.log_group_name == "/aws/lambda/staging-shop-worker"
    error_message = "the environment is a part of every name"
  }
}

run "the_function_is_the_program" {
  assert {
    condition     = aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.handler == "bootstrap" && aws_lambda_function.this.package_type == "Zip"
    error_message = "a zip holds `bootstrap`, for `provided.al2023`"
  }
  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "arm64 unless told otherwise"
  }
  assert {
    condition     = aws_lambda_function.this.filename == "bootstrap.zip" && aws_lambda_function.this.function_name == "shop-worker"
    error_message = "the zip is the function's code, the app its name"
  }
  assert {
    condition     = aws_lambda_function.this.timeout == 900
    error_message = "the function may run as long as its slowest queue needs"
  }
  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      CELERIAC_BROKER_URL        = "sqs://"
      CELERIAC_RESULT_BACKEND    = "dynamodb://eu-central-1/celery"
      CELERIAC_METRICS           = "emf"
      CELERIAC_WORKER_LOG_FORMAT = "json"
    })
    error_message = "settings are the manifest's, filled in, metrics, and a log in JSON"
  }
  assert {
    condition     = aws_lambda_function.this.role == module.role.arn
    error_message = "the function takes the role that is made for it"
  }
  assert {
    condition     = aws_lambda_function_recursion_config.this.recursive_loop == "Allow" && aws_lambda_function_recursion_config.this.function_name == "shop-worker"
    error_message = "a chain or a retry on the function's own queue is no accident"
  }
  assert {
    condition     = length(aws_lambda_function.this.vpc_config) == 0 && aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "no VPC and no reserved concurrency unless asked for"
  }
}

run "the_apps_own_log_format_stays" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [{ name = "celery", fifo = false, visibility_timeout = 5400, dead_letter_queue = "celery-dlq", function_timeout = 900 }]
      environment      = { CELERIAC_WORKER_LOG_FORMAT = "text" }
      roles = {
        lambda = {
          trusted_services = ["lambda.amazonaws.com"]
          statements       = [{ sid = "ConsumeTasks", actions = ["sqs:ReceiveMessage"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:celery"] }]
        }
      }
    }
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables["CELERIAC_WORKER_LOG_FORMAT"] == "text"
    error_message = "what the app says counts"
  }
}

run "each_queue_feeds_it" {
  assert {
    condition     = { for name, source in aws_lambda_event_source_mapping.this : name => source.event_source_arn } == { for name in ["celery", "orders.fifo"] : name => "arn:aws:sqs:eu-central-1:123456789012:${name}" }
    error_message = "one mapping per queue, from that queue"
  }
  assert {
    condition     = alltrue([for source in values(aws_lambda_event_source_mapping.this) : source.function_response_types == toset(["ReportBatchItemFailures"])])
    error_message = "only failed tasks of a batch come back"
  }
  assert {
    condition     = alltrue([for source in values(aws_lambda_event_source_mapping.this) : source.batch_size == 10 && source.maximum_batching_window_in_seconds == 0 && source.enabled])
    error_message = "batches of ten, without waiting"
  }
  assert {
    condition     = alltrue([for source in values(aws_lambda_event_source_mapping.this) : source.scaling_config[0].maximum_concurrency == 100 && length(source.provisioned_poller_config) == 0])
    error_message = "concurrency is bounded"
  }
  assert {
    condition     = alltrue([for source in values(aws_lambda_event_source_mapping.this) : source.function_name == aws_lambda_function.this.arn])
    error_message = "mappings feed this function"
  }
}

run "rights_are_the_manifests_and_its_own_logs" {
  assert {
    condition = jsondecode(module.role.policy).Statement == [
      {
        Sid      = "ConsumeTasks"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = ["arn:aws:sqs:eu-central-1:123456789012:celery"]
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-worker:log-stream:*"]
      },
    ]
    error_message = "nothing else: ${module.role.policy}"
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/shop-worker" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "logs end"
  }
  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "the function writes to its own log group"
  }
}

run "alarms" {
  variables {
    alarm_actions = ["arn:aws:sns:eu-central-1:123456789012:alarms"]
  }
  assert {
    condition = alltrue([for name, alarm in { Errors = aws_cloudwatch_metric_alarm.errors[0], Throttles = aws_cloudwatch_metric_alarm.throttles[0] } :
      alarm.namespace == "AWS/Lambda" && alarm.metric_name == name && alarm.dimensions == tomap({ FunctionName = "shop-worker" }) &&
      alarm.statistic == "Sum" && alarm.threshold == 0 && alarm.comparison_operator == "GreaterThanThreshold"
    ])
    error_message = "errors and throttles of this function"
  }
  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.dead_letters : name => alarm.dimensions } == { celery = tomap({ QueueName = "celery-dlq" }), "orders.fifo" = tomap({ QueueName = "orders-dlq.fifo" }) }
    error_message = "one for the dead letters of each queue, and of no other"
  }
  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.dead_letters :
      alarm.namespace == "AWS/SQS" && alarm.metric_name == "ApproximateNumberOfMessagesVisible" && alarm.threshold == 0 && alarm.comparison_operator == "GreaterThanThreshold"
    ])
    error_message = "one dead letter is enough"
  }
  assert {
    condition = alltrue([for alarm in concat(aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.throttles, values(aws_cloudwatch_metric_alarm.dead_letters)) :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:alarms"])
    ])
    error_message = "somebody is told"
  }
}

run "a_vpc_gives_the_service_its_rights_and_keeps_them_from_the_program" {
  variables {
    vpc = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }
  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) && aws_lambda_function.this.vpc_config[0].security_group_ids == toset(["sg-1"])
    error_message = "the function is in the VPC"
  }
  assert {
    condition = [for s in jsondecode(module.role.policy).Statement : "${s.Effect} ${try(s.Condition.ArnEquals["lambda:SourceFunctionArn"][0], "")}" if contains(s.Action, "ec2:CreateNetworkInterface")] == [
      "Deny arn:aws:lambda:eu-central-1:123456789012:function:shop-worker",
      "Allow ",
    ]
    error_message = "Lambda makes network interfaces, the program does not: ${module.role.policy}"
  }
}

run "other_sources_of_code" {
  variables {
    code         = { image_uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1" }
    architecture = "x86_64"
  }
  assert {
    condition     = aws_lambda_function.this.package_type == "Image" && aws_lambda_function.this.runtime == null && aws_lambda_function.this.handler == null
    error_message = "an image has no runtime and no handler"
  }
  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["x86_64"])
    error_message = "the architecture can be chosen"
  }
}

run "queues_and_their_batches_can_be_chosen" {
  variables {
    queues = ["celery"]
    event_sources = {
      celery = { batch_size = 100, batching_window_seconds = 2, provisioned_pollers = { minimum = 2, maximum = 20 } }
    }
    timeout = 60
    tracing = true
  }
  assert {
    condition     = keys(aws_lambda_event_source_mapping.this) == ["celery"] && output.queues == tolist(["celery"])
    error_message = "only the chosen queue feeds the function"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this["celery"].batch_size == 100 && aws_lambda_event_source_mapping.this["celery"].maximum_batching_window_in_seconds == 2
    error_message = "the batch is the chosen one"
  }
  assert {
    condition = (length(aws_lambda_event_source_mapping.this["celery"].scaling_config) == 0 &&
    aws_lambda_event_source_mapping.this["celery"].provisioned_poller_config[0].minimum_pollers == 2 && aws_lambda_event_source_mapping.this["celery"].provisioned_poller_config[0].maximum_pollers == 20)
    error_message = "pollers in place of a concurrency"
  }
  assert {
    condition     = aws_lambda_function.this.timeout == 60 && aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "timeout and tracing"
  }
  assert {
    condition     = [for s in jsondecode(module.role.policy).Statement : s.Action if contains(s.Resource, "*")] == [["xray:PutTelemetryRecords", "xray:PutTraceSegments"]]
    error_message = "tracing needs the only rights on `*`"
  }
}

run "keys" {
  variables {
    kms_key_arns            = ["arn:aws:kms:eu-central-1:123456789012:key/data"]
    environment_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/environment"
  }
  assert {
    condition     = aws_lambda_function.this.kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/environment"
    error_message = "the environment's key"
  }
  assert {
    condition = { for s in jsondecode(module.role.policy).Statement : s.Sid => s.Resource if strcontains(join(",", s.Action), "kms:") } == {
      ReadEnvironment = ["arn:aws:kms:eu-central-1:123456789012:key/environment"]
      UseKeys         = ["arn:aws:kms:eu-central-1:123456789012:key/data"]
    }
    error_message = "the role may use the keys, and no others: ${module.role.policy}"
  }
}

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  deployment = coalesce(var.manifest.deployment, var.manifest.app)
  name       = coalesce(var.name, "${local.deployment}-worker")
  queues     = { for q in var.manifest.queues : q.name => q if var.queues == null ? true : contains(var.queues, q.name) }
  timeout    = coalesce(var.timeout, max(values(local.queues)[*].function_timeout...))
  tags       = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment })

  settings = { for name, value in var.manifest.environment : name =>
    replace(replace(replace(value, "$${partition}", data.aws_partition.current.partition), "$${region}", data.aws_region.current.region), "$${account}", data.aws_caller_identity.current.account_id)
  }
  # CloudWatch takes metrics out of the log: in JSON a task's text begins no line of its own.
  environment = merge({ CELERIAC_WORKER_LOG_FORMAT = "json" }, local.settings)
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:tracing is an option, `tracing`
  #checkov:skip=CKV_AWS_115:each event source mapping bounds its own concurrency; reserving takes from the account's and is an option
  #checkov:skip=CKV_AWS_116:a dead-letter queue of a function is for asynchronous invokes; SQS has its own behind each queue
  #checkov:skip=CKV_AWS_117:a VPC is an option, `vpc`; without one the function reaches SQS and DynamoDB by TLS
  #checkov:skip=CKV_AWS_173:the environment holds names, no secrets; a key is an option, `environment_kms_key_arn`
  #checkov:skip=CKV_AWS_272:code signing is an option, `code_signing_config_arn`
  function_name = local.name
  description   = substr("Tasks of ${local.deployment} from ${join(", ", keys(local.queues))}", 0, 256) # Lambda's most.
  role          = module.role.arn

  package_type            = var.code.image_uri == null ? "Zip" : "Image"
  runtime                 = var.code.image_uri == null ? "provided.al2023" : null
  handler                 = var.code.image_uri == null ? "bootstrap" : null
  architectures           = [var.architecture]
  filename                = var.code.zip
  s3_bucket               = var.code.s3_bucket
  s3_key                  = var.code.s3_key
  s3_object_version       = var.code.s3_object_version
  image_uri               = var.code.image_uri
  source_code_hash        = try(coalesce(var.code.hash, filebase64sha256(var.code.zip)), null)
  code_signing_config_arn = var.code_signing_config_arn

  memory_size                    = var.memory
  timeout                        = local.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.environment_kms_key_arn

  environment {
    variables = merge(local.environment, { CELERIAC_METRICS = "emf" }, var.environment)
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tags = local.tags

  lifecycle {
    precondition {
      condition     = sum(concat([0], [for name, value in merge(local.environment, var.environment) : length(name) + length(value)])) <= 4000
      error_message = "The function's environment is over 4,000 bytes, and Lambda takes 4,096 with what this module adds (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html): say long settings in the program's code, or in a `celeriac.toml` beside it, and print the manifest with that."
    }
    precondition {
      condition     = alltrue([for q in local.queues : q.visibility_timeout >= local.timeout])
      error_message = "The function may run ${local.timeout} s, longer than the visibility timeout of one of its queues, so a second copy of a task would start meanwhile. Lower `timeout`, or give that queue a function of its own."
    }
    precondition {
      condition     = alltrue([for q in local.queues : q.dead_letter_queue != null])
      error_message = "Each queue of a function needs a dead-letter queue: Lambda returns what it cannot work on until it expires. Declare one in the program and print the manifest anew."
    }
    precondition {
      condition     = var.reserved_concurrency == -1 || sum([for source in local.event_sources : source.maximum_concurrency == null ? 0 : source.maximum_concurrency]) <= var.reserved_concurrency
      error_message = "The queues' `maximum_concurrency` together exceed `reserved_concurrency`, so Lambda would throttle them; lower the one or raise the other."
    }
  }
}

resource "aws_lambda_function_recursion_config" "this" {
  function_name  = aws_lambda_function.this.function_name
  recursive_loop = var.allow_recursion ? "Allow" : "Terminate"
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key; another is an option, `log_kms_key_arn`
  #checkov:skip=CKV_AWS_338:how long logs are kept is the user's to say, `log_retention_days`
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = local.tags
}

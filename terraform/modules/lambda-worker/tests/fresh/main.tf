# The module beside what it uses, all made in one go: nothing of that is known when Terraform plans.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

resource "aws_kms_key" "fresh" {
  #checkov:skip=CKV2_AWS_64:a test, which makes nothing
  enable_key_rotation = true
}

resource "aws_sqs_queue" "fresh" {
  name                    = "celery"
  sqs_managed_sse_enabled = true
}

module "function" {
  source = "../.."

  manifest = {
    manifest_version = 1
    app              = "shop"
    queues           = [{ name = "celery", fifo = false, visibility_timeout = 5400, dead_letter_queue = "celery-dlq", function_timeout = 900 }]
    environment      = {}
    roles            = { lambda = { trusted_services = ["lambda.amazonaws.com"], statements = [] } }
  }
  queue_arns              = { celery = aws_sqs_queue.fresh.arn }
  code                    = { zip = "bootstrap.zip" }
  environment_kms_key_arn = aws_kms_key.fresh.arn
  log_kms_key_arn         = aws_kms_key.fresh.arn
  kms_key_arns            = [aws_kms_key.fresh.arn]
}

output "function_name" {
  value = module.function.function_name
}

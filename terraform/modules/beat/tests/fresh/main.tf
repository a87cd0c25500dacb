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

module "beat" {
  source = "../.."

  manifest = {
    manifest_version = 1
    app              = "shop"
    schedule_group   = "shop"
    schedules = [
      {
        name                   = "a", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}",
        maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = null
      },
      {
        name                   = "b", schedule_expression = "rate(1 hour)", enabled = true, flexible_minutes = 0, queue = "celery", input = "{}",
        maximum_retry_attempts = 0, maximum_event_age_in_seconds = 60, universal = { delay_seconds = 60 }
      },
    ]
    roles = {}
  }
  queue_arns            = { celery = aws_sqs_queue.fresh.arn }
  queue_urls            = { celery = aws_sqs_queue.fresh.url }
  dead_letter_queue_arn = aws_sqs_queue.fresh.arn
  kms_key_arn           = aws_kms_key.fresh.arn
}

output "role_arn" {
  value = module.beat.role_arn
}

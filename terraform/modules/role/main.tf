data "aws_caller_identity" "current" {}

module "policy" {
  source = "../policy"

  statements           = var.statements
  account_wide_actions = var.account_wide_actions
  kms_key_arns         = var.kms_key_arns
}

locals {
  trust = {
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = var.trusted_services }
      },
      [for confined in [var.trust_this_account_only] : { Condition = { StringEquals = merge(
        { "aws:SourceAccount" = data.aws_caller_identity.current.account_id },
        [for arns in [var.trusted_source_arns] : { "aws:SourceArn" = arns } if length(arns) > 0]...
      ) } } if confined]...
    )]
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = var.description
  assume_role_policy   = jsonencode(local.trust)
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  # How many statements there are may hang on a key or a queue that is yet to be made, and a count
  # must not.
  count = var.may_be_empty ? (module.policy.is_empty ? 0 : 1) : 1

  name   = "tasks"
  role   = aws_iam_role.this.id
  policy = module.policy.json

  lifecycle {
    precondition {
      condition     = length(module.policy.json) <= 10240
      error_message = "The policy of the role ${var.name} has ${length(module.policy.json)} characters, and IAM takes 10,240 inline (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html): give some of its queues to another function or service, or divide them between apps."
    }
    precondition {
      condition     = !module.policy.is_empty
      error_message = "The role ${var.name} has no rights, and IAM refuses an empty policy; give it `statements`, or say `may_be_empty`."
    }
  }
}

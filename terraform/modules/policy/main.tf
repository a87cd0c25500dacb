data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id

  given = [for s in var.statements : merge(
    {
      Sid    = s.sid
      Effect = s.effect
      Action = s.actions
      Resource = [for resource in s.resources :
        replace(replace(replace(resource, "$${partition}", local.partition), "$${region}", local.region), "$${account}", local.account)
      ]
    },
    [for condition in [s.condition] : { Condition = condition } if length(condition) > 0]...
  )]

  account_wide = [for sid, actions in var.account_wide_actions : {
    Sid      = sid
    Effect   = "Allow"
    Action   = actions
    Resource = ["*"] # IAM knows no other for these; the variable's validation lists them.
  }]

  # SQS wants both to send
  # (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html).
  keys = [for arns in [var.kms_key_arns] : {
    Sid      = "UseKeys"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = arns
    Condition = { StringEquals = {
      "kms:ViaService" = ["sqs.${local.region}.${data.aws_partition.current.dns_suffix}", "dynamodb.${local.region}.${data.aws_partition.current.dns_suffix}"]
    } }
  } if length(arns) > 0]

  policy = {
    Version   = "2012-10-17"
    Statement = concat(local.given, local.account_wide, local.keys)
  }
}

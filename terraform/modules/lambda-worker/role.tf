locals {
  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
  function_arn = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:function:${local.name}"

  logs = {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:log-stream:*"]
  }

  # The service makes network interfaces with the role; the program that runs with it must not
  # (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).
  not_the_network = {
    sid       = "LeaveTheNetworkToLambda"
    effect    = "Deny"
    actions   = local.network_actions
    resources = ["*"]
    condition = { ArnEquals = { "lambda:SourceFunctionArn" = [local.function_arn] } }
  }

  environment_key = {
    sid       = "ReadEnvironment"
    actions   = ["kms:Decrypt"]
    resources = [var.environment_kms_key_arn]
  }
}

module "role" {
  source = "../role"

  name                    = local.name
  description             = "Tasks of ${local.deployment} on Lambda"
  trusted_services        = ["lambda.amazonaws.com"]
  trust_this_account_only = false # Lambda does not send `aws:SourceAccount`.
  permissions_boundary    = var.permissions_boundary
  kms_key_arns            = var.kms_key_arns
  tags                    = local.tags

  statements = concat(
    var.manifest.roles["lambda"].statements,
    [local.logs],
    var.vpc == null ? [] : [local.not_the_network],
    var.environment_kms_key_arn == null ? [] : [local.environment_key],
  )

  account_wide_actions = merge(
    var.vpc == null ? {} : { UseTheNetwork = local.network_actions },
    var.tracing ? { SendTraces = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"] } : {},
  )
}

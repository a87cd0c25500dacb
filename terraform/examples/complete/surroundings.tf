# What a team mostly has already: a cluster, a key, a way to AWS.

resource "aws_ecs_cluster" "this" {
  count = var.service == null ? 0 : 1

  name = local.app

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  count = var.service == null ? 0 : 1

  cluster_name       = aws_ecs_cluster.this[0].name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

module "private_endpoints" {
  source = "../../modules/private-endpoints"
  count  = try(var.service.private, null) == null ? 0 : 1

  name               = local.app
  vpc_id             = var.service.vpc_id
  subnet_ids         = var.service.subnet_ids
  route_table_ids    = var.service.private.route_table_ids
  client_cidr_blocks = [var.service.private.cidr_block]
  interface_services = setunion(["ecr.api", "ecr.dkr", "logs", "sqs"], var.customer_managed_key ? ["kms"] : [])
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

resource "aws_kms_key" "this" {
  count = var.customer_managed_key ? 1 : 0

  description         = "Tasks and results of ${local.app}"
  enable_key_rotation = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Without it nobody could change the key again; it lets IAM policies of this account decide.
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*" # In a key's policy: this key.
      },
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

locals {
  # Scale-in protection on tasks of this cluster alone, which the manifest does not know.
  task_statements = [for s in var.manifest.roles["worker"].statements : merge(s, {
    resources = [for resource in s.resources : endswith(resource, ":task/*") ? replace(resource, ":task/*", ":task/${var.cluster_name}/*") : resource]
  })]
}

# What the program may do.
module "task_role" {
  source = "../role"

  name                 = "${local.name}-task"
  description          = "Tasks of ${local.deployment} on ECS"
  trusted_services     = ["ecs-tasks.amazonaws.com"]
  statements           = local.task_statements
  may_be_empty         = length(var.manifest.roles["worker"].statements) == 0
  kms_key_arns         = var.kms_key_arns
  permissions_boundary = var.permissions_boundary
  tags                 = local.tags
}

# What ECS may do to start it: pull the image, write the logs, read the secrets.
module "execution_role" {
  source = "../role"

  name                 = "${local.name}-execution"
  description          = "ECS starts the workers of ${local.deployment} with it"
  trusted_services     = ["ecs-tasks.amazonaws.com"]
  permissions_boundary = var.permissions_boundary
  tags                 = local.tags

  statements = concat(
    [{
      sid       = "WriteLogs"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${aws_cloudwatch_log_group.this.arn}:log-stream:*"]
    }],
    [for arn in [var.ecr_repository_arn] : {
      sid       = "PullImage"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [arn]
    } if arn != null],
    [for arns in [[for arn in values(var.secrets) : join(":", slice(split(":", arn), 0, 7)) if strcontains(arn, ":secretsmanager:")]] : {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = arns # Without the key and version that ECS lets follow the ARN.
    } if length(arns) > 0],
    [for arns in [[for arn in values(var.secrets) : arn if strcontains(arn, ":ssm:")]] : {
      sid       = "ReadParameters"
      actions   = ["ssm:GetParameters"]
      resources = arns
    } if length(arns) > 0],
  )

  account_wide_actions = var.ecr_repository_arn == null ? {} : { LogInToECR = ["ecr:GetAuthorizationToken"] }
}

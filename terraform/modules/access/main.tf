locals {
  deployment = coalesce(var.manifest.deployment, var.manifest.app)
  roles      = { for name in coalesce(var.roles, [for name, role in var.manifest.roles : name if length(role.trusted_services) == 0]) : name => var.manifest.roles[name] if length(var.manifest.roles[name].statements) > 0 }
}

module "policy" {
  source   = "../policy"
  for_each = local.roles

  statements   = each.value.statements
  kms_key_arns = var.kms_key_arns
}

resource "aws_iam_policy" "this" {
  for_each = local.roles

  name        = "${local.deployment}-${each.key}"
  description = "What the ${each.key} of ${local.deployment} may do"
  policy      = module.policy[each.key].json

  lifecycle {
    precondition {
      condition     = length(module.policy[each.key].json) <= 6144
      error_message = "The policy of ${each.key} has ${length(module.policy[each.key].json)} characters, and IAM takes 6,144 in a managed policy (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html): divide the queues between apps, or make the policies of `infra/sam --iam`, which cuts them."
    }
  }

  tags = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment })
}

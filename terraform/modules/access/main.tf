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
  tags        = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment })
}

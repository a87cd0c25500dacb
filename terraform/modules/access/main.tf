locals {
  roles = { for name in var.roles : name => var.manifest.roles[name] if length(var.manifest.roles[name].statements) > 0 }
}

module "policy" {
  source   = "../policy"
  for_each = local.roles

  statements   = each.value.statements
  kms_key_arns = var.kms_key_arns
}

resource "aws_iam_policy" "this" {
  for_each = local.roles

  name        = "${var.manifest.app}-${each.key}"
  description = "What the ${each.key} of ${var.manifest.app} may do"
  policy      = module.policy[each.key].json
  tags        = merge(var.tags, { "celeriac:app" = var.manifest.app })
}

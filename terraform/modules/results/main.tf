locals {
  deployment = coalesce(var.manifest.deployment, var.manifest.app)
  tables     = var.manifest.table == null ? {} : { (var.manifest.table.name) = var.manifest.table }
}

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:a customer managed key is an option, `kms_key_arn`; DynamoDB encrypts with its own key otherwise
  for_each = local.tables

  region                      = each.value.region
  name                        = each.value.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.hash_key
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = each.value.hash_key
    type = "S"
  }

  ttl {
    attribute_name = each.value.ttl_attribute
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  dynamic "on_demand_throughput" {
    for_each = var.max_request_units == null ? [] : [var.max_request_units]
    content {
      max_read_request_units  = on_demand_throughput.value
      max_write_request_units = on_demand_throughput.value
    }
  }

  tags = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment })
}

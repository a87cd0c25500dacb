mock_provider "aws" {
  source = "../../mocks"
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    table            = { name = "celery", hash_key = "id", ttl_attribute = "ttl" }
  }
}

run "the_table_is_celerys" {
  assert {
    condition     = aws_dynamodb_table.this["celery"].name == "celery" && aws_dynamodb_table.this["celery"].hash_key == "id"
    error_message = "Celery reads results by `id`"
  }
  assert {
    condition     = [for a in aws_dynamodb_table.this["celery"].attribute : "${a.name} ${a.type}"] == ["id S"] && aws_dynamodb_table.this["celery"].range_key == null
    error_message = "`id` is a string, and the whole key"
  }
  assert {
    condition     = aws_dynamodb_table.this["celery"].ttl[0].enabled && aws_dynamodb_table.this["celery"].ttl[0].attribute_name == "ttl"
    error_message = "DynamoDB deletes old results by `ttl`"
  }
  assert {
    condition     = aws_dynamodb_table.this["celery"].billing_mode == "PAY_PER_REQUEST"
    error_message = "an idle table costs its storage only"
  }
  assert {
    condition     = aws_dynamodb_table.this["celery"].point_in_time_recovery[0].enabled && aws_dynamodb_table.this["celery"].deletion_protection_enabled
    error_message = "the ledger is not lost by accident"
  }
  assert {
    condition     = length(aws_dynamodb_table.this["celery"].server_side_encryption) == 0
    error_message = "without a key, DynamoDB's own"
  }
  assert {
    condition     = output.name == "celery" && output.arn != null
    error_message = "outputs"
  }
}

run "options" {
  variables {
    kms_key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/1"
    max_request_units      = 4000
    point_in_time_recovery = false
    deletion_protection    = false
  }
  assert {
    condition     = aws_dynamodb_table.this["celery"].server_side_encryption[0].enabled && aws_dynamodb_table.this["celery"].server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/1"
    error_message = "the key encrypts the table"
  }
  assert {
    condition     = aws_dynamodb_table.this["celery"].on_demand_throughput[0].max_write_request_units == 4000 && aws_dynamodb_table.this["celery"].on_demand_throughput[0].max_read_request_units == 4000
    error_message = "the bound holds for reads and writes"
  }
  assert {
    condition     = !aws_dynamodb_table.this["celery"].point_in_time_recovery[0].enabled && !aws_dynamodb_table.this["celery"].deletion_protection_enabled
    error_message = "both can be turned off"
  }
}

run "no_results_no_table" {
  variables {
    manifest = { manifest_version = 1, app = "shop", table = null }
  }
  assert {
    condition     = length(aws_dynamodb_table.this) == 0 && output.name == null && output.arn == null
    error_message = "`disabled://` results need no table"
  }
}

run "another_key_is_refused" {
  command = plan
  variables {
    manifest = { manifest_version = 1, app = "shop", table = { name = "celery", hash_key = "pk", ttl_attribute = "ttl" } }
  }
  expect_failures = [var.manifest]
}

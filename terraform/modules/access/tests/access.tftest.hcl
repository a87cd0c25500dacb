mock_provider "aws" {
  source = "../../mocks"
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    roles = {
      producer = {
        trusted_services = []
        statements       = [{ sid = "SendTasks", actions = ["sqs:SendMessage"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:celery"] }]
      }
      operator = {
        trusted_services = []
        statements       = [{ sid = "ListQueues", actions = ["sqs:ListQueues"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:*"] }]
      }
      scheduler = { trusted_services = ["scheduler.amazonaws.com"], statements = [] }
    }
  }
}

run "policies_are_the_manifests" {
  assert {
    condition = { for name, p in aws_iam_policy.this : p.name => [for s in jsondecode(p.policy).Statement : "${s.Sid} ${join(",", s.Action)} ${join(",", s.Resource)}"] } == {
      shop-producer = ["SendTasks sqs:SendMessage arn:aws:sqs:eu-central-1:123456789012:celery"]
      shop-operator = ["ListQueues sqs:ListQueues arn:aws:sqs:eu-central-1:123456789012:*"]
    }
    error_message = "one for each role, with its rights and no others"
  }
  assert {
    condition     = keys(output.policy_arns) == ["operator", "producer"] && output.policies["producer"] == aws_iam_policy.this["producer"].policy
    error_message = "outputs by role"
  }
}

run "environments_have_policies_of_their_own" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      deployment       = "staging-shop"
      roles = {
        producer = {
          trusted_services = []
          statements       = [{ sid = "SendTasks", actions = ["sqs:SendMessage"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:staging-celery"] }]
        }
      }
    }
    roles = ["producer"]
  }
  assert {
    condition     = aws_iam_policy.this["producer"].name == "staging-shop-producer"
    error_message = "the environment is a part of the name"
  }
  assert {
    condition     = aws_iam_policy.this["producer"].tags == tomap({ "celeriac:app" = "shop", "celeriac:deployment" = "staging-shop" })
    error_message = "whose it is"
  }
}

run "roles_without_rights_have_no_policy" {
  variables {
    roles = ["scheduler"]
  }
  assert {
    condition     = length(aws_iam_policy.this) == 0
    error_message = "IAM refuses an empty policy"
  }
}

run "keys" {
  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
  }
  assert {
    condition     = [for s in jsondecode(output.policies["producer"]).Statement : s.Sid] == ["SendTasks", "UseKeys"]
    error_message = "producers encrypt"
  }
}

run "roles_that_do_not_exist" {
  command = plan
  variables {
    roles = ["typo"]
  }
  expect_failures = [var.roles]
}

run "a_policy_over_iams_quota" {
  command = plan
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      roles = {
        producer = {
          trusted_services = []
          statements       = [{ sid = "SendTasks", actions = ["sqs:SendMessage"], resources = [for n in range(120) : "arn:$${partition}:sqs:$${region}:$${account}:tenant-${n}-reports"] }]
        }
      }
    }
    roles = ["producer"]
  }
  expect_failures = [aws_iam_policy.this]
}

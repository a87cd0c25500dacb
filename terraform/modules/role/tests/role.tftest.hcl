mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name             = "shop-worker"
  trusted_services = ["ecs-tasks.amazonaws.com"]
  statements = [{
    sid       = "SendTasks"
    actions   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = ["arn:$${partition}:sqs:$${region}:$${account}:celery"]
  }]
}

run "it_has_what_is_given_and_nothing_else" {
  assert {
    condition = jsondecode(aws_iam_role_policy.this[0].policy).Statement == [{
      Sid      = "SendTasks"
      Effect   = "Allow"
      Action   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
      Resource = ["arn:aws:sqs:eu-central-1:123456789012:celery"]
    }]
    error_message = "the policy is the given statement with its placeholders filled in: ${aws_iam_role_policy.this[0].policy}"
  }
  assert {
    condition     = aws_iam_role_policy.this[0].role == aws_iam_role.this.id
    error_message = "the policy belongs to the role"
  }
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Service = ["ecs-tasks.amazonaws.com"] }
    error_message = "only the named service takes the role"
  }
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "the service takes the role for this account only"
  }
}

run "a_role_may_have_no_rights" {
  variables {
    statements = []
  }
  assert {
    condition     = length(aws_iam_role_policy.this) == 0
    error_message = "no statement, no policy: IAM refuses an empty one"
  }
}

run "keys_are_used_through_sqs_and_dynamodb_only" {
  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
  }
  assert {
    condition = jsondecode(output.policy).Statement[1] == {
      Sid      = "UseKeys"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
      Condition = { StringEquals = {
        "kms:ViaService" = ["sqs.eu-central-1.amazonaws.com", "dynamodb.eu-central-1.amazonaws.com"]
      } }
    }
    error_message = "the key's statement names the key and the services: ${output.policy}"
  }
}

run "wildcard_actions_are_refused" {
  command = plan
  variables {
    statements = [{ sid = "A", actions = ["sqs:*"], resources = ["arn:aws:sqs:eu-central-1:123456789012:celery"] }]
  }
  expect_failures = [var.statements]
}

run "wildcard_resources_are_refused" {
  command = plan
  variables {
    statements = [{ sid = "A", actions = ["sqs:SendMessage"], resources = ["*"] }]
  }
  expect_failures = [var.statements]
}

run "passing_any_role_is_refused" {
  command = plan
  variables {
    statements = [{ sid = "A", actions = ["iam:PassRole"], resources = ["arn:aws:iam::123456789012:role/*"] }]
  }
  expect_failures = [var.statements]
}

run "account_wide_actions_are_those_without_resources" {
  command = plan
  variables {
    account_wide_actions = { A = ["sqs:SendMessage"] }
  }
  expect_failures = [var.account_wide_actions]
}

run "only_services_are_trusted" {
  command = plan
  variables {
    trusted_services = ["*"]
  }
  expect_failures = [var.trusted_services]
}

run "aliases_are_no_keys" {
  command = plan
  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:alias/shop"]
  }
  expect_failures = [var.kms_key_arns]
}

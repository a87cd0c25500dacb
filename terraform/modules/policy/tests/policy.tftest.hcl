mock_provider "aws" {
  source = "../../mocks"
}

variables {
  statements = [{
    sid       = "SendTasks"
    actions   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = ["arn:$${partition}:sqs:$${region}:$${account}:celery"]
  }]
}

run "it_has_what_is_given_and_nothing_else" {
  assert {
    condition = jsondecode(output.json) == {
      Version = "2012-10-17"
      Statement = [{
        Sid      = "SendTasks"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = ["arn:aws:sqs:eu-central-1:123456789012:celery"]
      }]
    }
    error_message = "the given statement with its placeholders filled in: ${output.json}"
  }
  assert {
    condition     = !output.is_empty
    error_message = "it gives rights"
  }
}

run "it_may_be_empty" {
  variables {
    statements = []
  }
  assert {
    condition     = output.is_empty
    error_message = "no rights"
  }
}

run "actions_without_resources_are_told_apart" {
  variables {
    account_wide_actions = { LogInToECR = ["ecr:GetAuthorizationToken"] }
  }
  assert {
    condition     = [for s in jsondecode(output.json).Statement : s.Sid if contains(s.Resource, "*")] == ["LogInToECR"]
    error_message = "`*` is for these only: ${output.json}"
  }
}

run "keys_are_used_through_sqs_and_dynamodb_only" {
  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
  }
  assert {
    condition = jsondecode(output.json).Statement[1] == {
      Sid      = "UseKeys"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
      Condition = { StringEquals = {
        "kms:ViaService" = ["sqs.eu-central-1.amazonaws.com", "dynamodb.eu-central-1.amazonaws.com"]
      } }
    }
    error_message = "the key's statement names the key and the services: ${output.json}"
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

run "aliases_are_no_keys" {
  command = plan
  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:alias/shop"]
  }
  expect_failures = [var.kms_key_arns]
}

run "conditions_stay" {
  variables {
    statements = [{
      sid       = "PassScheduler"
      actions   = ["iam:PassRole"]
      resources = ["arn:$${partition}:iam::$${account}:role/shop-scheduler"]
      condition = { StringEquals = { "iam:PassedToService" = ["scheduler.amazonaws.com"] } }
    }]
  }
  assert {
    condition     = [for s in jsondecode(output.json).Statement : [s.Resource[0], s.Condition.StringEquals["iam:PassedToService"][0]]] == [["arn:aws:iam::123456789012:role/shop-scheduler", "scheduler.amazonaws.com"]]
    error_message = "a role is passed by its ARN, to one service: ${output.json}"
  }
}

run "statements_of_one_name_are_refused" {
  command = plan
  variables {
    statements = [
      { sid = "A", actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-central-1:123456789012:celery"] },
      { sid = "A", actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-central-1:123456789012:reports"] },
    ]
  }
  expect_failures = [var.statements]
}

run "every_queue_of_the_account_is_too_many" {
  command = plan
  variables {
    statements = [{ sid = "A", actions = ["sqs:SendMessage"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:*"] }]
  }
  expect_failures = [var.statements]
}

run "listing_queues_knows_no_single_queue" {
  variables {
    statements = [{ sid = "A", actions = ["sqs:ListQueues"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:*"] }]
  }
  assert {
    condition     = !output.is_empty
    error_message = "it is allowed"
  }
}

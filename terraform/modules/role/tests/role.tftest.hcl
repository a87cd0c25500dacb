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

run "it_may_be_for_one_thing_of_the_account" {
  variables {
    trusted_source_arns = ["arn:aws:scheduler:eu-central-1:123456789012:schedule-group/shop"]
  }
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals == {
      "aws:SourceAccount" = "123456789012"
      "aws:SourceArn"     = ["arn:aws:scheduler:eu-central-1:123456789012:schedule-group/shop"]
    }
    error_message = "both must hold: ${aws_iam_role.this.assume_role_policy}"
  }
}

run "one_thing_of_any_account_is_a_mistake" {
  command = plan
  variables {
    trusted_source_arns     = ["arn:aws:scheduler:eu-central-1:123456789012:schedule-group/shop"]
    trust_this_account_only = false
  }
  expect_failures = [var.trusted_source_arns]
}

run "a_role_may_have_no_rights" {
  variables {
    statements   = []
    may_be_empty = true
  }
  assert {
    condition     = length(aws_iam_role_policy.this) == 0
    error_message = "no statement, no policy: IAM refuses an empty one"
  }
}

run "only_services_are_trusted" {
  command = plan
  variables {
    trusted_services = ["*"]
  }
  expect_failures = [var.trusted_services]
}

run "a_role_without_rights_is_meant" {
  command = plan
  variables {
    statements = []
  }
  expect_failures = [aws_iam_role_policy.this]
}

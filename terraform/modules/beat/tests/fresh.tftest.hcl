mock_provider "aws" {
  source = "../../mocks"
}

run "what_it_uses_may_be_made_with_it" {
  module {
    source = "./tests/fresh"
  }
  assert {
    condition     = output.role_arn != null
    error_message = "the role is made"
  }
}

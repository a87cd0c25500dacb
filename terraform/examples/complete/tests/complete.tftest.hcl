mock_provider "aws" {
  source = "../../mocks"
}

variables {
  service = {
    image              = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1"
    ecr_repository_arn = "arn:aws:ecr:eu-central-1:123456789012:repository/shop"
    queues             = ["reports"]
    vpc_id             = "vpc-1"
    subnet_ids         = ["subnet-1", "subnet-2"]
    private            = { cidr_block = "10.0.0.0/16", route_table_ids = ["rtb-1"] }
  }
  alarm_emails = ["on-call@example.com"]
}

run "every_queue_is_made_and_worked_on_once" {
  assert {
    condition     = toset(keys(module.queues.names)) == local.all_queues && toset(keys(module.queues.dead_letter_names)) == local.all_queues
    error_message = "each queue of the manifest, and its dead-letter queue"
  }
  assert {
    condition     = sort(concat(flatten([for function in module.function : function.queues]), flatten(module.service[*].queues))) == sort(tolist(local.all_queues))
    error_message = "each has a function or the service, and not both"
  }
  assert {
    condition     = module.results.name == local.manifest.table.name
    error_message = "results have their table"
  }
}

run "all_of_it_is_watched" {
  assert {
    condition     = length(module.dashboard_alarms.alarm_names) == 2 * length(local.all_queues) + 3 * (length(module.function) + length(module.service)) + length(module.function) + 1
    error_message = "queues, workers, functions and the table"
  }
  assert {
    condition     = alltrue([for function in module.function : contains([for queue in local.function_queues : "shop-${replace(queue, ".", "-")}"], function.function_name)])
    error_message = "alarms name the functions that are made"
  }
}

run "roles_hold_the_manifests_rights" {
  assert {
    condition     = [for s in jsondecode(module.access.policies["producer"]).Statement : s.Sid] == local.manifest.roles.producer.statements[*].sid
    error_message = "producers"
  }
  assert {
    condition     = length(flatten([for s in jsondecode(module.access.policies["producer"]).Statement : [for r in s.Resource : r if strcontains(r, "$")]])) == 0
    error_message = "no placeholder is left"
  }
}

run "functions_alone" {
  variables {
    service              = null
    customer_managed_key = true
  }
  assert {
    condition     = toset(keys(module.function)) == local.all_queues && length(module.service) == 0 && length(module.private_endpoints) == 0
    error_message = "without a service, functions work on every queue"
  }
  assert {
    condition     = length(aws_kms_key.this) == 1 && aws_kms_key.this[0].enable_key_rotation
    error_message = "a key of one's own turns"
  }
  assert {
    condition     = [for s in jsondecode(module.access.policies["producer"]).Statement : s.Resource if s.Sid == "UseKeys"] == [[aws_kms_key.this[0].arn]]
    error_message = "producers may use it"
  }
}

# What is refused before anything is made.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    queues           = [for n in range(10) : { name = "q${n}", queue_name = "q${n}" }]
    environment      = {}
    roles            = { worker = { trusted_services = ["ecs-tasks.amazonaws.com"], statements = [] } }
  }
  queues       = ["q0"]
  cluster_name = "shop"
  image        = "shop:1"
  vpc_id       = "vpc-1"
  subnet_ids   = ["subnet-1"]
}

run "queues_that_do_not_exist" {
  command = plan
  variables {
    queues = ["typo"]
  }
  expect_failures = [var.queues]
}

run "images_that_move" {
  command = plan
  variables {
    image = "shop:latest"
  }
  expect_failures = [var.image]
}

run "root" {
  command = plan
  variables {
    user = "0:0"
  }
  expect_failures = [var.user]
}

run "users_by_name" {
  command = plan
  variables {
    user = "worker"
  }
  expect_failures = [var.user]
}

run "spot_without_a_base" {
  command = plan
  variables {
    on_demand_base = 0
  }
  expect_failures = [var.on_demand_base]
}

run "no_capacity_at_all" {
  command = plan
  variables {
    spot_weight      = 0
    on_demand_weight = 0
  }
  expect_failures = [var.spot_weight]
}

run "more_workers_than_the_most" {
  command = plan
  variables {
    min_workers = 11
  }
  expect_failures = [var.min_workers]
}

run "waiting_longer_than_fargate_does" {
  command = plan
  variables {
    stop_timeout = 121
  }
  expect_failures = [var.stop_timeout]
}

run "secrets_by_name" {
  command = plan
  variables {
    secrets = { TOKEN = "shop/token" }
  }
  expect_failures = [var.secrets]
}

run "health_checks_without_a_kind" {
  command = plan
  variables {
    health_check_command = ["/usr/local/bin/shop"]
  }
  expect_failures = [var.health_check_command]
}

run "no_subnets" {
  command = plan
  variables {
    subnet_ids = []
  }
  expect_failures = [var.subnet_ids]
}

run "too_many_queues_for_one_alarm" {
  command = plan
  variables {
    queues      = null
    min_workers = 0
  }
  expect_failures = [aws_cloudwatch_metric_alarm.from_zero]
}

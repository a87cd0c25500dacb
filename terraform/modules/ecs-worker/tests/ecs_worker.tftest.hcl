mock_provider "aws" {
  source = "../../mocks"

  override_resource {
    target = aws_cloudwatch_log_group.this
    values = {
      arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/shop-worker"
    }
  }
  override_resource {
    target = module.task_role.aws_iam_role.this
    values = {
      arn = "arn:aws:iam::123456789012:role/shop-worker-task"
    }
  }
  override_resource {
    target = module.execution_role.aws_iam_role.this
    values = {
      arn = "arn:aws:iam::123456789012:role/shop-worker-execution"
    }
  }
}

variables {
  manifest = {
    manifest_version = 1
    app              = "shop"
    queues = [
      { name = "orders.fifo", queue_name = "prod-orders.fifo" },
      { name = "celery", queue_name = "prod-celery" },
    ]
    environment = { CELERIAC_BROKER_URL = "sqs://", CELERIAC_RESULT_BACKEND = "dynamodb://$${region}/celery" }
    roles = {
      worker = {
        trusted_services = ["ecs-tasks.amazonaws.com"]
        statements = [{
          sid       = "ConsumeTasks"
          actions   = ["sqs:DeleteMessage", "sqs:ReceiveMessage"]
          resources = ["arn:$${partition}:sqs:$${region}:$${account}:prod-celery"]
        }]
      }
    }
  }
  cluster_name       = "shop"
  image              = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1"
  ecr_repository_arn = "arn:aws:ecr:eu-central-1:123456789012:repository/shop"
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-1", "subnet-2"]
}

run "the_container_is_the_worker" {
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].command == ["worker", "-Q", "celery,orders.fifo"]
    error_message = "it works on the queues, by their Celery names"
  }
  assert {
    condition = { for v in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : v.name => v.value } == {
      CELERIAC_BROKER_URL              = "sqs://"
      CELERIAC_RESULT_BACKEND          = "dynamodb://eu-central-1/celery"
      CELERIAC_METRICS                 = "emf"
      CELERIAC_WORKER_HEALTH_ADDRESS   = "0.0.0.0:8080"
      CELERIAC_WORKER_LOG_FORMAT       = "json"
      CELERIAC_WORKER_SHUTDOWN_TIMEOUT = "115"
    }
    error_message = "settings are the manifest's, filled in, and what ECS asks for"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].stopTimeout == 120
    error_message = "a worker has two minutes to stop, all that Fargate gives"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].readonlyRootFilesystem && jsondecode(aws_ecs_task_definition.this.container_definitions)[0].user == "65532:65532"
    error_message = "nothing is written, and nobody is root"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"]
    error_message = "no capabilities of the kernel"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].logConfiguration.options["awslogs-group"] == "/ecs/shop-worker" && aws_cloudwatch_log_group.this.name == "/ecs/shop-worker" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "logs go to a group of its own, and end"
  }
  assert {
    condition     = !contains(keys(jsondecode(aws_ecs_task_definition.this.container_definitions)[0]), "healthCheck")
    error_message = "no health check unless the image has a command for it"
  }
  assert {
    condition     = aws_ecs_task_definition.this.runtime_platform[0].cpu_architecture == "ARM64" && aws_ecs_task_definition.this.network_mode == "awsvpc" && aws_ecs_task_definition.this.requires_compatibilities == toset(["FARGATE"])
    error_message = "Fargate on arm64"
  }
}

run "roles_are_two_and_small" {
  assert {
    condition     = aws_ecs_task_definition.this.task_role_arn == "arn:aws:iam::123456789012:role/shop-worker-task" && aws_ecs_task_definition.this.execution_role_arn == "arn:aws:iam::123456789012:role/shop-worker-execution"
    error_message = "the program does not have the rights of ECS, nor the reverse"
  }
  assert {
    condition = jsondecode(module.task_role.policy).Statement == [{
      Sid      = "ConsumeTasks"
      Effect   = "Allow"
      Action   = ["sqs:DeleteMessage", "sqs:ReceiveMessage"]
      Resource = ["arn:aws:sqs:eu-central-1:123456789012:prod-celery"]
    }]
    error_message = "the program may do what the manifest says: ${module.task_role.policy}"
  }
  assert {
    condition = jsondecode(module.execution_role.policy).Statement == [
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/shop-worker:log-stream:*"]
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = ["arn:aws:ecr:eu-central-1:123456789012:repository/shop"]
      },
      { Sid = "LogInToECR", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
    ]
    error_message = "ECS may pull this image and write these logs: ${module.execution_role.policy}"
  }
}

run "the_service_survives_spot_and_bad_deployments" {
  assert {
    condition = { for s in aws_ecs_service.this.capacity_provider_strategy : s.capacity_provider => "${s.base == null ? 0 : s.base} ${s.weight}" } == {
      FARGATE      = "1 1"
      FARGATE_SPOT = "0 3"
    }
    error_message = "one worker at least is not on Spot"
  }
  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback
    error_message = "a deployment whose tasks do not start is taken back"
  }
  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.deployment_maximum_percent == 200
    error_message = "new workers start before old ones end"
  }
  assert {
    condition     = aws_ecs_service.this.cluster == "shop" && aws_ecs_service.this.propagate_tags == "SERVICE"
    error_message = "in the given cluster, tags and all"
  }
}

run "nothing_comes_in" {
  assert {
    condition     = one(aws_ecs_service.this.network_configuration).security_groups == toset([aws_security_group.this.id]) && one(aws_ecs_service.this.network_configuration).subnets == toset(["subnet-1", "subnet-2"])
    error_message = "tasks are in the given subnets, behind the module's group"
  }
  assert {
    condition     = !one(aws_ecs_service.this.network_configuration).assign_public_ip
    error_message = "tasks have no public address"
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_egress_rule.https : "${rule.ip_protocol} ${rule.from_port}-${rule.to_port} ${rule.cidr_ipv4}"] == ["tcp 443-443 0.0.0.0/0"]
    error_message = "only HTTPS goes out"
  }
}

run "workers_follow_the_backlog" {
  assert {
    condition     = aws_appautoscaling_target.this.resource_id == "service/shop/shop-worker" && aws_appautoscaling_target.this.scalable_dimension == "ecs:service:DesiredCount"
    error_message = "the service's count is what moves"
  }
  assert {
    condition     = aws_appautoscaling_target.this.min_capacity == 1 && aws_appautoscaling_target.this.max_capacity == 10
    error_message = "within bounds"
  }
  assert {
    condition = { for m in aws_appautoscaling_policy.backlog.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metrics : m.id =>
      m.expression != null ? "${m.expression} ${m.return_data}" : "${m.metric_stat[0].stat} of ${m.metric_stat[0].metric[0].namespace} ${m.metric_stat[0].metric[0].metric_name} ${m.return_data}"
      } == {
      backlog = "Average of celeriac BacklogSeconds false"
      workers = "Sum of celeriac Workers false"
      seconds = "backlog / workers true"
    }
    error_message = "how long one worker would need, divided by how many there are"
  }
  assert {
    condition = alltrue([for m in aws_appautoscaling_policy.backlog.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metrics :
      { for d in m.metric_stat[0].metric[0].dimensions : d.name => d.value } == { app = "shop", queues = "celery,orders.fifo" } if m.expression == null
    ])
    error_message = "the dimensions are those that workers print: app and queues, sorted"
  }
  assert {
    condition     = aws_appautoscaling_policy.backlog.policy_type == "TargetTrackingScaling" && aws_appautoscaling_policy.backlog.target_tracking_scaling_policy_configuration[0].target_value == 60
    error_message = "a minute's work"
  }
  assert {
    condition     = length(aws_appautoscaling_policy.from_zero) == 0 && length(aws_cloudwatch_metric_alarm.from_zero) == 0
    error_message = "with a worker always there, nothing has to start from zero"
  }
}

run "from_zero_the_queues_themselves_start_a_worker" {
  variables {
    min_workers = 0
  }
  assert {
    condition     = aws_appautoscaling_target.this.min_capacity == 0
    error_message = "workers may all end"
  }
  assert {
    condition     = aws_appautoscaling_policy.from_zero[0].policy_type == "StepScaling" && [for s in aws_appautoscaling_policy.from_zero[0].step_scaling_policy_configuration[0].step_adjustment : s.scaling_adjustment] == [1]
    error_message = "one worker starts"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.from_zero[0].alarm_actions == toset([aws_appautoscaling_policy.from_zero[0].arn])
    error_message = "the alarm starts it"
  }
  assert {
    condition     = one([for q in aws_cloudwatch_metric_alarm.from_zero[0].metric_query : q.expression if q.return_data == true]) == "IF(FILL(workers, 0) > 0, 0, FILL(visible0, 0) + FILL(visible1, 0))"
    error_message = "it rings while messages wait and no worker is there"
  }
  assert {
    condition = { for q in aws_cloudwatch_metric_alarm.from_zero[0].metric_query : q.id => q.metric[0].dimensions if q.expression == null } == {
      workers  = tomap({ app = "shop", queues = "celery,orders.fifo" })
      visible0 = tomap({ QueueName = "prod-celery" })
      visible1 = tomap({ QueueName = "prod-orders.fifo" })
    }
    error_message = "it reads the workers' metric, and SQS's by the queues' names there"
  }
}

run "secrets_are_read_by_ecs_and_only_those" {
  variables {
    secrets = {
      DATABASE_URL = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-db-AbCdEf:url::"
      API_TOKEN    = "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/token"
    }
  }
  assert {
    condition = { for s in jsondecode(module.execution_role.policy).Statement : s.Sid => [s.Action, s.Resource] if startswith(s.Sid, "Read") } == {
      ReadSecrets    = [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-db-AbCdEf"]]
      ReadParameters = [["ssm:GetParameters"], ["arn:aws:ssm:eu-central-1:123456789012:parameter/shop/token"]]
    }
    error_message = "ECS reads these and no others: ${module.execution_role.policy}"
  }
  assert {
    condition = { for s in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets : s.name => s.valueFrom } == {
      DATABASE_URL = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-db-AbCdEf:url::"
      API_TOKEN    = "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/token"
    }
    error_message = "the container has them by name"
  }
}

run "options" {
  variables {
    queues                 = ["celery"]
    architecture           = "x86_64"
    concurrency            = 8
    stop_timeout           = 60
    spot_weight            = 0
    health_check_command   = ["CMD", "/usr/local/bin/shop", "healthy"]
    kms_key_arns           = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
    egress_cidr_blocks     = []
    egress_prefix_list_ids = { dynamodb = "pl-1" }
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].command[2] == "celery" && aws_ecs_task_definition.this.runtime_platform[0].cpu_architecture == "X86_64"
    error_message = "queues and architecture"
  }
  assert {
    condition = alltrue([for v in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment :
      lookup({ CELERIAC_WORKER_CONCURRENCY = "8", CELERIAC_WORKER_SHUTDOWN_TIMEOUT = "55" }, v.name, v.value) == v.value
    ])
    error_message = "concurrency, and five seconds less than ECS waits"
  }
  assert {
    condition     = [for s in aws_ecs_service.this.capacity_provider_strategy : s.capacity_provider] == ["FARGATE"]
    error_message = "no Spot"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck.command == ["CMD", "/usr/local/bin/shop", "healthy"]
    error_message = "the image's own health check"
  }
  assert {
    condition     = [for s in jsondecode(module.task_role.policy).Statement : s.Resource if s.Sid == "UseKeys"] == [["arn:aws:kms:eu-central-1:123456789012:key/1"]]
    error_message = "the key"
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.https) == 0 && aws_vpc_security_group_egress_rule.https_to_prefix_lists["dynamodb"].prefix_list_id == "pl-1"
    error_message = "only to endpoints"
  }
}

run "scale_in_protection_is_for_the_cluster" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [{ name = "celery", queue_name = "celery" }]
      environment      = {}
      roles = {
        worker = {
          trusted_services = ["ecs-tasks.amazonaws.com"]
          statements = [
            { sid = "KeepResults", actions = ["dynamodb:PartiQLUpdate"], resources = ["arn:$${partition}:dynamodb:$${region}:$${account}:table/celery"], condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["one_*"] } } },
            { sid = "ProtectFromScaleIn", actions = ["ecs:UpdateTaskProtection"], resources = ["arn:$${partition}:ecs:$${region}:$${account}:task/*"] },
          ]
        }
      }
    }
    queues       = ["celery"]
    cluster_name = "tasks"
  }
  assert {
    condition     = [for s in jsondecode(module.task_role.policy).Statement : s.Resource if s.Sid == "ProtectFromScaleIn"] == [["arn:aws:ecs:eu-central-1:123456789012:task/tasks/*"]]
    error_message = "other clusters' tasks are none of ours"
  }
  assert {
    condition     = [for s in jsondecode(module.task_role.policy).Statement : s.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] if s.Sid == "KeepResults"] == [["one_*"]]
    error_message = "the manifest's conditions hold"
  }
}

run "the_apps_own_log_format_stays" {
  variables {
    manifest = {
      manifest_version = 1
      app              = "shop"
      queues           = [{ name = "celery", queue_name = "celery" }]
      environment      = { CELERIAC_WORKER_LOG_FORMAT = "text" }
      roles = {
        worker = {
          trusted_services = ["ecs-tasks.amazonaws.com"]
          statements       = [{ sid = "ConsumeTasks", actions = ["sqs:ReceiveMessage"], resources = ["arn:$${partition}:sqs:$${region}:$${account}:celery"] }]
        }
      }
    }
    queues = ["celery"]
  }
  assert {
    condition     = [for v in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : v.value if v.name == "CELERIAC_WORKER_LOG_FORMAT"] == ["text"]
    error_message = "what the app says counts"
  }
}

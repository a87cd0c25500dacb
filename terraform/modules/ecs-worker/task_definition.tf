locals {
  settings = { for name, value in var.manifest.environment : name =>
    replace(replace(replace(value, "$${partition}", data.aws_partition.current.partition), "$${region}", data.aws_region.current.region), "$${account}", data.aws_caller_identity.current.account_id)
  }

  environment = merge(
    # CloudWatch takes metrics out of the log: in JSON a task's text begins no line of its own.
    { CELERIAC_WORKER_LOG_FORMAT = "json" },
    local.settings,
    {
      CELERIAC_METRICS                 = "emf"
      CELERIAC_WORKER_HEALTH_ADDRESS   = "0.0.0.0:8080"
      CELERIAC_WORKER_SHUTDOWN_TIMEOUT = tostring(var.stop_timeout - 5)
    },
    var.concurrency == null ? {} : { CELERIAC_WORKER_CONCURRENCY = tostring(var.concurrency) },
    var.environment,
  )

  container = merge(
    {
      name      = "worker"
      image     = var.image
      essential = true
      command   = ["worker", "-Q", join(",", local.queue_names)]

      environment = [for name, value in local.environment : { name = name, value = value }]
      secrets     = [for name, arn in var.secrets : { name = name, valueFrom = arn }]

      stopTimeout            = var.stop_timeout
      user                   = var.user
      readonlyRootFilesystem = true
      linuxParameters        = { capabilities = { drop = ["ALL"] } }

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = data.aws_region.current.region
          awslogs-stream-prefix = "worker"
          # A worker does not stand still when CloudWatch Logs does.
          mode            = "non-blocking"
          max-buffer-size = "4m"
        }
      }
    },
    [for command in [var.health_check_command] : { healthCheck = {
      command     = command
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 30
    } } if command != null]...
  )
}

resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_249:the roles are two, as the tests assert; checkov takes outputs of two modules of one source for one value
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = module.task_role.arn
  execution_role_arn       = module.execution_role.arn
  container_definitions    = jsonencode([local.container])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture == "arm64" ? "ARM64" : "X86_64"
  }

  tags = local.tags
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key; another is an option, `log_kms_key_arn`
  #checkov:skip=CKV_AWS_338:how long logs are kept is the user's to say, `log_retention_days`
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = local.tags
}

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  deployment  = coalesce(var.manifest.deployment, var.manifest.app)
  name        = coalesce(var.name, "${local.deployment}-worker")
  queues      = { for q in var.manifest.queues : q.name => q if var.queues == null ? true : contains(var.queues, q.name) }
  queue_names = sort(keys(local.queues))
  tags        = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment })
}

resource "aws_ecs_service" "this" {
  name            = local.name
  cluster         = var.cluster_name
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = max(var.min_workers, 1) # The first one; autoscaling has it from then on.

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  enable_execute_command             = var.enable_execute_command
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = var.on_demand_base
    weight            = var.on_demand_weight
  }

  dynamic "capacity_provider_strategy" {
    for_each = var.spot_weight > 0 ? [var.spot_weight] : []
    content {
      capacity_provider = "FARGATE_SPOT"
      weight            = capacity_provider_strategy.value
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = concat([aws_security_group.this.id], var.security_group_ids)
    assign_public_ip = var.assign_public_ip
  }

  tags = local.tags

  lifecycle {
    ignore_changes = [desired_count]
  }

  # Tasks that start before their rights are there end at once, and the circuit breaker counts them.
  depends_on = [module.task_role, module.execution_role]
}

resource "aws_security_group" "this" {
  name        = local.name
  description = "Workers of ${local.deployment}: HTTPS out, nothing in"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = local.name })
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(var.egress_cidr_blocks)

  security_group_id = aws_security_group.this.id
  description       = "HTTPS to AWS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "https_to_prefix_lists" {
  for_each = var.egress_prefix_list_ids

  security_group_id = aws_security_group.this.id
  description       = "HTTPS to ${each.key}"
  prefix_list_id    = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

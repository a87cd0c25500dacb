locals {
  # The workers' own metrics: see the module's README.
  namespace  = "celeriac"
  dimensions = { app = local.deployment, queues = join(",", local.queue_names) }
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  min_capacity       = var.min_workers
  max_capacity       = var.max_workers
  tags               = local.tags
}

# Each worker says how long it alone would need for the backlog. Divided by how many say so, that is
# how long they need together, which halves as workers double: what target tracking asks of a
# metric.
resource "aws_appautoscaling_policy" "backlog" {
  name               = "${local.name}-backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.target_backlog_seconds
    scale_out_cooldown = var.scale_out_cooldown
    scale_in_cooldown  = var.scale_in_cooldown

    customized_metric_specification {
      metrics {
        id          = "backlog"
        label       = "Seconds that one worker would need"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = local.namespace
            metric_name = "BacklogSeconds"
            dynamic "dimensions" {
              for_each = local.dimensions
              content {
                name  = dimensions.key
                value = dimensions.value
              }
            }
          }
        }
      }
      metrics {
        id          = "workers"
        label       = "Workers"
        return_data = false
        metric_stat {
          stat = "Sum"
          metric {
            namespace   = local.namespace
            metric_name = "Workers"
            dynamic "dimensions" {
              for_each = local.dimensions
              content {
                name  = dimensions.key
                value = dimensions.value
              }
            }
          }
        }
      }
      metrics {
        id          = "seconds"
        label       = "Seconds that all workers need"
        expression  = "backlog / workers"
        return_data = true
      }
    }
  }
}

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  deployment = coalesce(var.manifest.deployment, var.manifest.app)
  app        = local.deployment # In names and dimensions.
  region     = data.aws_region.current.region
  tags       = merge(var.tags, { "celeriac:app" = var.manifest.app, "celeriac:deployment" = local.deployment })

  queues             = { for q in var.manifest.queues : q.name => q }
  dead_letter_queues = distinct(compact(var.manifest.queues[*].dead_letter_queue))
  # CloudWatch has the metrics of a table where the table is.
  is_here = coalesce(try(var.manifest.table.region, null), local.region) == local.region
  table   = local.is_here ? try(var.manifest.table.name, null) : null

  # What workers print (CELERIAC_METRICS=emf): the dimension `queues` is their Celery names, sorted
  # and joined by commas.
  namespace  = "celeriac"
  dimensions = { for worker, queues in var.workers : worker => { app = local.app, queues = join(",", sort(queues)) } }

  actions = concat(var.alarm_actions, aws_sns_topic.this[*].arn)
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { "managed-by" = "terraform" }
  }
}

locals {
  manifest = jsondecode(file(coalesce(var.manifest_file, "${path.module}/manifest.json")))
  app      = local.manifest.deployment

  all_queues      = toset(local.manifest.queues[*].name)
  service_queues  = var.service == null ? toset([]) : var.service.queues
  function_queues = setsubtract(local.all_queues, local.service_queues)

  keys = aws_kms_key.this[*].arn
}

# ---- what every app has

module "queues" {
  source = "../../modules/queues"

  manifest      = local.manifest
  lambda_queues = local.function_queues
  kms_key_arn   = one(local.keys)
}

module "results" {
  source = "../../modules/results"

  manifest            = local.manifest
  kms_key_arn         = one(local.keys)
  deletion_protection = var.deletion_protection
}

module "beat" {
  source = "../../modules/beat"

  manifest           = local.manifest
  queue_arns         = module.queues.arns
  queue_urls         = module.queues.urls
  queue_kms_key_arns = local.keys
}

# Policies for those who send tasks, and for those who look after them.
module "access" {
  source = "../../modules/access"

  manifest     = local.manifest
  kms_key_arns = local.keys
}

# ---- who works

# A function for each queue, so that each has its own timeout, its own concurrency and its own
# alarms.
module "function" {
  source   = "../../modules/lambda-worker"
  for_each = local.function_queues

  name              = "${local.app}-${replace(each.key, ".", "-")}"
  manifest          = local.manifest
  queues            = [each.key]
  queue_arns        = module.queues.arns
  dead_letter_names = module.queues.dead_letter_names
  code              = { zip = var.function_zip }
  kms_key_arns      = local.keys

  # The rest is in `dashboard-alarms`, for functions and service alike.
  alarms        = ["errors"]
  alarm_actions = compact([module.dashboard_alarms.topic_arn])
}

module "service" {
  source = "../../modules/ecs-worker"
  count  = var.service == null ? 0 : 1

  manifest           = local.manifest
  queues             = var.service.queues
  cluster_name       = aws_ecs_cluster_capacity_providers.this[0].cluster_name
  image              = var.service.image
  ecr_repository_arn = var.service.ecr_repository_arn
  vpc_id             = var.service.vpc_id
  subnet_ids         = var.service.subnet_ids
  min_workers        = var.service.min_workers
  max_workers        = var.service.max_workers
  kms_key_arns       = local.keys

  egress_cidr_blocks     = var.service.private == null ? ["0.0.0.0/0"] : [var.service.private.cidr_block]
  egress_prefix_list_ids = var.service.private == null ? {} : module.private_endpoints[0].prefix_list_ids
}

# ---- who looks

module "dashboard_alarms" {
  source = "../../modules/dashboard-alarms"

  manifest       = local.manifest
  workers        = merge({ for queue in local.function_queues : replace(queue, ".", "-") => [queue] }, var.service == null ? {} : { service = var.service.queues })
  function_names = { for queue in local.function_queues : replace(queue, ".", "-") => "${local.app}-${replace(queue, ".", "-")}" }
  topic          = { emails = var.alarm_emails, kms_key_arn = one(local.keys) }
}

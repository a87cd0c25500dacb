variable "manifest" {
  description = "What `myapp manifest` prints: `jsondecode(file(\"manifest.json\"))`."
  type = object({
    manifest_version = number
    app              = string
    deployment       = optional(string)
    queues = list(object({
      name       = string
      queue_name = string
    }))
    environment = map(string)
    roles = map(object({
      trusted_services = list(string)
      statements = list(object({
        sid       = string
        actions   = list(string)
        resources = list(string)
        condition = optional(map(map(list(string))), {})
      }))
    }))
  })

  validation {
    condition     = var.manifest.manifest_version == 1
    error_message = "This module reads manifests of version 1; use the modules of the same release as the program that printed it."
  }
  validation {
    condition     = contains(keys(var.manifest.roles), "worker")
    error_message = "The manifest has no role `worker`; print it anew with `myapp manifest`."
  }
}

variable "name" {
  description = "Name of the service, and of what belongs to it. `<app>-worker` if left out."
  type        = string
  default     = null
}

variable "queues" {
  description = "Celery names of the queues that the workers work on. All of the manifest if left out."
  type        = set(string)
  default     = null

  validation {
    condition     = length(setsubtract(coalesce(var.queues, []), [for q in var.manifest.queues : q.name])) == 0
    error_message = "`queues` names a queue that the manifest does not have; use the names under `queues[*].name`."
  }
}

variable "cluster_name" {
  description = "Name of the ECS cluster. It needs the capacity providers `FARGATE` and `FARGATE_SPOT`."
  type        = string
}

variable "image" {
  description = "The image, whose entry point is the program. Name it by digest or by a tag that is never moved."
  type        = string

  validation {
    condition     = !endswith(var.image, ":latest")
    error_message = "With `:latest` nobody knows what runs, and a new task may run other code than its neighbour; name the image by digest or version."
  }
}

variable "ecr_repository_arn" {
  description = "ARN of the ECR repository of the image, from which tasks may then pull. Leave it out for a public image."
  type        = string
  default     = null
}

variable "vpc_id" {
  description = "The VPC of `subnet_ids`, in which the security group is made."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks; better private ones, in different zones. SQS, DynamoDB, ECR and CloudWatch Logs must be reachable from there: a NAT gateway, or the module `private-endpoints`."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "Tasks need at least one subnet, better two in different zones."
  }
}

variable "assign_public_ip" {
  description = "Whether tasks have public addresses: needed in public subnets, where they are the way out."
  type        = bool
  default     = false
}

variable "security_group_ids" {
  description = "Security groups beside the module's own, which lets out HTTPS and lets in nothing: for a database of the tasks, say."
  type        = list(string)
  default     = []
}

variable "egress_cidr_blocks" {
  description = "Where HTTPS may go. AWS's services are anywhere; with `private-endpoints`, the VPC's own block is enough for all but DynamoDB and S3, whose prefix lists go to `egress_prefix_list_ids`."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "egress_prefix_list_ids" {
  description = "Prefix lists that HTTPS may go to, such as those of gateway endpoints, by a name of your choice."
  type        = map(string)
  default     = {}
}

variable "cpu" {
  description = "CPU units of a task; 1024 are one whole."
  type        = number
  default     = 512
}

variable "memory" {
  description = "Memory of a task in MiB, one of those that Fargate has for `cpu`."
  type        = number
  default     = 1024
}

variable "architecture" {
  description = "What the image is built for: `arm64`, which is cheaper, or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "`architecture` is `arm64` or `x86_64`."
  }
}

variable "user" {
  description = "User and group, by number, that the program runs as."
  type        = string
  default     = "65532:65532"

  validation {
    condition     = can(regex("^[1-9][0-9]*(:[1-9][0-9]*)?$", var.user))
    error_message = "`user` is a user's number, or user and group as `65532:65532`; not root, and no names, which the image may not know."
  }
}

variable "concurrency" {
  description = "Tasks that one worker runs at a time (`CELERIAC_WORKER_CONCURRENCY`). The worker decides by its CPUs if left out."
  type        = number
  default     = null
}

variable "environment" {
  description = "Environment variables beside those of the manifest. No secrets: they show in the console."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables from Secrets Manager or SSM: ARN of the secret or the parameter, by name of the variable. ECS may then read these, and no others."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[^*:]+:(secretsmanager:[^*:]+:[0-9]+:secret:|ssm:[^*:]+:[0-9]+:parameter/)[^*]+$", arn))])
    error_message = "`secrets` are full ARNs of secrets (`arn:aws:secretsmanager:...:secret:...`) or parameters (`arn:aws:ssm:...:parameter/...`)."
  }
}

variable "stop_timeout" {
  description = "Seconds between SIGTERM and SIGKILL, 120 at most on Fargate. Workers take 5 less to finish or hand back what they hold (`CELERIAC_WORKER_SHUTDOWN_TIMEOUT`)."
  type        = number
  default     = 120

  validation {
    condition     = var.stop_timeout >= 10 && var.stop_timeout <= 120
    error_message = "`stop_timeout` is 10 to 120 seconds: Fargate kills after 120, and a worker needs a few to hand back what it holds."
  }
}

variable "health_check_command" {
  description = "A command in the image that ends with 0 while `http://localhost:8080/healthz` answers well, such as `[\"CMD\", \"/usr/local/bin/myapp\", \"...\"]`. Images without a shell have no `curl`. Without a command ECS replaces only tasks whose process ends."
  type        = list(string)
  default     = null

  validation {
    condition     = var.health_check_command == null ? true : contains(["CMD", "CMD-SHELL"], var.health_check_command[0])
    error_message = "`health_check_command` begins with `CMD` or, where the image has a shell, `CMD-SHELL`."
  }
}

variable "min_workers" {
  description = "The fewest workers. With 0, the first task after a pause waits for a worker to start: see README."
  type        = number
  default     = 1

  validation {
    condition     = var.min_workers >= 0 && var.min_workers <= var.max_workers
    error_message = "`min_workers` is 0 or more, and not over `max_workers`."
  }
}

variable "max_workers" {
  description = "The most workers: a bound on cost, and on what a database behind the tasks has to bear."
  type        = number
  default     = 10

  validation {
    condition     = var.max_workers >= 1
    error_message = "`max_workers` is 1 or more."
  }
}

variable "target_backlog_seconds" {
  description = "How long all workers together should need for what waits. More workers start above it, some end well below it."
  type        = number
  default     = 60

  validation {
    condition     = var.target_backlog_seconds > 0
    error_message = "`target_backlog_seconds` is more than 0; 60 means that a new task waits about a minute at most."
  }
}

variable "scale_out_cooldown" {
  description = "Seconds after starting workers in which no more are started: what a task needs to start and to be measured."
  type        = number
  default     = 90
}

variable "scale_in_cooldown" {
  description = "Seconds after ending workers in which no more are ended."
  type        = number
  default     = 300
}

variable "on_demand_base" {
  description = "How many workers run on Fargate proper before any runs on Spot, so that some stay when AWS takes Spot back."
  type        = number
  default     = 1

  validation {
    condition     = var.on_demand_base >= 1 || var.spot_weight == 0 || var.min_workers == 0
    error_message = "Without a base on Fargate proper all workers may go at once when AWS takes Spot back; use `on_demand_base` of 1 or more, or `spot_weight = 0`."
  }
}

variable "on_demand_weight" {
  description = "The share of Fargate proper beyond the base, against `spot_weight`."
  type        = number
  default     = 1
}

variable "spot_weight" {
  description = "The share of Fargate Spot beyond the base, against `on_demand_weight`. Tasks that Spot interrupts come back. 0 is no Spot."
  type        = number
  default     = 3

  validation {
    condition     = var.spot_weight + var.on_demand_weight > 0
    error_message = "`spot_weight` and `on_demand_weight` cannot both be 0."
  }
}

variable "enable_execute_command" {
  description = "Whether `aws ecs execute-command` may open a shell in a task. Give the task role its `ssmmessages` rights then."
  type        = bool
  default     = false
}

variable "kms_key_arns" {
  description = "Customer managed KMS keys of the queues and the table, which the workers then may use."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "log_kms_key_arn" {
  description = "ARN of a customer managed KMS key for the logs, whose policy lets CloudWatch Logs use it."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds both roles, where the organisation demands one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything made."
  type        = map(string)
  default     = {}
}

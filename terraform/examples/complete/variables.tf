variable "region" {
  description = "The AWS region."
  type        = string
  default     = "eu-central-1"
}

variable "manifest_file" {
  description = "Where `myapp manifest > manifest.json` wrote to. The one of this folder if left out."
  type        = string
  default     = null
}

variable "function_zip" {
  description = "A zip with the program in it, named `bootstrap` and built for arm64."
  type        = string
  default     = "bootstrap.zip"
}

variable "service" {
  description = <<-TEXT
    An ECS service for queues whose tasks run longer than Lambda lets them, or all the time. `null` is none: then functions work on every queue.
    - `image`, `ecr_repository_arn`: the program as an image, for arm64.
    - `queues`: Celery names of its queues.
    - `vpc_id`, `subnet_ids`: where it runs. Its subnets need a way out, or `private`.
    - `private`: endpoints to make in that VPC in place of a way out: `cidr_block` of the VPC and `route_table_ids` of the subnets.
    - `min_workers`, `max_workers`: how few, how many.
  TEXT
  type = object({
    image              = string
    ecr_repository_arn = optional(string)
    queues             = set(string)
    vpc_id             = string
    subnet_ids         = list(string)
    private            = optional(object({ cidr_block = string, route_table_ids = list(string) }))
    min_workers        = optional(number, 1)
    max_workers        = optional(number, 10)
  })
  default = null

  validation {
    condition     = var.service == null ? true : length(var.service.queues) > 0
    error_message = "`service.queues` names at least one queue; leave `service` out if functions work on all of them."
  }
}

variable "customer_managed_key" {
  description = "Whether queues and table are encrypted with a KMS key of this account, which costs, and leaves a record of who uses it."
  type        = bool
  default     = false
}

variable "alarm_emails" {
  description = "Who is written to when an alarm rings. Each must confirm once."
  type        = set(string)
  default     = []
}

variable "deletion_protection" {
  description = "Whether the result table survives `terraform destroy`."
  type        = bool
  default     = true
}

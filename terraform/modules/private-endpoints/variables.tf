variable "name" {
  description = "Name of the security group, and the beginning of the endpoints' names."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets with an interface of each endpoint, one in each zone at most; each costs by the hour."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "Endpoints need at least one subnet, better one in each zone that workers run in."
  }
}

variable "route_table_ids" {
  description = "Route tables of the workers' subnets, for the gateway endpoints, which cost nothing."
  type        = list(string)

  validation {
    condition     = length(var.route_table_ids) > 0
    error_message = "DynamoDB and S3 are reached by routes; name the route tables of the workers' subnets."
  }
}

variable "client_cidr_blocks" {
  description = "Address blocks of the workers, from which HTTPS may come in: the VPC's own, or its subnets'."
  type        = set(string)

  validation {
    condition     = length(var.client_cidr_blocks) > 0 && alltrue([for block in var.client_cidr_blocks : can(cidrhost(block, 0)) && !endswith(block, "/0")])
    error_message = "`client_cidr_blocks` are blocks such as `10.0.0.0/16`, and not the whole Internet."
  }
}

variable "interface_services" {
  description = "Services with an interface endpoint. `scheduler` is needed for countdowns beyond 15 minutes, `kms` for keys of your own, `secretsmanager` and `ssm` for secrets."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "logs", "sqs"]

  validation {
    condition     = contains(var.interface_services, "sqs")
    error_message = "Without an endpoint for `sqs` there are no tasks; add it to `interface_services`."
  }
}

variable "tags" {
  description = "Tags of everything made."
  type        = map(string)
  default     = {}
}

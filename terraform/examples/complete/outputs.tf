output "queue_urls" {
  description = "URLs of the queues by Celery name."
  value       = module.queues.urls
}

output "table_name" {
  description = "Name of the result table."
  value       = module.results.name
}

output "producer_policy_arn" {
  description = "ARN of the policy for those who send tasks: attach it to the role of the web application."
  value       = module.access.policy_arns["producer"]
}

output "operator_policy_arn" {
  description = "ARN of the policy for people who use the `celeriac` program."
  value       = module.access.policy_arns["operator"]
}

output "worker_roles" {
  description = "Names of the roles that tasks run with, to which their own rights are attached."
  value       = concat([for function in module.function : function.role_name], module.service[*].task_role_name)
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = module.dashboard_alarms.dashboard_name
}

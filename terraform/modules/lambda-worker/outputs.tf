output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "role_name" {
  description = "Name of the function's role, to which what the tasks themselves need is attached."
  value       = module.role.name
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = module.role.arn
}

output "log_group_name" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "queues" {
  description = "Celery names of the queues that feed the function, sorted: the dimension `queues` of its metrics, split at commas."
  value       = sort(keys(local.queues))
}

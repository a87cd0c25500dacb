output "service_name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "task_definition_arn" {
  description = "ARN of the task definition."
  value       = aws_ecs_task_definition.this.arn
}

output "task_role_name" {
  description = "Name of the role that the program runs with, to which what the tasks themselves need is attached."
  value       = module.task_role.name
}

output "task_role_arn" {
  description = "ARN of the role that the program runs with."
  value       = module.task_role.arn
}

output "security_group_id" {
  description = "The workers' security group, which a database lets in."
  value       = aws_security_group.this.id
}

output "log_group_name" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "queues" {
  description = "Celery names of the queues, sorted: the dimension `queues` of the workers' metrics, split at commas."
  value       = local.queue_names
}

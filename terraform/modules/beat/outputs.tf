output "group_name" {
  description = "Name of the schedule group."
  value       = aws_scheduler_schedule_group.this.name
}

output "role_arn" {
  description = "ARN of the role that EventBridge Scheduler sends with; `null` where nothing needs it."
  value       = one(module.role[*].arn)
}

output "schedule_arns" {
  description = "ARNs of the schedules by name."
  value       = { for name, schedule in aws_scheduler_schedule.this : name => schedule.arn }
}

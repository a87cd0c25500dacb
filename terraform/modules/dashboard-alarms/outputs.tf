output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarm_names" {
  description = "Names of all alarms."
  value       = local.alarms[*].alarm_name
}

output "topic_arn" {
  description = "ARN of the topic; `null` where none was asked for."
  value       = one(aws_sns_topic.this[*].arn)
}

output "name" {
  description = "Name of the table; `null` where the manifest has none."
  value       = one([for table in aws_dynamodb_table.this : table.name])
}

output "arn" {
  description = "ARN of the table; `null` where the manifest has none."
  value       = one([for table in aws_dynamodb_table.this : table.arn])
}

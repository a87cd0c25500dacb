output "json" {
  description = "The policy."
  value       = jsonencode(local.policy)
}

output "is_empty" {
  description = "Whether it gives no rights at all; IAM refuses such a policy."
  value       = length(local.policy.Statement) == 0
}

output "policy_arns" {
  description = "ARNs of the policies by role."
  value       = { for name, policy in aws_iam_policy.this : name => policy.arn }
}

output "policies" {
  description = "The policies themselves by role, as JSON."
  value       = { for name, policy in module.policy : name => policy.json }
}

output "arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}

output "name" {
  description = "Name of the role, to which further policies may be attached."
  value       = aws_iam_role.this.name
}

output "policy" {
  description = "The role's rights, as JSON."
  value       = module.policy.json
}

output "trust" {
  description = "Who may take the role, as JSON."
  value       = jsonencode(local.trust)
}

output "prefix_list_ids" {
  description = "Prefix lists of the gateway endpoints by service: `egress_prefix_list_ids` of the module `ecs-worker`."
  value       = { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.prefix_list_id }
}

output "security_group_id" {
  description = "Security group of the interface endpoints."
  value       = aws_security_group.this.id
}

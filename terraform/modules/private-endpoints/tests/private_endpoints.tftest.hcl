mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "shop"
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-1", "subnet-2"]
  route_table_ids    = ["rtb-1"]
  client_cidr_blocks = ["10.0.0.0/16"]
}

run "workers_reach_what_they_need" {
  assert {
    condition     = { for name, e in aws_vpc_endpoint.gateway : name => "${e.vpc_endpoint_type} ${e.service_name} ${join(",", e.route_table_ids)}" } == { for name in ["dynamodb", "s3"] : name => "Gateway com.amazonaws.eu-central-1.${name} rtb-1" }
    error_message = "DynamoDB and S3 by routes"
  }
  assert {
    condition     = { for name, e in aws_vpc_endpoint.interface : name => e.service_name } == { for name in ["ecr.api", "ecr.dkr", "logs", "sqs"] : name => "com.amazonaws.eu-central-1.${name}" }
    error_message = "SQS, logs and ECR by interfaces"
  }
  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.interface : e.vpc_endpoint_type == "Interface" && e.private_dns_enabled && e.subnet_ids == toset(["subnet-1", "subnet-2"]) && e.security_group_ids == toset([aws_security_group.this.id])])
    error_message = "under their usual names, in the given subnets"
  }
}

run "only_own_workers_come_in" {
  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.https : "${rule.ip_protocol} ${rule.from_port}-${rule.to_port} ${rule.cidr_ipv4}"] == ["tcp 443-443 10.0.0.0/16"]
    error_message = "HTTPS from the VPC"
  }
  assert {
    condition = alltrue([for e in concat(values(aws_vpc_endpoint.interface), [aws_vpc_endpoint.gateway["dynamodb"]]) :
      [for s in jsondecode(e.policy).Statement : s.Condition] == [{ StringEquals = { "aws:PrincipalAccount" = "123456789012" } }]
    ])
    error_message = "callers of this account"
  }
  assert {
    condition     = [for s in jsondecode(aws_vpc_endpoint.gateway["s3"].policy).Statement : s.Resource if s.Sid == "ImageLayers"] == ["arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"]
    error_message = "and the layers of ECR's images"
  }
}

run "the_internet_is_no_client" {
  command = plan
  variables {
    client_cidr_blocks = ["0.0.0.0/0"]
  }
  expect_failures = [var.client_cidr_blocks]
}

run "no_tasks_without_sqs" {
  command = plan
  variables {
    interface_services = ["logs"]
  }
  expect_failures = [var.interface_services]
}

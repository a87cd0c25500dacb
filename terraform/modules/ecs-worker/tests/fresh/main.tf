# The module beside what it uses, all made in one go: nothing of that is known when Terraform plans.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

resource "aws_ecr_repository" "fresh" {
  #checkov:skip=CKV_AWS_51:a test, which makes nothing
  #checkov:skip=CKV_AWS_136:a test, which makes nothing
  #checkov:skip=CKV_AWS_163:a test, which makes nothing
  name = "shop"
}

resource "aws_ssm_parameter" "fresh" {
  #checkov:skip=CKV_AWS_337:a test, which makes nothing
  name  = "/shop/token"
  type  = "SecureString"
  value = "none"
}

module "service" {
  source = "../.."

  manifest = {
    manifest_version = 1
    app              = "shop"
    queues           = [{ name = "celery", queue_name = "celery" }]
    environment      = {}
    roles            = { worker = { trusted_services = ["ecs-tasks.amazonaws.com"], statements = [] } }
  }
  cluster_name       = "shop"
  image              = "${aws_ecr_repository.fresh.repository_url}:1"
  ecr_repository_arn = aws_ecr_repository.fresh.arn
  secrets            = { TOKEN = aws_ssm_parameter.fresh.arn }
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-1"]
  min_workers        = 0
}

output "service_name" {
  value = module.service.service_name
}

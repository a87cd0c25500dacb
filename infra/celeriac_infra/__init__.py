"""What an app's manifest becomes: a CloudFormation template, IAM policies, an ECS task definition, alarms, a dashboard."""

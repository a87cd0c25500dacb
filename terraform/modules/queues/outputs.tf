output "urls" {
  description = "URLs by Celery name."
  value       = merge({ for name, queue in aws_sqs_queue.this : name => queue.url }, { for name, queue in local.there : name => queue.url })
}

output "arns" {
  description = "ARNs by Celery name."
  value       = merge({ for name, queue in aws_sqs_queue.this : name => queue.arn }, { for name, queue in local.there : name => queue.arn })
}

output "names" {
  description = "SQS names by Celery name."
  value       = { for name, q in local.all : name => q.queue_name }
}

output "dead_letter_urls" {
  description = "URLs of the dead-letter queues by their queues' Celery names."
  value       = { for name, q in local.queues : name => aws_sqs_queue.dead_letters[q.dead_letter_queue].url }
}

output "dead_letter_arns" {
  description = "ARNs of the dead-letter queues by their queues' Celery names."
  value       = { for name, q in local.queues : name => aws_sqs_queue.dead_letters[q.dead_letter_queue].arn }
}

output "dead_letter_names" {
  description = "SQS names of the dead-letter queues by their queues' Celery names."
  value       = { for name, q in local.all : name => q.dead_letter_queue }
}

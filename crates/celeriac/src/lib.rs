//! Celery for AWS, in Rust: tasks on SQS, results in DynamoDB, or SQLite on a laptop.

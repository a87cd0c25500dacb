/// The DynamoDB key of a task's result: `b'<prefix>celery-task-meta-<id>'`, with the quotes (SPEC 2.3).
pub fn task_key(_prefix: &str, _task_id: &str) -> String { todo!() }

/// The same key without `b'...'`, which a repaired Celery would use.
pub fn task_key_plain(_prefix: &str, _task_id: &str) -> String { todo!() }

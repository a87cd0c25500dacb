/// The SQS name of a Celery queue name, prefix included (SPEC 1.7): punctuation but `-` and `_` becomes `_`, `.` becomes
/// `-`, a trailing `.fifo` stays.
pub fn mangle(_queue: &str) -> String { todo!() }

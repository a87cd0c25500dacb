//! The worker's tasks as an AWS Lambda function.
//!
//! [`run`] answers the Lambda runtime with the same [`Executor`](celeriac_worker::Executor) that a
//! worker has: the ledger, retries, time limits, dead letters are the same.
//!
//! # Events
//! | event | what happens | answer |
//! |---|---|---|
//! | a batch from SQS | its tasks run at once, as far as memory and `worker_concurrency` go; messages of a FIFO group one after the other | `batchItemFailures`: what is to come back |
//! | `{"task": "tasks.add", "args": [1, 2]}`, with `kwargs`, `id`, `options` (those of `apply_async`) | the task runs now | its result; a failure is the function's error |
//! | a Celery message in bare JSON, as EventBridge Scheduler can send it | the task runs now | its result |
//! | an EventBridge event whose `detail` is one of the two above | the task runs now, under the event's id | id and state |
//!
//! **The event source mapping must have `ReportBatchItemFailures`.** Without it Lambda deletes
//! every message of a batch that the function answered, also those that are to come back.
//!
//! # Time
//! A function knows when its time is over. Before that (a tenth of its time, half a second to 30 s)
//! no new task starts, what waits is made visible again at once, and running tasks get their soft
//! limit. At the end (a twentieth, 0.2 s to 3 s) what still runs is cancelled and given back; that
//! does not count towards poison. With `lambda_spill_queue` it goes on as a new message there
//! instead, with its checkpoint (`Context::checkpoint`), and so does, before it starts, a task
//! whose hard limit is longer than the time that is left. A task with `spill` always does. FIFO
//! queues keep their order and never spill what has started.
//!
//! A blocking task that still runs then cannot be cancelled. [`run`] answers, and ends the process
//! before Lambda can freeze it with the thread.
//!
//! A time-out of the function, or a lost answer, brings the whole batch again: the ledger
//! acknowledges what was finished. Tasks without the ledger (`ignore_result`, and no schedule sent
//! them) run again.
//!
//! # What is not asked for
//! Nothing goes over the network before the first event, and clients are made at their first use.

mod answer;
mod batch;
mod direct;
mod environment;
mod event;
mod function;
mod phases;
mod process_end;
mod queue_visibility;
mod room;
mod sqs_record;

pub use function::{Function, run};

/// How an invocation failed: what [`Function::invoke`] answers with.
pub use lambda_runtime::Diagnostic;
/// JSON as it came: what [`Function::invoke`] reads and answers with.
pub use serde_json::value::RawValue;

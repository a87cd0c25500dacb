//! Receive Celery tasks and run them.
//!
//! [`Executor::execute`] takes one delivery to its [`Outcome`]; [`Worker`] receives, holds and
//! settles around it, and a Lambda function does the same with its own. A message is deleted only
//! after its outcome is durable.
//!
//! # What runs when
//! - Delivery is at least once. A task with a ledger item is claimed before it runs, so a copy of a
//!   task that is running or final does not run. Tasks with `ignore_result` skip the ledger: their
//!   copies run, unless the task sets `ledger` or a schedule sent them, which may fire twice.
//! - A message of a schedule (`celeriac_core::ScheduledRun`) gets its `eta` and `expires` from the
//!   time that it is due. One whose guard does not let it run on that day is acknowledged, and
//!   nothing is stored.
//! - A message before its `eta` is sent again with the delay (in hops of the broker's longest), on
//!   FIFO made invisible. It is never held.
//! - A retry is a new message with `retries` one higher, sent before the present one is deleted. On
//!   FIFO queues the present message comes back instead and the ledger counts, so that the order
//!   stands; without a result store it is sent again there too, at the end of its group.
//! - What is embedded in a message: callbacks and the next step of a chain are sent after SUCCESS
//!   is stored, errbacks after FAILURE; all under fixed ids. Where the result is ignored, callbacks
//!   and the next step are sent before the claim ends. **Groups, chords and nested chains are not
//!   supported by this version**: a message that embeds one fails before it runs, with
//!   NotImplementedError, and so does a chord's body, so that nobody waits for ever.
//!
//! # Time limits
//! The hard limit drops an async task and stores TimeLimitExceeded. A blocking task's thread cannot
//! be killed: the failure is stored, the task's place is freed, the thread stays busy until it
//! returns, and its lease is kept so long: what was ended from outside (by the end of a worker,
//! too) is not started beside its own thread. The soft limit only tells the task
//! (`Context::soft_time_limit`, `Context::is_cancelled`), which ends as it likes; nothing is raised
//! in it, unlike in Python.
//!
//! # Messages that cannot be run
//! | what | outcome | decided in |
//! |---|---|---|
//! | envelope, payload, `eta`, `expires` or beat's header unreadable | dead-letter queue as `unreadable`; where task and id can be read FAILURE, until the task's own message comes | `admission/unready.rs`, `ending/conclusion.rs` |
//! | the id of another task | dead-letter queue as `conflict`, nothing else | `ending/conflict.rs` |
//! | task not registered | `unknown_task`: FAILURE NotRegistered (and the dead-letter queue), released, or forwarded (ten times at most) | `admission/unknown.rs` |
//! | wrong arguments | FAILURE TypeError | `admission/admit.rs` |
//! | `expires` has passed | REVOKED | `admission/timing.rs` |
//! | more than `task_max_lost_runs` started runs of one try | dead-letter queue as `poison`, FAILURE WorkerLostError | `admission/poison.rs` |
//! | `Reject` without requeue | dead-letter queue as `rejected`, FAILURE | `ending/verdict.rs` |
//! | gave up, and the task has `dead_letter` | dead-letter queue as `gave-up`, FAILURE | `ending/conclusion.rs` |
//!
//! All that keeps a task from running is listed in `admission/admit.rs`.
//!
//! The last of those started runs begins only when nothing else runs in its process, and nothing
//! begins beside it, so that its loss is its own.
//!
//! Without a dead-letter queue such a message stays, backs off up to 15 minutes and shows as
//! `stuck` in `/healthz`. Poison is counted in the ledger: a task without one that ends its process
//! is only stopped by the queue's own `maxReceiveCount`.
//!
//! # The log
//! All that is done about a delivery, and the task's own code, is in one `tracing` span, `task`,
//! with the target [`TASK_SPAN`]: what is logged there names no task itself. Code that a task
//! spawns is in it only if it is instrumented, as everywhere with `tracing`.
//!
//! # The end of a worker
//! See [`Shutdown`] and [`WorkerOptions`]. On SQS an idle worker ends when its open long poll does,
//! after `wait_time_seconds` at most, because a dropped poll may swallow messages; a second signal
//! ends it at once.

mod admission;
mod batched_chords;
mod batched_ledger;
mod builtins;
mod call;
mod dead_lettered;
mod deferral;
mod ending;
mod engine;
mod executed;
mod executor;
mod held;
mod incidents;
mod isolation;
mod lease_keeper;
mod log;
mod meta;
mod metrics;
mod outcome;
mod outgoing;
mod per_queue;
mod reply;
mod requests;
mod run;
mod shutdown;
mod unanswered_claims;
mod waits;
mod worker;

pub use dead_lettered::DeadLettered;
pub use executed::{Ending, Executed};
pub use executor::{Executor, ExecutorParts};
pub use log::{LIFE, TASK_SPAN};
pub use outcome::Outcome;
pub use reply::Answer;
pub use run::{BlockingWork, Threads};
pub use shutdown::{Deadline, Shutdown};
pub use worker::{VisibilityKeeper, Worker, WorkerError, WorkerOptions, WorkerQueue, WorkerReport};

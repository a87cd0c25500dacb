//! Receive Celery tasks and run them.

mod blocking_pool;
mod call;
mod canvas;
mod claiming;
mod conclude;
mod engine;
mod executed;
mod executor;
mod final_state;
mod lease_keeper;
mod ledger;
mod log;
mod meta;
mod outcome;
mod panics;
mod per_queue;
mod progress;
mod requests;
mod retrying;
mod run;
mod shutdown;
mod time_limits;
mod timing;
mod unknown;
mod unknown_task;
mod unready;
mod waits;
mod worker;

pub use executor::{Executor, ExecutorParts};
pub use outcome::Outcome;
pub use shutdown::Shutdown;
pub use worker::{Worker, WorkerError, WorkerOptions, WorkerQueue, WorkerReport};

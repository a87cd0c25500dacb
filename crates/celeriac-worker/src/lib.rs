//! Receive Celery tasks and run them.

mod executor;
mod outcome;
mod shutdown;
mod worker;

pub use executor::{Executor, ExecutorParts};
pub use outcome::Outcome;
pub use shutdown::Shutdown;
pub use worker::{Worker, WorkerError, WorkerQueue, WorkerReport};

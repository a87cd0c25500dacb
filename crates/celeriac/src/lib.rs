//! Celery for AWS, in Rust: tasks on SQS, results in DynamoDB, or SQLite on a laptop.

// `#[task]` expands to `::celeriac::...`, also in this crate's own tests and docs.
extern crate self as celeriac;

pub use celeriac_macros::*;

/// What `#[task]` expands to. Not a public interface.
#[doc(hidden)]
pub mod __private {
    pub use celeriac_core as core;
    pub use celeriac_protocol as protocol;
    pub use serde;
}

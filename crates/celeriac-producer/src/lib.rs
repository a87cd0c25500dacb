//! Send Celery tasks and read their results.

mod async_result;
mod client;

pub use async_result::{AsyncResult, ResultError};
pub use client::{Client, ClientParts};

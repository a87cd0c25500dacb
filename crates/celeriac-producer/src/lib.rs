//! Send Celery tasks and read their results.
//!
//! A [`Client`] turns typed signatures and calls by name into Celery messages, sends them in natural batches, and reads
//! results back through [`AsyncResult`]. It is what a web handler links: no worker, no AWS.

mod async_result;
mod bulk;
mod call_options;
mod client;
mod message;
mod message_properties;
mod poll_table;
mod poller;
mod queue_sender;
mod result_error;
mod result_reader;
mod result_set;
mod sender_pool;

pub use async_result::AsyncResult;
pub use client::{Client, ClientParts};
pub use message::{Message, MessageBuilder};
pub use result_error::ResultError;
pub use result_set::{ResultSet, join, join_all};

//! Tasks on SQS.

mod attributes;
mod batch_answer;
mod batch_fifo;
mod batch_unordered;
mod broker;
mod dead_letter;
mod declare;
pub(crate) mod limits;
mod permissions;
mod queue_admin;
mod queue_urls;
mod receipts;
mod receive;
mod redrive;
mod send;
mod sqs_broker;

pub use sqs_broker::SqsBroker;

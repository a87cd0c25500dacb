//! Tasks on SQS.

mod attributes;
mod broker;
mod dead_letter;
mod declare;
mod entries;
mod limits;
mod ordered;
mod permissions;
mod queue_admin;
mod queue_urls;
mod receive;
mod redrive;
mod request;
mod send;

pub use broker::SqsBroker;

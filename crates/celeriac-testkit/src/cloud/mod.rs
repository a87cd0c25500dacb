//! SQS and DynamoDB in memory, as AWS documents them, at the level of their JSON protocols.
//!
//! A simulation calls a [`Cloud`] in its own process, with virtual time and a seed; a benchmark or
//! a Python program calls it over HTTP ([`CloudServer`]). It passes the conformance suite of the
//! adapters, through the adapters themselves.

mod answer;
mod chances;
mod dynamodb;
mod server;
mod sqs;
mod text;
mod watch;

use std::sync::Arc;

use celeriac_protocol::UtcTime;
use tokio::time::Instant;

pub use self::answer::{CloudAnswer, CloudError};
pub use self::chances::{Chances, NoChances};
pub use self::dynamodb::{Attribute, Item, item_size};
pub use self::server::CloudServer;
pub use self::sqs::Message;
pub use self::watch::{NoWatch, Watch};

use self::dynamodb::DynamoDb;
use self::sqs::Sqs;

/// An AWS account in one region, with SQS and DynamoDB.
pub struct Cloud {
    time: CloudTime,
    sqs: Sqs,
    dynamodb: DynamoDb,
}

/// One request: who asks, for what.
#[derive(Clone, Copy, Debug)]
pub struct CloudCall<'a> {
    /// For the one who watches.
    pub by: &'a str,
    /// `X-Amz-Target`, such as `AmazonSQS.SendMessageBatch`.
    pub target: &'a str,
    /// JSON.
    pub body: &'a [u8],
}

/// True time: of tokio's clock, which may be paused, from a date on.
#[derive(Clone, Copy, Debug)]
pub struct CloudTime {
    start: Instant,
    epoch: UtcTime,
}

impl CloudTime {
    /// A time that is `epoch` now. Needs a tokio runtime.
    pub fn starting_at(epoch: UtcTime) -> Self {
        Self {
            start: Instant::now(),
            epoch,
        }
    }

    /// Now.
    pub fn now(&self) -> UtcTime {
        self.epoch.after(self.start.elapsed())
    }

    /// When this will be.
    pub fn instant(&self, at: UtcTime) -> Instant {
        self.start + at.since(self.epoch)
    }
}

impl Cloud {
    /// An empty account. `chances` decides what AWS leaves open, `watch` is told of every change.
    pub fn new(time: CloudTime, chances: Arc<dyn Chances>, watch: Arc<dyn Watch>) -> Self {
        Self {
            time,
            sqs: Sqs::new(time, Arc::clone(&chances), Arc::clone(&watch)),
            dynamodb: DynamoDb::new(time, chances, watch),
        }
    }

    /// An empty account where nothing goes wrong.
    pub fn calm(epoch: UtcTime) -> Self {
        Self::new(
            CloudTime::starting_at(epoch),
            Arc::new(NoChances),
            Arc::new(NoWatch),
        )
    }

    /// Its clock.
    pub fn time(&self) -> CloudTime {
        self.time
    }

    /// Answers a request. A dropped call has had its effect, or none: a long poll that waits has
    /// none.
    pub async fn call(&self, call: CloudCall<'_>) -> CloudAnswer {
        CloudAnswer::from(match call.target.split_once('.') {
            Some(("AmazonSQS", operation)) => self.sqs.call(operation, call.body).await,
            Some(("DynamoDB_20120810", operation)) => {
                self.dynamodb.call(call.by, operation, call.body)
            }
            _ => Err(CloudError::new(
                "UnknownOperationException",
                format!("nothing here answers `{}`", call.target),
            )),
        })
    }

    /// Every message of a queue, in the order of sending; empty for a queue that does not exist.
    pub fn messages(&self, queue: &str) -> Vec<Message> {
        self.sqs.messages(queue)
    }

    /// The queues' names.
    pub fn queues(&self) -> Vec<String> {
        self.sqs.names()
    }

    /// Every item of a table by its `id`.
    pub fn items(&self, table: &str) -> Vec<(String, Item)> {
        self.dynamodb.items(table)
    }

    /// One item.
    pub fn item(&self, table: &str, id: &str) -> Option<Item> {
        self.dynamodb.item(table, id)
    }
}

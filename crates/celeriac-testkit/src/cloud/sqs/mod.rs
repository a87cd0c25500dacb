//! SQS: standard and FIFO queues with delays, visibility, receipts, deduplication and redrive.

mod batch;
mod message;
mod queue;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_core::Capabilities;
use celeriac_protocol::UtcTime;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{Chances, CloudError, CloudTime, Watch};

pub use self::message::Message;
use self::message::{Outgoing, Taken};
use self::queue::{Attributes, Queue};

/// The account in queue URLs and ARNs.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
/// Where queues' URLs point to, unless a server says otherwise.
pub(super) const ENDPOINT: &str = "http://sqs.us-east-1.localhost";

pub(super) struct Sqs {
    time: CloudTime,
    chances: Arc<dyn Chances>,
    watch: Arc<dyn Watch>,
    queues: Mutex<BTreeMap<String, Queue>>,
    /// Some queue has changed: long polls look again.
    changed: Notify,
}

type Answer = Result<Json, CloudError>;
/// What an operation does with one message, alone or as an entry of a batch.
type Change = fn(&Sqs, &mut Queue, &Json, UtcTime) -> Answer;

impl Sqs {
    pub(super) fn new(time: CloudTime, chances: Arc<dyn Chances>, watch: Arc<dyn Watch>) -> Self {
        Self {
            time,
            chances,
            watch,
            queues: Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.queues().keys().cloned().collect()
    }

    pub(super) fn messages(&self, queue: &str) -> Vec<Message> {
        let queues = self.queues();
        let messages = queues.get(queue).into_iter().flat_map(Queue::messages);
        messages.cloned().collect()
    }

    pub(super) async fn call(&self, operation: &str, body: &Json) -> Answer {
        match operation {
            "ReceiveMessage" => return self.receive(body).await,
            "SendMessage" => self.one(body, Self::send),
            "SendMessageBatch" => self.send_batch(body),
            "DeleteMessage" => self.one(body, Self::delete),
            "DeleteMessageBatch" => self.many(body, Self::delete),
            "ChangeMessageVisibility" => self.one(body, Self::change_visibility),
            "ChangeMessageVisibilityBatch" => self.many(body, Self::change_visibility),
            "CreateQueue" => self.create(body),
            "GetQueueUrl" => self.url_of(body),
            "GetQueueAttributes" => self.attributes(body),
            "SetQueueAttributes" => self.set_attributes(body),
            "ListQueues" => Ok(self.list(body)),
            "PurgeQueue" => self.purge(body),
            other => Err(CloudError::new(
                "UnknownOperationException",
                format!("SQS's `{other}` is not here"),
            )),
        }
    }

    /// Does `change` once, as the operations without a batch do.
    fn one(&self, body: &Json, change: Change) -> Answer {
        let now = self.time.now();
        let done = self.with_queue(body, |queue| change(self, queue, body, now))??;
        self.changed.notify_waiters();
        Ok(done)
    }

    /// Does `change` for each entry of a batch.
    fn many(&self, body: &Json, change: Change) -> Answer {
        let (entries, now) = (batch::entries(body)?, self.time.now());
        let done = self.with_queue(body, |queue| {
            batch::each(&*self.chances, entries, |entry| {
                change(self, queue, entry, now)
            })
        })?;
        self.changed.notify_waiters();
        Ok(done)
    }

    fn send_batch(&self, body: &Json) -> Answer {
        let bytes: usize = batch::entries(body)?
            .iter()
            .filter_map(Outgoing::size)
            .sum();
        if bytes > message::MAX_BYTES {
            return Err(CloudError::new(
                "com.amazonaws.sqs#BatchRequestTooLong",
                "Batch requests cannot be longer than 1048576 bytes",
            ));
        }
        self.many(body, Self::send)
    }

    fn send(&self, queue: &mut Queue, entry: &Json, now: UtcTime) -> Answer {
        queue.send(Outgoing::read(entry)?, now, &*self.watch)
    }

    fn delete(&self, queue: &mut Queue, entry: &Json, now: UtcTime) -> Answer {
        queue.delete(receipt(entry), now, &*self.chances, &*self.watch)?;
        Ok(json!({}))
    }

    #[expect(clippy::unused_self, reason = "a change like the others")]
    fn change_visibility(&self, queue: &mut Queue, entry: &Json, now: UtcTime) -> Answer {
        queue.change_visibility(receipt(entry), visibility(entry)?, now)?;
        Ok(json!({}))
    }

    /// Looks until something is there or the wait is over. Dropped while it waits, it has taken
    /// nothing.
    async fn receive(&self, body: &Json) -> Answer {
        let wait = body["WaitTimeSeconds"].as_u64().unwrap_or_default();
        if wait > 20 {
            return Err(invalid(format!(
                "{wait} is over the limit of 20 for WaitTimeSeconds"
            )));
        }
        let until = Instant::now() + Duration::from_secs(wait);
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable(); // before looking, so that no change goes by
            let taken = self.take(body)?;
            if !taken.messages.is_empty() || Instant::now() >= until {
                return Ok(taken.to_json());
            }
            let next = taken.next_due.map(|due| self.time.instant(due));
            let _ = timeout_at(next.map_or(until, |next| next.min(until)), changed).await;
        }
    }

    fn take(&self, body: &Json) -> Result<Taken, CloudError> {
        let now = self.time.now();
        let mut queues = self.queues();
        let name = name_of(body);
        let queue = queues.get_mut(&name).ok_or_else(no_queue)?;
        let visibility = match &body["VisibilityTimeout"] {
            Json::Null => queue.attributes.visibility,
            _ => visibility(body)?,
        };
        let count = body["MaxNumberOfMessages"].as_u64().unwrap_or(1);
        let attempt = body["ReceiveRequestAttemptId"].as_str();
        let (taken, exhausted) = queue.receive(
            usize::try_from(count).unwrap_or(1),
            visibility,
            attempt,
            now,
            &*self.chances,
            &*self.watch,
        )?;
        if let Some((target, moved)) = exhausted {
            for message in moved {
                self.watch.redriven(&name, &target, &message);
                if let Some(dead_letters) = queues.get_mut(&target) {
                    dead_letters.adopt(message, now);
                }
            }
        }
        Ok(taken)
    }

    fn create(&self, body: &Json) -> Answer {
        let name = body["QueueName"].as_str().unwrap_or_default().to_owned();
        let wanted = &body["Attributes"];
        let mut queues = self.queues();
        if let Some(queue) = queues.get(&name) {
            if !queue.attributes.agrees(wanted)? {
                return Err(CloudError::new(
                    "com.amazonaws.sqs#QueueNameExists",
                    "A queue already exists with the same name and a different value for an attribute",
                ));
            }
        } else {
            let fifo = wanted["FifoQueue"].as_str() == Some("true");
            if fifo != Capabilities::sqs(&name).fifo {
                return Err(invalid(
                    "the name of a FIFO queue, and of no other, ends in .fifo",
                ));
            }
            let mut attributes = Attributes::default();
            attributes.set(wanted)?;
            queues.insert(name.clone(), Queue::new(&name, fifo, attributes));
        }
        Ok(json!({ "QueueUrl": url(&name) }))
    }

    fn url_of(&self, body: &Json) -> Answer {
        let name = body["QueueName"].as_str().unwrap_or_default();
        if !self.queues().contains_key(name) {
            return Err(no_queue());
        }
        Ok(json!({ "QueueUrl": url(name) }))
    }

    fn attributes(&self, body: &Json) -> Answer {
        let now = self.time.now();
        let named = body["AttributeNames"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let all = self.with_queue(body, |queue| queue.describe(now))?;
        let wanted = |name: &str| named.iter().any(|known| known == name || known == "All");
        let attributes: serde_json::Map<String, Json> =
            all.into_iter().filter(|(name, _)| wanted(name)).collect();
        Ok(json!({ "Attributes": attributes }))
    }

    fn set_attributes(&self, body: &Json) -> Answer {
        self.with_queue(body, |queue| queue.attributes.set(&body["Attributes"]))??;
        self.changed.notify_waiters();
        Ok(json!({}))
    }

    fn list(&self, body: &Json) -> Json {
        let prefix = body["QueueNamePrefix"].as_str().unwrap_or_default();
        let queues = self.queues();
        let found = queues.keys().filter(|name| name.starts_with(prefix));
        json!({ "QueueUrls": found.map(|name| url(name)).collect::<Vec<_>>() })
    }

    fn purge(&self, body: &Json) -> Answer {
        self.with_queue(body, |queue| queue.purge(&*self.watch))?;
        Ok(json!({}))
    }

    fn with_queue<T>(
        &self,
        body: &Json,
        work: impl FnOnce(&mut Queue) -> T,
    ) -> Result<T, CloudError> {
        let mut queues = self.queues();
        let queue = queues.get_mut(&name_of(body)).ok_or_else(no_queue)?;
        Ok(work(queue))
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn url(name: &str) -> String {
    format!("{ENDPOINT}/{ACCOUNT}/{name}")
}

fn name_of(body: &Json) -> String {
    let url = body["QueueUrl"].as_str().unwrap_or_default();
    url.rsplit('/').next().unwrap_or_default().to_owned()
}

fn receipt(body: &Json) -> &str {
    body["ReceiptHandle"].as_str().unwrap_or_default()
}

/// SQS: 12 hours at most.
fn visibility(body: &Json) -> Result<Duration, CloudError> {
    let seconds = body["VisibilityTimeout"].as_i64().unwrap_or(-1);
    match u64::try_from(seconds) {
        Ok(seconds) if seconds <= 43_200 => Ok(Duration::from_secs(seconds)),
        _ => Err(invalid(format!(
            "{seconds} for VisibilityTimeout: must be between 0 and 43200"
        ))),
    }
}

fn no_queue() -> CloudError {
    CloudError::new(
        "com.amazonaws.sqs#QueueDoesNotExist",
        "The specified queue does not exist.",
    )
}

fn invalid(message: impl Into<String>) -> CloudError {
    CloudError::new("InvalidParameterValue", message)
}

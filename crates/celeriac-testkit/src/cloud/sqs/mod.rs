//! SQS: standard and FIFO queues with delays, visibility, receipts, deduplication and redrive.

mod batch;
mod message;
mod queue;
mod requests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use celeriac_core::Capabilities;
use celeriac_protocol::UtcTime;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::answer::{read, written};
use super::{Chances, CloudError, CloudTime, Watch};

use self::batch::Batch;
pub use self::message::Message;
use self::message::{Outgoing, Taken};
use self::queue::{Attributes, Queue};
use self::requests::{
    ChangeVisibility, CreateQueue, Delete, Done, Entry, GetAttributes, ListQueues, OfQueue,
    QueueNamed, Receive, Send, Sent, SetAttributes,
};

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

type Answer = Result<String, CloudError>;
/// What an operation does with one message, alone or as an entry of a batch.
type Change<E, D> = fn(&Sqs, &mut Queue, &E, UtcTime) -> Result<D, CloudError>;

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

    pub(super) async fn call(&self, operation: &str, body: &[u8]) -> Answer {
        match operation {
            "ReceiveMessage" => self.receive(&read(body)?).await,
            "SendMessage" => self.one(body, Self::send),
            "SendMessageBatch" => self.send_batch(&read(body)?),
            "DeleteMessage" => self.one(body, Self::delete),
            "DeleteMessageBatch" => self.many(&read(body)?, Self::delete),
            "ChangeMessageVisibility" => self.one(body, Self::change_visibility),
            "ChangeMessageVisibilityBatch" => self.many(&read(body)?, Self::change_visibility),
            "CreateQueue" => self.create(read(body)?),
            "GetQueueUrl" => self.url_of(&read(body)?),
            "GetQueueAttributes" => self.attributes(&read(body)?),
            "SetQueueAttributes" => self.set_attributes(&read(body)?),
            "ListQueues" => self.list(&read(body)?),
            "PurgeQueue" => self.purge(&read(body)?),
            other => Err(CloudError::new(
                "UnknownOperationException",
                format!("SQS's `{other}` is not here"),
            )),
        }
    }

    /// Does `change` once, as the operations without a batch do.
    fn one<'a, E: Deserialize<'a>, D: Serialize>(
        &self,
        body: &'a [u8],
        change: Change<E, D>,
    ) -> Answer {
        let (of, entry): (OfQueue<'_>, E) = (read(body)?, read(body)?);
        let now = self.time.now();
        let done = self.with_queue(&of.queue_url, |queue| change(self, queue, &entry, now))??;
        self.changed.notify_waiters();
        written(&done)
    }

    /// Does `change` for each entry of a batch.
    fn many<E: Entry, D: Serialize>(&self, batch: &Batch<'_, E>, change: Change<E, D>) -> Answer {
        batch.check()?;
        let now = self.time.now();
        let done = self.with_queue(&batch.queue_url, |queue| {
            batch.each(&*self.chances, |entry| change(self, queue, entry, now))
        })?;
        self.changed.notify_waiters();
        written(&done)
    }

    fn send_batch(&self, batch: &Batch<'_, Send<'_>>) -> Answer {
        batch.check()?;
        let bytes: usize = batch.entries.iter().map(Send::size).sum();
        if bytes > message::MAX_BYTES {
            return Err(CloudError::new(
                "com.amazonaws.sqs#BatchRequestTooLong",
                "Batch requests cannot be longer than 1048576 bytes",
            ));
        }
        self.many(batch, Self::send)
    }

    fn send(&self, queue: &mut Queue, entry: &Send<'_>, now: UtcTime) -> Result<Sent, CloudError> {
        queue.send(Outgoing::read(entry)?, now, &*self.watch)
    }

    fn delete(
        &self,
        queue: &mut Queue,
        entry: &Delete<'_>,
        now: UtcTime,
    ) -> Result<Done, CloudError> {
        queue.delete(&entry.receipt_handle, now, &*self.chances, &*self.watch)?;
        Ok(Done {})
    }

    #[expect(clippy::unused_self, reason = "a change like the others")]
    fn change_visibility(
        &self,
        queue: &mut Queue,
        entry: &ChangeVisibility<'_>,
        now: UtcTime,
    ) -> Result<Done, CloudError> {
        queue.change_visibility(&entry.receipt_handle, entry.visibility()?, now)?;
        Ok(Done {})
    }

    /// Looks until something is there or the wait is over. Dropped while it waits, it has taken
    /// nothing.
    async fn receive(&self, request: &Receive<'_>) -> Answer {
        let until = Instant::now() + request.wait()?;
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable(); // before looking, so that no change goes by
            let taken = self.take(request)?;
            if !taken.messages.is_empty() || Instant::now() >= until {
                return written(&taken);
            }
            let next = taken.next_due.map(|due| self.time.instant(due));
            let _ = timeout_at(next.map_or(until, |next| next.min(until)), changed).await;
        }
    }

    fn take(&self, request: &Receive<'_>) -> Result<Taken, CloudError> {
        let now = self.time.now();
        let mut queues = self.queues();
        let name = name_of(&request.queue_url);
        let queue = queues.get_mut(name).ok_or_else(no_queue)?;
        let visibility = request.visibility()?;
        let (taken, exhausted) = queue.receive(
            request.count(),
            visibility.unwrap_or(queue.attributes.visibility),
            request.attempt.as_deref(),
            now,
            &*self.chances,
            &*self.watch,
        )?;
        if let Some((target, moved)) = exhausted {
            for message in moved {
                self.watch.redriven(name, &target, &message);
                if let Some(dead_letters) = queues.get_mut(&target) {
                    dead_letters.adopt(message, now);
                }
            }
        }
        Ok(taken)
    }

    fn create(&self, request: CreateQueue) -> Answer {
        let (name, wanted) = (request.queue_name, request.attributes);
        let queue_url = url(&name);
        let mut queues = self.queues();
        if let Some(queue) = queues.get(&name) {
            if !queue.attributes.agrees(&wanted)? {
                return Err(CloudError::new(
                    "com.amazonaws.sqs#QueueNameExists",
                    "A queue already exists with the same name and a different value for an attribute",
                ));
            }
        } else {
            let fifo = wanted.get("FifoQueue").is_some_and(|fifo| fifo == "true");
            if fifo != Capabilities::sqs(&name).fifo {
                return Err(invalid(
                    "the name of a FIFO queue, and of no other, ends in .fifo",
                ));
            }
            let mut attributes = Attributes::default();
            attributes.set(&wanted)?;
            let queue = Queue::new(&name, fifo, attributes);
            queues.insert(name, queue);
        }
        written(&json!({ "QueueUrl": queue_url }))
    }

    fn url_of(&self, request: &QueueNamed<'_>) -> Answer {
        let name = &*request.queue_name;
        if !self.queues().contains_key(name) {
            return Err(no_queue());
        }
        written(&json!({ "QueueUrl": url(name) }))
    }

    fn attributes(&self, request: &GetAttributes<'_>) -> Answer {
        let now = self.time.now();
        let named = &request.attribute_names;
        let mut shown = self.with_queue(&request.queue_url, |queue| queue.describe(now))?;
        shown.retain(|name, _| named.iter().any(|known| known == name || known == "All"));
        written(&json!({ "Attributes": shown }))
    }

    fn set_attributes(&self, request: &SetAttributes<'_>) -> Answer {
        let wanted = &request.attributes;
        self.with_queue(&request.queue_url, |queue| queue.attributes.set(wanted))??;
        self.changed.notify_waiters();
        written(&Done {})
    }

    fn list(&self, request: &ListQueues<'_>) -> Answer {
        let queues = self.queues();
        let found = queues
            .keys()
            .filter(|name| name.starts_with(&*request.queue_name_prefix));
        written(&json!({ "QueueUrls": found.map(|name| url(name)).collect::<Vec<_>>() }))
    }

    fn purge(&self, request: &OfQueue<'_>) -> Answer {
        self.with_queue(&request.queue_url, |queue| queue.purge(&*self.watch))?;
        written(&Done {})
    }

    fn with_queue<T>(
        &self,
        url: &str,
        work: impl FnOnce(&mut Queue) -> T,
    ) -> Result<T, CloudError> {
        let mut queues = self.queues();
        let queue = queues.get_mut(name_of(url)).ok_or_else(no_queue)?;
        Ok(work(queue))
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn url(name: &str) -> String {
    format!("{ENDPOINT}/{ACCOUNT}/{name}")
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
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

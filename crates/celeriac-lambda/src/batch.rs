use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_core::{Delivery, Receipt};
use celeriac_worker::{
    DeadLettered, Deadline, Ending, Executed, Outcome, Shutdown, VisibilityKeeper,
};
use futures_util::FutureExt as _;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::environment::Environment;
use crate::phases::Phases;
use crate::room::RunPermit;

/// Invocations that are over by then need not know how long their messages stay invisible.
const HEARTBEAT_AFTER: Duration = Duration::from_secs(1);

/// What Lambda is told of a batch.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchResponse {
    /// Messages that are not done: they stay in their queue.
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// A batch at work.
struct Batch {
    environment: Arc<Environment>,
    /// Of all its messages, in the order in which they came.
    ids: Vec<String>,
    queues: BTreeSet<String>,
    shutdown: Shutdown,
    keeper: Mutex<Option<Arc<VisibilityKeeper>>>,
    /// Held here, by message id: their visibility is extended where it is short.
    open: Mutex<BTreeMap<String, Delivery>>,
    /// Done with, by message id.
    done: Mutex<BTreeMap<String, Delivery>>,
    endings: Mutex<Vec<Ending>>,
}

/// Runs the messages of one invocation and tells which are to stay.
pub(crate) async fn run(
    environment: &Arc<Environment>,
    deliveries: Vec<Delivery>,
    phases: Phases,
) -> BatchResponse {
    let (shutdown, _clock) = phases.start(environment.spill());
    let batch = Arc::new(Batch::new(environment, &deliveries, shutdown));
    let heartbeat = AbortOnDropHandle::new(tokio::spawn(heartbeat(Arc::clone(&batch))));
    let all = run_all(&batch, deliveries);
    if timeout_at(phases.last, all).await.is_err() {
        tracing::error!(
            "{} messages were not returned in time; they come back when their visibility timeout ends",
            batch.ids.len() - batch.done().len()
        );
    }
    drop(heartbeat);
    if environment.must_end() {
        let _ = timeout_at(phases.last, batch.delete_done()).await; // else their copies are met
    }
    environment.publish(&batch.queues, &lock(&batch.endings));
    batch.response()
}

impl BatchResponse {
    /// Lambda leaves this message in its queue.
    pub(crate) fn failed(&mut self, message_id: String) {
        self.batch_item_failures.push(ItemFailure {
            item_identifier: message_id,
        });
    }
}

/// Runs the batch to its end. What still runs when this is dropped is aborted.
async fn run_all(batch: &Arc<Batch>, deliveries: Vec<Delivery>) {
    let mut groups = JoinSet::new();
    for group in in_order(&batch.environment, deliveries) {
        // in the order of the batch
        let permit = batch.permit(group.first()).await;
        groups.spawn(run_group(Arc::clone(batch), group, permit).in_current_span());
    }
    while groups.join_next().await.is_some() {}
}

/// Messages of one FIFO group stay together, in their order; others are alone.
fn in_order(environment: &Environment, deliveries: Vec<Delivery>) -> Vec<Vec<Delivery>> {
    let mut groups: Vec<Vec<Delivery>> = Vec::new();
    for delivery in deliveries {
        let fifo = environment.broker().capabilities(&delivery.queue).fifo;
        let same = |group: &&mut Vec<Delivery>| {
            group.first().is_some_and(|first| {
                first.queue == delivery.queue && first.group_id == delivery.group_id
            })
        };
        match groups.iter_mut().filter(|_| fifo).find(same) {
            Some(group) => group.push(delivery),
            None => groups.push(vec![delivery]),
        }
    }
    groups
}

/// Runs a group one after the other, the first with a permit that it has already. After one that is
/// to come back, the later ones of its group are given back too, and so are those for which there
/// is no permit any more.
async fn run_group(batch: Arc<Batch>, group: Vec<Delivery>, mut permit: Option<RunPermit>) {
    let mut waiting = group.into_iter().peekable();
    while let Some(here) = permit.take() {
        let Some(delivery) = waiting.next() else {
            break;
        };
        let finished = batch.run_one(delivery).await;
        drop(here);
        if !finished {
            break;
        }
        permit = batch.permit(waiting.peek()).await;
    }
    let later: Vec<_> = waiting.map(|delivery| batch.release(delivery)).collect();
    futures_util::future::join_all(later).await;
}

impl Batch {
    fn new(environment: &Arc<Environment>, deliveries: &[Delivery], shutdown: Shutdown) -> Self {
        let each = || deliveries.iter();
        let open = each().map(|delivery| (delivery.message_id.clone(), without_body(delivery)));
        Self {
            environment: Arc::clone(environment),
            ids: each().map(|delivery| delivery.message_id.clone()).collect(),
            queues: each().map(|delivery| delivery.queue.clone()).collect(),
            shutdown,
            keeper: Mutex::default(),
            open: Mutex::new(open.collect()),
            done: Mutex::default(),
            endings: Mutex::default(),
        }
    }

    /// A permit for a message to run in; `None` when nothing new starts any more.
    async fn permit(&self, message: Option<&Delivery>) -> Option<RunPermit> {
        let body = message?.body.as_str();
        tokio::select! {
            biased;
            () = self.shutdown.draining.cancelled() => None,
            permit = self.environment.room().permit(body) => permit,
        }
    }

    /// Whether the message is done with.
    async fn run_one(&self, delivery: Delivery) -> bool {
        let message = without_body(&delivery);
        let executor = self.environment.executor();
        let Executed { outcome, ending } =
            AssertUnwindSafe(executor.perform(delivery, &self.shutdown))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    tracing::error!(
                        message_id = message.message_id,
                        "panic outside the task's code; the message will be redelivered"
                    );
                    Executed {
                        outcome: Outcome::Defer(
                            executor.backoff(&message.queue, message.receive_count),
                        ),
                        ending: Ending::NotRun,
                    }
                });
        lock(&self.endings).push(ending);
        let finished = self.settle(&message, outcome).await;
        if finished {
            self.done().insert(message.message_id.clone(), message);
        }
        finished
    }

    /// Lambda deletes what is done with.
    async fn settle(&self, message: &Delivery, outcome: Outcome) -> bool {
        let receipt = self.let_go(message).await;
        let executor = self.environment.executor();
        let (queue, id) = (message.queue.as_str(), message.message_id.as_str());
        match outcome {
            Outcome::Ack => true,
            Outcome::Leave => false,
            Outcome::Release => {
                executor.defer(queue, id, receipt, Duration::ZERO).await;
                false
            }
            Outcome::Defer(wait) => {
                executor.defer(queue, id, receipt, wait).await;
                false
            }
            Outcome::DeadLetter(mut dead_letter) => {
                dead_letter.delivery.receipt = receipt.clone();
                match executor.dead_letter(*dead_letter).await {
                    DeadLettered::Moved => true,
                    DeadLettered::NoQueue(wait) | DeadLettered::Failed(wait) => {
                        executor.defer(queue, id, receipt, wait).await;
                        false
                    }
                }
            }
        }
    }

    fn response(&self) -> BatchResponse {
        let done = self.done();
        let failures = self.ids.iter().filter(|id| !done.contains_key(*id));
        let failure = |id: &String| ItemFailure {
            item_identifier: id.clone(),
        };
        BatchResponse {
            batch_item_failures: failures.map(failure).collect(),
        }
    }

    /// Deletes what is done with, as Lambda will; but the process is about to end, and Lambda might
    /// take that for a failure of the whole batch.
    async fn delete_done(&self) {
        let mut by_queue: BTreeMap<String, Vec<Receipt>> = BTreeMap::new();
        for message in self.done().values() {
            let receipts = by_queue.entry(message.queue.clone()).or_default();
            receipts.push(message.receipt.clone());
        }
        for (queue, receipts) in by_queue {
            for answer in self.environment.broker().ack(&queue, receipts).await {
                if let Err(error) = answer {
                    tracing::debug!("a message that is done with was not deleted: {error}");
                }
            }
        }
    }

    /// Gives a message back that has not started.
    async fn release(&self, delivery: Delivery) {
        self.settle(&delivery, Outcome::Release).await;
    }

    /// Ends the holding of its visibility.
    async fn let_go(&self, message: &Delivery) -> Receipt {
        lock(&self.open).remove(&message.message_id);
        let keeper = lock(&self.keeper).clone();
        if let Some(keeper) = keeper {
            keeper.forget(0, &message.message_id).await;
        }
        message.receipt.clone()
    }

    fn done(&self) -> MutexGuard<'_, BTreeMap<String, Delivery>> {
        lock(&self.done)
    }
}

/// Extends the messages of an invocation that takes longer than their visibility.
async fn heartbeat(batch: Arc<Batch>) {
    sleep(HEARTBEAT_AFTER).await;
    let Some(queue) = lock(&batch.open)
        .values()
        .next()
        .map(|open| open.queue.clone())
    else {
        return;
    };
    let left = batch.shutdown.deadline.as_ref().map(Deadline::remaining);
    let Some(visibility) = batch.environment.visibility(&queue).await else {
        return;
    };
    if left.is_some_and(|left| left + HEARTBEAT_AFTER < visibility) {
        return;
    }
    let keeper = Arc::new(VisibilityKeeper::new(
        Arc::clone(batch.environment.broker()),
        vec![queue],
        visibility,
    ));
    {
        let open = lock(&batch.open); // whoever ends now sees the keeper, or is not in it
        for delivery in open.values() {
            keeper.hold(0, delivery);
        }
        *lock(&batch.keeper) = Some(Arc::clone(&keeper));
    }
    keeper.run().await;
}

/// What settling needs.
fn without_body(delivery: &Delivery) -> Delivery {
    Delivery {
        queue: delivery.queue.clone(),
        receipt: delivery.receipt.clone(),
        message_id: delivery.message_id.clone(),
        body: String::new(),
        receive_count: delivery.receive_count,
        sent_at: delivery.sent_at,
        group_id: delivery.group_id.clone(),
        dedup_id: delivery.dedup_id.clone(),
        attributes: std::collections::BTreeMap::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

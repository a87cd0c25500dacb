use std::time::Duration;

use celeriac_core::{DeadLetter, Receipt};
use tokio::time::Instant;

use super::prefetch::Item;
use super::running_worker::RunningWorker;
use crate::executed::Executed;
use crate::{DeadLettered, Outcome};

/// What is needed to carry out the outcome of a delivery, kept while its run has the delivery
/// itself.
pub(crate) struct Settlement {
    lane: usize,
    size: usize,
    message_id: String,
    receipt: Receipt,
    group: Option<String>,
    receive_count: u32,
}

impl Settlement {
    pub(crate) fn of(item: &Item) -> Self {
        let delivery = &item.delivery;
        Self {
            lane: item.lane,
            size: item.size,
            message_id: delivery.message_id.clone(),
            receipt: delivery.receipt.clone(),
            group: delivery.group_id.clone(),
            receive_count: delivery.receive_count,
        }
    }

    pub(crate) fn lane(&self) -> usize {
        self.lane
    }

    pub(crate) fn message_id(&self) -> &str {
        &self.message_id
    }

    pub(crate) fn receive_count(&self) -> u32 {
        self.receive_count
    }

    /// Carries the outcome out and lets go of the message.
    pub(crate) async fn end(self, worker: &RunningWorker, executed: Executed) {
        worker.counters.ended(executed.ending);
        let (receipt, received) = worker
            .keeper
            .forget(self.lane, &self.message_id)
            .await
            .map_or_else(
                || (self.receipt.clone(), None),
                |(receipt, received)| (receipt, Some(received)),
            );
        match executed.outcome {
            Outcome::Ack => {
                // the next of its group need not wait for the deletion
                self.leave(worker, true).await;
                self.ack(worker, receipt).await;
            }
            Outcome::Leave => self.leave(worker, false).await,
            Outcome::Release => {
                Box::pin(self.defer(worker, receipt, received, Duration::ZERO)).await;
                self.leave(worker, false).await;
            }
            Outcome::Defer(wait) => {
                Box::pin(self.defer(worker, receipt, received, wait)).await;
                self.leave(worker, false).await;
            }
            Outcome::DeadLetter(dead_letter) => {
                let moved = Box::pin(self.dead_letter(worker, receipt, *dead_letter)).await;
                self.leave(worker, moved).await;
            }
        }
    }

    /// Frees its room. If it stays on a FIFO queue, the later ones of its group are given back.
    async fn leave(&self, worker: &RunningWorker, done: bool) {
        let later = worker
            .prefetch()
            .ended(self.lane, self.size, self.group.as_deref(), done);
        if self.group.is_some() {
            worker.work.notify_one();
        }
        worker.room.notify_waiters();
        if !later.is_empty() {
            Box::pin(worker.release(later)).await;
        }
    }

    async fn ack(&self, worker: &RunningWorker, receipt: Receipt) {
        let queue = &worker.lanes[self.lane].queue;
        if let Err(error) = worker.executor.engine().requests.ack(queue, receipt).await {
            tracing::warn!(
                message_id = self.message_id,
                "the message of a finished task was not deleted and may be redelivered: {error}"
            );
        }
    }

    async fn defer(
        &self,
        worker: &RunningWorker,
        receipt: Receipt,
        received: Option<Instant>,
        visibility: Duration,
    ) {
        let queue = &worker.lanes[self.lane].queue;
        let engine = worker.executor.engine();
        let changed = engine
            .defer(queue, &self.message_id, receipt, received, visibility)
            .await;
        if changed && visibility.is_zero() {
            worker.counters.released(1);
        }
    }

    /// Whether it was moved. If not, it backs off and stays.
    async fn dead_letter(
        &self,
        worker: &RunningWorker,
        receipt: Receipt,
        mut dead_letter: DeadLetter,
    ) -> bool {
        dead_letter.delivery.receipt = receipt.clone();
        let backoff = match worker.executor.engine().dead_letter(dead_letter).await {
            DeadLettered::Moved => {
                worker.counters.dead_lettered();
                return true;
            }
            DeadLettered::NoQueue(backoff) => {
                worker.stuck.add(&self.message_id, backoff);
                backoff
            }
            DeadLettered::Failed(backoff) => backoff,
        };
        self.defer(worker, receipt, None, backoff).await; // minutes at most
        false
    }
}

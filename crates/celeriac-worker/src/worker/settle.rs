use std::time::Duration;

use celeriac_core::{DeadLetter, Receipt};

use super::prefetch::Item;
use super::station::Station;
use crate::executed::Executed;
use crate::{Buried, Outcome};

/// What is needed to carry out the outcome of a delivery, kept while its run has the delivery itself.
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
    pub(crate) async fn end(self, station: &Station, executed: Executed) {
        station.counters.ended(executed.ending);
        let receipt = station
            .keeper
            .forget(self.lane, &self.message_id)
            .await
            .unwrap_or_else(|| self.receipt.clone());
        match executed.outcome {
            Outcome::Ack => {
                self.leave(station, true).await; // the next of its group need not wait for the deletion
                self.ack(station, receipt).await;
            }
            Outcome::Leave => self.leave(station, false).await,
            Outcome::Release => {
                Box::pin(self.put_off(station, receipt, Duration::ZERO)).await;
                self.leave(station, false).await;
            }
            Outcome::Defer(wait) => {
                Box::pin(self.put_off(station, receipt, wait)).await;
                self.leave(station, false).await;
            }
            Outcome::DeadLetter(letter) => {
                let moved = Box::pin(self.dead_letter(station, receipt, *letter)).await;
                self.leave(station, moved).await;
            }
        }
    }

    /// Frees its room. If it stays on a FIFO queue, the later ones of its group are given back.
    async fn leave(&self, station: &Station, done: bool) {
        let later = station
            .prefetch()
            .ended(self.lane, self.size, self.group.as_deref(), done);
        if self.group.is_some() {
            station.work.notify_one();
        }
        station.room.notify_waiters();
        if !later.is_empty() {
            Box::pin(station.release(later)).await;
        }
    }

    async fn ack(&self, station: &Station, receipt: Receipt) {
        let queue = &station.lanes[self.lane].queue;
        if let Err(error) = station.executor.engine().requests.ack(queue, receipt).await {
            tracing::warn!(
                message_id = self.message_id,
                "a finished task's message was not deleted and may come again: {error}"
            );
        }
    }

    async fn put_off(&self, station: &Station, receipt: Receipt, visibility: Duration) {
        let queue = &station.lanes[self.lane].queue;
        let engine = station.executor.engine();
        let changed = engine
            .put_off(queue, &self.message_id, receipt, visibility)
            .await;
        if changed && visibility.is_zero() {
            station.counters.released(1);
        }
    }

    /// Whether it was moved. If not, it backs off and stays.
    async fn dead_letter(
        &self,
        station: &Station,
        receipt: Receipt,
        mut letter: DeadLetter,
    ) -> bool {
        letter.delivery.receipt = receipt.clone();
        let backoff = match station.executor.engine().bury(letter).await {
            Buried::Moved => {
                station.counters.dead_lettered();
                return true;
            }
            Buried::NoQueue(backoff) => {
                station.stuck.add(&self.message_id, backoff);
                backoff
            }
            Buried::Failed(backoff) => backoff,
        };
        self.put_off(station, receipt, backoff).await;
        false
    }
}

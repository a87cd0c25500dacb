use celeriac_core::{BrokerError, BrokerErrorKind, Capabilities, DeadLetter};

use super::broker::{SqsBroker, all_failed};
use super::redrive::Redrive;
use super::request::Placed;

const OPERATION: &str = "dead_letter";

impl SqsBroker {
    /// Sends copies to the dead-letter queue, then deletes what arrived there.
    pub(super) async fn move_to_dead_letters(
        &self,
        queue: &str,
        batch: Vec<DeadLetter>,
    ) -> Vec<Result<(), BrokerError>> {
        let total = batch.len();
        if total == 0 {
            return Vec::new();
        }
        let target = match self.redrive(OPERATION, queue).await {
            Ok(Some(redrive)) => self.adopt(&redrive),
            Ok(None) => {
                return all_failed(
                    total,
                    &BrokerError::new(OPERATION, queue, BrokerErrorKind::NoDeadLetterQueue),
                );
            }
            Err(error) => return all_failed(total, &error),
        };
        let limits = Capabilities::sqs(&target);
        let copies = batch
            .iter()
            .map(|letter| letter.to_outgoing(&limits))
            .collect();
        let sent = self.send_batch(OPERATION, &target, copies).await;
        let mut outcome: Vec<Placed<Result<(), BrokerErrorKind>>> = Vec::with_capacity(total);
        let mut arrived = Vec::with_capacity(total);
        for (place, (letter, sent)) in batch.into_iter().zip(sent).enumerate() {
            match sent {
                Ok(_) => arrived.push((place, letter.delivery.receipt)),
                Err(error) => {
                    if matches!(error.kind, BrokerErrorKind::QueueNotFound) {
                        self.redrives.forget(queue); // the policy may have been changed since
                    }
                    outcome.push((place, Err(error.kind)));
                }
            }
        }
        if !arrived.is_empty() {
            match self.url(OPERATION, queue).await {
                Ok(url) => outcome.extend(self.delete_batch(&url, arrived).await),
                Err(error) => outcome.extend(
                    arrived
                        .iter()
                        .map(|(place, _)| (*place, Err(error.kind.clone()))),
                ),
            }
        }
        self.in_order(OPERATION, queue, total, outcome)
    }

    /// Makes a dead-letter queue known under its Celery-side name, whatever its prefix, and gives that name.
    pub(super) fn adopt(&self, redrive: &Redrive) -> String {
        let name = self.urls.celery_name(&redrive.name).to_owned();
        self.urls.put(&name, &redrive.url);
        name
    }
}

use aws_sdk_sqs::types::QueueAttributeName as Name;
use celeriac_core::{BrokerError, BrokerErrorKind, Capabilities, DeadLetter};

use super::batch_answer::Indexed;
use super::redrive::Redrive;
use super::sqs_broker::{SqsBroker, all_failed};

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
        let target = match self.redrive(queue).await {
            Ok(redrive) => self.adopt(&redrive),
            Err(error) => return all_failed(total, &error),
        };
        let limits = Capabilities::sqs(&target);
        let copies = batch
            .iter()
            .map(|letter| letter.to_outgoing(&limits))
            .collect();
        let sent = self.send_batch(OPERATION, &target, copies).await;
        let mut outcome: Vec<Indexed<Result<(), BrokerErrorKind>>> = Vec::with_capacity(total);
        let mut arrived = Vec::with_capacity(total);
        for (index, (letter, sent)) in batch.into_iter().zip(sent).enumerate() {
            match sent {
                Ok(_) => arrived.push((index, letter.delivery.receipt)),
                Err(error) => {
                    if matches!(error.kind, BrokerErrorKind::QueueNotFound) {
                        self.redrives.forget(queue); // the policy may have been changed since
                    }
                    outcome.push((index, Err(error.kind)));
                }
            }
        }
        if !arrived.is_empty() {
            match self.url(OPERATION, queue).await {
                Ok(url) => outcome.extend(self.delete_batch(&url, arrived).await),
                Err(error) => outcome.extend(
                    arrived
                        .iter()
                        .map(|(index, _)| (*index, Err(error.kind.clone()))),
                ),
            }
        }
        self.in_order(OPERATION, queue, total, outcome)
    }

    /// Where the queue's dead letters go, as it was lately.
    async fn redrive(&self, queue: &str) -> Result<Redrive, BrokerError> {
        let redrive = if let Some(seen) = self.redrives.get(queue) {
            seen.redrive
        } else {
            let url = self.url(OPERATION, queue).await?;
            let names = [Name::RedrivePolicy];
            let attributes = self.attributes(OPERATION, queue, &url, &names).await?;
            let policy = attributes.get(&Name::RedrivePolicy);
            let redrive = policy.and_then(|policy| Redrive::parse(policy, &url));
            self.redrives.put(queue, redrive.clone());
            redrive
        };
        let none = || BrokerError::new(OPERATION, queue, BrokerErrorKind::NoDeadLetterQueue);
        redrive.ok_or_else(none)
    }

    /// Makes a dead-letter queue known under its Celery-side name, whatever its prefix, and gives
    /// that name.
    pub(super) fn adopt(&self, redrive: &Redrive) -> String {
        let name = self.urls.celery_name(&redrive.name).to_owned();
        self.urls.put(&name, &redrive.url);
        name
    }
}

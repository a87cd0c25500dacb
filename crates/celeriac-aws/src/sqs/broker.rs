use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use celeriac_core::{
    Broker, BrokerError, Capabilities, DeadLetter, Delivery, Outgoing, QueueStats, Receipt,
    SetVisibility,
};

use super::redrive::Redrive;
use super::sqs_broker::{SqsBroker, all_failed};

#[async_trait]
impl Broker for SqsBroker {
    fn capabilities(&self, queue: &str) -> Capabilities {
        Capabilities::sqs(queue)
    }

    async fn send(&self, queue: &str, batch: Vec<Outgoing>) -> Vec<Result<String, BrokerError>> {
        self.send_batch("send", queue, batch).await
    }

    async fn receive(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerError> {
        self.receive_some(queue, max, wait, visibility).await
    }

    async fn ack(&self, queue: &str, receipts: Vec<Receipt>) -> Vec<Result<(), BrokerError>> {
        let total = receipts.len();
        if total == 0 {
            return Vec::new();
        }
        match self.url("ack", queue).await {
            Ok(url) => {
                let outcome = self
                    .delete_batch(&url, receipts.into_iter().enumerate().collect())
                    .await;
                self.in_order("ack", queue, total, outcome)
            }
            Err(error) => all_failed(total, &error),
        }
    }

    async fn set_visibility(
        &self,
        queue: &str,
        batch: Vec<SetVisibility>,
    ) -> Vec<Result<(), BrokerError>> {
        const OPERATION: &str = "set_visibility";
        let total = batch.len();
        let limits = Capabilities::sqs(queue);
        let mut outcome = Vec::with_capacity(total);
        let mut good = Vec::with_capacity(total);
        for (index, change) in batch.into_iter().enumerate() {
            match change.check(&limits) {
                Ok(()) => good.push((index, change)),
                Err(kind) => outcome.push((index, Err(kind))),
            }
        }
        if !good.is_empty() {
            match self.url(OPERATION, queue).await {
                Ok(url) => outcome.extend(self.change_batch(&url, good).await),
                Err(error) => return all_failed(total, &error),
            }
        }
        self.in_order(OPERATION, queue, total, outcome)
    }

    async fn dead_letter(
        &self,
        queue: &str,
        batch: Vec<DeadLetter>,
    ) -> Vec<Result<(), BrokerError>> {
        self.move_to_dead_letters(queue, batch).await
    }

    async fn stats(&self, queue: &str) -> Result<QueueStats, BrokerError> {
        const OPERATION: &str = "stats";
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
            Name::RedrivePolicy,
            Name::VisibilityTimeout,
            Name::MessageRetentionPeriod,
        ];
        let url = self.url(OPERATION, queue).await?;
        let attributes = self.attributes(OPERATION, queue, &url, &names).await?;
        let number = |name| {
            attributes
                .get(&name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        let redrive = attributes
            .get(&Name::RedrivePolicy)
            .and_then(|policy| Redrive::parse(policy, &url));
        Ok(QueueStats {
            visible: number(Name::ApproximateNumberOfMessages).unwrap_or_default(),
            in_flight: number(Name::ApproximateNumberOfMessagesNotVisible).unwrap_or_default(),
            delayed: number(Name::ApproximateNumberOfMessagesDelayed).unwrap_or_default(),
            max_receive_count: redrive
                .as_ref()
                .and_then(|redrive| redrive.max_receive_count),
            dead_letter_queue: redrive.map(|redrive| self.adopt(&redrive)),
            visibility: number(Name::VisibilityTimeout).map(Duration::from_secs),
            retention: number(Name::MessageRetentionPeriod).map(Duration::from_secs),
        })
    }
}

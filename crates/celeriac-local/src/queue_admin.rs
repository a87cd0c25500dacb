use async_trait::async_trait;
use celeriac_core::{BrokerError, QueueAdmin, QueueChange, QueueSpec};
use rusqlite::Transaction;

use crate::local_broker::{LocalBroker, per_entry};
use crate::queue_row::QueueRow;
use crate::{message_row, queue_row};

#[async_trait]
impl QueueAdmin for LocalBroker {
    async fn declare(&self, queue: &QueueSpec) -> Result<(), BrokerError> {
        let failed = |kind| BrokerError::new("declare", &queue.name, kind);
        let spec = self.full_spec(queue).map_err(failed)?;
        let declared = self
            .database
            .write(move |transaction| queue_row::declare(transaction, &spec));
        declared.await.map_err(|error| failed(error.into()))
    }

    async fn update(&self, queue: &str, change: &QueueChange) -> Result<(), BrokerError> {
        change
            .check()
            .map_err(|kind| BrokerError::new("update", queue, kind))?;
        let work = |transaction: &Transaction<'_>, queue: &QueueRow, change: &QueueChange, _now| {
            queue_row::update(transaction, queue, change)
        };
        let updated = self.each(queue, vec![change.clone()], work).await;
        per_entry("update", queue, 1, updated).into_iter().collect()
    }

    async fn list(&self) -> Result<Vec<String>, BrokerError> {
        let names = self.database.read(queue_row::names).await;
        let names = names.map_err(|error| BrokerError::new("list", &self.prefix, error.into()))?;
        Ok(names
            .iter()
            .filter_map(|name| self.without_prefix(name))
            .collect())
    }

    async fn purge(&self, queue: &str) -> Result<(), BrokerError> {
        let purged = self
            .each(queue, vec![()], |transaction, queue, (), _now| {
                message_row::purge(transaction, queue).map(Ok)
            })
            .await;
        per_entry("purge", queue, 1, purged).into_iter().collect()
    }
}

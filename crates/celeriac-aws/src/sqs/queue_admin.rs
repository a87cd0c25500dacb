use std::collections::BTreeSet;

use async_trait::async_trait;
use celeriac_core::{BrokerError, BrokerErrorKind, QueueAdmin, QueueChange, QueueSpec};

use crate::fault::Fault;

use super::sqs_broker::SqsBroker;

#[async_trait]
impl QueueAdmin for SqsBroker {
    async fn declare(&self, queue: &QueueSpec) -> Result<(), BrokerError> {
        self.declare_queue(queue).await
    }

    async fn update(&self, queue: &str, change: &QueueChange) -> Result<(), BrokerError> {
        self.update_queue(queue, change).await
    }

    async fn list(&self) -> Result<Vec<String>, BrokerError> {
        let prefix = self.urls.sqs_prefix();
        let mut names: BTreeSet<String> = self.urls.predefined().cloned().collect();
        if !names.is_empty() {
            return Ok(names.into_iter().collect());
        }
        let request = self
            .sdk
            .sqs()
            .await
            .list_queues()
            .set_queue_name_prefix((!prefix.is_empty()).then(|| prefix.clone()));
        let mut pages = request.max_results(1000).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page
                .map_err(|error| self.fault("list", &format!("{prefix}*"), Fault::from(error)))?;
            let found = page.queue_urls.unwrap_or_default();
            names.extend(
                found
                    .iter()
                    .filter_map(|url| url.rsplit('/').next())
                    .map(|name| self.urls.celery_name(name).to_owned()),
            );
        }
        Ok(names.into_iter().collect())
    }

    async fn purge(&self, queue: &str) -> Result<(), BrokerError> {
        let url = self.url("purge", queue).await?;
        let purged = self
            .sdk
            .sqs()
            .await
            .purge_queue()
            .queue_url(&*url)
            .send()
            .await
            .map_err(Fault::from);
        match purged {
            Ok(_) => Ok(()),
            Err(fault) if fault.code() == "PurgeQueueInProgress" => {
                let text =
                    "the queue was purged less than 60 s ago, and SQS allows one purge a minute"
                        .to_owned();
                Err(BrokerError::new(
                    "purge",
                    queue,
                    BrokerErrorKind::Unavailable(text),
                ))
            }
            Err(fault) => Err(self.fault("purge", queue, fault)),
        }
    }
}

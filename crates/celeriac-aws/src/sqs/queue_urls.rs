use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use celeriac_core::{BrokerError, BrokerErrorKind, check_queue_name};
use celeriac_protocol::mangle;

use crate::fault::Fault;
use crate::sdk::Sdk;
use crate::sqs_config::SqsConfig;

/// Queue URLs by Celery name: predefined, or asked for once by `GetQueueUrl` and remembered. Never
/// lists, never creates.
#[derive(Debug)]
pub(super) struct QueueUrls {
    config: SqsConfig,
    known: Mutex<HashMap<String, Arc<str>>>,
    /// Held while one is asked for: many that start together need one answer.
    asking: tokio::sync::Mutex<()>,
}

impl QueueUrls {
    pub(super) fn new(config: SqsConfig) -> Self {
        Self {
            config,
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The SQS name of a Celery queue.
    pub(super) fn sqs_name(&self, queue: &str) -> String {
        self.config.queue_name(queue)
    }

    /// The Celery-side name of an SQS queue: without the prefix, where it has it.
    pub(super) fn celery_name<'a>(&self, sqs_name: &'a str) -> &'a str {
        sqs_name
            .strip_prefix(self.sqs_prefix().as_str())
            .filter(|name| !name.is_empty())
            .unwrap_or(sqs_name)
    }

    /// The prefix as it stands in SQS names.
    pub(super) fn sqs_prefix(&self) -> String {
        mangle(&self.config.queue_name_prefix)
    }

    pub(super) fn predefined(&self) -> impl Iterator<Item = &String> {
        self.config.predefined_queues.keys()
    }

    pub(super) async fn get(
        &self,
        sdk: &Sdk,
        operation: &'static str,
        queue: &str,
    ) -> Result<Arc<str>, BrokerError> {
        if let Some(url) = self.known(queue) {
            return Ok(url);
        }
        let _asking = self.asking.lock().await;
        if let Some(url) = self.known(queue) {
            return Ok(url);
        }
        let url = self
            .resolve(sdk, queue)
            .await
            .map_err(|kind| BrokerError::new(operation, queue, kind))?;
        self.put(queue, &url);
        Ok(url)
    }

    fn known(&self, queue: &str) -> Option<Arc<str>> {
        self.lock().get(queue).map(Arc::clone)
    }

    pub(super) fn put(&self, queue: &str, url: &Arc<str>) {
        self.lock().insert(queue.to_owned(), Arc::clone(url));
    }

    /// Forgets a URL that leads nowhere, so that a queue made anew is found.
    pub(super) fn forget(&self, queue: &str) {
        self.lock().remove(queue);
    }

    async fn resolve(&self, sdk: &Sdk, queue: &str) -> Result<Arc<str>, BrokerErrorKind> {
        let name = self.sqs_name(queue);
        let predefined = &self.config.predefined_queues;
        let prefixed = format!("{}{queue}", self.config.queue_name_prefix);
        if let Some(url) = [queue, &prefixed, &name]
            .into_iter()
            .find_map(|key| predefined.get(key))
        {
            return Ok(Arc::from(url.as_str()));
        }
        if !predefined.is_empty() {
            return Err(BrokerErrorKind::Invalid(
                "the queue is not among `predefined_queues`".to_owned(),
            ));
        }
        check_queue_name(&name)?;
        let answer = sdk
            .sqs()
            .await
            .get_queue_url()
            .queue_name(name)
            .send()
            .await
            .map_err(Fault::from)?;
        answer
            .queue_url
            .map(Arc::from)
            .ok_or(BrokerErrorKind::QueueNotFound)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<str>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

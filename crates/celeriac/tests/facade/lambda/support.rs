//! An app on SQLite, and the Lambda service around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use celeriac::broker::{Broker, QueueAdmin, QueueSpec};
use celeriac::lambda::Function;
use celeriac::prelude::*;
use celeriac::{Connection, Settings, TaskSignature};
use celeriac_core::{Delivery, Outgoing, Receipt};
use celeriac_testkit::lambda_service::sqs_event;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use tempfile::TempDir;

pub(crate) const QUEUE: &str = "celery";
/// With which the event source mapping receives.
pub(crate) const VISIBILITY: Duration = Duration::from_mins(5);

/// What tasks did, by name: the count of what really happened.
#[derive(Clone, Default)]
pub(crate) struct Effects(Arc<Mutex<BTreeMap<String, usize>>>);

impl Effects {
    pub(crate) fn add(&self, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn of(&self, name: &str) -> usize {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(name).copied().unwrap_or(0)
    }
}

pub(crate) struct Scene {
    pub(crate) connection: Connection,
    pub(crate) client: Client,
    pub(crate) function: Function,
    pub(crate) effects: Effects,
    _folder: TempDir,
}

/// What a batch was and what the function said of it.
pub(crate) struct Batch {
    pub(crate) event: Json,
    receipts: BTreeMap<String, Receipt>,
    queue: String,
}

impl Scene {
    pub(crate) async fn new(app: App) -> Self {
        Self::with(app, |_| {}).await
    }

    pub(crate) async fn with(app: App, change: impl FnOnce(&mut Settings)) -> Self {
        let effects = Effects::default();
        let folder = TempDir::new().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("lambda.sqlite").display());
        let connection = app
            .state(effects.clone())
            .settings(|settings| {
                settings.broker_url = Some(url);
                settings.worker_concurrency = 50;
                change(settings);
            })
            .isolated()
            .build()
            .await
            .expect("an app");
        for queue in connection.known_queues() {
            let declared = connection
                .queue_admin()
                .declare(&QueueSpec::new(queue))
                .await;
            declared.expect("a queue");
        }
        Self {
            client: connection.client(),
            function: connection.function(512),
            connection,
            effects,
            _folder: folder,
        }
    }

    pub(crate) fn broker(&self) -> &Arc<dyn Broker> {
        self.connection.broker()
    }

    pub(crate) fn queue_admin(&self) -> &Arc<dyn QueueAdmin> {
        self.connection.queue_admin()
    }

    pub(crate) async fn send<T, In>(&self, call: TaskSignature<T, In>) -> AsyncResult<T> {
        self.client.send(call).await.expect("sent")
    }

    /// Puts a body on a queue as it is.
    pub(crate) async fn put(&self, queue: &str, body: &str) {
        let message = Outgoing {
            body: body.to_owned(),
            ..Outgoing::default()
        };
        let sent = self.broker().send(queue, vec![message]).await.remove(0);
        sent.expect("sent");
    }

    /// What the event source mapping gathers: everything that is visible.
    pub(crate) async fn poll(&self, queue: &str) -> Batch {
        self.poll_with(queue, VISIBILITY).await
    }

    pub(crate) async fn poll_with(&self, queue: &str, visibility: Duration) -> Batch {
        let mut deliveries: Vec<Delivery> = Vec::new();
        loop {
            let received = self
                .broker()
                .receive(queue, 10, Duration::ZERO, visibility)
                .await
                .expect("received");
            if received.is_empty() {
                break;
            }
            deliveries.extend(received);
        }
        Batch::of(queue, &deliveries)
    }

    /// The function's answer to an event, with this much time.
    pub(crate) async fn invoke(
        &self,
        event: &Json,
        time: Duration,
    ) -> Result<Json, (String, String)> {
        self.invoke_as("request-1", event, time).await
    }

    pub(crate) async fn invoke_as(
        &self,
        request_id: &str,
        event: &Json,
        time: Duration,
    ) -> Result<Json, (String, String)> {
        let event = RawValue::from_string(event.to_string()).expect("JSON");
        let answer = self
            .function
            .invoke(&event, SystemTime::now() + time, request_id)
            .await;
        match answer {
            Ok(raw) => Ok(serde_json::from_str(raw.get()).expect("JSON")),
            Err(error) => Err((error.error_type, error.error_message)),
        }
    }

    /// One batch through the function, and what is done with is deleted. The ids that were
    /// returned.
    pub(crate) async fn run(&self, batch: &Batch, time: Duration) -> BTreeSet<String> {
        let answer = self.invoke(&batch.event, time).await.expect("an answer");
        let failures = answer["batchItemFailures"].as_array().expect("a list");
        let returned: BTreeSet<String> = failures
            .iter()
            .map(|failure| {
                failure["itemIdentifier"]
                    .as_str()
                    .expect("an id")
                    .to_owned()
            })
            .collect();
        let done = batch
            .receipts
            .iter()
            .filter(|(id, _)| !returned.contains(*id))
            .map(|(_, receipt)| receipt.clone())
            .collect();
        for deleted in self.broker().ack(&batch.queue, done).await {
            deleted.expect("deleted");
        }
        returned
    }

    /// Polls and runs until nothing is visible.
    pub(crate) async fn drain(&self, queue: &str) {
        loop {
            let batch = self.poll(queue).await;
            if batch.is_empty() {
                return;
            }
            self.run(&batch, Duration::from_mins(1)).await;
        }
    }

    pub(crate) async fn visible(&self, queue: &str) -> u64 {
        self.broker().stats(queue).await.expect("stats").visible
    }

    pub(crate) async fn left(&self, queue: &str) -> u64 {
        let stats = self.broker().stats(queue).await.expect("stats");
        stats.visible + stats.in_flight + stats.delayed
    }
}

impl Batch {
    fn of(queue: &str, deliveries: &[Delivery]) -> Self {
        let receipts = deliveries
            .iter()
            .map(|delivery| (delivery.message_id.clone(), delivery.receipt.clone()))
            .collect();
        Self {
            event: sqs_event(deliveries),
            receipts,
            queue: queue.to_owned(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.receipts.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.receipts.is_empty()
    }
}

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use celeriac::Connection;
use celeriac_core::{Broker, Ledger, Outgoing};
use celeriac_protocol::{
    DeliveryInfo, Envelope, Headers, Payload, Properties, Serializer, Value, WireForm,
};

/// Messages that may wait in the queue: deeper ones slow the emulators down, and then they are what
/// is measured.
const BACKLOG: u64 = 400;

/// A worker that acknowledges early may still be at this many tasks when the queue is empty.
const LAST: usize = 100;

/// Fills a queue with no-op tasks and waits for their results.
pub(crate) struct QueueFeeder {
    broker: Arc<dyn Broker>,
    store: Arc<dyn Ledger>,
    queue: String,
}

impl QueueFeeder {
    pub(crate) fn new(connection: &Connection, queue: &str) -> Result<Self> {
        let Some(store) = connection.ledger() else {
            bail!("the benchmark needs results")
        };
        Ok(Self {
            broker: Arc::clone(connection.broker()),
            store: Arc::clone(store),
            queue: queue.to_owned(),
        })
    }

    /// Sends `tasks` messages, never with more than the backlog waiting, and returns how long it
    /// took until each has its SUCCESS.
    pub(crate) async fn run(&self, tasks: usize, patience: Duration) -> Result<Duration> {
        let ids: Vec<String> = (0..tasks)
            .map(|_| uuid::Uuid::new_v4().to_string())
            .collect();
        let started = Instant::now();
        let mut sent = 0;
        while sent < tasks {
            let waiting = self.broker.stats(&self.queue).await?.visible;
            let room = usize::try_from(BACKLOG.saturating_sub(waiting))?.min(tasks - sent);
            self.send(&ids[sent..sent + room]).await?;
            sent += room;
            if started.elapsed() > patience {
                bail!("{sent} of {tasks} messages taken within {patience:?}");
            }
            tokio::time::sleep(Duration::from_millis(if room == 0 { 20 } else { 0 })).await;
        }
        let last = ids.len().saturating_sub(LAST);
        self.wait_for_empty_queue(started, patience).await?;
        self.wait_for_results(&ids[last..], started, patience)
            .await?;
        let elapsed = started.elapsed();
        // the clock has stopped: that none is missing costs the emulator more than running it
        self.wait_for_results(&ids[..last], started, patience)
            .await?;
        Ok(elapsed)
    }

    /// Asks the queue, which costs the emulators little, until the last message has been deleted.
    async fn wait_for_empty_queue(&self, started: Instant, patience: Duration) -> Result<()> {
        loop {
            let stats = self.broker.stats(&self.queue).await?;
            if stats.visible + stats.in_flight + stats.delayed == 0 {
                return Ok(());
            }
            if started.elapsed() > patience {
                bail!(
                    "{} messages not deleted within {patience:?}",
                    stats.visible + stats.in_flight
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn send(&self, ids: &[String]) -> Result<()> {
        let batches = ids.chunks(10).map(|ids| {
            let batch = ids
                .iter()
                .map(|id| message(id, &self.queue))
                .collect::<Result<Vec<_>>>();
            async move {
                for sent in self.broker.send(&self.queue, batch?).await {
                    sent?;
                }
                anyhow::Ok(())
            }
        });
        futures_util::future::try_join_all(batches).await?;
        Ok(())
    }

    /// Reads from the end, since the last sent are the last done, and then all of them.
    async fn wait_for_results(
        &self,
        ids: &[String],
        started: Instant,
        patience: Duration,
    ) -> Result<()> {
        let mut open: Vec<String> = ids.to_vec();
        while !open.is_empty() {
            let looked_at = open.split_off(open.len().saturating_sub(100));
            let records = self.store.get(&looked_at).await;
            let before = looked_at.len();
            for (id, record) in looked_at.into_iter().zip(records) {
                match record? {
                    Some(record) if record.meta.status == celeriac_protocol::State::Success => {}
                    Some(record) if record.meta.status.is_ready() => {
                        bail!("`{id}` ended as {}", record.meta.status)
                    }
                    _ => open.push(id),
                }
            }
            if started.elapsed() > patience {
                bail!(
                    "{} of {} tasks not done within {patience:?}",
                    open.len(),
                    ids.len()
                );
            }
            if open.len() >= before {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Ok(())
    }
}

fn message(id: &str, queue: &str) -> Result<Outgoing> {
    Ok(Outgoing {
        body: body(id, queue)?,
        ..Outgoing::default()
    })
}

/// A no-op task's message as Celery sends it, base64 in base64, for both workers alike.
pub(crate) fn body(id: &str, queue: &str) -> Result<String> {
    let headers = Headers {
        lang: Some("rust".to_owned()),
        task: "bench.noop".to_owned(),
        id: id.to_owned(),
        root_id: Some(id.to_owned()),
        argsrepr: Some("(1,)".to_owned()),
        kwargsrepr: Some("{}".to_owned()),
        origin: Some("gen1@bench".to_owned()),
        ignore_result: Some(false),
        ..Headers::default()
    };
    let properties = Properties {
        correlation_id: Some(id.to_owned()),
        reply_to: Some(String::new()),
        delivery_mode: Some(2),
        delivery_info: DeliveryInfo {
            exchange: Some(String::new()),
            routing_key: Some(queue.to_owned()),
            ..DeliveryInfo::default()
        },
        priority: Some(0),
        delivery_tag: Some(id.to_owned()),
        ..Properties::default()
    };
    let payload = Payload {
        args: vec![Value::Int(1)],
        ..Payload::default()
    };
    let envelope = Envelope::new(headers, properties, &payload, Serializer::Json, None)?;
    Ok(envelope.encode(WireForm::Celery))
}

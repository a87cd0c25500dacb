use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{Delivery, TaskSender};
use celeriac_producer::Outbox;
use celeriac_protocol::{Limits, UtcTime};

use crate::ExecutorParts;
use crate::batched_chords::BatchedChords;
use crate::batched_ledger::BatchedLedger;
use crate::incidents::Incidents;
use crate::isolation::Isolation;
use crate::requests::Requests;
use crate::run::blocking_pool::BlockingPool;
use crate::run::blocking_work::Threads;
use crate::run::detached_runs::DetachedRuns;
use crate::run::panics;
use crate::waits;

/// The longest time a message that cannot be dealt with now stays away.
const LONGEST_BACKOFF: Duration = Duration::from_mins(15);
/// The longest time a message that is for another worker stays away.
const LONGEST_FOR_OTHERS: Duration = Duration::from_secs(30);
/// A lease that is shorter would be lost to a slow request.
const SHORTEST_LEASE: Duration = Duration::from_millis(500);

/// What all steps of `execute` share.
pub(crate) struct Engine {
    pub(crate) parts: ExecutorParts,
    pub(crate) limits: Limits,
    pub(crate) ledger: Option<BatchedLedger>,
    pub(crate) chords: Option<BatchedChords>,
    pub(crate) requests: Requests,
    pub(crate) outbox: Outbox,
    pub(crate) blocking: BlockingPool,
    pub(crate) detached: Arc<DetachedRuns>,
    pub(crate) isolation: Isolation,
    /// How long a claim holds without renewal.
    pub(crate) lease: Duration,
    pub(crate) sender: Arc<dyn TaskSender>,
    pub(crate) incidents: Incidents,
}

impl Engine {
    pub(crate) fn new(parts: ExecutorParts, threads: Arc<dyn Threads>) -> Self {
        panics::install_hook();
        let settings = &parts.settings;
        let lease = settings
            .broker_transport_options
            .visibility_timeout
            .max(SHORTEST_LEASE);
        let ledger = parts.store.as_ref().map(|store| {
            BatchedLedger::new(
                store,
                parts.node_name.clone(),
                lease,
                Arc::clone(&parts.clock),
            )
        });
        Self {
            limits: Limits {
                max_memory: settings.worker_message_memory,
                ..Limits::default()
            },
            ledger,
            chords: parts.chords.as_ref().map(BatchedChords::new),
            requests: Requests::new(&parts.broker),
            outbox: Outbox::new(Arc::clone(&parts.broker), Arc::clone(&parts.clock)),
            blocking: BlockingPool::new(settings.worker_blocking_threads, threads),
            detached: Arc::default(),
            isolation: Isolation::default(),
            lease,
            sender: Arc::new(parts.client.clone()),
            incidents: Incidents::default(),
            parts,
        }
    }

    pub(crate) fn now(&self) -> UtcTime {
        self.parts.clock.now()
    }

    /// How long this message stays away, which cannot be dealt with now.
    pub(crate) fn backoff_of(&self, delivery: &Delivery) -> Duration {
        self.backoff(&delivery.queue, delivery.receive_count)
    }

    /// How long a message that is for another worker stays away.
    pub(crate) fn short_backoff(&self, queue: &str, receive_count: u32) -> Duration {
        let longest = self.parts.broker.capabilities(queue).max_visibility;
        let short = self.backoff(queue, receive_count).min(LONGEST_FOR_OTHERS);
        short.max(waits::patience(receive_count)).min(longest)
    }

    /// How long a message that cannot be dealt with now stays away.
    pub(crate) fn backoff(&self, queue: &str, receive_count: u32) -> Duration {
        waits::redelivery(receive_count, LONGEST_BACKOFF)
            .min(self.parts.broker.capabilities(queue).max_visibility)
    }
}

use std::time::Duration;

use celeriac_core::{Capabilities, QueueOrder, Settings};

use super::prefetch::Bounds;

/// How a worker works; from the settings, and a few numbers that are none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// Tasks at once: `worker_concurrency`.
    pub concurrency: usize,
    /// Messages held, running ones included. `worker_concurrency` × `worker_prefetch_multiplier`,
    /// and with a multiplier over 1 at least 10, which is one receive. A multiplier of 1 holds only
    /// what runs; 0 is no bound.
    pub prefetch_messages: usize,
    /// Bytes of messages held: `worker_prefetch_bytes`.
    pub prefetch_bytes: usize,
    /// Earlier queues first: `worker_queue_order = strict`.
    pub strict: bool,
    /// `visibility_timeout`: how long a received message is ours before it is extended.
    pub visibility: Duration,
    /// `wait_time_seconds`: the long poll of an idle queue.
    pub wait: Duration,
    /// A receive that takes this much longer than its wait is stuck: it is dropped and started
    /// anew. 30 s.
    pub stuck_after: Duration,
    /// Messages of one receive at most: the broker's batch ([`Capabilities::max_batch`]).
    pub max_receive: usize,
    /// Receives of one queue in flight. 8.
    pub max_receivers: usize,
    /// `worker_shutdown_timeout`: from draining to the cancelling of what still runs.
    pub shutdown_timeout: Duration,
    /// How long an ending worker waits at most for its open long polls: `wait_time_seconds` and 1 s
    /// where a dropped one may swallow messages ([`Capabilities::receive_outlives_drop`]), else 1
    /// s. Never longer than `shutdown_timeout`, and not at all after a second signal.
    pub poll_grace: Duration,
    /// How long cancelled tasks have to be given back. 3 s.
    pub release_timeout: Duration,
    /// Between two lines of progress in the log. 10 s.
    pub progress_every: Duration,
    /// Address of `/healthz`: `worker_health_address`.
    pub health_address: Option<String>,
}

impl WorkerOptions {
    /// By the settings, for queues that can do `capabilities`.
    pub fn of(settings: &Settings, capabilities: &[Capabilities]) -> Self {
        let concurrency = settings.worker_concurrency.max(1);
        let transport = &settings.broker_transport_options;
        let prefetch_messages = match settings.worker_prefetch_multiplier {
            0 => usize::MAX / 4,
            1 => concurrency,
            multiplier => concurrency
                .saturating_mul(multiplier)
                .clamp(10, usize::MAX / 4),
        };
        let wait = transport.wait_time_seconds.min(Duration::from_secs(20)); // SQS: 20 s at most
        let poll_grace = Duration::from_secs(1)
            + if capabilities.iter().any(|queue| queue.receive_outlives_drop) {
                wait
            } else {
                Duration::ZERO
            };
        Self {
            concurrency,
            prefetch_messages,
            prefetch_bytes: settings.worker_prefetch_bytes,
            strict: settings.worker_queue_order == QueueOrder::Strict,
            visibility: transport.visibility_timeout,
            wait,
            stuck_after: Duration::from_secs(30),
            max_receive: capabilities
                .iter()
                .map(|queue| queue.max_batch)
                .min()
                .unwrap_or(10),
            max_receivers: 8,
            shutdown_timeout: settings.worker_shutdown_timeout,
            poll_grace,
            release_timeout: Duration::from_secs(3),
            progress_every: Duration::from_secs(10),
            health_address: settings.worker_health_address.clone(),
        }
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            messages: self.prefetch_messages,
            bytes: self.prefetch_bytes,
            receive: self.max_receive,
            strict: self.strict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_polls_are_waited_out_where_a_dropped_one_swallows_messages() {
        let settings = Settings::default();
        let wait = settings.broker_transport_options.wait_time_seconds;
        let outlives = Capabilities::sqs("tasks");
        let ends = Capabilities {
            receive_outlives_drop: false,
            ..outlives
        };
        let grace = |queues: &[Capabilities]| WorkerOptions::of(&settings, queues).poll_grace;
        assert_eq!(grace(&[ends]), Duration::from_secs(1));
        assert_eq!(grace(&[ends, outlives]), wait + Duration::from_secs(1));
    }
}

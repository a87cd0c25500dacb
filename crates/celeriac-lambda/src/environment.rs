use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use celeriac_core::Broker;
use celeriac_worker::{Ending, Executor};

use crate::queue_visibility::QueueVisibility;
use crate::room::Room;

/// What the invocations of a function share in one process, Lambda's execution environment.
pub(crate) struct Environment {
    executor: Executor,
    room: Room,
    visibility: QueueVisibility,
}

impl Environment {
    /// Of a function of this much memory.
    pub(crate) fn new(executor: Executor, megabytes: usize) -> Self {
        Self {
            room: Room::new(executor.parts().settings.worker_concurrency, megabytes),
            visibility: QueueVisibility::default(),
            executor,
        }
    }

    /// A queue's Celery name: of its predefined URL, or without the prefix.
    pub(crate) fn celery_name(&self, sqs_name: &str) -> String {
        let options = &self.executor.parts().settings.broker_transport_options;
        let predefined = options
            .predefined_queues
            .iter()
            .find(|(_, url)| url.rsplit('/').next() == Some(sqs_name));
        match predefined {
            Some((name, _)) => name.clone(),
            None => sqs_name
                .strip_prefix(&options.queue_name_prefix)
                .unwrap_or(sqs_name)
                .to_owned(),
        }
    }

    /// Whether the process has to end before Lambda freezes it.
    pub(crate) fn must_end(&self) -> bool {
        self.executor.has_detached_runs()
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    pub(crate) fn broker(&self) -> &Arc<dyn Broker> {
        &self.executor.parts().broker
    }

    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// The queue that takes over what would outlive the function.
    pub(crate) fn spill(&self) -> Option<String> {
        self.executor.parts().settings.lambda_spill_queue.clone()
    }

    /// With what visibility timeout Lambda receives from a queue.
    pub(crate) async fn visibility(&self, queue: &str) -> Option<Duration> {
        self.visibility.of(self.broker().as_ref(), queue).await
    }

    /// A line of metrics about an invocation.
    pub(crate) fn publish(&self, queues: &BTreeSet<String>, endings: &[Ending]) {
        self.executor.publish(queues, endings);
    }
}

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
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
    /// The function's own region and account.
    place: OnceLock<Option<(String, String)>>,
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:...`
fn region_and_account(arn: &str) -> Option<(String, String)> {
    let mut parts = arn.split(':').skip(3).map(str::to_owned);
    let (region, account) = (parts.next()?, parts.next()?);
    (!region.is_empty() && !account.is_empty()).then_some((region, account))
}

impl Environment {
    /// Of a function of this much memory.
    pub(crate) fn new(executor: Executor, megabytes: usize) -> Self {
        Self {
            room: Room::new(executor.parts().settings.worker_concurrency, megabytes),
            visibility: QueueVisibility::default(),
            place: OnceLock::new(),
            executor,
        }
    }

    /// Learns where the function is.
    pub(crate) fn is_at(&self, function_arn: &str) {
        self.place.get_or_init(|| region_and_account(function_arn));
    }

    /// Whether what follows a message of this queue would go to another one of its name: the queue
    /// is of another account or region, and its URL is not among the predefined ones.
    pub(crate) fn is_foreign(&self, queue_arn: &str) -> bool {
        let Some(Some((own_region, own_account))) = self.place.get() else {
            return false;
        };
        let Some((region, account)) = region_and_account(queue_arn) else {
            return false;
        };
        let options = &self.executor.parts().settings.broker_transport_options;
        let name = queue_arn.rsplit(':').next().unwrap_or_default();
        let path = format!("/{account}/{name}");
        let predefined = &options.predefined_queues;
        let is_predefined = predefined.values().any(|url| url.ends_with(&path));
        let reached = options.region.as_ref().unwrap_or(own_region);
        !is_predefined && (account != *own_account || region != *reached)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_where_it_is() {
        let place = |region: &str, account: &str| Some((region.to_owned(), account.to_owned()));
        for (arn, expected) in [
            (
                "arn:aws:sqs:eu-west-1:123456789012:jobs",
                place("eu-west-1", "123456789012"),
            ),
            (
                "arn:aws-cn:lambda:cn-north-1:1:function:f:alias",
                place("cn-north-1", "1"),
            ),
            ("arn:aws:s3:::bucket", None),
            ("", None),
        ] {
            assert_eq!(region_and_account(arn), expected, "{arn}");
        }
    }
}

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use celeriac_core::{Broker, Delivery};
use celeriac_worker::{Ending, Executor};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::{RawValue, to_raw_value};

use crate::answer::{Answered, error};
use crate::event::Event;
use crate::phases::Phases;
use crate::process_end::EndOfProcess;
use crate::queue_visibility::QueueVisibility;
use crate::room::Room;
use crate::sqs_record::SqsRecord;
use crate::{batch, direct};

/// Answers the Lambda service until it ends the process. On Managed Instances several invocations at once.
///
/// # Errors
/// If the service cannot be spoken to.
///
/// # Panics
/// Outside of a Lambda environment.
pub async fn run(executor: Executor) -> Result<(), lambda_runtime::Error> {
    let megabytes = lambda_runtime::Config::from_env().memory;
    let function = Function::new(executor, usize::try_from(megabytes).unwrap_or(128));
    let end_of_process = EndOfProcess::of(&function);
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let function = function.clone();
        async move {
            let (deadline, request_id) = (event.context.deadline(), event.context.request_id);
            Box::pin(function.invoke(&event.payload, deadline, &request_id)).await
        }
    });
    let runtime = Runtime::new(handler)
        .layer(TracingLayer::new())
        .layer(end_of_process);
    Box::pin(runtime.run_concurrent()).await
}

/// An app as a Lambda function. Cheap to clone.
#[derive(Clone)]
pub struct Function {
    inner: Arc<Inner>,
}

struct Inner {
    executor: Executor,
    room: Room,
    visibility: QueueVisibility,
}

impl Function {
    /// A function of this much memory; see the crate's docs for what it does.
    pub fn new(executor: Executor, megabytes: usize) -> Self {
        let room = Room::new(executor.parts().settings.worker_concurrency, megabytes);
        Self {
            inner: Arc::new(Inner {
                executor,
                room,
                visibility: QueueVisibility::default(),
            }),
        }
    }

    /// Answers one event before `deadline`. `request_id` is the same when Lambda itself tries an asynchronous invocation again, and so
    /// becomes the id of a task that has none.
    ///
    /// Not cancel-safe: its tasks run on.
    ///
    /// # Errors
    /// An event that is none of those in the crate's docs; for a direct invocation, how its task failed.
    pub async fn invoke(
        &self,
        event: &RawValue,
        deadline: SystemTime,
        request_id: &str,
    ) -> Result<Box<RawValue>, Diagnostic> {
        let left = deadline.duration_since(SystemTime::now());
        self.invoke_within(event, left.unwrap_or_default(), request_id)
            .await
    }

    /// [`Function::invoke`] with the time that is left, not its end.
    ///
    /// # Errors
    /// The same.
    pub async fn invoke_within(
        &self,
        event: &RawValue,
        time: Duration,
        request_id: &str,
    ) -> Result<Box<RawValue>, Diagnostic> {
        let phases = Phases::within(time);
        match Event::read(event).map_err(|reason| error("InvalidEvent", reason))? {
            Event::Sqs(records) => self.batch(records, phases).await,
            Event::Task(task) => direct::run(self, task, request_id, phases).await,
        }
    }

    /// Whether the process has to end once the answer is sent, before it is frozen: the code of a
    /// task goes on that nothing can stop. [`run`] sees to that.
    pub fn must_end(&self) -> bool {
        self.executor().has_detached_runs()
    }

    async fn batch(&self, records: Vec<SqsRecord>, phases: Phases) -> Answered {
        let deliveries: Result<Vec<Delivery>, String> = records
            .into_iter()
            .map(|record| record.delivery(|sqs_name| self.celery_name(sqs_name)))
            .collect();
        let deliveries = deliveries.map_err(|reason| error("InvalidEvent", reason))?;
        let response = batch::run(self, deliveries, phases).await;
        to_raw_value(&response).map_err(|cause| error("EncodeError", cause.to_string()))
    }

    /// A queue's Celery name: of its predefined URL, or without the prefix.
    fn celery_name(&self, sqs_name: &str) -> String {
        let options = &self.executor().parts().settings.broker_transport_options;
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

    pub(crate) fn executor(&self) -> &Executor {
        &self.inner.executor
    }

    pub(crate) fn broker(&self) -> &Arc<dyn Broker> {
        &self.inner.executor.parts().broker
    }

    pub(crate) fn room(&self) -> &Room {
        &self.inner.room
    }

    /// The queue that takes over what would outlive the function.
    pub(crate) fn spill(&self) -> Option<String> {
        self.executor().parts().settings.lambda_spill_queue.clone()
    }

    /// With what visibility timeout Lambda receives from a queue.
    pub(crate) async fn visibility(&self, queue: &str) -> Option<Duration> {
        self.inner
            .visibility
            .of(self.broker().as_ref(), queue)
            .await
    }

    /// A line of metrics about an invocation.
    pub(crate) fn publish(&self, queues: &BTreeSet<String>, endings: &[Ending]) {
        self.executor().publish(queues, endings);
    }
}

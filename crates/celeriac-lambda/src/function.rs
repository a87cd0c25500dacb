use std::sync::Arc;
use std::time::{Duration, SystemTime};

use celeriac_core::Delivery;
use celeriac_worker::Executor;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::{RawValue, to_raw_value};

use crate::answer::{Answered, error};
use crate::environment::Environment;
use crate::event::Event;
use crate::phases::Phases;
use crate::process_end::EndOfProcess;
use crate::sqs_record::SqsRecord;
use crate::{batch, direct};

/// Answers the Lambda service until it ends the process. On Managed Instances several invocations
/// at once.
///
/// # Errors
/// If the service cannot be spoken to.
///
/// # Panics
/// Outside of a Lambda environment.
pub async fn run(executor: Executor) -> Result<(), lambda_runtime::Error> {
    let megabytes = lambda_runtime::Config::from_env().memory;
    let function = Function::new(executor, usize::try_from(megabytes).unwrap_or(128));
    let end_of_process = EndOfProcess::of(&function.environment);
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let function = function.clone();
        function
            .environment
            .is_at(&event.context.invoked_function_arn);
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
    environment: Arc<Environment>,
}

impl Function {
    /// A function of this much memory; see the crate's docs for what it does.
    pub fn new(executor: Executor, megabytes: usize) -> Self {
        Self {
            environment: Arc::new(Environment::new(executor, megabytes)),
        }
    }

    /// Answers one event before `deadline`. `request_id` is the same when Lambda itself tries an
    /// asynchronous invocation again, and so becomes the id of a task that has none.
    ///
    /// Not cancel-safe: its tasks run on.
    ///
    /// # Errors
    /// An event that is none of those in the crate's docs; for a direct invocation, how its task
    /// failed.
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
            Event::Task(task) => direct::run(&self.environment, task, request_id, phases).await,
        }
    }

    /// Whether the process has to end once the answer is sent, before it is frozen: the code of a
    /// task goes on that nothing can stop. [`run`] sees to that.
    pub fn must_end(&self) -> bool {
        self.environment.must_end()
    }

    async fn batch(&self, records: Vec<SqsRecord>, phases: Phases) -> Answered {
        let (foreign, own): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|record| self.environment.is_foreign(&record.event_source_arn));
        let deliveries: Result<Vec<Delivery>, String> = own
            .into_iter()
            .map(|record| record.delivery(|sqs_name| self.environment.celery_name(sqs_name)))
            .collect();
        let deliveries = deliveries.map_err(|reason| error("InvalidEvent", reason))?;
        let mut response = batch::run(&self.environment, deliveries, phases).await;
        for record in foreign {
            tracing::error!(
                message_id = record.message_id,
                "the queue {} is of another account or region than this function, which can send to its own only: the message stays there. Name the queue's URL in `predefined_queues`, with the rights to it, if this function is to serve it",
                record.event_source_arn
            );
            response.failed(record.message_id);
        }
        to_raw_value(&response).map_err(|cause| error("EncodeError", cause.to_string()))
    }
}

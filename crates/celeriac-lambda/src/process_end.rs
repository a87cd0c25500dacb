use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_runtime::tower::Layer;
use lambda_runtime::{Error, LambdaInvocation, Service};

use crate::environment::Environment;

/// Ends the process between an answer and the next event, if a task's thread goes on that nothing
/// can stop.
///
/// Lambda freezes an environment once its runtime asks for the next event. A thread that is frozen
/// wakes with a later invocation, long after its lease: by then the task may run elsewhere. Nothing
/// but the end of the process ends it, and only before the freeze is that in time. Lambda then
/// makes a new environment.
#[derive(Clone)]
pub(crate) struct EndOfProcess {
    pub(crate) environment: Arc<Environment>,
    pub(crate) end: fn(),
}

/// A runtime with it.
#[derive(Clone)]
pub(crate) struct Ending<S> {
    runtime: S,
    process: EndOfProcess,
}

impl EndOfProcess {
    pub(crate) fn of(environment: &Arc<Environment>) -> Self {
        Self {
            environment: Arc::clone(environment),
            // an environment with several invocations at once (Managed Instances) is not frozen:
            // there the lease is renewed until the thread ends
            end: if several_at_once() {
                || {}
            } else {
                || std::process::exit(0)
            },
        }
    }
}

fn several_at_once() -> bool {
    std::env::var("AWS_LAMBDA_MAX_CONCURRENCY")
        .ok()
        .and_then(|most| most.parse::<u32>().ok())
        .is_some_and(|most| most > 1)
}

impl<S> Layer<S> for EndOfProcess {
    type Service = Ending<S>;

    fn layer(&self, runtime: S) -> Ending<S> {
        let process = self.clone();
        Ending { runtime, process }
    }
}

impl<S> Service<LambdaInvocation> for Ending<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.runtime.poll_ready(cx)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let answered = self.runtime.call(invocation);
        let EndOfProcess { environment, end } = self.process.clone();
        Box::pin(async move {
            let answered = answered.await;
            if environment.must_end() {
                tracing::warn!(
                    "exiting, since a task's thread outlived its invocation: Lambda starts a new process"
                );
                end();
            }
            answered
        })
    }
}

//! What a Lambda function does not start, and where that runs.

use crate::call::Call;
use crate::ending;
use crate::engine::Engine;
use crate::executed::Executed;
use crate::run::TimeLimits;
use crate::{Deadline, Outcome, outgoing};

/// An invocation with this share of its time left is as good as a new one: what does not fit in it
/// fits in none.
const FRESH: f64 = 0.9;

/// In a Lambda function, before a task is claimed: one that is marked for a queue of workers, or
/// would outlive the invocation.
pub(crate) async fn before_run(
    engine: &Engine,
    call: &mut Call,
    deadline: &Deadline,
) -> Option<Executed> {
    let marked = call.options().spill.clone();
    if let Some(queue) = marked.filter(|queue| *queue != call.delivery.queue) {
        return Some(pass_on(engine, call, &queue).await);
    }
    let limit = TimeLimits::of(engine, call).hard?;
    let left = deadline.remaining();
    if limit <= left {
        return None;
    }
    if let Some(queue) = ending::other_queue(call, deadline.spill.as_ref()) {
        return Some(pass_on(engine, call, &queue).await);
    }
    (left < deadline.total.mul_f64(FRESH)).then(|| Executed::not_run(Outcome::Release))
}

/// The message as it is, on another queue.
async fn pass_on(engine: &Engine, call: &mut Call, queue: &str) -> Executed {
    let message = outgoing::forwarded(engine, &mut call.delivery, &call.envelope, queue);
    match engine.outbox.send(message).await {
        Ok(_) => {
            tracing::info!("handed over to `{queue}`");
            Executed::not_run(Outcome::Ack)
        }
        Err(error) => {
            tracing::error!(
                "not handed over to `{queue}`; its message will be redelivered: {error}"
            );
            let delivery = &call.delivery;
            Executed::not_run(Outcome::Defer(engine.backoff_of(delivery)))
        }
    }
}

//! What a Lambda function, or a worker that ends, does not run to its end itself, and where that goes on.

use celeriac_core::{CHECKPOINT, CompletionKind};
use celeriac_protocol::Envelope;

use crate::call::Call;
use crate::conclude::{Conclusion, Kept};
use crate::engine::Engine;
use crate::executed::Executed;
use crate::time_limits::TimeLimits;
use crate::{Deadline, Outcome, retrying, unknown};

/// An invocation with this share of its time left is as good as a new one: what does not fit in it fits in none.
const FRESH: f64 = 0.9;

impl Conclusion {
    /// Lets a message carry this run's checkpoint.
    pub(crate) fn carry_checkpoint(&self, envelope: &mut Envelope) {
        if let Some(checkpoint) = &self.checkpoint {
            envelope
                .headers
                .extra
                .insert(CHECKPOINT.to_owned(), checkpoint.clone());
        }
    }
}

/// In a Lambda function, before a task is claimed: one that is marked for a queue of workers, or would outlive the invocation.
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
    if let Some(queue) = other_queue(call, deadline.spill.as_ref()) {
        return Some(pass_on(engine, call, &queue).await);
    }
    (left < deadline.total.mul_f64(FRESH)).then(|| Executed::not_run(Outcome::Release))
}

/// The message as it is, on another queue.
async fn pass_on(engine: &Engine, call: &mut Call, queue: &str) -> Executed {
    let message = unknown::forwarded(engine, &mut call.delivery, &call.envelope.headers, queue);
    match engine.requests.send(queue, message).await {
        Ok(_) => {
            tracing::info!("Task {}[{}] handed to `{queue}`", call.task(), call.id());
            Executed::not_run(Outcome::Ack)
        }
        Err(error) => {
            tracing::error!(
                "Task {}[{}] was not handed to `{queue}`, it comes back later: {error}",
                call.task(),
                call.id()
            );
            let delivery = &call.delivery;
            Executed::not_run(Outcome::Defer(
                engine.backoff(&delivery.queue, delivery.receive_count),
            ))
        }
    }
}

/// The queue on which a run that was cut short goes on as a new message: the one for what outlives a function, or its own if there is
/// a checkpoint to carry. `None`: its own message goes back as it is, which alone keeps the order of a FIFO queue.
pub(crate) fn heir(conclusion: &Conclusion) -> Option<String> {
    let call = &conclusion.call;
    other_queue(call, conclusion.spill.as_ref()).or_else(|| {
        let own = conclusion.checkpoint.is_some() && !call.fifo;
        own.then(|| call.delivery.queue.clone())
    })
}

fn other_queue(call: &Call, spill: Option<&String>) -> Option<String> {
    spill
        .filter(|queue| !call.fifo && **queue != call.delivery.queue)
        .cloned()
}

/// Ends the claim, then sends the task on with its checkpoint. A crash between the two leaves the old message, without it.
pub(crate) async fn hand_over(conclusion: Conclusion, queue: String) -> Executed {
    if let Kept::Superseded = conclusion.keep(CompletionKind::GivenBack).await {
        return Executed::not_run(Outcome::Leave);
    }
    let (engine, call) = (&conclusion.engine, &conclusion.call);
    let mut next = Envelope::clone(&call.envelope);
    conclusion.carry_checkpoint(&mut next);
    let fifo = engine.parts.broker.capabilities(&queue).fifo;
    let message = retrying::message(call, next, fifo);
    let progress = if conclusion.checkpoint.is_some() {
        ", with its checkpoint"
    } else {
        ""
    };
    match engine.requests.send(&queue, message).await {
        Ok(_) => {
            tracing::info!(
                "Task {}[{}] goes on from `{queue}`{progress}",
                call.task(),
                call.id()
            );
            Executed::not_run(Outcome::Ack)
        }
        Err(error) => {
            tracing::error!(
                "Task {}[{}] was not sent to `{queue}`, its message goes back: {error}",
                call.task(),
                call.id()
            );
            Executed::not_run(Outcome::Release)
        }
    }
}

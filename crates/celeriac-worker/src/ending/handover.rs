//! A run that a Lambda function, or a worker that ends, cannot bring to its end, and where it goes
//! on.

use celeriac_core::CHECKPOINT;
use celeriac_protocol::Envelope;

use super::conclusion::Conclusion;
use super::record::Recorded;
use crate::call::Call;
use crate::executed::Executed;
use crate::{Outcome, outgoing};

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

/// The queue on which a run that was cut short goes on as a new message: the one for what outlives
/// a function, or its own if there is a checkpoint to carry. `None`: its own message goes back as
/// it is, which alone keeps the order of a FIFO queue.
pub(crate) fn target(conclusion: &Conclusion) -> Option<String> {
    let call = &conclusion.call;
    other_queue(call, conclusion.spill.as_ref()).or_else(|| {
        let own = conclusion.checkpoint.is_some() && !call.fifo;
        own.then(|| call.delivery.queue.clone())
    })
}

/// Ends the claim, then sends the task on with its checkpoint. A crash between the two leaves the
/// old message, without it.
pub(crate) async fn hand_over(conclusion: Conclusion, queue: String) -> Executed {
    if let Recorded::Superseded = conclusion.release().await {
        return Executed::not_run(Outcome::Leave);
    }
    let (engine, call) = (&conclusion.engine, &conclusion.call);
    let mut next = Envelope::clone(&call.envelope);
    conclusion.carry_checkpoint(&mut next);
    let sent = outgoing::message(call, next, &queue);
    let progress = if conclusion.checkpoint.is_some() {
        ", with its checkpoint"
    } else {
        ""
    };
    match engine.outbox.send(sent).await {
        Ok(_) => {
            tracing::info!("continues from `{queue}`{progress}");
            Executed::not_run(Outcome::Ack)
        }
        Err(error) => {
            tracing::error!("not sent to `{queue}`; its message is returned to the queue: {error}");
            Executed::not_run(conclusion.comes_back())
        }
    }
}

/// Where what a function cannot end goes on, if that is elsewhere. A FIFO queue keeps its own, or
/// the order would change.
pub(crate) fn other_queue(call: &Call, spill: Option<&String>) -> Option<String> {
    spill
        .filter(|queue| !call.fifo && **queue != call.delivery.queue)
        .cloned()
}

//! What becomes of a run that a shutdown cut short, or kept from starting. It is cut short in
//! `run/mod.rs`; a worker decides when in `worker/drain.rs`.

use super::conclusion::Conclusion;
use super::handover;
use super::record::Recorded;
use crate::executed::Executed;
use crate::{Outcome, meta};

impl Conclusion {
    /// The run does not count; the message goes back at once, or once its code is over.
    pub(crate) async fn given_back(self) -> Executed {
        if self.call.acked {
            let text = "the worker was shut down while the task ran, and its message was acknowledged early";
            return self
                .failed(
                    meta::failure_text("billiard.exceptions", "WorkerLostError", text),
                    None,
                )
                .await;
        }
        if let Some(queue) = handover::target(&self) {
            return handover::hand_over(self, queue).await;
        }
        if self.detached {
            tracing::warn!(
                "the worker is shutting down; the message comes back when the lease ends, in {:?}",
                self.engine.lease
            );
        } else {
            tracing::info!("returned to the queue: the worker is shutting down");
        }
        match self.release().await {
            Recorded::Superseded => Executed::not_run(Outcome::Leave),
            _ => Executed::not_run(self.comes_back()),
        }
    }
}

use std::time::Duration;

use celeriac_core::DeadLetter;

/// What is to become of a delivery: the one answer of `execute`, which a worker or a Lambda carries
/// out.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Delete the message: its outcome is durable.
    Ack,
    /// Make it invisible for this long, or as far as the broker allows.
    Defer(Duration),
    /// Give it back at once.
    Release,
    /// Move it to the dead-letter queue; where there is none, back off and keep it.
    DeadLetter(Box<DeadLetter>),
    /// Touch nothing: another attempt owns it.
    Leave,
}

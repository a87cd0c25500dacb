use std::time::Duration;

use super::{RenderError, limits};

/// What a rendering may rely on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderOptions {
    /// Only celeriac reads the entry's queue: its worker may drop or hold a message.
    pub celeriac_only: bool,
    /// Run at the second, not within the 60 seconds that AWS takes: fire a minute early, and let
    /// the worker hold the task.
    pub precise: bool,
    /// The entry's queue is FIFO: a message cannot have a delay of its own.
    pub fifo: bool,
}

impl RenderOptions {
    /// How long before the due time the expression fires.
    pub(super) fn lead(self) -> Result<Duration, RenderError> {
        match (self.precise, self.celeriac_only) {
            (false, _) => Ok(Duration::ZERO),
            (true, true) => Ok(Duration::from_secs(limits::PRECISION_SECONDS)),
            (true, false) => Err(RenderError::PreciseElsewhere),
        }
    }
}

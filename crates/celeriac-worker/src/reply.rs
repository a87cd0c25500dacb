use std::sync::{Arc, Mutex, PoisonError};

use celeriac_core::Failure;
use celeriac_protocol::Value;

/// How a task ended, for a caller who waits for it.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With this result, also where no result is stored.
    Returned(Value),
    /// With this failure.
    Raised(Failure),
}

/// Where the answer is left for the caller; nobody may be waiting.
#[derive(Clone, Default)]
pub(crate) struct Reply(Option<Arc<Mutex<Option<Answer>>>>);

impl Reply {
    /// For a caller who waits.
    pub(crate) fn awaited() -> Self {
        Self(Some(Arc::default()))
    }

    pub(crate) fn returned(&self, value: &Value) {
        self.leave(|| Answer::Returned(value.clone()));
    }

    pub(crate) fn raised(&self, failure: &Failure) {
        self.leave(|| Answer::Raised(failure.clone()));
    }

    pub(crate) fn take(&self) -> Option<Answer> {
        let place = self.0.as_ref()?;
        place.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The last one counts: a result that cannot be stored becomes a failure.
    fn leave(&self, answer: impl FnOnce() -> Answer) {
        if let Some(place) = &self.0 {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer());
        }
    }
}

use std::any::TypeId;
use std::error::Error as StdError;
use std::fmt;

/// A type of errors, for `autoretry_for` and `dont_autoretry_for`.
#[derive(Clone, Copy)]
pub struct ErrorType {
    id: TypeId,
    is: fn(&(dyn StdError + 'static)) -> bool,
}

impl ErrorType {
    /// The errors of type `E`, and what was caused by one: `anyhow`'s `context` does not hide it.
    pub fn of<E: StdError + 'static>() -> Self {
        Self {
            id: TypeId::of::<E>(),
            is: <dyn StdError>::is::<E>,
        }
    }

    /// Of what is no `std::error::Error` itself and becomes one, as `anyhow::Error` and `String`.
    pub fn of_other<E: 'static>() -> Self {
        Self {
            id: TypeId::of::<E>(),
            is: |_| false,
        }
    }

    /// Whether a task's error is one: what it returned was of the type `id`.
    pub(crate) fn matches(&self, id: TypeId, error: &(dyn StdError + 'static)) -> bool {
        self.id == id || chain(error).any(self.is)
    }
}

/// The error and what caused it, the innermost last.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

impl PartialEq for ErrorType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for ErrorType {}

impl fmt::Debug for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ErrorType").field(&self.id).finish()
    }
}

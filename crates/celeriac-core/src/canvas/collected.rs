use std::fmt;
use std::ops::BitOr;

use celeriac_protocol::{ExceptionInfo, Value, Workflow};
use serde::{Deserialize, Serialize};

use super::{Canvas, Chord, Follows, Group};
use crate::chords::OnMemberFailure;

/// A group whose chord collects errors: see [`Group::collect`].
#[must_use = "a canvas does nothing until it is sent"]
pub struct Collected<T, In>(Group<T, In>);

/// What a member of a chord failed with, where its body collects errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.exception().repr())]
pub struct MemberError {
    /// The exception's class, such as `ValueError`.
    pub exc_type: String,
    /// Its arguments.
    pub exc_message: Vec<Value>,
    /// Its module, such as `builtins`.
    pub exc_module: Option<String>,
}

impl MemberError {
    /// As a result store keeps it.
    pub fn exception(&self) -> ExceptionInfo {
        ExceptionInfo {
            exc_type: self.exc_type.clone(),
            exc_message: self.exc_message.clone(),
            exc_module: self.exc_module.clone(),
        }
    }
}

impl From<ExceptionInfo> for MemberError {
    fn from(exception: ExceptionInfo) -> Self {
        Self {
            exc_type: exception.exc_type,
            exc_message: exception.exc_message,
            exc_module: exception.exc_module,
        }
    }
}

impl<T, In> Group<T, In> {
    /// What follows gets each task's result or error, instead of failing with the first error:
    /// `group(..).collect() | report::step()`, where `report` takes a
    /// `Vec<Result<T, MemberError>>`. A Python body gets a list in which an error is the object that
    /// the result store keeps (`exc_type`, `exc_message`, `exc_module`).
    ///
    /// All tasks of the group must be registered in the program that sends it: elsewhere Python
    /// might run them, whose workers do not know of it. The send is refused then.
    pub fn collect(self) -> Collected<T, In> {
        Collected(self)
    }
}

impl<T, In, B: Follows<Vec<Result<T, MemberError>>>> BitOr<B> for Collected<T, In> {
    type Output = Chord<B::Output, In>;

    fn bitor(self, body: B) -> Self::Output {
        let chord = self.0.into_workflow().and_then(|group| {
            let mut chord = group.then(body.into_workflow()?);
            if let Workflow::Chord(chord) = &mut chord {
                OnMemberFailure::Collect.write(&mut chord.of.options);
            }
            Ok(chord)
        });
        Chord::of(chord)
    }
}

impl<T, In> fmt::Debug for Collected<T, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collected").field(&self.0).finish()
    }
}

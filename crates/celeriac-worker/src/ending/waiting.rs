//! Tasks that have not been sent, and for which callers may wait: where what comes before them
//! fails, they fail with it.

use std::collections::BTreeSet;

use celeriac_core::canvas::LATER_STEPS;
use celeriac_protocol::{Signature, Value};

use super::chord_part::ChordPart;
use super::embedded::{MOST_EMBEDDED, Step};

/// A task that has not been sent, and for which a caller may wait.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) id: String,
    /// The task's name.
    pub(crate) task: String,
    /// Its place in a chord.
    pub(crate) part: Option<ChordPart>,
    /// Whether it replaces a task of its id, which may have another name.
    pub(super) replaces: bool,
    /// Ids of those that come after it alone, where it is the first that ends without a run.
    pub(super) later: Vec<String>,
}

/// The tasks that a caller of this step waits for: itself, and all that comes after it alone. A
/// chord's is its body, a group's and a chain's are all of theirs.
pub(crate) fn waiting(step: &Signature) -> Vec<Waiting> {
    let mut all = Vec::new();
    Step::of(step).gather(&mut all);
    all
}

/// Ids of steps that are kept with a failure.
const MOST_KEPT: usize = 1_000;

/// What a failure keeps of the steps that will not come, each as the ids of its tasks, so that their
/// workflow can be shown.
pub(super) fn later_steps(steps: impl Iterator<Item = Vec<String>>) -> Option<(String, Value)> {
    let mut left = MOST_KEPT;
    let steps = steps.map_while(|ids| {
        left = left.checked_sub(ids.len())?;
        Some(Value::List(ids.into_iter().map(Value::Str).collect()))
    });
    let steps: Vec<Value> = steps.collect();
    (!steps.is_empty()).then(|| (LATER_STEPS.to_owned(), Value::List(steps)))
}

/// Those of whom one message's failure tells, each once, and as many at most as a message embeds.
#[derive(Default)]
pub(crate) struct Told(BTreeSet<String>);

impl Told {
    /// Which of these are to be told: the last step of a chain, for which its caller waits, comes
    /// first.
    pub(crate) fn of(&mut self, waiting: impl Iterator<Item = Waiting>) -> Vec<Waiting> {
        let left = MOST_EMBEDDED - self.0.len();
        let once = waiting.filter(|one| self.0.insert(one.id.clone()));
        let told: Vec<Waiting> = once.take(left).collect();
        if left > 0 && self.0.len() == MOST_EMBEDDED {
            tracing::warn!(
                "more than {MOST_EMBEDDED} tasks wait for this one; {MOST_EMBEDDED} of them are failed with it"
            );
        }
        told
    }
}

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use celeriac_protocol::{State, Value, from_value};
use futures_util::stream::{FuturesUnordered, Stream};
use serde::de::DeserializeOwned;

use crate::canvas::ResultTree;
use crate::result_reader::ResultReader;
use crate::{AsyncResult, ResultError, ResultSet};

/// The results of a group, in the order of its tasks: Celery's `GroupResult`. Cheap to clone.
///
/// Every method is cancel-safe.
pub struct GroupResult<T = Value> {
    tree: Arc<ResultTree>,
    reader: Arc<ResultReader>,
    output: PhantomData<fn() -> T>,
}

impl<T> GroupResult<T> {
    pub(crate) fn new(tree: ResultTree, reader: Arc<ResultReader>) -> Self {
        Self {
            tree: Arc::new(tree),
            reader,
            output: PhantomData,
        }
    }

    /// The group's id.
    pub fn id(&self) -> &str {
        self.tree.id()
    }

    /// Where its results are, and what ran before it.
    pub fn tree(&self) -> &ResultTree {
        &self.tree
    }

    /// How many results there are.
    pub fn len(&self) -> usize {
        self.tree.ids().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each of them, in order; those of a group that ends a member are one after the other.
    pub fn results(&self) -> Vec<AsyncResult<Value>> {
        let ids = self.tree.ids();
        ids.iter()
            .map(|id| AsyncResult::new(id, Arc::clone(&self.reader), false))
            .collect()
    }

    /// All of them, to be read together.
    pub fn set(&self) -> ResultSet<Value> {
        ResultSet::new(self.tree.ids(), &self.reader)
    }

    /// Saves where its results are, under its id: any client [restores](crate::Client::restore_group)
    /// it, Python's `GroupResult.restore` too.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub async fn save(&self) -> Result<(), ResultError> {
        let chords = self.reader.chords()?;
        Ok(chords.save_group(self.id(), &self.tree.to_tuple()).await?)
    }

    /// How many have ended well.
    pub async fn completed_count(&self) -> Result<usize, ResultError> {
        let states = self.set().states().await?;
        Ok(states
            .iter()
            .filter(|state| **state == State::Success)
            .count())
    }

    /// Whether all have ended.
    pub async fn ready(&self) -> Result<bool, ResultError> {
        Ok(self.set().states().await?.iter().all(State::is_ready))
    }

    /// Whether all have ended well.
    pub async fn successful(&self) -> Result<bool, ResultError> {
        let states = self.set().states().await?;
        Ok(states.iter().all(|state| *state == State::Success))
    }

    /// Whether one has failed.
    pub async fn failed(&self) -> Result<bool, ResultError> {
        let states = self.set().states().await?;
        Ok(states
            .iter()
            .any(|state| matches!(state, State::Failure | State::Revoked)))
    }

    /// Whether one is awaited still.
    pub async fn waiting(&self) -> Result<bool, ResultError> {
        Ok(!self.ready().await?)
    }
}

impl<T: DeserializeOwned> GroupResult<T> {
    /// Waits for all values, `timeout` at most for all together, in the order of the group's tasks.
    ///
    /// # Errors
    /// The first error that any of them gives, as soon as it is known.
    pub async fn join(&self, timeout: Duration) -> Result<Vec<T>, ResultError> {
        let values = self.set().join(timeout).await?;
        let ResultTree::Group { members, .. } = &*self.tree else {
            return values.into_iter().map(|value| self.read(value)).collect();
        };
        let mut values = values.into_iter();
        let nested = members.iter().map(|member| nest(member, &mut values));
        nested.map(|value| self.read(value)).collect()
    }

    /// The results as they come, each with its place in the group; with the timeout's error, those
    /// that have not come until then. Those of a group that ends a member have places of their own,
    /// as in [`results`](Self::results).
    pub fn stream(
        &self,
        timeout: Duration,
    ) -> impl Stream<Item = (usize, Result<T, ResultError>)> + Send + use<T> {
        let results = self.results().into_iter().enumerate();
        let wait = |(place, result): (usize, AsyncResult<Value>)| async move {
            (place, result.typed::<T>().get(timeout).await)
        };
        results.map(wait).collect::<FuturesUnordered<_>>()
    }

    fn read(&self, value: Value) -> Result<T, ResultError> {
        from_value(value).map_err(|error| ResultError::Type {
            task_id: self.id().to_owned(),
            reason: error.to_string(),
        })
    }
}

fn nest(tree: &ResultTree, values: &mut impl Iterator<Item = Value>) -> Value {
    match tree {
        ResultTree::Task { .. } => values.next().unwrap_or_default(),
        ResultTree::Group { members, .. } => {
            Value::List(members.iter().map(|member| nest(member, values)).collect())
        }
    }
}

impl<T> Clone for GroupResult<T> {
    fn clone(&self) -> Self {
        Self {
            tree: Arc::clone(&self.tree),
            reader: Arc::clone(&self.reader),
            output: PhantomData,
        }
    }
}

impl<T> fmt::Debug for GroupResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupResult").field(&self.tree.id()).finish()
    }
}

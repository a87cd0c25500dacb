use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use celeriac_protocol::{ExceptionInfo, ResultMeta, State, Value, from_value};
use serde::de::DeserializeOwned;

use crate::canvas::ResultTree;
use crate::result_reader::ResultReader;
use crate::{GroupResult, ResultError};

/// The result of a task, not there yet perhaps: Celery's `AsyncResult`. Cheap to clone.
///
/// Nothing is remembered: each method reads what stands in the store at that moment (strongly
/// consistent), except for [`get`](Self::get), which waits. A result that is there costs one read
/// at once. Waiting results of one client are read together, up to a hundred in one request, less
/// often the longer they take: from every 5 ms to once a second; of many, more often where results
/// come fast.
///
/// Every method is cancel-safe. All need a tokio runtime with its time driver on.
pub struct AsyncResult<T = Value> {
    task_id: Arc<str>,
    reader: Arc<ResultReader>,
    ignored: bool,
    tree: Option<Arc<ResultTree>>,
    output: PhantomData<fn() -> T>,
}

impl<T> AsyncResult<T> {
    pub(crate) fn new(task_id: &str, reader: Arc<ResultReader>, ignored: bool) -> Self {
        Self {
            task_id: task_id.into(),
            reader,
            ignored,
            tree: None,
            output: PhantomData,
        }
    }

    /// Of a canvas; of one that ends as a group, the group's, whose value is a list.
    pub(crate) fn of_tree(tree: ResultTree, reader: Arc<ResultReader>) -> Self {
        Self {
            task_id: tree.id().into(),
            reader,
            ignored: false,
            tree: Some(Arc::new(tree)),
            output: PhantomData,
        }
    }

    /// Where the results of its canvas are, and of what runs before it; nothing where it was made
    /// from an id alone.
    pub fn tree(&self) -> Option<&ResultTree> {
        self.tree.as_deref()
    }

    /// Of what runs before it in the canvas that was sent: the step before, or a chord's header.
    pub fn parent(&self) -> Option<AsyncResult<Value>> {
        let parent = self.tree.as_ref()?.parent()?.clone();
        Some(AsyncResult::of_tree(parent, Arc::clone(&self.reader)))
    }

    /// The task id.
    pub fn id(&self) -> &str {
        &self.task_id
    }

    /// The same result, read as another type.
    pub fn typed<U>(&self) -> AsyncResult<U> {
        AsyncResult {
            task_id: self.task_id.clone(),
            reader: self.reader.clone(),
            ignored: self.ignored,
            tree: self.tree.clone(),
            output: PhantomData,
        }
    }

    /// All that is stored: state, value, traceback, children, date. A PENDING for an unknown id.
    pub async fn meta(&self) -> Result<ResultMeta, ResultError> {
        self.reader.meta(&self.task_id).await
    }

    /// The state; PENDING for an unknown id.
    pub async fn state(&self) -> Result<State, ResultError> {
        Ok(self.meta().await?.status)
    }

    /// Whether the task has ended: SUCCESS, FAILURE or REVOKED.
    pub async fn ready(&self) -> Result<bool, ResultError> {
        Ok(self.state().await?.is_ready())
    }

    /// What `update_state` gave last, the value, or the exception object.
    pub async fn info(&self) -> Result<Value, ResultError> {
        Ok(self.meta().await?.result)
    }

    /// What the running task showed last (`Context::progress`, Python's `update_state`), or `None`
    /// if it has shown nothing or has ended.
    ///
    /// # Errors
    /// [`ResultError::Type`] if it is not a `P`.
    pub async fn progress<P: DeserializeOwned>(&self) -> Result<Option<P>, ResultError> {
        let meta = self.meta().await?;
        match meta.status {
            State::Custom(_) => value_of(&self.task_id, meta.result).map(Some),
            _ => Ok(None),
        }
    }

    /// The exception of a task that failed or was revoked.
    pub async fn exception(&self) -> Result<Option<ExceptionInfo>, ResultError> {
        let meta = self.meta().await?;
        Ok(match meta.status {
            State::Failure | State::Revoked => {
                ResultError::of(&self.task_id, meta).exception().cloned()
            }
            _ => None,
        })
    }

    /// The traceback of a failure, or of the try that a RETRY follows.
    pub async fn traceback(&self) -> Result<Option<String>, ResultError> {
        Ok(self.meta().await?.traceback)
    }

    /// The ids of the tasks that this one sent, in their order; a group's members stand for the
    /// group.
    pub async fn children(&self) -> Result<Vec<String>, ResultError> {
        let mut ids = Vec::new();
        collect_ids(&self.meta().await?.children, &mut ids);
        Ok(ids)
    }

    /// The results of the tasks that this one has sent, in order: each with what runs before it, a
    /// group as one, as [`tree`](Self::tree) says.
    pub async fn child_results(&self) -> Result<Vec<AsyncResult<Value>>, ResultError> {
        let children = self.meta().await?.children;
        let trees = children.as_list().unwrap_or_default().iter();
        let child = |tree| AsyncResult::of_tree(tree, Arc::clone(&self.reader));
        Ok(trees.filter_map(ResultTree::of_tuple).map(child).collect())
    }

    /// Empties the stored result. The id stays known as ended until its item's TTL, so a second
    /// copy of the message does not run the task again.
    pub async fn forget(&self) -> Result<(), ResultError> {
        let ids = [self.task_id.to_string()];
        self.reader
            .store()?
            .forget(&ids)
            .await
            .into_iter()
            .collect::<Result<Vec<()>, _>>()?;
        Ok(())
    }
}

impl<T: DeserializeOwned> AsyncResult<T> {
    /// Waits for the value, `timeout` at most. It is looked for once, however short the timeout.
    ///
    /// A task sent with `ignore_result` stores nothing, so that its `get` gives `()` (or `None`) at
    /// once, as in Celery.
    ///
    /// # Errors
    /// [`ResultError::Failed`] and [`ResultError::Revoked`] with Celery's exception;
    /// [`ResultError::Timeout`] with the state last seen; [`ResultError::Type`] if the value is not
    /// a `T`. A store that is away for a moment is asked again until the timeout, and is the error
    /// then.
    pub async fn get(&self, timeout: Duration) -> Result<T, ResultError> {
        if self.ignored {
            return self.ignored_value();
        }
        if let Some(tree @ ResultTree::Group { .. }) = self.tree() {
            let group = GroupResult::<Value>::new(tree.clone(), Arc::clone(&self.reader));
            let values = Value::List(group.join(timeout).await?);
            return value_of(&self.task_id, values);
        }
        if timeout.is_zero() {
            return self.try_get().await?.ok_or_else(|| self.not_ready());
        }
        self.value(self.reader.wait(&self.task_id, timeout).await?)
    }

    /// The value if the task has ended, `None` if not; errors as [`get`](Self::get). One read, no
    /// waiting.
    pub async fn try_get(&self) -> Result<Option<T>, ResultError> {
        let meta = self.meta().await?;
        if meta.status.is_ready() {
            self.value(meta).map(Some)
        } else {
            Ok(None)
        }
    }

    /// What a final meta means to the caller.
    pub(crate) fn value(&self, meta: ResultMeta) -> Result<T, ResultError> {
        match meta.status {
            State::Success => value_of(&self.task_id, meta.result),
            _ => Err(ResultError::of(&self.task_id, meta)),
        }
    }

    fn ignored_value(&self) -> Result<T, ResultError> {
        from_value(Value::Null).map_err(|_| ResultError::Type {
            task_id: self.id().to_owned(),
            reason: "it was sent with `ignore_result`, so no value is stored".to_owned(),
        })
    }

    fn not_ready(&self) -> ResultError {
        ResultError::Timeout {
            task_id: self.id().to_owned(),
            state: State::Pending,
            waited: Duration::ZERO,
        }
    }
}

impl<T> Clone for AsyncResult<T> {
    fn clone(&self) -> Self {
        self.typed()
    }
}

impl<T> fmt::Debug for AsyncResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncResult").field(&self.task_id).finish()
    }
}

fn value_of<T: DeserializeOwned>(task_id: &str, value: Value) -> Result<T, ResultError> {
    let kind = kind_of(&value);
    from_value(value).map_err(|error| ResultError::Type {
        task_id: task_id.to_owned(),
        reason: format!("{kind} is not a `{}`: {error}", std::any::type_name::<T>()),
    })
}

/// A value's type as a Python programmer calls it.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "None",
        Value::Bool(_) => "a bool",
        Value::Int(_) | Value::BigInt(_) => "an int",
        Value::Float(_) => "a float",
        Value::Str(_) => "a str",
        Value::Bytes(_) => "a bytes object",
        Value::DateTime(_) => "a datetime",
        Value::Date(_) => "a date",
        Value::Time(_) => "a time",
        Value::Decimal(_) => "a Decimal",
        Value::Uuid(_) => "a UUID",
        Value::List(_) => "a list",
        Value::Dict(_) => "a dict",
    }
}

/// The ids in a list of result tuples (SPEC 2.4): `[[id, parent], null]` for a task,
/// `[[group, parent], [members]]`.
fn collect_ids(tuples: &Value, ids: &mut Vec<String>) {
    let Value::List(tuples) = tuples else { return };
    for tuple in tuples {
        let Value::List(parts) = tuple else { continue };
        match parts.as_slice() {
            [_, members @ Value::List(_)] => collect_ids(members, ids),
            [Value::List(task), ..] => {
                if let Some(Value::Str(id)) = task.first() {
                    ids.push(id.clone());
                }
            }
            _ => {}
        }
    }
}

//! What `#[task]` writes calls of. No part of the API: it changes with the macro.

use std::any::type_name;
use std::error::Error as StdError;
use std::marker::PhantomData;

use celeriac_protocol::{Value, to_value};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Arguments, Context, ErrorType, IntoTaskResult, MissingState, State, StateMap, TaskError,
};

/// The parameter at `index`; what does not fit is the caller's TypeError.
pub fn take<T: DeserializeOwned>(arguments: &mut Arguments, index: usize) -> Result<T, TaskError> {
    arguments
        .take(index)
        .map_err(|error| TaskError::unplaced("TypeError", error.0))
}

/// The parameter at `index`, or its default.
pub fn take_or<T: DeserializeOwned>(
    arguments: &mut Arguments,
    index: usize,
    default: impl FnOnce() -> T,
) -> Result<T, TaskError> {
    arguments
        .take_or(index, default)
        .map_err(|error| TaskError::unplaced("TypeError", error.0))
}

/// The app's shared value. A missing one is a mistake in the program, so no policy retries it.
pub fn state<T: Send + Sync + 'static>(context: &Context) -> Result<State<T>, TaskError> {
    context
        .state()
        .get::<T>()
        .map_err(|missing| TaskError::unplaced("MissingState", missing.to_string()))
}

/// Whether the app has this state.
pub fn has_state<T: Send + Sync + 'static>(app: &StateMap) -> Result<(), MissingState> {
    app.get::<T>().map(drop)
}

/// The wire value of a task function's result.
pub fn result<R: IntoTaskResult>(returned: R) -> Result<Value, TaskError> {
    value(&returned.into_task_result()?)
}

/// The wire value of a task function's plain value.
pub fn value<T: Serialize>(returned: &T) -> Result<Value, TaskError> {
    to_value(returned).map_err(|error| {
        TaskError::unplaced(
            "EncodeError",
            format!(
                "result of type `{}`: {error}",
                crate::type_path::short(type_name::<T>())
            ),
        )
    })
}

/// A type named in `autoretry_for`.
#[derive(Debug)]
pub struct Of<E>(PhantomData<E>);

impl<E> Of<E> {
    /// The only one.
    pub const NEW: Self = Self(PhantomData);
}

/// Of a `std::error::Error`.
pub trait OfError {
    /// The type.
    fn error_type(&self) -> ErrorType;
}

impl<E: StdError + 'static> OfError for &Of<E> {
    fn error_type(&self) -> ErrorType {
        ErrorType::of::<E>()
    }
}

/// What a return type is that is not called `Result`.
#[derive(Debug)]
pub struct PlainValue;

/// It is one all the same, behind a type alias, and its error would be stored as a success.
#[derive(Debug)]
pub struct WriteOutTheResult;

/// Of a `Result`.
pub trait ReturnsResult {
    /// What is to be done.
    fn returned(&self) -> WriteOutTheResult;
}

impl<T, E> ReturnsResult for &Of<Result<T, E>> {
    fn returned(&self) -> WriteOutTheResult {
        WriteOutTheResult
    }
}

/// Of any other type.
pub trait ReturnsValue {
    /// Nothing.
    fn returned(&self) -> PlainValue;
}

impl<R> ReturnsValue for Of<R> {
    fn returned(&self) -> PlainValue {
        PlainValue
    }
}

/// Of any other type.
pub trait OfOther {
    /// The type.
    fn error_type(&self) -> ErrorType;
}

impl<E: 'static> OfOther for Of<E> {
    fn error_type(&self) -> ErrorType {
        ErrorType::of_other::<E>()
    }
}

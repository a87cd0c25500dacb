use celeriac_protocol::{Dict, Value};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::Params;

/// A call's arguments, bound to a task's parameters as Python would bind them.
#[derive(Debug)]
pub struct Arguments {
    #[expect(dead_code, reason = "skeleton")]
    bound: Vec<Option<Value>>,
    #[expect(dead_code, reason = "skeleton")]
    params: &'static Params,
}

/// Arguments that do not fit the task; the caller sees FAILURE of type TypeError with this text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ArgumentError(pub String);

impl Arguments {
    /// Binds by position, then by keyword. Errors read as Python's: `add() missing 1 required positional argument: 'y'`,
    /// `add() got an unexpected keyword argument 'z'`, `add() takes 2 positional arguments but 3 were given`,
    /// `add() got multiple values for argument 'x'`.
    pub fn bind(_params: &'static Params, _args: Vec<Value>, _kwargs: Dict) -> Result<Self, ArgumentError> { todo!() }

    /// Takes the parameter at `index` as a `T`. An absent optional one is `T` of `None` where `T` is an `Option`, so the
    /// macro calls `take_or` for parameters with a default. The error names the parameter.
    pub fn take<T: DeserializeOwned>(&mut self, _index: usize) -> Result<T, ArgumentError> { todo!() }

    /// Takes the parameter at `index`, or its default where the caller gave none.
    pub fn take_or<T: DeserializeOwned>(&mut self, _index: usize, _default: impl FnOnce() -> T) -> Result<T, ArgumentError> { todo!() }
}

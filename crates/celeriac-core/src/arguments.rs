use std::any::type_name;
use std::fmt::Write as _;

use celeriac_protocol::{Dict, Value, from_value};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{Params, plain_text, type_path};

/// Characters of a name in an error: a message may have any.
const LONGEST_NAME: usize = 200;

/// A call's arguments, bound to a task's parameters as Python would bind them.
///
/// ```
/// use celeriac_core::{Arguments, Param, Params};
/// use celeriac_protocol::{Dict, Value};
///
/// static ADD: Params = Params {
///     function: "add",
///     list: &[Param { name: "x", required: true }, Param { name: "y", required: true }],
///     ..Params::NONE
/// };
/// let kwargs = Dict::from([("y".to_owned(), Value::Int(2))]);
/// let mut bound = Arguments::bind(&ADD, vec![Value::Int(1)], kwargs).unwrap();
/// assert_eq!((bound.take::<i64>(0), bound.take::<i64>(1)), (Ok(1), Ok(2)));
///
/// let error = Arguments::bind(&ADD, vec![Value::Int(1)], Dict::new()).unwrap_err();
/// assert_eq!(error.to_string(), "add() missing 1 required positional argument: 'y'");
/// ```
#[derive(Debug)]
pub struct Arguments {
    bound: Vec<Option<Value>>,
    params: &'static Params,
}

/// Arguments that do not fit the task; the caller sees FAILURE of type TypeError with this text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ArgumentError(pub String);

impl Arguments {
    /// Binds by position, then by keyword. Errors read as Python's:
    /// `add() missing 1 required positional argument: 'y'`,
    /// `add() got an unexpected keyword argument 'z'`,
    /// `add() takes 2 positional arguments but 3 were given`,
    /// `add() got multiple values for argument 'x'`.
    ///
    /// Where several are wrong, the one that Python reports is reported: keywords first, then too
    /// many, then missing.
    pub fn bind(
        params: &'static Params,
        args: Vec<Value>,
        kwargs: Dict,
    ) -> Result<Self, ArgumentError> {
        let given = args.len();
        let mut bound: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        let more = bound.split_off(given.min(params.list.len()));
        bound.resize_with(params.list.len(), || None);
        let mut others = Dict::new();
        for (name, value) in kwargs {
            let slot = params.list.iter().position(|param| param.name == name);
            let Some(slot) = slot else {
                if !params.var_kwargs {
                    return Err(params.unexpected_keyword(&name));
                }
                others.insert(name, value);
                continue;
            };
            if bound[slot].is_some() {
                return Err(params.multiple_values(&name));
            }
            bound[slot] = Some(value);
        }
        if !more.is_empty() && !params.var_args {
            return Err(params.too_many(given));
        }
        params.check_missing(&bound)?;
        if params.var_args {
            bound.push(Some(Value::List(more.into_iter().flatten().collect())));
        }
        if params.var_kwargs {
            bound.push(Some(Value::Dict(others)));
        }
        Ok(Self { bound, params })
    }

    /// Takes the parameter at `index` as a `T`. An absent optional one is `T` of `None` where `T`
    /// is an `Option`, so the macro calls `take_or` for parameters with a default. The error names
    /// the parameter.
    pub fn take<T: DeserializeOwned>(&mut self, index: usize) -> Result<T, ArgumentError> {
        let value = self
            .bound
            .get_mut(index)
            .and_then(Option::take)
            .unwrap_or(Value::Null);
        self.convert(index, value)
    }

    /// Takes the parameter at `index`, or its default where the caller gave none.
    pub fn take_or<T: DeserializeOwned>(
        &mut self,
        index: usize,
        default: impl FnOnce() -> T,
    ) -> Result<T, ArgumentError> {
        match self.bound.get_mut(index).and_then(Option::take) {
            Some(value) => self.convert(index, value),
            None => Ok(default()),
        }
    }

    /// All of them, by name: for tasks that are not made of a Rust function. Those that the caller
    /// did not give are left out.
    pub fn into_dict(self) -> Dict {
        let Params {
            list,
            var_args,
            var_kwargs,
            ..
        } = self.params;
        let args = var_args.then_some("args");
        let kwargs = var_kwargs.then_some("kwargs");
        let names = list
            .iter()
            .map(|param| param.name)
            .chain(args)
            .chain(kwargs);
        let given = names.zip(self.bound);
        given
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    fn convert<T: DeserializeOwned>(&self, index: usize, value: Value) -> Result<T, ArgumentError> {
        let given = value.describe();
        from_value(value).map_err(|error| {
            let mut text = format!(
                "{}() argument '{}': expected {}, got {given}",
                self.params.function,
                self.params.list.get(index).map_or("?", |param| param.name),
                type_path::short(type_name::<T>()),
            );
            if !type_path::is_scalar(type_name::<T>()) {
                // a list or a struct: only the codec knows what in it does not fit
                let _ = write!(text, " ({error})");
            }
            ArgumentError(text)
        })
    }
}

/// Python's own texts (CPython's `initialize_locals`).
impl Params {
    fn unexpected_keyword(&self, name: &str) -> ArgumentError {
        ArgumentError(format!(
            "{}() got an unexpected keyword argument '{}'",
            self.function,
            plain_text::cut(name, LONGEST_NAME)
        ))
    }

    fn multiple_values(&self, name: &str) -> ArgumentError {
        ArgumentError(format!(
            "{}() got multiple values for argument '{name}'",
            self.function
        ))
    }

    fn too_many(&self, given: usize) -> ArgumentError {
        let most = self.list.len();
        let least = self.list.iter().filter(|param| param.required).count();
        let takes = if least == most {
            most.to_string()
        } else {
            format!("from {least} to {most}")
        };
        ArgumentError(format!(
            "{}() takes {takes} positional argument{} but {given} {} given",
            self.function,
            if most == 1 { "" } else { "s" },
            if given == 1 { "was" } else { "were" },
        ))
    }

    fn check_missing(&self, bound: &[Option<Value>]) -> Result<(), ArgumentError> {
        let missing: Vec<String> = self
            .list
            .iter()
            .zip(bound)
            .filter(|(param, value)| param.required && value.is_none())
            .map(|(param, _)| format!("'{}'", param.name))
            .collect();
        let names = match missing.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            [one, two] => format!("{one} and {two}"),
            [most @ .., last] => format!("{}, and {last}", most.join(", ")),
        };
        Err(ArgumentError(format!(
            "{}() missing {} required positional argument{}: {names}",
            self.function,
            missing.len(),
            if missing.len() == 1 { "" } else { "s" },
        )))
    }
}

use crate::{Dict, Value};

/// `argsrepr`: the arguments as Python would show them, cut near 1024 characters. Informational.
pub fn repr_args(_args: &[Value]) -> String { todo!() }

/// `kwargsrepr`, the same for keyword arguments.
pub fn repr_kwargs(_kwargs: &Dict) -> String { todo!() }

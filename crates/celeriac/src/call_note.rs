use celeriac_core::{Arguments, Registry, RegistryError};
use celeriac_protocol::{Dict, Value};

/// What a person should know of a call before it is sent, if anything: an app may send tasks that
/// live in Python, or in a newer version of itself, so what it does not know is worth a word and no
/// more. An app without tasks knows of none.
pub(crate) fn call_note(
    registry: &Registry,
    task: &str,
    args: &[Value],
    kwargs: &Dict,
) -> Option<String> {
    registry.iter().next()?;
    match registry.get(task) {
        Err(error @ RegistryError::Unknown { .. }) => {
            Some(format!("{error}; it is sent by its name alone"))
        }
        Err(_) => None,
        Ok(task) => {
            let bound = Arguments::bind(task.params, args.to_vec(), kwargs.clone());
            let error = bound.err()?;
            Some(format!("this app would refuse it: {error}"))
        }
    }
}

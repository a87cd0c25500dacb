//! Which Python exception an error is shown as (SPEC 2.6).

use crate::type_path;

/// The module of errors that have no better one.
const OWN_MODULE: &str = "celeriac";

/// Module and name of an exception given by name: well-known ones are found, a dotted prefix is the
/// module.
pub(crate) fn resolve(exc_type: &str) -> (&str, &str) {
    match exc_type.rsplit_once('.') {
        Some((module, name)) => (module, name),
        None => (well_known(exc_type).unwrap_or(OWN_MODULE), exc_type),
    }
}

/// Module and name of a Rust error's type.
pub(crate) fn of_type(type_name: &str) -> (String, String) {
    let (module, name) = type_path::split(type_name);
    match module.as_str() {
        // a text or a boxed error says nothing by its type
        "alloc.boxed" | "alloc.string" | "" => ("builtins".to_owned(), "Exception".to_owned()),
        "celeriac_protocol.error" | "celeriac_core" if name == "EncodeError" => {
            ("kombu.exceptions".to_owned(), name)
        }
        _ => (module, name),
    }
}

fn well_known(name: &str) -> Option<&'static str> {
    Some(match name {
        "TimeLimitExceeded" | "SoftTimeLimitExceeded" | "WorkerLostError" | "Terminated" => {
            "billiard.exceptions"
        }
        "MaxRetriesExceededError"
        | "TaskRevokedError"
        | "NotRegistered"
        | "Reject"
        | "Ignore"
        | "Retry"
        | "ChordError"
        | "InvalidTaskError"
        | "QueueNotFound"
        | "ImproperlyConfigured"
        | "TaskError"
        | "BackendError"
        | "BackendStoreError"
        | "BackendGetMetaError" => "celery.exceptions",
        "EncodeError" | "DecodeError" | "OperationalError" | "SerializationError"
        | "ContentDisallowed" => "kombu.exceptions",
        _ if BUILTINS.contains(&name) => "builtins",
        _ => return None,
    })
}

/// Python's own exceptions that a task may want to raise.
const BUILTINS: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "EOFError",
    "Exception",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "IOError",
    "ImportError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotADirectoryError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "ReferenceError",
    "RuntimeError",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SystemError",
    "TimeoutError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "ValueError",
    "ZeroDivisionError",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_get_their_module() {
        assert_eq!(resolve("ValueError"), ("builtins", "ValueError"));
        assert_eq!(
            resolve("TimeLimitExceeded"),
            ("billiard.exceptions", "TimeLimitExceeded")
        );
        assert_eq!(
            resolve("NotRegistered"),
            ("celery.exceptions", "NotRegistered")
        );
        assert_eq!(resolve("EncodeError"), ("kombu.exceptions", "EncodeError"));
    }

    #[test]
    fn others_get_their_prefix_or_ours() {
        assert_eq!(
            resolve("shop.stock.OutOfStock"),
            ("shop.stock", "OutOfStock")
        );
        assert_eq!(resolve("OutOfStock"), ("celeriac", "OutOfStock"));
    }

    #[test]
    fn boxed_errors_are_plain_exceptions() {
        let boxed = std::any::type_name::<Box<dyn std::error::Error + Send + Sync>>();
        assert_eq!(
            of_type(boxed),
            ("builtins".to_owned(), "Exception".to_owned())
        );
        let number = std::any::type_name::<std::num::ParseIntError>();
        assert_eq!(of_type(number).1, "ParseIntError");
    }
}

//! Which Python exception an error is shown as (SPEC 2.6).

use std::char::{CharTryFromError, ParseCharError};
use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::AddrParseError;
use std::num::{ParseFloatError, ParseIntError, TryFromIntError};
use std::str::{ParseBoolError, Utf8Error};
use std::string::FromUtf8Error;
use std::sync::mpsc;

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

/// Python's exception for an error of Rust's standard library, so that `except OSError` there goes
/// on to see what `std::io::Error` says here. An error whose type says more keeps its own name.
pub(crate) fn of_standard(error: &(dyn Error + 'static), type_name: &str) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(of_io(error.kind()));
    }
    if error.is::<TryFromIntError>() {
        return Some("OverflowError");
    }
    let is_value = error.is::<ParseIntError>()
        || error.is::<ParseFloatError>()
        || error.is::<ParseBoolError>()
        || error.is::<ParseCharError>()
        || error.is::<CharTryFromError>()
        || error.is::<Utf8Error>()
        || error.is::<FromUtf8Error>()
        || error.is::<AddrParseError>()
        || type_name == "serde_json::error::Error";
    if is_value {
        return Some("ValueError");
    }
    let is_late =
        error.is::<mpsc::RecvTimeoutError>() || type_name == "tokio::time::error::Elapsed";
    is_late.then_some("TimeoutError")
}

/// The subclasses of OSError, by errno in Python (PEP 3151).
fn of_io(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "FileNotFoundError",
        ErrorKind::PermissionDenied => "PermissionError",
        ErrorKind::ConnectionRefused => "ConnectionRefusedError",
        ErrorKind::ConnectionReset => "ConnectionResetError",
        ErrorKind::ConnectionAborted => "ConnectionAbortedError",
        ErrorKind::BrokenPipe => "BrokenPipeError",
        ErrorKind::AlreadyExists => "FileExistsError",
        ErrorKind::WouldBlock => "BlockingIOError",
        ErrorKind::TimedOut => "TimeoutError",
        ErrorKind::Interrupted => "InterruptedError",
        ErrorKind::NotADirectory => "NotADirectoryError",
        ErrorKind::IsADirectory => "IsADirectoryError",
        _ => "OSError",
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

    fn name(error: &(dyn Error + 'static)) -> Option<&'static str> {
        of_standard(error, "")
    }

    #[test]
    fn what_rusts_library_says_is_what_python_catches() {
        for (kind, expected) in [
            (ErrorKind::NotFound, "FileNotFoundError"),
            (ErrorKind::ConnectionReset, "ConnectionResetError"),
            (ErrorKind::TimedOut, "TimeoutError"),
            (ErrorKind::UnexpectedEof, "OSError"),
            (ErrorKind::Other, "OSError"),
        ] {
            assert_eq!(name(&io::Error::from(kind)), Some(expected), "{kind}");
        }
        let value: [Box<dyn Error>; 4] = [
            Box::new("x".parse::<i32>().expect_err("it does not fit")),
            Box::new("x".parse::<f32>().expect_err("it does not fit")),
            Box::new(
                "x".parse::<std::net::IpAddr>()
                    .expect_err("it does not fit"),
            ),
            Box::new(String::from_utf8(vec![0xff]).expect_err("it does not fit")),
        ];
        for error in value {
            assert_eq!(name(&*error), Some("ValueError"), "{error}");
        }
        let large = u8::try_from(300).expect_err("it does not fit");
        assert_eq!(name(&large), Some("OverflowError"));
        let (elapsed, json) = ("tokio::time::error::Elapsed", "serde_json::error::Error");
        assert_eq!(of_standard(&std::fmt::Error, elapsed), Some("TimeoutError"));
        assert_eq!(of_standard(&std::fmt::Error, json), Some("ValueError"));
        assert_eq!(name(&std::fmt::Error), None, "it keeps its own name");
    }
}

use std::fmt;

use celeriac_core::{
    ErrorType, Failure, IntoTaskResult, RetryPolicy, Task, TaskDefinition, TaskError, TaskKind,
    TaskOptions, TaskResult,
};
use celeriac_protocol::Value;

use crate::text;

#[derive(Debug)]
struct OutOfStock<T> {
    source: std::io::Error,
    kind: std::marker::PhantomData<T>,
}

impl<T> fmt::Display for OutOfStock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no apples")
    }
}

impl<T: fmt::Debug> std::error::Error for OutOfStock<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

fn out_of_stock() -> OutOfStock<u8> {
    OutOfStock {
        source: std::io::Error::other("shelf is empty"),
        kind: std::marker::PhantomData,
    }
}

#[test]
fn an_error_is_an_exception_of_its_type_with_its_causes() {
    let failure = Failure::of(&out_of_stock());
    assert_eq!(failure.exception.exc_type, "OutOfStock");
    assert_eq!(
        failure.exception.exc_module.as_deref(),
        Some("core.failures")
    );
    assert_eq!(failure.exception.exc_message, [text("no apples")]);
    let expected = "core.failures.OutOfStock: no apples\n  caused by: shelf is empty";
    assert_eq!(failure.traceback.as_deref(), Some(expected));
}

#[test]
fn a_named_failure_is_pythons_own_where_it_can_be() {
    let failure = Failure::with_args("KeyError", vec![Value::Int(1)]);
    assert_eq!(failure.exception.exc_module.as_deref(), Some("builtins"));
    assert_eq!(failure.exception.exc_message, [Value::Int(1)]);
    let failure = Failure::new("shop.OutOfStock", "no apples");
    let exception = failure.exception;
    assert_eq!(
        (exception.exc_module.as_deref(), exception.exc_type.as_str()),
        (Some("shop"), "OutOfStock")
    );
}

#[test]
fn a_traceback_begins_where_the_failure_was_made() {
    fn task(line: &mut u32) -> TaskResult<()> {
        *line = line!() + 1;
        Err(out_of_stock())?;
        Ok(())
    }
    let named = Failure::new("ValueError", "boom").traceback.unwrap();
    let above = format!(
        "Traceback (most recent call last):\n  File \"{}\", line ",
        file!()
    );
    assert!(named.starts_with(&above), "{named}");
    assert!(named.ends_with("\nValueError: boom"), "{named}");

    let mut line = 0;
    let Err(TaskError::Error(error)) = task(&mut line) else {
        panic!("expected an error")
    };
    let expected =
        format!("{above}{line}\ncore.failures.OutOfStock: no apples\n  caused by: shelf is empty");
    assert_eq!(error.failure.traceback.as_deref(), Some(expected.as_str()));
}

#[test]
fn the_question_mark_keeps_the_type() {
    fn task() -> TaskResult<()> {
        Err(out_of_stock())?;
        Ok(())
    }
    let Err(TaskError::Error(error)) = task() else {
        panic!("expected an error")
    };
    assert!(error.is(ErrorType::of::<OutOfStock<u8>>()));
    assert!(!error.is(ErrorType::of::<OutOfStock<u16>>()));
}

#[test]
fn results_of_any_error_are_task_results() {
    let own: Result<i32, TaskError> = Err(TaskError::Ignore);
    assert!(matches!(own.into_task_result(), Err(TaskError::Ignore)));
    let standard: Result<i32, OutOfStock<u8>> = Err(out_of_stock());
    let Err(TaskError::Error(error)) = standard.into_task_result() else {
        panic!("expected an error")
    };
    assert!(error.is(ErrorType::of::<OutOfStock<u8>>()));
    assert!(
        error
            .failure
            .traceback
            .unwrap()
            .contains("caused by: shelf is empty")
    );
    let boxed: Result<i32, Box<dyn std::error::Error + Send + Sync>> =
        Err(Box::new(out_of_stock()));
    let Err(TaskError::Error(error)) = boxed.into_task_result() else {
        panic!("expected an error")
    };
    assert_eq!(
        (
            error.failure.exception.exc_type.as_str(),
            error.failure.exception.message().as_str()
        ),
        ("Exception", "no apples")
    );
    let worded: Result<i32, String> = Err("just so".to_owned());
    let Err(TaskError::Error(error)) = worded.into_task_result() else {
        panic!("expected an error")
    };
    assert_eq!(
        (
            error.failure.exception.exc_type.as_str(),
            error.failure.exception.message().as_str()
        ),
        ("Exception", "just so")
    );
}

struct Retried<const WHICH: u8>;

impl<const WHICH: u8> Task for Retried<WHICH> {
    type Output = ();
    fn name() -> String {
        "retried".to_owned()
    }
    fn params() -> &'static celeriac_core::Params {
        &celeriac_core::Params {
            function: "retried",
            list: &[],
            ..celeriac_core::Params::NONE
        }
    }
    fn options() -> TaskOptions {
        let io = ErrorType::of::<std::io::Error>();
        let (autoretry_for, dont_autoretry_for) = match WHICH {
            1 => (vec![io], Vec::new()),
            2 => (Vec::new(), vec![io]),
            _ => (Vec::new(), Vec::new()),
        };
        TaskOptions {
            autoretry: WHICH != 0,
            autoretry_for,
            dont_autoretry_for,
            retry: RetryPolicy::default(),
            ..TaskOptions::default()
        }
    }
    fn kind() -> TaskKind {
        TaskKind::Blocking(std::sync::Arc::new(|_, _| Ok(Value::Null)))
    }
}

#[test]
fn errors_are_retried_by_their_type() {
    let raised = |error: TaskError| match error {
        TaskError::Error(error) => error,
        other => panic!("{other:?}"),
    };
    let (io, fmt) = (
        raised(std::io::Error::other("away").into()),
        raised(std::fmt::Error.into()),
    );
    let both = |definition: TaskDefinition| {
        (
            definition.retries_automatically(&io),
            definition.retries_automatically(&fmt),
        )
    };
    assert_eq!(both(TaskDefinition::of::<Retried<0>>()), (false, false));
    assert_eq!(both(TaskDefinition::of::<Retried<1>>()), (true, false));
    assert_eq!(both(TaskDefinition::of::<Retried<2>>()), (false, true));
    assert_eq!(both(TaskDefinition::of::<Retried<3>>()), (true, true));
}

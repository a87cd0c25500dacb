//! Tasks that fail, are rejected, or say so.

pub(crate) use self::all::*;

#[celeriac::tasks(prefix = "t.integration.tasks")]
mod all {
    use celeriac::prelude::*;

    /// An exception of the suite's own.
    pub(crate) fn expected(name: &str, args: Vec<Value>) -> Failure {
        Failure::with_args(&format!("t.integration.tasks.{name}"), args)
    }

    #[task]
    pub(crate) async fn fail(#[args] args: Vec<Value>) -> TaskResult<Value> {
        let text = Value::Str("Task expected to fail".to_owned());
        let args = std::iter::once(text).chain(args).collect();
        Err(TaskError::Failure(expected("ExpectedException", args)))
    }

    #[task]
    pub(crate) async fn fail_unpickleable(foo: Value, bar: Value) -> TaskResult {
        let _ = bar; // Python's exception keeps the first as its argument
        Err(TaskError::Failure(expected(
            "UnpickleableException",
            vec![foo],
        )))
    }

    #[task]
    pub(crate) async fn raise_error(#[args] args: Vec<Value>) -> TaskResult<Value> {
        let _ = args;
        Err(TaskError::failure("ValueError", "deliberate error"))
    }

    #[task]
    pub(crate) async fn print_unicode(log_message: Option<String>, print_message: Option<String>) {
        let log_message = log_message.unwrap_or_else(|| "håå®ƒ valmuefrø".to_owned());
        let print_message = print_message.unwrap_or_else(|| "hiöäüß".to_owned());
        eprintln!("{log_message} {print_message}");
    }

    #[task]
    pub(crate) async fn return_exception(e: Value) -> (Value, bool) {
        (e, true)
    }

    #[task]
    pub(crate) async fn reject_without_requeue() -> TaskResult {
        Err(TaskError::reject("rejected"))
    }

    #[task]
    pub(crate) async fn replaced_with_me() -> bool {
        true
    }
}

//! The `#[task]` attribute of celeriac.

mod expand;
mod option_value;
mod parameter;
mod return_type;
mod task_attribute;
mod task_function;
mod tasks_module;

use proc_macro::TokenStream;

/// `#[task] async fn add(x: i64, y: i64) -> TaskResult<i64>` becomes a type `add` that an app
/// registers, with
/// - `add::s(1, 2)`: a typed call to be sent, with every option of Celery's `apply_async` as a
///   method. It takes the required parameters; optional ones are given by name:
///   `add::s(1).kwarg("y", 2)`;
/// - `add::si(1, 2)`: the same, immutable: as a callback it drops the result it would be given;
/// - `add::call(1, 2)`: the function itself, for unit tests.
///
/// An `async fn` runs on the async runtime; any other function is *blocking* and runs on the
/// worker's pool of threads. There `ctx.block_on(ctx.progress(10))` stands for `.await`.
///
/// # Parameters
/// Any type that is `Serialize + DeserializeOwned`, by value. `Option<T>` is optional;
/// `#[default(expression)]` before a parameter gives it a default. `Context` (the running task) and
/// `State<T>` (the app's shared value) may stand anywhere and are no arguments. Arguments that do
/// not fit end the task with FAILURE `TypeError`, in Python's words. `Context`, `State` and `Option`
/// are told by these names: an alias (`Context as Ctx`), or another crate's type of that name
/// (`axum::extract::State`), is taken for something else. Import `anyhow::Context as _` beside them.
///
/// # Return value
/// A serializable value, nothing, or a `Result` of one: `TaskResult<T>`, or any other whose error
/// is a `std::error::Error` or converts to a boxed one, as `anyhow::Error` does. The type has to be
/// called `Result` or `TaskResult`: an alias under another name does not compile. Where it is a
/// `TaskResult`, `?` takes any `std::error::Error`, which an `anyhow::Error` is not: write
/// `.map_err(TaskError::other)?` behind what gives an `anyhow::Result`.
///
/// # Options
/// In Celery's names. Durations are seconds or texts such as `"5m"`; a switch alone means `= true`.
///
/// | option | |
/// |---|---|
/// | `name = "tasks.add"` | the name on the wire; else module path and function name, with dots |
/// | `queue = "reports"` | the queue, unless the call names one |
/// | `max_retries = 5` | default 3; `"none"` has no end. By itself it retries nothing: see `autoretry`, `retry_backoff` and `TaskError::retry` |
/// | `default_retry_delay = "3m"` | the wait without backoff; 3 minutes |
/// | `retry_backoff`, `retry_backoff = 2` | exponential backoff, from this many seconds; switches `autoretry` on |
/// | `retry_backoff_max = 600` | the longest backoff |
/// | `retry_jitter = false` | no jitter: the backoff itself, not a random time up to it |
/// | `autoretry` | any error is retried |
/// | `autoretry_for(Timeout, io::Error)` | only these types of errors are |
/// | `dont_autoretry_for(NotFound)` | these are not |
/// | `time_limit = "5m"` | the run is ended |
/// | `soft_time_limit = "4m"` | the run is told: `Context::soft_time_limit` |
/// | `acks_late = false` | deleted before it runs |
/// | `ignore_result` | no result is stored |
/// | `store_errors_even_if_ignored` | but failures are |
/// | `track_started` | readers see STARTED |
/// | `priority = 3` | 0 to 9; SQS ignores it |
/// | `expires = "1h"` | not run later than this after sending |
/// | `serializer = "msgpack"` | of arguments: `json`, `msgpack`, `yaml` |
/// | `compression = "zstd"` | of arguments: `gzip`, `bzip2`, `lzma`, `brotli`, `zstd` |
/// | `ledger` | uses the ledger although the result is ignored |
/// | `dead_letter` | a task that gave up goes to the dead-letter queue too |
/// | `spill = "long"` | a Lambda function hands it to this queue of a long-running worker |
#[proc_macro_attribute]
pub fn task(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::task(attribute.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Gives the tasks of a module a common prefix: `#[task] fn add` in a module with
/// `#[tasks(prefix = "shop.tasks")]` is `shop.tasks.add`. A task with a `name` of its own keeps that.
///
/// ```ignore
/// #[tasks(prefix = "shop.tasks")]
/// mod tasks {
///     use celeriac::prelude::*;
///
///     #[task]
///     async fn add(x: i64, y: i64) -> i64 { x + y }
/// }
/// ```
#[proc_macro_attribute]
pub fn tasks(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tasks_module::tasks(attribute.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

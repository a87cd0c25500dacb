//! Celery for AWS, in Rust: tasks on SQS, results in DynamoDB, or SQLite on a laptop.
//!
//! A task is a function with [`#[task]`](task). An [`App`] knows its tasks; [`App::run`] makes a
//! program of it, whose commands run the tasks, send them and read their results ([`commands`]).
//! Whoever only sends keeps a [`Client`]. Python Celery may stand on either side.
//!
//! ```
//! use celeriac::prelude::*;
//!
//! #[task(name = "tasks.add")]
//! async fn add(x: i64, y: i64) -> TaskResult<i64> {
//!     Ok(x + y)
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // a program would end in `App::new("shop").task(add).run().await`; here are its parts, in
//! // memory
//! let in_memory = |settings: &mut celeriac::Settings| {
//!     settings.broker_url = Some("sqlite::memory:".to_owned());
//! };
//! let connection = App::new("shop").task(add).settings(in_memory).isolated().build().await?;
//!
//! let shutdown = celeriac::worker::Shutdown::new();
//! let worker = connection.worker(vec![celeriac::worker::WorkerQueue::new("celery")]).await?;
//! let worker = tokio::spawn(worker.run(shutdown.clone()));
//!
//! let client = connection.client();
//! let sum = client.send(add::s(1, 2)).await?.get(secs(10)).await?;
//! assert_eq!(sum, 3);
//!
//! shutdown.drain();
//! worker.await??;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `local` (default) | SQLite: `sqlite:PATH`, `sqlite::memory:` |
//! | `beat` (default) | periodic tasks: [`App::beat`], and the commands `beat` and `schedules` |
//! | `aws` | SQS, DynamoDB and EventBridge Scheduler: `sqs://`, `dynamodb://` |
//! | `lambda` | the same program as a Lambda function, with SQS and DynamoDB but without `aws sso login` |
//! | `msgpack`, `yaml` | serializers beside JSON |
//! | `bzip2`, `xz`, `zstd`, `brotli` | compressions beside gzip |
//! | `full` | all of these |

// `#[task]` expands to `::celeriac::...`, also in this crate's own tests and docs.
extern crate self as celeriac;

mod app;
mod arguments;
mod call_note;
pub mod commands;
mod connect;
mod connection;
pub mod durations;
mod error;
#[cfg(feature = "_aws")]
pub mod manifest;
mod place;
pub mod prelude;
mod routing;
#[cfg(all(feature = "_aws", feature = "beat"))]
mod schedules;
pub mod testing;
#[cfg(feature = "beat")]
mod timetable;

pub use app::App;
pub use connection::Connection;
pub use error::Error;

/// Tasks put together: chains, groups and chords.
pub use celeriac_core::canvas;
pub use celeriac_core::{
    AcceptContent, ArgumentError, Arguments, BrokerTransportOptions, Canvas, ChordLayout, Clock,
    Context, ErrorType, Failure, Follows, IntoTaskResult, LogFormat, MessageForm, MetricsFormat,
    MissingState, Param, Params, QueueOrder, RaisedError, Registry, RegistryError,
    ResultBackendTransportOptions, RetryCall, RetryPolicy, RetryWith, Route, RouteTarget, Router,
    RouterError, RunFuture, SendError, SendOptions, SentWorkflow, Setting, SettingList, Settings,
    SettingsError, State, StateMap, SystemClock, Task, TaskDefinition, TaskError, TaskKind,
    TaskOptions, TaskResult, TaskSender, TaskSignature, UnknownTask, chain, group,
};
/// Makes a Celery task of a function.
///
/// ```
/// use celeriac::prelude::*;
///
/// struct Shelf {
///     apples: i64,
/// }
///
/// /// Async: runs on the async runtime.
/// #[task(name = "shop.sell", max_retries = 5, retry_backoff, time_limit = "30s")]
/// async fn sell(
///     ctx: Context,
///     shelf: State<Shelf>,
///     count: i64,
///     gift: Option<bool>,
/// ) -> TaskResult<i64> {
///     if count > shelf.apples {
///         return Err(TaskError::failure("shop.OutOfStock", format!("{} left", shelf.apples)));
///     }
///     ctx.progress(json!({"packed": 0, "gift": gift})).await?;
///     Ok(shelf.apples - count)
/// }
///
/// /// Not async: runs on the worker's threads for blocking work.
/// #[task(name = "shop.label")]
/// fn label(text: String, #[default(2)] copies: usize) -> String {
///     text.repeat(copies)
/// }
///
/// let app = App::new("shop").task(sell).task(label).state(Shelf { apples: 3 });
/// let call = sell::s(2).kwarg("gift", true).queue("urgent").countdown(secs(10));
/// assert_eq!(call.task, "shop.sell");
/// assert_eq!(label::call("ab".to_owned(), 2), "abab"); // the function itself, for unit tests
/// ```
pub use celeriac_macros::task;
pub use celeriac_macros::tasks;
/// Where the results of a canvas are.
pub use celeriac_producer::canvas::ResultTree;
pub use celeriac_producer::{
    AsyncResult, Client, ClientParts, GroupResult, Message, MessageBuilder, Outbox, Parcel,
    ResultError, ResultSet, join, join_all,
};
/// Celery's states of a task: what [`AsyncResult::state`] answers.
pub use celeriac_protocol::State as TaskState;
pub use celeriac_protocol::{
    BigInt, Compression, DecodeError, DecodeErrorKind, Dict, EncodeError, ExceptionInfo, Extended,
    ResultMeta, Serializer, Signature, UtcTime, Value, ValueError,
};

/// Points in time and time zones: what [`Context::scheduled_time`] and beat speak.
pub use celeriac_core::jiff;
/// Celery's wire format, for programs that read or write messages and results themselves.
pub use celeriac_protocol as protocol;

/// Chords as those see them who operate them.
pub mod chords {
    pub use celeriac_core::chords::Layout;
    pub use celeriac_producer::{ChordRepair, ChordRepaired, ChordStatus};
}

/// A workflow as a thing: [`Client::graph`].
pub mod graph {
    pub use celeriac_producer::graph::{Graph, GroupStep, Step, Steps, TaskStep};
}

/// The broker seam: queues, as an operator's program uses them.
pub mod broker {
    pub use celeriac_core::{
        Broker, BrokerError, BrokerErrorKind, Capabilities, DeadLetter, Delivery, Outgoing,
        QueueAdmin, QueueChange, QueueSpec, QueueStats, Receipt, SetVisibility,
    };
}

/// The ledger seam: results, and which runs are under way.
pub mod results {
    pub use celeriac_core::{
        Claim, ClaimOutcome, Claimed, Completion, CompletionKind, CompletionOutcome, Lease,
        LeaseOutcome, Ledger, Record, StateUpdate, StoreError, StoreErrorKind,
    };
}

/// The documents seam: what celeriac itself remembers beside the results.
pub mod documents {
    pub use celeriac_core::documents::{
        Advance, Advanced, Cursor, Document, Documents, Each, Expect, Key, Page, Put, PutOutcome,
        Remove,
    };
}

/// The scheduler seam: a service that sends messages at their times.
pub mod scheduler {
    pub use celeriac_core::{
        ListedSchedule, PutOutcome, ScheduleSpec, ScheduleTarget, Scheduler, SchedulerError,
        SchedulerErrorKind,
    };
}

/// The worker, for programs that run one beside something else.
pub mod worker {
    pub use celeriac_core::CancellationToken;
    pub use celeriac_worker::{
        Answer, BlockingWork, DeadLettered, Deadline, Ending, Executed, Executor, ExecutorParts,
        Outcome, Shutdown, TASK_SPAN, Threads, VisibilityKeeper, Worker, WorkerError,
        WorkerOptions, WorkerQueue, WorkerReport,
    };
}

/// Periodic tasks: what an entry is made of, and the process that sends them where EventBridge
/// Scheduler does not.
#[cfg(feature = "beat")]
pub mod beat {
    pub use celeriac_beat::local::{Beat, BeatParts, Pauses};
    pub use celeriac_beat::plan::refused as refused_by_eventbridge;
    pub use celeriac_beat::{
        CatchUp, Crontab, CrontabError, CrontabField, CrontabFields, Entry, EntryError,
        FieldProblem, Interval, IntervalError, IntoSchedule, Schedule, Solar, SolarError,
        SolarEvent, ValueSet,
    };
    /// Points in time and time zones.
    pub use jiff;
}

/// The app as a Lambda function, for programs and tests that hand it events themselves;
/// [`App::run`] does it in AWS.
#[cfg(feature = "lambda")]
pub mod lambda {
    pub use celeriac_lambda::{Diagnostic, Function, RawValue};
}

/// SQLite, for operators' programs.
#[cfg(feature = "local")]
pub use celeriac_local as local;

/// SQS and DynamoDB, for operators' programs.
#[cfg(feature = "_aws")]
pub use celeriac_aws as aws;

/// What `#[task]`, `args!` and `kwargs!` expand to. Not a public interface.
#[doc(hidden)]
pub mod __private {
    pub use celeriac_core as core;
    pub use celeriac_protocol as protocol;
    pub use serde;

    /// The wire value of an argument of `args!` or `kwargs!`.
    pub fn value<T: serde::Serialize + ?Sized>(value: &T) -> protocol::Value {
        match protocol::to_value(value) {
            Ok(value) => value,
            Err(error) => panic!("an argument cannot be written: {error}"),
        }
    }
}

/// What `#[task]` refuses by types, which the macro itself does not see.
///
/// An alias of `Result`, whose errors would be successes:
/// ```compile_fail,E0308
/// use celeriac::prelude::*;
/// type Answer<T> = Result<T, u8>;
/// #[task]
/// fn charge() -> Answer<i64> {
///     Err(1)
/// }
/// ```
#[cfg(doctest)]
struct Refused;

/// The code blocks of the guides compile.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/canvas.md")]
    struct Canvas;
    #[doc = include_str!("../../../docs/migration.md")]
    struct Migration;
    #[cfg(feature = "beat")]
    #[doc = include_str!("../../../docs/beat.md")]
    struct Beat;
}

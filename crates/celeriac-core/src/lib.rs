//! What a celeriac task is, and what a broker and a result store must do.
//!
//! The seams are [`Broker`] and [`QueueAdmin`], [`Ledger`] and [`Documents`], [`Scheduler`] and
//! [`Clock`]; adapters implement them outside of this crate, and one conformance suite holds them
//! to the contracts written here. No AWS.

mod accept_content;
mod arguments;
mod backoff;
mod batch_queue;
mod batch_runner;
mod batcher;
mod bounded_text;
mod broker;
pub mod canvas;
mod celery_setting;
pub mod chords;
mod clock;
mod clock_jumps;
mod context;
mod delivery;
pub mod documents;
mod error_type;
mod exception_name;
mod glob;
mod ledger;
mod ledger_rules;
#[doc(hidden)]
pub mod macro_support;
mod message_options;
mod message_rules;
mod nearest;
mod old_setting_name;
mod params;
pub mod plain_text;
mod queue_admin;
mod queue_rules;
pub mod random;
mod registry;

mod result_bytes;
mod retry_call;
mod router;
mod schedule_guard;
pub mod schedule_limits;
mod schedule_rules;
mod scheduled_run;
mod scheduler;
mod send_option;
mod send_option_dict;
mod send_options;
mod setting;
mod setting_check;
mod setting_choice;
mod setting_codec;
mod setting_note;
mod setting_routes;
mod setting_source;
mod setting_value;
mod settings;
mod signature;
mod signature_options;
mod state_map;
mod store_error;
mod task;
mod task_error;
mod task_identity;
mod task_options;
mod task_sender;
mod test_context;
pub mod text_file;
mod try_number;
mod type_path;
mod unknown_task;

pub use accept_content::AcceptContent;
pub use arguments::{ArgumentError, Arguments};
pub use backoff::RetryPolicy;
pub use batcher::{Batch, Batcher, BatcherClosed, BatcherOptions};
pub use broker::{Broker, BrokerError, BrokerErrorKind, Capabilities, QueueStats};
pub use canvas::{Canvas, Follows};
pub use celery_setting::PassedOver;
pub use chords::Chords;
pub use clock::{Clock, SystemClock};
pub use clock_jumps::ClockJumps;
pub use context::{CHECKPOINT, Context, ContextParts, ProgressSink};
pub use delivery::{DeadLetter, Delivery, Outgoing, Receipt, SetVisibility};
pub use documents::Documents;
pub use error_type::ErrorType;
pub use ledger::{
    Claim, ClaimOutcome, Claimed, Completion, CompletionKind, CompletionOutcome, Lease,
    LeaseOutcome, Ledger, Record, StateUpdate,
};
pub use ledger_rules::{
    ClaimDecision, CompleteDecision, LedgerItem, UNREAD, Version, decide_claim, decide_complete,
    first_claim,
};
pub use message_options::MessageOptions;
pub use message_rules::{LONGEST_ETA, check_message_id, deduplication_id};
pub use nearest::nearest;
pub use params::{Param, Params};
pub use queue_admin::{QueueAdmin, QueueChange, QueueSpec};
pub use queue_rules::check_queue_name;
pub use registry::{Registry, RegistryError};
pub use result_bytes::result_bytes;
pub use retry_call::RetryCall;
pub use router::{Route, RouteTarget, Router, RouterError};
pub use schedule_guard::ScheduleGuard;
pub use schedule_rules::{check_schedule_group, check_schedule_name, check_schedule_tags};
pub use scheduled_run::ScheduledRun;
pub use scheduler::{
    ListedSchedule, PutOutcome, ScheduleSpec, ScheduleTarget, Scheduler, SchedulerError,
    SchedulerErrorKind,
};
pub use send_options::SendOptions;
pub use setting::{Setting, SettingList};
pub use setting_choice::{ChordLayout, LogFormat, MessageForm, MetricsFormat, QueueOrder};
pub use settings::{
    BrokerTransportOptions, ResultBackendTransportOptions, Settings, SettingsError,
};
pub use signature::TaskSignature;
pub use state_map::{MissingState, State, StateMap};
pub use store_error::{StoreError, StoreErrorKind};
pub use task::{RunFuture, StateCheck, Task, TaskDefinition, TaskKind};
pub use task_error::{Failure, IntoTaskResult, RaisedError, RetryWith, TaskError, TaskResult};
pub use task_identity::{EVENTBRIDGE, TaskIdentity};
pub use task_options::TaskOptions;
pub use task_sender::{SendError, SentWorkflow, TaskSender};
pub use test_context::TestContext;
pub use try_number::{replacing_try, retries_of_try, try_number};
pub use unknown_task::UnknownTask;

/// Points in time and time zones: what [`Context::scheduled_time`] answers.
pub use jiff;
pub use tokio_util::sync::CancellationToken;

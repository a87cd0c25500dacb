//! The commands of an app's own program ([`App::run`](crate::App::run)), and what the `celeriac`
//! program shares with it.
//!
//! Data goes to stdout, logs and errors to stderr. An error is one line `error: ...`, its causes,
//! and where there is something to do a line `hint: ...`. `NO_COLOR` is kept.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | the command failed: a queue that is not there, no permission, no network |
//! | 2 | wrong usage or settings; nothing was done |
//! | 3 | the task whose result was asked for failed or was revoked |
//! | 4 | its result was not there in time |
//! | 5 | `schedules plan --detailed-exitcode`: there is something to change |

mod app_command;
#[cfg(feature = "beat")]
mod beat_command;
mod command_error;
mod global_options;
mod hint;
mod json_text;
pub(crate) mod lambda_life;
mod log_line;
mod logging;
#[cfg(feature = "_aws")]
mod manifest_command;
mod output;
mod result_command;
mod result_view;
#[cfg(feature = "beat")]
mod schedules;
mod send_command;
mod table;
mod tasks_command;
mod time_argument;
mod worker_command;

pub(crate) use app_command::AppCommand;
#[cfg(feature = "beat")]
pub use beat_command::BeatCommand;
pub use celeriac_core::{plain_text, text_file};
pub use command_error::CommandError;
pub use global_options::GlobalOptions;
pub use json_text::{JsonDict, JsonList, json_text};
#[cfg(feature = "_aws")]
pub use manifest_command::ManifestCommand;
pub use output::{print, print_error, print_usage, styled_stderr, styled_stdout};
pub use result_command::ResultCommand;
#[cfg(feature = "beat")]
pub use schedules::SchedulesCommand;
pub use send_command::SendCommand;
pub use table::Table;
pub use tasks_command::TasksCommand;
pub use time_argument::{duration, moment};
pub use worker_command::WorkerCommand;

/// The command did what it was asked.
pub const EXIT_OK: u8 = 0;
/// The command failed.
pub const EXIT_FAILED: u8 = 1;
/// Wrong usage or settings; nothing was done.
pub const EXIT_USAGE: u8 = 2;
/// The task failed or was revoked.
pub const EXIT_TASK_FAILED: u8 = 3;
/// The result was not there in time.
pub const EXIT_NOT_READY: u8 = 4;
/// There is something to change.
pub const EXIT_CHANGES: u8 = 5;

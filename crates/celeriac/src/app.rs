use std::ffi::OsString;
use std::process::ExitCode;

use celeriac_core::{Registry, RouteTarget, Settings, StateMap, Task, TaskDefinition};
use celeriac_producer::Client;

use crate::commands::{AppCommand, lambda_life};
use crate::{Connection, Error};

/// An app: its tasks, their shared state and its settings. [`App::run`] makes a program of it,
/// [`App::client`] a client for a web handler.
///
/// An error (a task registered twice, say) is kept and reported by the method that ends the
/// chain.
///
/// ```no_run
/// use celeriac::prelude::*;
///
/// #[task(name = "tasks.add")]
/// async fn add(x: i64, y: i64) -> TaskResult<i64> {
///     Ok(x + y)
/// }
///
/// #[tokio::main]
/// async fn main() -> ExitCode {
///     App::new("shop").task(add).route("tasks.send_*", "high_priority").run().await
/// }
/// ```
#[derive(Debug)]
pub struct App {
    pub(crate) name: String,
    pub(crate) registry: Registry,
    pub(crate) state: StateMap,
    pub(crate) settings: Settings,
    /// What the code said before files and environment were read; `None` where none is read.
    pub(crate) coded: Option<Settings>,
    pub(crate) isolated: bool,
    #[cfg(feature = "beat")]
    pub(crate) entries: Vec<celeriac_beat::Entry>,
    pub(crate) error: Option<Error>,
}

impl App {
    /// An app without tasks. The name shows in logs and in the worker's node name, `<name>@<host>`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            registry: Registry::default(),
            state: StateMap::default(),
            settings: Settings::default(),
            coded: None,
            isolated: false,
            #[cfg(feature = "beat")]
            entries: Vec::new(),
            error: None,
        }
    }

    /// Registers a `#[task]`.
    #[must_use]
    pub fn task<T: Task>(mut self, _task: fn() -> T) -> Self {
        if let Err(error) = self.registry.register::<T>() {
            self.error.get_or_insert(error.into());
        }
        self
    }

    /// Registers a task that no `#[task]` made, for names or parameters that are only known when the
    /// program runs.
    #[must_use]
    pub fn definition(mut self, definition: TaskDefinition) -> Self {
        if let Err(error) = self.registry.add(definition) {
            self.error.get_or_insert(error.into());
        }
        self
    }

    /// Shares `value` with tasks that have a parameter `State<T>`. One value of each type; a later
    /// one replaces it.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// Sends tasks whose name matches `pattern` to `queue`: an entry of `task_routes`. The pattern
    /// is a name, a glob with `*`, or a regular expression written `re:...`.
    #[must_use]
    pub fn route(mut self, pattern: impl Into<String>, queue: impl Into<String>) -> Self {
        let target = RouteTarget {
            queue: Some(queue.into()),
            ..RouteTarget::default()
        };
        self.settings.task_routes.push((pattern.into(), target));
        self
    }

    /// Sends `call` whenever `schedule` is due: an entry of `beat_schedule` (feature `beat`). The
    /// schedule is a [`Crontab`](crate::beat::Crontab), an [`Interval`](crate::beat::Interval) or a
    /// `Duration`, a [`Solar`](crate::beat::Solar), one point in time, or a text such as
    /// `0 9 * * *`. On AWS `schedules apply` puts it into EventBridge Scheduler; elsewhere the
    /// command `beat` sends it. An entry of the same name in the settings file or the environment
    /// replaces it.
    ///
    /// ```
    /// # use celeriac::prelude::*;
    /// #[task(name = "shop.report")]
    /// async fn report(ctx: Context) -> TaskResult<String> {
    ///     Ok(ctx.scheduled_time().date().to_string()) // the day it is for, however late it runs
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let nine = Crontab::new("0 9 * * mon-fri")?.tz("Asia/Seoul");
    /// let app = App::new("shop")
    ///     .task(report)
    ///     .beat("daily-report", nine, report::s())
    ///     .beat("pulse", secs(30), report::s());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "beat")]
    #[must_use]
    pub fn beat<T, In>(
        self,
        name: impl Into<String>,
        schedule: impl celeriac_beat::IntoSchedule,
        call: celeriac_core::TaskSignature<T, In>,
    ) -> Self {
        self.beat_entry(celeriac_beat::Entry::new(name, schedule, call))
    }

    /// [`beat`](Self::beat) for an entry with more to it: jitter, start and end, what becomes of
    /// missed runs.
    #[cfg(feature = "beat")]
    #[must_use]
    pub fn beat_entry(mut self, entry: celeriac_beat::Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Changes settings from code. The settings file and the environment still win over what is set
    /// here.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Takes the settings from code alone: [`App::build`] and [`App::client`] read no settings file
    /// and no environment. For tests and demonstrations.
    #[must_use]
    pub fn isolated(mut self) -> Self {
        self.isolated = true;
        self
    }

    /// Loads the settings (code, then file, then environment) and connects to the broker and the
    /// results.
    ///
    /// Cancel-safe: nothing is left behind if it is dropped.
    #[expect(clippy::unused_async, reason = "an adapter may have to connect")]
    pub async fn build(mut self) -> Result<Connection, Error> {
        if !self.isolated {
            self.coded = Some(self.settings.clone());
            self.settings = self.settings.load()?;
        }
        let connection = Connection::of_app(self)?;
        if let Some(note) = connection.note() {
            tracing::warn!("{note}");
        }
        Ok(connection)
    }

    /// A client that sends this app's tasks and reads their results: what a web handler keeps. The
    /// same as [`App::build`] and [`Connection::client`].
    pub async fn client(self) -> Result<Client, Error> {
        Ok(self.build().await?.client())
    }

    /// In AWS Lambda, answers the function's invocations until the service ends the process
    /// (feature `lambda`). Else runs the command that the program's arguments name: `worker`,
    /// `send`, `result` or `tasks`, with the feature `beat` `beat` and `schedules`, with `aws`
    /// `manifest`; see [`commands`](crate::commands) for them and for
    /// the exit codes. Reports errors on stderr.
    pub async fn run(self) -> ExitCode {
        if lambda_life::is_wanted() {
            return Box::pin(lambda_life::run(self)).await;
        }
        self.run_with(std::env::args_os()).await
    }

    /// [`App::run`] with other arguments than the program's; the first one is the program's name.
    pub async fn run_with<A: Into<OsString>>(
        self,
        arguments: impl IntoIterator<Item = A>,
    ) -> ExitCode {
        let arguments = arguments.into_iter().map(A::into).collect();
        // large: a worker and all that it holds
        Box::pin(AppCommand::run(self, arguments)).await
    }
}

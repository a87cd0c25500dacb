use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_protocol::{Compression, Dict, ResultCodec, Serializer};
use thiserror::Error;

use crate::setting::settings;
use crate::setting_check as check;
use crate::{
    AcceptContent, ChordLayout, LogFormat, MessageForm, MetricsFormat, QueueOrder, Route,
    RouteTarget, Router, RouterError, SendOptions, UnknownTask,
};

settings! {
    /// The settings, in Celery's names: from code, then a TOML file, then the environment
    /// (`CELERIAC_` and the name in capitals); each overrides the one before. `docs/settings.md` is
    /// made from the same list.
    ///
    /// ```
    /// use celeriac_core::Settings;
    /// use std::path::Path;
    ///
    /// let mut settings = Settings::default();
    /// settings.task_default_queue = "shop".to_owned();
    /// settings.apply_toml("worker_concurrency = 4", Path::new("celeriac.toml"))?;
    /// settings.apply_env([("CELERIAC_TASK_TIME_LIMIT".to_owned(), "5m".to_owned())])?;
    /// assert_eq!(settings.task_time_limit.unwrap().as_secs(), 300);
    /// # Ok::<(), celeriac_core::SettingsError>(())
    /// ```
    pub struct Settings {
        /// Where messages go: `sqs://` (AWS, region and credentials by the SDK's own chain),
        /// `sqs://KEY:SECRET@HOST:PORT` (any endpoint, as in Celery), `sqlite:PATH`,
        /// `sqlite::memory:`.
        broker_url: Option<String> = None, "`sqlite:celeriac.sqlite`", check::broker_url;
        /// Where results are kept: `dynamodb://REGION/TABLE`,
        /// `dynamodb://KEY:SECRET@HOST:PORT/TABLE?ttl_seconds=N`, `sqlite:PATH`, or `disabled://`
        /// for none.
        result_backend: Option<String> = None, "the broker's SQLite file, or table `celery` in the broker's region", check::result_backend;
        /// Options of the broker, see below.
        broker_transport_options: BrokerTransportOptions = BrokerTransportOptions::default(), "see below";
        /// Options of the result store, see below.
        result_backend_transport_options: ResultBackendTransportOptions = ResultBackendTransportOptions::default(), "see below";
        /// The queue of tasks that no option and no route sends elsewhere.
        task_default_queue: String = "celery".to_owned(), "`celery`", check::not_empty;
        /// Which task names go where. A key is an exact name, a glob with `*` (also `?` and `[..]`;
        /// `*` spans dots), or a regex written `re:...` (matched from the start); a value is a
        /// queue, or a table of `apply_async` options such as `{queue = "mail", priority = 3}`.
        /// Exact names are looked up first, then patterns in order. A later source replaces all
        /// routes of an earlier one.
        task_routes: Vec<(String, RouteTarget)> = Vec::new(), "none", check::routes;
        /// Messages are deleted once their outcome is durable. Off: before the task runs, so that a
        /// crash loses it.
        task_acks_late: bool = true, "`true` (Celery: `false`)";
        /// Results are not stored.
        task_ignore_result: bool = false, "`false`";
        /// FAILURE and RETRY are stored although results are ignored.
        task_store_errors_even_if_ignored: bool = false, "`false`";
        /// Readers see STARTED while a task runs.
        task_track_started: bool = false, "`false`";
        /// After this a run is ended, with FAILURE `TimeLimitExceeded`.
        task_time_limit: Option<Duration> = None, "none", check::positive;
        /// After this a run is told to end (`Context::soft_time_limit`).
        task_soft_time_limit: Option<Duration> = None, "none", check::positive;
        /// Serializer of arguments.
        task_serializer: Serializer = Serializer::Json, "`json`";
        /// Compression of arguments.
        task_compression: Option<Compression> = None, "none";
        /// Form of sent messages: `celery` (base64 in base64, what every Celery from 5.3 on reads)
        /// or `compact` (bare JSON, about half the size).
        task_message_form: MessageForm = MessageForm::Celery, "`celery`";
        /// Started runs of one try that never ended (the process died), over which the task is
        /// poison and goes to the dead-letter queue. The last of them runs with nothing beside it
        /// in its process.
        task_max_lost_runs: u32 = 5, "`5`", check::at_least(1);
        /// What becomes of a task that is not registered: `fail` (FAILURE `NotRegistered`, and its
        /// message is deleted), `dead_letter` (the same, and its message goes to the dead-letter
        /// queue), `release` (given back, for another worker on the queue) or `forward:QUEUE`.
        unknown_task: UnknownTask = UnknownTask::Fail, "`fail`", UnknownTask::check_queue;
        /// How long results are kept; `none` or 0 for ever. In DynamoDB the TTL is at least the
        /// queue's retention, 4 days, since a redelivery must find that its task has ended.
        result_expires: Option<Duration> = Some(Duration::from_hours(24)), "1 day";
        /// Serializer of results. All readers must be set alike.
        result_serializer: Serializer = Serializer::Json, "`json`";
        /// Compression of results. Readers detect it.
        result_compression: Option<Compression> = None, "none";
        /// Stores name, arguments, worker, retries and queue with results. Arguments of over 1 MiB are
        /// left out.
        result_extended: bool = false, "`false`";
        /// How members of chords are kept that begin here: `auto` (as a set where celeriac runs all of
        /// the header, else by Celery's counter), `celery` (always the counter: for tasks that
        /// Python runs, too, under the same name), `unlock` (a task that polls: for Python workers
        /// before Celery 5.4).
        chord_layout: ChordLayout = ChordLayout::Auto, "`auto`";
        /// Tasks that run at once, at most a million.
        worker_concurrency: usize = default_concurrency(), "10 per core (Celery: 1 per core)", check::between(1, Settings::MAX_CONCURRENCY);
        /// Messages held for each task that may run at once, at most a million.
        worker_prefetch_multiplier: usize = 4, "`4`", check::between(1, Settings::MAX_PREFETCH_MULTIPLIER);
        /// Bytes of messages held, all queues together.
        worker_prefetch_bytes: usize = 64 << 20, "`67108864` (64 MiB)", check::at_least(1);
        /// Memory that the values of one message may take when it is read; a message that needs more is unreadable. Small compressed messages can ask for much.
        worker_message_memory: usize = 32 << 20, "`33554432` (32 MiB)", check::at_least(1 << 16);
        /// Serializers of messages that are read; compressions too, if it names any. A message of
        /// another goes to the dead-letter queue. Pickle is never read.
        accept_content: Option<AcceptContent> = None, "all that the build reads (Celery: `json`)";
        /// Queues to which a worker sends what a message embeds: callbacks and the steps of a chain.
        /// A task with one that goes elsewhere fails before it runs.
        worker_follow_up_queues: Option<Vec<String>> = None, "any";
        /// Threads for blocking tasks, and so how many of them run at once.
        worker_blocking_threads: usize = default_concurrency().min(64), "10 per core, 64 at most", check::at_least(1);
        /// Between SIGTERM and the end: tasks that fit it finish, others are given back.
        worker_shutdown_timeout: Duration = Duration::from_secs(25), "25 s";
        /// Form of the worker's log.
        worker_log_format: LogFormat = LogFormat::Text, "`text`";
        /// Address that answers `/healthz`, such as `127.0.0.1:8080`.
        worker_health_address: Option<String> = None, "none", check::address;
        /// CloudWatch metrics in the log: `none`, or `emf` (embedded metric format, one line a
        /// minute from a worker and one for each invocation of a Lambda function).
        metrics: MetricsFormat = MetricsFormat::None, "`none`";
        /// Queue of a long-running worker that takes over what would outlive a Lambda function.
        lambda_spill_queue: Option<String> = None, "none";
        /// Name of this environment of the app, such as `staging`: with a hyphen in front of all
        /// names that its deployment has on AWS (schedule group, roles, function, log groups,
        /// alarms), so that several share an account. Queues and tables are told apart by
        /// `queue_name_prefix` and `result_backend`.
        environment: Option<String> = None, "the `queue_name_prefix`, as it is", check::environment;
        /// Time zone of beat entries that do not set one: a name of the tz database, such as
        /// `Europe/Berlin`.
        timezone: String = "UTC".to_owned(), "`UTC`", check::not_empty;
        /// Periodic tasks by name, in Celery's shape: `task`, `schedule`, `args`, `kwargs`,
        /// `options`. See docs/beat.md for every form. A later source adds entries, and replaces
        /// those of the same name.
        beat_schedule: Dict = Dict::new(), "none";
        /// A run that is later than this is left out. An entry's own `starting_deadline` takes
        /// precedence.
        beat_cron_starting_deadline: Option<Duration> = None, "none", check::positive;
        /// Within this time after the last sign of life of a `beat` another takes over; the local
        /// beat only.
        beat_lease: Duration = Duration::from_secs(10), "10 s", check::seconds(1, 300);
        /// Name of the schedule group in EventBridge Scheduler, which `schedules apply` owns.
        beat_schedule_group: Option<String> = None, "the environment's and the app's name";
        /// IAM role that EventBridge Scheduler sends with: its name, or its ARN.
        beat_scheduler_role: Option<String> = None, "the environment's and the app's name, and `-scheduler`";
        /// Queue to which EventBridge Scheduler moves what it could not deliver: a standard queue's
        /// Celery name.
        beat_dead_letter_queue: Option<String> = None, "none";
        /// Order of several queues: `weighted` (each gets its share) or `strict` (the first one
        /// first).
        worker_queue_order: QueueOrder = QueueOrder::Weighted, "`weighted`";
    }
}

settings! {
    /// `broker_transport_options`.
    pub struct BrokerTransportOptions {
        /// AWS region.
        region: Option<String> = None, "the SDK's own chain";
        /// Any endpoint, over the URL's.
        endpoint_url: Option<String> = None, "the URL's, or AWS", check::http_url;
        /// In front of every queue name.
        queue_name_prefix: String = String::new(), "none";
        /// Queue name to URL: those need no right to list or look up queues. Celery's form,
        /// `{name = {url = "..."}}`, or plainly `{name = "..."}`.
        predefined_queues: BTreeMap<String, String> = BTreeMap::new(), "none";
        /// How long a received message is ours before the next extension, 1 s to 12 h. It is
        /// extended as long as needed.
        visibility_timeout: Duration = Duration::from_mins(1), "60 s (Celery: 30 min)", check::seconds(1, 43_200);
        /// Wait of a long poll, at most 20 s. An idle worker takes as long to end.
        wait_time_seconds: Duration = Duration::from_secs(20), "20 s (Celery: 10 s)", check::seconds(0, 20);
        /// `https` for a URL with a host.
        is_secure: bool = false, "`false`";
        /// Creates missing queues and the result table when a worker starts.
        create_missing_queues: bool = false, "`false`";
    }
}

settings! {
    /// `result_backend_transport_options`.
    pub struct ResultBackendTransportOptions {
        /// In front of every key; `_` is added as Celery does.
        global_keyprefix: String = String::new(), "none";
        /// Any endpoint, over the URL's. Celery's `dynamodb_endpoint_url` is read too.
        endpoint_url: Option<String> = None, "the URL's, or AWS", check::http_url;
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}: {reason}", self.subject())]
pub struct SettingsError {
    /// Which; empty where the origin itself is wrong.
    pub name: String,
    /// `environment variable CELERIAC_...`, `celeriac.toml`, `code`.
    pub origin: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl SettingsError {
    fn subject(&self) -> String {
        let Self { name, origin, .. } = self;
        match name.as_str() {
            "" => format!("`{origin}`"),
            name => format!("setting `{name}` ({origin})"),
        }
    }
}

impl Settings {
    /// The largest `worker_concurrency`: no process runs more, and what counts tasks stays far from
    /// its own bounds.
    pub const MAX_CONCURRENCY: usize = 1_000_000;
    /// The largest `worker_prefetch_multiplier`.
    pub const MAX_PREFETCH_MULTIPLIER: usize = 1_000_000;

    /// How long a store keeps results at least: as long as SQS keeps a message by default, or a late
    /// redelivery would run a finished task again.
    pub const LEAST_RESULT_TTL: Duration = Duration::from_hours(4 * 24);

    /// How long a store keeps results, by `result_expires`; `None`: for ever, as 0 in Celery.
    pub fn result_ttl(&self) -> Option<Duration> {
        let expires = self.result_expires.filter(|expires| !expires.is_zero());
        expires.map(|expires| expires.max(Self::LEAST_RESULT_TTL))
    }

    /// How results are written: `result_serializer` and `result_compression`.
    pub fn result_codec(&self) -> ResultCodec {
        ResultCodec {
            serializer: self.result_serializer,
            compression: self.result_compression,
        }
    }

    /// The router of `task_routes` and `task_default_queue`.
    pub fn router(&self) -> Result<Router, RouterError> {
        router(&self.task_routes, &self.task_default_queue)
    }
}

/// Also checks that the routes' options are options.
pub(crate) fn router(
    routes: &[(String, RouteTarget)],
    default_queue: &str,
) -> Result<Router, RouterError> {
    let checked =
        |(pattern, target): &(String, RouteTarget)| match SendOptions::from_dict(&target.options) {
            Ok(_) => Ok(Route {
                pattern: pattern.clone(),
                target: target.clone(),
            }),
            Err(reason) => Err(RouterError {
                pattern: pattern.clone(),
                reason,
            }),
        };
    Router::new(
        routes.iter().map(checked).collect::<Result<_, _>>()?,
        default_queue,
    )
}

/// Ten tasks for each core: most of them wait for the network.
fn default_concurrency() -> usize {
    10 * std::thread::available_parallelism().map_or(1, usize::from)
}

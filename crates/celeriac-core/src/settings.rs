use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use crate::RouteTarget;

/// The settings, in Celery's names: from code, then a TOML file, then the environment (`CELERIAC_` and the name in
/// capitals), each over the one before. `docs/settings.md` is made from the same list.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqs://`, `sqs://KEY:SECRET@HOST:PORT`, `sqlite:PATH`, `sqlite::memory:`. Unset: `sqlite:celeriac.sqlite`.
    pub broker_url: Option<String>,
    /// `dynamodb://REGION/TABLE`, `dynamodb://KEY:SECRET@HOST:PORT/TABLE?ttl_seconds=N`, `sqlite:PATH`, `disabled://`.
    /// Unset: the broker's SQLite file, or table `celery` in the broker's region.
    pub result_backend: Option<String>,
    /// Options of the broker.
    pub broker_transport_options: BrokerTransportOptions,
    /// Options of the result store.
    pub result_backend_transport_options: ResultBackendTransportOptions,
    /// `celery`.
    pub task_default_queue: String,
    /// Patterns and where to, in order.
    pub task_routes: Vec<(String, RouteTarget)>,
    /// On: deleted after its outcome is durable. Off: deleted before it runs.
    pub task_acks_late: bool,
    /// Off.
    pub task_ignore_result: bool,
    /// Off.
    pub task_store_errors_even_if_ignored: bool,
    /// Off.
    pub task_track_started: bool,
    /// None.
    pub task_time_limit: Option<Duration>,
    /// None.
    pub task_soft_time_limit: Option<Duration>,
    /// `json`.
    pub task_serializer: String,
    /// None.
    pub task_compression: Option<String>,
    /// `celery` (base64 in base64, what every Celery reads) or `compact` (bare JSON, half the size).
    pub task_message_form: String,
    /// Started runs of one try that did not end, over which a task is poison. 5.
    pub task_max_lost_runs: u32,
    /// `fail`, `release` or `forward:<queue>`.
    pub unknown_task: String,
    /// 1 day; the item's TTL is at least the queue's retention of 4 days.
    pub result_expires: Option<Duration>,
    /// `json`.
    pub result_serializer: String,
    /// None.
    pub result_compression: Option<String>,
    /// Off: name, args, kwargs, worker, retries and queue in results.
    pub result_extended: bool,
    /// Tasks at once. 10 per core.
    pub worker_concurrency: usize,
    /// Messages held for each of them. 4.
    pub worker_prefetch_multiplier: usize,
    /// Bytes of messages held. 64 MiB.
    pub worker_prefetch_bytes: usize,
    /// Threads of blocking tasks. As `worker_concurrency`, 64 at most.
    pub worker_blocking_threads: usize,
    /// Between SIGTERM and the end. 25 s.
    pub worker_shutdown_timeout: Duration,
    /// `text` or `json`.
    pub worker_log_format: String,
    /// Address for `/healthz`, such as `127.0.0.1:8080`.
    pub worker_health_address: Option<String>,
    /// `weighted` or `strict`.
    pub worker_queue_order: String,
}

/// `broker_transport_options`.
#[derive(Clone, Debug)]
pub struct BrokerTransportOptions {
    /// SQS: else the SDK's own chain.
    pub region: Option<String>,
    /// Any endpoint, over the URL's.
    pub endpoint_url: Option<String>,
    /// In front of every queue name.
    pub queue_name_prefix: String,
    /// Queue name to URL: no List or Get right needed.
    pub predefined_queues: BTreeMap<String, String>,
    /// How long a received message is ours before the next extension. 60 s.
    pub visibility_timeout: Duration,
    /// Long poll. 20 s.
    pub wait_time_seconds: Duration,
    /// `https` for a URL with a host. Off, as Celery.
    pub is_secure: bool,
    /// Creates missing queues (and the table) at start. Off.
    pub create_missing_queues: bool,
}

/// `result_backend_transport_options`.
#[derive(Clone, Debug, Default)]
pub struct ResultBackendTransportOptions {
    /// In front of every key; `_` is added as Celery does.
    pub global_keyprefix: String,
    /// Any endpoint, over the URL's: Celery's `dynamodb_endpoint_url`.
    pub endpoint_url: Option<String>,
}

/// A setting that cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("setting `{name}` ({origin}): {reason}")]
pub struct SettingsError {
    /// Which.
    pub name: String,
    /// `environment variable CELERIAC_...`, `celeriac.toml`.
    pub origin: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl Default for Settings {
    fn default() -> Self { todo!() }
}

impl Settings {
    /// These settings, then `celeriac.toml` of the working directory (or the file `CELERIAC_CONFIG` names), then the
    /// environment.
    pub fn load(self) -> Result<Self, SettingsError> { todo!() }
    /// Applies a TOML file's text.
    pub fn apply_toml(&mut self, _text: &str, _path: &Path) -> Result<(), SettingsError> { todo!() }
    /// Applies variables named `CELERIAC_...`; unknown ones are errors that name the nearest setting.
    pub fn apply_env(&mut self, _vars: impl IntoIterator<Item = (String, String)>) -> Result<(), SettingsError> { todo!() }
    /// The router of `task_routes` and `task_default_queue`.
    pub fn router(&self) -> Result<crate::Router, crate::RouterError> { todo!() }
}

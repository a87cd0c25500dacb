//! What a deployment of an app needs, told by the app itself: [`Manifest`].

mod deployment;
mod queue;
mod role;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Connection, Error};

use self::deployment::Deployment;
pub(crate) use self::deployment::on_aws;
pub use self::queue::ManifestQueue;
pub use self::role::{Role, Statement};

/// What must be there for an app to run on AWS: queues, table, rights. Terraform and SAM read it as
/// JSON, so that nobody writes these lists by hand.
///
/// In ARNs and URLs `${partition}`, `${region}` and `${account}` stand for where it is deployed;
/// whoever applies the manifest puts them in. Pure: no request is made.
///
/// ```
/// # use celeriac::prelude::*;
/// # use celeriac::manifest::Manifest;
/// #[task(name = "reports.generate", queue = "reports", time_limit = "5m")]
/// async fn generate() {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let connection = App::new("shop").task(generate).isolated().build().await?;
/// let manifest = Manifest::of(&connection)?;
/// assert_eq!(manifest.queues[0].dead_letter_queue.as_deref(), Some("celery-dlq"));
/// assert_eq!(manifest.queues[1].function_timeout, 315);
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// Of this form: 1.
    pub manifest_version: u32,
    /// The app's name.
    pub app: String,
    /// The name of this environment of it, in all names of its own on AWS:
    /// [`Connection::deployment`].
    pub deployment: String,
    /// The queues of its tasks, its default queue and those that its routes name, by name.
    pub queues: Vec<ManifestQueue>,
    /// The result table; `None` with `disabled://` results.
    pub table: Option<ManifestTable>,
    /// The group of its schedules in EventBridge Scheduler.
    pub schedule_group: String,
    /// Its beat entries as schedules.
    pub schedules: Vec<ManifestSchedule>,
    /// The queue, by Celery's name, that gets what EventBridge Scheduler could not send.
    pub schedule_dead_letter_queue: Option<String>,
    /// S3 buckets.
    pub buckets: Vec<serde_json::Value>,
    /// Environment variables by which worker and function find all this.
    pub environment: BTreeMap<String, String>,
    /// Who may do what: `producer`, `worker`, `lambda`, `scheduler`, `operator`.
    pub roles: BTreeMap<&'static str, Role>,
}

/// A schedule of EventBridge Scheduler.
#[cfg(feature = "beat")]
pub type ManifestSchedule = celeriac_beat::plan::DesiredSchedule;

#[cfg(feature = "beat")]
pub use celeriac_beat::plan::{Delivery as ScheduleDelivery, UniversalTarget};

/// Without the feature `beat` there are none.
#[cfg(not(feature = "beat"))]
#[derive(Clone, Debug, Serialize)]
pub struct ManifestSchedule {
    pub(crate) queue: String,
}

/// A result table.
#[derive(Clone, Debug, Serialize)]
pub struct ManifestTable {
    /// Its name.
    pub name: String,
    /// Celery's partition key, a string.
    pub hash_key: &'static str,
    /// The attribute by which DynamoDB deletes old results.
    pub ttl_attribute: &'static str,
}

impl Manifest {
    /// Of a connected app. Where its settings name no SQS broker, of the app as it would be with
    /// `sqs://`.
    pub fn of(connection: &Connection) -> Result<Self, Error> {
        let deployment = Deployment::of(connection)?;
        Ok(Self {
            manifest_version: 1,
            app: connection.name().to_owned(),
            deployment: deployment_name(connection)?,
            queues: deployment.queues(),
            table: deployment.table(),
            schedule_group: connection.schedule_group(),
            schedules: deployment.schedules.clone(),
            schedule_dead_letter_queue: deployment.schedule_dead_letter_queue(),
            buckets: Vec::new(),
            environment: deployment.environment(),
            roles: role::all(&deployment),
        })
    }
}

/// The longest name of a role is `<deployment>-worker-execution`, and IAM takes 64 characters.
const MAX_DEPLOYMENT: usize = 47;

/// Names of functions and dashboards have letters, digits, `-` and `_` only; and what is a wildcard
/// to IAM must not come into its policies.
fn deployment_name(connection: &Connection) -> Result<String, Error> {
    let name = connection.deployment();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=MAX_DEPLOYMENT).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(name);
    }
    Err(Error::Manifest(vec![format!(
        "`{name}`, which is the environment and the app's name, is a part of names on AWS: it has 1 to {MAX_DEPLOYMENT} letters, digits, \
         `-` and `_` there; rename the app, or shorten `environment`"
    )]))
}

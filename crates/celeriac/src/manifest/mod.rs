//! What a deployment of an app needs, told by the app itself: [`Manifest`].

mod deployed_settings;
mod deployment;
mod predefined_queue;
mod queue;
mod role;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Connection, Error};

pub(crate) use self::deployed_settings::on_aws;
use self::deployment::Deployment;
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
    /// The region of its queues, if the settings name one: it is deployed there.
    pub region: Option<String>,
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
    /// What a person should know of it, a sentence each: what of the settings is not in it, and why.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// Who may do what: `producer`, `reader`, `forgetter`, `worker`, `lambda`, `scheduler`, `operator`.
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
    /// Where it is, if the settings say so; else where the app is deployed.
    pub region: Option<String>,
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
            deployment: connection.deployment(),
            region: deployment.region().map(str::to_owned),
            queues: deployment.queues(),
            table: deployment.table(),
            schedule_group: connection.schedule_group(),
            schedules: deployment.schedules.clone(),
            schedule_dead_letter_queue: deployment.schedule_dead_letter_queue(),
            buckets: Vec::new(),
            environment: deployment.environment(),
            notes: deployment.notes.clone(),
            roles: role::all(&deployment),
        })
    }
}

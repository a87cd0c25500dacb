use std::collections::{BTreeMap, BTreeSet};

use celeriac_aws::AwsConfig;
use celeriac_core::Settings;

use super::{ManifestQueue, ManifestSchedule, ManifestTable};
use crate::connect::aws_config;
use crate::place::Place;
use crate::{Connection, Error};

/// An app on AWS: its names there.
pub(super) struct Deployment<'a> {
    pub(super) connection: &'a Connection,
    pub(super) config: AwsConfig,
    pub(super) schedules: Vec<ManifestSchedule>,
    results: bool,
}

impl<'a> Deployment<'a> {
    pub(super) fn of(connection: &'a Connection) -> Result<Self, Error> {
        let settings = on_aws(connection.settings());
        let results = Place::of_results(&settings, &Place::of_broker(&settings)?)?;
        Ok(Self {
            connection,
            config: aws_config(&settings)?,
            schedules: schedules(connection)?,
            results: results != Place::Disabled,
        })
    }

    pub(super) fn queues(&self) -> Vec<ManifestQueue> {
        let default_limit = self.connection.settings().task_time_limit;
        let queue = |name: &String| {
            let registry = self.connection.registry();
            let tasks: Vec<_> = registry
                .iter()
                .map(AsRef::as_ref)
                .filter(|task| &self.connection.queue_of(task) == name)
                .collect();
            ManifestQueue::new(name, &tasks, default_limit, |name| self.sqs_name(name))
        };
        self.queue_names().iter().map(queue).collect()
    }

    /// Celery names of the queues that the app works on or sends to.
    fn queue_names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self.connection.known_queues().into_iter().collect();
        names.extend(self.spill_queues());
        names.extend(self.schedule_targets());
        names
    }

    /// Queues of workers that take over what a function does not run to its end.
    pub(super) fn spill_queues(&self) -> BTreeSet<String> {
        let registry = self.connection.registry();
        let marked = registry
            .iter()
            .filter_map(|task| task.options.spill.clone());
        let outliving = self.connection.settings().lambda_spill_queue.clone();
        marked.chain(outliving).collect()
    }

    /// Queues that workers and functions of this app work on.
    pub(super) fn own_queues(&self) -> BTreeSet<String> {
        let own = self.connection.own_queues().into_iter();
        own.chain(self.spill_queues()).collect()
    }

    /// Queues that EventBridge Scheduler sends to.
    pub(super) fn schedule_targets(&self) -> BTreeSet<String> {
        let of_schedules = self.schedules.iter().map(|schedule| schedule.queue.clone());
        let dead_letters = self.schedule_dead_letter_queue();
        of_schedules.chain(dead_letters).collect()
    }

    /// Where EventBridge Scheduler puts what it could not send.
    pub(super) fn schedule_dead_letter_queue(&self) -> Option<String> {
        let queue = self.connection.settings().beat_dead_letter_queue.clone();
        queue.filter(|_| !self.schedules.is_empty())
    }

    pub(super) fn sqs_name(&self, queue: &str) -> String {
        self.config.sqs.queue_name(queue)
    }

    pub(super) fn table(&self) -> Option<ManifestTable> {
        self.results.then(|| ManifestTable {
            name: self.config.dynamodb.table.clone(),
            hash_key: "id",
            ttl_attribute: "ttl",
        })
    }

    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let results = self.table().map_or_else(
            || "disabled://".to_owned(),
            |table| format!("dynamodb://${{region}}/{}", table.name),
        );
        let mut environment = BTreeMap::from([
            ("CELERIAC_BROKER_URL".to_owned(), "sqs://".to_owned()),
            ("CELERIAC_RESULT_BACKEND".to_owned(), results),
        ]);
        let prefix = &self.config.sqs.queue_name_prefix;
        if !prefix.is_empty() {
            environment.insert(
                "CELERIAC_BROKER_TRANSPORT_OPTIONS__QUEUE_NAME_PREFIX".to_owned(),
                prefix.clone(),
            );
        }
        environment
    }
}

/// A laptop's settings as they would be on AWS. Nothing is opened for them.
pub(crate) fn on_aws(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if !matches!(Place::of_broker(&settings), Ok(Place::Aws(_))) {
        settings.broker_url = Some("sqs://".to_owned());
    }
    let sqs = Place::Aws("sqs://".to_owned());
    if let Ok(Place::Sqlite(_)) = Place::of_results(&settings, &sqs) {
        settings.result_backend = None;
    }
    settings
}

/// The beat entries as EventBridge Scheduler is to have them.
#[cfg(feature = "beat")]
fn schedules(connection: &Connection) -> Result<Vec<ManifestSchedule>, Error> {
    let wanted = crate::schedules::wanted(connection, jiff::Timestamp::now())?;
    let all = wanted.into_iter().flat_map(|entry| entry.schedules);
    let still = |schedule: &ManifestSchedule| !schedule.over;
    let now = jiff::Timestamp::now();
    // AWS refuses a start in the past
    let begun = |mut schedule: ManifestSchedule| {
        schedule.start_date = schedule.start_date.filter(|start| *start > now);
        schedule
    };
    let there: Vec<ManifestSchedule> = all.filter(still).map(begun).collect();
    match there.iter().find(|schedule| schedule.is_one_of_a_grid()) {
        Some(schedule) => Err(celeriac_beat::EntryError {
            entry: schedule.entry.clone(),
            reason: "its interval takes several schedules that start at certain minutes, which a manifest cannot say: use \
                     `schedules apply`, or an interval whose common multiple with a minute divides an hour or a day"
                .to_owned(),
        }
        .into()),
        None => Ok(there),
    }
}

#[cfg(not(feature = "beat"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
fn schedules(_connection: &Connection) -> Result<Vec<ManifestSchedule>, Error> {
    Ok(Vec::new())
}

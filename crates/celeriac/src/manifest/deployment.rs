use std::collections::{BTreeMap, BTreeSet};

use celeriac_aws::AwsConfig;
use celeriac_core::Settings;

use super::{ManifestQueue, ManifestTable};
use crate::connect::aws_config;
use crate::place::Place;
use crate::{Connection, Error};

/// An app on AWS: its names there.
pub(super) struct Deployment<'a> {
    pub(super) connection: &'a Connection,
    pub(super) config: AwsConfig,
    results: bool,
}

impl<'a> Deployment<'a> {
    pub(super) fn of(connection: &'a Connection) -> Result<Self, Error> {
        let settings = on_aws(connection.settings());
        let results = Place::of_results(&settings, &Place::of_broker(&settings)?)?;
        Ok(Self {
            connection,
            config: aws_config(&settings)?,
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
    let is = |url: &Option<String>, scheme: &str| {
        url.as_ref().is_some_and(|url| url.starts_with(scheme))
    };
    if !is(&settings.broker_url, "sqs:") {
        settings.broker_url = Some("sqs://".to_owned());
    }
    if is(&settings.result_backend, "sqlite:") {
        settings.result_backend = None;
    }
    settings
}

use std::collections::{BTreeMap, BTreeSet};

use celeriac_aws::AwsConfig;
use celeriac_core::{Settings, check_queue_name, check_schedule_group};
use celeriac_protocol::task_key_plain;

use super::deployed_settings::DeployedSettings;
use super::predefined_queue::PredefinedQueue;
use super::{ManifestQueue, ManifestSchedule, ManifestTable};
use crate::place::Place;
use crate::{Connection, Error};

/// The longest name of a role is `<deployment>-worker-execution`, and IAM takes 64 characters.
const MAX_DEPLOYMENT: usize = 47;
/// A manifest takes this long from the program that prints it to AWS.
#[cfg(feature = "beat")]
const UNTIL_APPLIED: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// IAM's, for a role.
const MAX_ROLE: usize = 64;

/// An app on AWS: its names there.
pub(super) struct Deployment<'a> {
    pub(super) connection: &'a Connection,
    pub(super) config: AwsConfig,
    pub(super) schedules: Vec<ManifestSchedule>,
    /// What a person should know, a sentence each.
    pub(super) notes: Vec<String>,
    settings: Settings,
    results: bool,
}

impl<'a> Deployment<'a> {
    /// # Errors
    /// For all that cannot be deployed, at once.
    pub(super) fn of(connection: &'a Connection) -> Result<Self, Error> {
        let DeployedSettings {
            settings,
            config,
            notes,
        } = DeployedSettings::of(connection.settings())?;
        let results = Place::of_results(&settings, &Place::of_broker(&settings)?)?;
        let mut deployment = Self {
            connection,
            config,
            schedules: Vec::new(),
            notes,
            settings,
            results: results != Place::Disabled,
        };
        let mut problems = deployment.problems_of_names();
        match schedules(connection) {
            Ok(schedules) => deployment.schedules = schedules,
            Err(Error::Manifest(of_entries)) => problems.extend(of_entries),
            #[cfg(feature = "beat")]
            Err(Error::Entries(errors)) => {
                problems.extend(errors.iter().map(ToString::to_string));
            }
            Err(other) => problems.push(other.to_string()),
        }
        problems.extend(deployment.problems_of_queues());
        if !problems.is_empty() {
            return Err(Error::Manifest(problems));
        }
        deployment.say_what_is_one();
        deployment.say_what_is_assumed();
        Ok(deployment)
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
            ManifestQueue::new(name, &tasks, default_limit, self)
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
        self.config.sqs.real_name(queue)
    }

    /// Of a queue that is there already.
    pub(super) fn predefined_url(&self, queue: &str) -> Option<&String> {
        self.config.sqs.predefined_queues.get(queue)
    }

    pub(super) fn queue_arn(&self, queue: &str) -> String {
        let predefined = self.predefined(queue);
        predefined.map_or_else(
            || arn("sqs", self.region(), &self.sqs_name(queue)),
            |queue| queue.arn(),
        )
    }

    /// The ARN of what is beside a queue: its dead-letter queue.
    pub(super) fn arn_beside(&self, queue: &str, sqs_name: &str) -> String {
        match self.predefined(queue) {
            Some(predefined) => PredefinedQueue {
                name: sqs_name.to_owned(),
                ..predefined
            }
            .arn(),
            None => arn("sqs", self.region(), sqs_name),
        }
    }

    fn predefined(&self, queue: &str) -> Option<PredefinedQueue> {
        PredefinedQueue::of_url(self.predefined_url(queue)?)
    }

    /// Of the queues, if the settings name it.
    pub(super) fn region(&self) -> Option<&str> {
        self.config.sqs.endpoint.region.as_deref()
    }

    pub(super) fn table(&self) -> Option<ManifestTable> {
        self.results.then(|| ManifestTable {
            name: self.config.dynamodb.table.clone(),
            region: self.config.dynamodb.endpoint.region.clone(),
            hash_key: "id",
            ttl_attribute: "ttl",
        })
    }

    /// What is in front of all keys, as it stands in them; empty where there is nothing.
    pub(super) fn key_prefix(&self) -> String {
        let key = task_key_plain(&self.config.dynamodb.key_prefix, "");
        key.strip_suffix("celery-task-meta-")
            .unwrap_or_default()
            .to_owned()
    }

    /// What makes the deployed program's settings of those in its code.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let mut coded = self.connection.coded_settings().clone();
        coded.beat_schedule.clear(); // it can only be added to
        let mut environment = self.settings.variables_over(&coded);
        let url = |url: &Option<String>| url.clone().unwrap_or_default();
        let results = url(&self.settings.result_backend);
        let results = results.replacen("dynamodb:///", "dynamodb://${region}/", 1);
        environment.insert("CELERIAC_RESULT_BACKEND".to_owned(), results);
        let broker = url(&self.settings.broker_url);
        environment.insert("CELERIAC_BROKER_URL".to_owned(), broker);
        let prefix = &self.config.sqs.queue_name_prefix;
        if !prefix.is_empty() {
            environment.insert(
                "CELERIAC_BROKER_TRANSPORT_OPTIONS__QUEUE_NAME_PREFIX".to_owned(),
                prefix.clone(),
            );
        }
        environment
    }

    fn problems_of_names(&self) -> Vec<String> {
        let (name, role) = (
            self.connection.deployment(),
            self.connection.schedule_role(),
        );
        let mut problems = Vec::new();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=MAX_DEPLOYMENT).contains(&name.len()) || !name.bytes().all(is_plain) {
            problems.push(format!(
                "`{name}`, which is the environment and the app's name, is a part of names on AWS: it has 1 to {MAX_DEPLOYMENT} letters, \
                 digits, `-` and `_` there; rename the app, or shorten `environment`"
            ));
        } else if let Err(kind) = check_schedule_group(&self.connection.schedule_group()) {
            problems.push(format!("`beat_schedule_group`: {kind}"));
        }
        let is_of_role = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        let is_name = (1..=MAX_ROLE).contains(&role.len()) && role.bytes().all(is_of_role);
        let is_arn = role.starts_with("arn:") && !role.contains(['*', '?']);
        if !is_name && !is_arn && self.connection.settings().beat_scheduler_role.is_some() {
            problems.push(format!(
                "`beat_scheduler_role` is `{role}`: give a role's name, 1 to {MAX_ROLE} letters, digits and `+=,.@_-`, or its ARN, \
                 without `*` and `?`, which IAM takes for anything"
            ));
        }
        let regions = [
            ("broker_transport_options.region", self.region()),
            (
                "result_backend",
                self.config.dynamodb.endpoint.region.as_deref(),
            ),
        ];
        for (setting, region) in regions {
            if let Some(region) = region.filter(|region| !is_region(region)) {
                problems.push(format!("`{setting}`: `{region}` is no region"));
            }
        }
        let of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/+=@ ".contains(&byte);
        let prefix = &self.config.dynamodb.key_prefix;
        if !prefix.bytes().all(of_key) {
            problems.push(format!(
                "`global_keyprefix` is `{prefix}`, and the policies have it, where some characters mean something else: use letters, digits \
                 and `_-.:/+=@`"
            ));
        }
        let zone = &self.connection.settings().timezone;
        if is_local(zone) {
            problems.push(format!(
                "`timezone` is `{zone}`, which is another one on AWS: name it, such as `Europe/Berlin`"
            ));
        }
        problems
    }

    /// Each is one that SQS takes.
    fn problems_of_queues(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, url) in &self.config.sqs.predefined_queues {
            if PredefinedQueue::of_url(url).is_none() {
                problems.push(format!(
                    "`predefined_queues`: the URL of `{name}`, `{url}`, does not say the queue's region, account and name"
                ));
            }
        }
        for queue in self.queues() {
            if let Err(kind) = check_queue_name(&queue.queue_name) {
                problems.push(format!("queue `{}`: {kind}", queue.name));
                continue; // the other's name is longer by `-dlq`
            }
            let dead_letters = queue.dead_letter_queue.as_deref();
            if let Some(Err(kind)) = dead_letters.map(check_queue_name) {
                problems.push(format!("the dead-letter queue of `{}`: {kind}", queue.name));
            }
        }
        problems
    }

    /// Queues that are one in SQS. Whoever makes queues of the manifest refuses them; a program
    /// whose queues are there already works with them.
    fn say_what_is_one(&mut self) {
        let queues = self.queues();
        let mut taken: BTreeMap<&str, String> = BTreeMap::new();
        let of_queues = queues.iter().map(|queue| {
            let said = format!("queue `{}`", queue.name);
            (said, Some(&queue.queue_name))
        });
        let of_dead_letters = queues.iter().map(|queue| {
            let said = format!("the dead-letter queue of `{}`", queue.name);
            (said, queue.dead_letter_queue.as_ref())
        });
        for (said, name) in of_queues.chain(of_dead_letters) {
            let Some(name) = name else { continue };
            if let Some(other) = taken.insert(name, said.clone()) {
                self.notes.push(format!(
                    "{other} and {said} are one in SQS, `{name}`: rename one of them, since Terraform and CloudFormation cannot make both"
                ));
            }
        }
    }

    fn say_what_is_assumed(&mut self) {
        let predefined = &self.config.sqs.predefined_queues;
        if predefined.is_empty() {
            return;
        }
        let mut notes = Vec::new();
        for queue in self.queues() {
            match (predefined.contains_key(&queue.name), &queue.dead_letter_queue) {
                (true, Some(dead_letters)) => notes.push(format!(
                    "queue `{}` is predefined, so it is there already; its dead-letter queue is taken to be `{dead_letters}`",
                    queue.name
                )),
                (true, None) => {}
                (false, _) => notes.push(format!(
                    "queue `{}` is not in `predefined_queues`, and where there are any, the program knows no other: add it there",
                    queue.name
                )),
            }
        }
        self.notes.extend(notes);
    }
}

/// The zone of the machine, whichever it is there.
fn is_local(zone: &str) -> bool {
    ["localtime", "local"].contains(&zone.to_ascii_lowercase().as_str())
}

pub(super) fn is_region(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed)
}

/// With a placeholder for the region where none is named.
pub(super) fn arn(service: &str, region: Option<&str>, resource: &str) -> String {
    let region = region.unwrap_or("${region}");
    format!("arn:${{partition}}:{service}:{region}:${{account}}:{resource}")
}

/// The beat entries as EventBridge Scheduler is to have them.
#[cfg(feature = "beat")]
fn schedules(connection: &Connection) -> Result<Vec<ManifestSchedule>, Error> {
    let now = jiff::Timestamp::now();
    let wanted = crate::schedules::wanted(connection, now)?;
    let all = wanted.into_iter().flat_map(|entry| entry.schedules);
    let still = |schedule: &ManifestSchedule| !schedule.over;
    // a rate counts from its start, and AWS refuses one in the past
    let begun = |mut schedule: ManifestSchedule| {
        let from = schedule.phase.map_or(now, |_| now + UNTIL_APPLIED);
        schedule.start_date = schedule.start(from);
        schedule
    };
    let there: Vec<ManifestSchedule> = all.filter(still).map(begun).collect();
    match problems_of_schedules(&there) {
        problems if problems.is_empty() => Ok(there),
        problems => Err(Error::Manifest(problems)),
    }
}

/// One for each entry.
#[cfg(feature = "beat")]
fn problems_of_schedules(schedules: &[ManifestSchedule]) -> Vec<String> {
    let mut problems = BTreeMap::new();
    for schedule in schedules {
        let reason = if schedule.is_one_of_a_grid() {
            "its interval takes several schedules that start at certain minutes, which a manifest cannot say: use \
             `schedules apply`, or an interval whose common multiple with a minute divides an hour or a day"
        } else if schedule
            .schedule_expression_timezone
            .as_deref()
            .is_some_and(is_local)
        {
            "its time zone is that of the machine, which is another one on AWS: name it, such as `Europe/Berlin`"
        } else {
            continue;
        };
        let error = celeriac_beat::EntryError {
            entry: schedule.entry.clone(),
            reason: reason.to_owned(),
        };
        problems.insert(schedule.entry.clone(), error.to_string());
    }
    problems.into_values().collect()
}

#[cfg(not(feature = "beat"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
fn schedules(_connection: &Connection) -> Result<Vec<ManifestSchedule>, Error> {
    Ok(Vec::new())
}

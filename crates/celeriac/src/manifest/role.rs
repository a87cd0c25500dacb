use std::collections::BTreeMap;

use celeriac_aws::iam;
use serde::Serialize;

use super::deployment::{Deployment, arn};

/// Keys of results begin so, in Celery and here: `celery-task-meta-<id>`.
const RESULTS: &str = "celery-*";
/// And those of all other items of an app: its chords' counters, as Celery has them, and what
/// celeriac itself remembers.
const BESIDE_RESULTS: [&str; 2] = ["chord-unlock-*", "celeriac-*"];

/// Of chords: the saved group of a header, and what is awaited of it, in both layouts.
const CHORDS: [&str; 3] = [
    "celery-taskset-meta-*",
    "chord-unlock-*",
    "celeriac-chord-*",
];

/// Who may do what.
#[derive(Clone, Debug, Serialize)]
pub struct Role {
    /// The AWS services that take it.
    pub trusted_services: Vec<&'static str>,
    /// Its rights; nothing else is needed.
    pub statements: Vec<Statement>,
}

/// Actions on resources.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// What for.
    pub sid: &'static str,
    /// IAM actions.
    pub actions: Vec<&'static str>,
    /// ARNs.
    pub resources: Vec<String>,
    /// When alone, in IAM's form: operator, key, values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<&'static str, BTreeMap<&'static str, Vec<String>>>,
}

pub(super) fn all(deployment: &Deployment<'_>) -> BTreeMap<&'static str, Role> {
    let arns = Arns::of(deployment);
    BTreeMap::from([
        ("producer", Role::new(None, producer(&arns))),
        ("reader", Role::new(None, vec![read_results(&arns)])),
        ("forgetter", Role::new(None, vec![forget_results(&arns)])),
        (
            "worker",
            Role::new(Some("ecs-tasks.amazonaws.com"), worker(&arns)),
        ),
        (
            "lambda",
            Role::new(Some("lambda.amazonaws.com"), consumer(&arns)),
        ),
        (
            "scheduler",
            Role::new(Some(iam::SCHEDULER_SERVICE), scheduler(&arns)),
        ),
        ("operator", Role::new(None, operator(&arns))),
    ])
}

/// A web application that sends tasks and reads results, by celeriac's client or by Celery's own.
fn producer(arns: &Arns) -> Vec<Statement> {
    let send = [iam::DECLARE_LIKE_CELERY, iam::SEND].concat();
    vec![
        Statement::new("SendTasks", &send, &arns.queues),
        Statement::new("ListQueues", iam::LIST_QUEUES, &arns.every_queue),
        read_results(arns),
        Statement::new("BeginChords", iam::BEGIN_CHORDS, &arns.table).on_keys(&arns.chords),
    ]
}

/// Of results alone, not of what celeriac itself remembers beside them.
fn read_results(arns: &Arns) -> Statement {
    Statement::new("ReadResults", iam::READ_RESULTS, &arns.table).on_keys(&arns.results)
}

/// Apart from reading, since who may forget a result may write it.
fn forget_results(arns: &Arns) -> Statement {
    Statement::new("ForgetResults", iam::FORGET_RESULTS, &arns.table).on_keys(&arns.results)
}

/// An ECS worker.
fn worker(arns: &Arns) -> Vec<Statement> {
    // the agent asks for its own task, whose id nobody knows before
    let own_tasks = [arn("ecs", None, "task/*")];
    let mut statements = consumer(arns);
    statements.push(Statement::new(
        "ProtectFromScaleIn",
        iam::PROTECT_TASK,
        &own_tasks,
    ));
    statements
}

/// Whoever runs tasks: a worker, or a Lambda function with its event source mapping, which receives
/// and deletes for it.
fn consumer(arns: &Arns) -> Vec<Statement> {
    vec![
        Statement::new("ConsumeTasks", iam::CONSUME, &arns.own_queues),
        Statement::new("SendTasks", iam::SEND, &arns.queues),
        Statement::new("DeadLetter", iam::DEAD_LETTER, &arns.own_dead_letters),
        Statement::new("KeepResults", iam::LEDGER, &arns.table).on_keys(&arns.keys),
    ]
}

/// EventBridge Scheduler, for the app's schedules.
fn scheduler(arns: &Arns) -> Vec<Statement> {
    vec![Statement::new(
        "SendTasks",
        iam::RUN_SCHEDULES,
        &arns.schedule_targets,
    )]
}

/// Somebody with the `celeriac` program, and with the app's own for its schedules.
fn operator(arns: &Arns) -> Vec<Statement> {
    let every_queue: Vec<String> = arns
        .queues
        .iter()
        .chain(&arns.dead_letters)
        .cloned()
        .collect();
    vec![
        Statement::new("OperateQueues", iam::OPERATE_QUEUE, &every_queue),
        Statement::new("ListQueues", iam::LIST_QUEUES, &arns.every_queue),
        Statement::new("OperateTable", iam::OPERATE_TABLE, &arns.table),
        Statement::new("OperateSchedules", iam::OPERATE_SCHEDULES, &arns.schedules),
        Statement::new(
            "OperateScheduleGroup",
            iam::OPERATE_SCHEDULE_GROUP,
            &arns.schedule_group,
        ),
        // IAM knows no resource for it
        Statement::new("ListSchedules", iam::LIST_SCHEDULES, &arns.all_schedules),
        Statement::new(
            "PassScheduleRole",
            iam::PASS_SCHEDULE_ROLE,
            &arns.schedule_role,
        )
        .when(
            "StringEquals",
            "iam:PassedToService",
            &[iam::SCHEDULER_SERVICE.to_owned()],
        ),
    ]
}

impl Role {
    fn new(service: Option<&'static str>, statements: Vec<Statement>) -> Self {
        Self {
            trusted_services: service.into_iter().collect(),
            statements: statements
                .into_iter()
                .filter(|statement| !statement.resources.is_empty())
                .collect(),
        }
    }
}

impl Statement {
    fn new(sid: &'static str, actions: &[&'static str], resources: &[String]) -> Self {
        Self {
            sid,
            actions: actions.to_vec(),
            resources: resources.to_vec(),
            condition: BTreeMap::new(),
        }
    }

    fn when(mut self, operator: &'static str, key: &'static str, values: &[String]) -> Self {
        let keys = self.condition.entry(operator).or_default();
        keys.insert(key, values.to_vec());
        self
    }

    /// Items with these keys only, where there are any. What names no item, such as a look at the
    /// table, is not bound by it.
    fn on_keys(self, keys: &[String]) -> Self {
        if keys.is_empty() {
            return self;
        }
        self.when("ForAllValues:StringLike", "dynamodb:LeadingKeys", keys)
    }
}

struct Arns {
    /// Every queue of the region, whoever's; for what IAM knows on all of them only.
    every_queue: Vec<String>,
    /// Keys of results, as patterns.
    results: Vec<String>,
    /// Keys of chords, and of the groups of their headers, as patterns.
    chords: Vec<String>,
    /// Keys of all of the app's items, as patterns; none where keys have no prefix.
    keys: Vec<String>,
    /// Of every queue.
    queues: Vec<String>,
    dead_letters: Vec<String>,
    /// Of queues that a worker of this app works on.
    own_queues: Vec<String>,
    own_dead_letters: Vec<String>,
    /// One, or none.
    table: Vec<String>,
    /// Queues that schedules send to, and the one for what could not be sent.
    schedule_targets: Vec<String>,
    /// What is for an app with schedules only: each one ARN, or none.
    schedules: Vec<String>,
    schedule_group: Vec<String>,
    all_schedules: Vec<String>,
    schedule_role: Vec<String>,
}

impl Arns {
    fn of(deployment: &Deployment<'_>) -> Self {
        let queues = deployment.queues();
        let own = deployment.own_queues();
        let group = deployment.connection.schedule_group();
        let scheduled = |arn: String| {
            let any = !deployment.schedules.is_empty();
            any.then_some(arn).into_iter().collect()
        };
        let is_own = |queue: &&super::ManifestQueue| own.contains(&queue.name);
        let of_queue = |queue: &super::ManifestQueue| queue.arn.clone();
        let of_dead_letters = |queue: &super::ManifestQueue| {
            let dead_letters = queue.dead_letter_queue.as_ref();
            dead_letters.map(|name| deployment.arn_beside(&queue.name, name))
        };
        let prefix = deployment.key_prefix();
        let patterns = |kind: &str| key_patterns(&format!("{prefix}{kind}"));
        let (region, table) = (deployment.region(), deployment.table());
        Self {
            queues: queues.iter().map(of_queue).collect(),
            dead_letters: queues.iter().filter_map(of_dead_letters).collect(),
            own_queues: queues.iter().filter(is_own).map(of_queue).collect(),
            own_dead_letters: queues
                .iter()
                .filter(is_own)
                .filter_map(of_dead_letters)
                .collect(),
            table: table
                .map(|table| {
                    let name = format!("table/{}", table.name);
                    arn("dynamodb", table.region.as_deref(), &name)
                })
                .into_iter()
                .collect(),
            schedule_targets: deployment
                .schedule_targets()
                .iter()
                .map(|queue| deployment.queue_arn(queue))
                .collect(),
            schedules: scheduled(arn("scheduler", region, &format!("schedule/{group}/*"))),
            schedule_group: scheduled(arn("scheduler", region, &format!("schedule-group/{group}"))),
            all_schedules: scheduled("*".to_owned()),
            schedule_role: scheduled(schedule_role(deployment)),
            every_queue: vec![arn("sqs", region, "*")],
            keys: if prefix.is_empty() {
                Vec::new()
            } else {
                let beside = BESIDE_RESULTS.into_iter().flat_map(patterns);
                patterns(RESULTS).into_iter().chain(beside).collect()
            },
            results: patterns(RESULTS),
            chords: CHORDS.into_iter().flat_map(patterns).collect(),
        }
    }
}

/// Of keys in both forms: as Celery writes them, which is how Python shows bytes (`b'...'`, or with
/// double quotes), and plain, which is looked for too.
fn key_patterns(plain: &str) -> Vec<String> {
    vec![format!("b?{plain}"), plain.to_owned()]
}

/// Given by name or by ARN; else the one that Terraform and CloudFormation make.
fn schedule_role(deployment: &Deployment<'_>) -> String {
    let name = deployment.connection.schedule_role();
    if name.starts_with("arn:") {
        return name;
    }
    format!("arn:${{partition}}:iam::${{account}}:role/{name}")
}

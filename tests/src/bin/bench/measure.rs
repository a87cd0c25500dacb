use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use celeriac::{App, Connection};
use celeriac_core::{QueueSpec, Settings};
use celeriac_testkit::fault_proxy::FaultProxy;
use tempfile::TempDir;
use tokio::process::Child;

use crate::contender::{Contender, Place};
use crate::emulators::{Emulators, Services};
use crate::queue_feeder::{self, QueueFeeder};
use crate::report::{Requests, Run};
use crate::usage::{self, Usage};
use crate::{ceiling, chord, raw_ceiling};

/// Longer than any run takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many times as many tasks celeriac has where it is the limit itself.
const HEAD_START: usize = 10;

/// Measures contenders, each on a queue and a worker of its own.
pub(crate) struct Bench {
    services: Services,
    emulators: (String, String),
    table: String,
    tasks: usize,
    logs: TempDir,
}

impl Bench {
    pub(crate) async fn new(
        services: Services,
        emulators: &Emulators,
        tasks: usize,
    ) -> Result<Self> {
        let bench = Self {
            services,
            emulators: (emulators.sqs().to_owned(), emulators.dynamodb().to_owned()),
            table: format!("bench-{}", uuid::Uuid::new_v4().simple()),
            tasks,
            logs: tempfile::tempdir()?,
        };
        let connection = Connection::open(settings_of(&bench.place("unused"))).await?;
        connection
            .ledger()
            .context("the benchmark needs results")?
            .declare()
            .await?;
        Ok(bench)
    }

    /// Tasks per second with no worker between.
    pub(crate) async fn ceiling(&self) -> Result<f64> {
        let (connection, place) = self.fresh("ceiling").await?;
        if self.services == Services::Memory {
            let body = queue_feeder::body("6da28e72-4e5f-40c4-856a-cd0aeab5f122", &place.queue)?;
            return raw_ceiling::of_services(&place, &body, self.tasks * HEAD_START).await;
        }
        let feeder = QueueFeeder::new(&connection, &place.queue)?;
        let fed = feeder.run(self.tasks, PATIENCE);
        let (_, rate) = futures_util::future::try_join(
            fed,
            ceiling::of_emulators(&connection, &place.queue, self.tasks),
        )
        .await?;
        Ok(rate)
    }

    /// One timed run.
    pub(crate) async fn run(&self, contender: &Contender) -> Result<Run> {
        let (connection, place) = self.fresh("timed").await?;
        let feeder = QueueFeeder::new(&connection, &place.queue)?;
        let worker = self.warm_worker(contender, &place, &feeder).await?;
        let pid = worker.id().context("the worker ended")?;
        let tasks = self.tasks_of(contender);
        let before = usage::of_tree(pid)?;
        let elapsed = feeder
            .run(tasks, PATIENCE)
            .await
            .with_context(|| self.log_of(contender))?;
        let after = usage::of_tree(pid)?;
        stop(worker).await;
        let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        Ok(result(contender, tasks, elapsed, before, after))
    }

    /// SQS and DynamoDB requests of one task, counted by proxies between the worker and the
    /// emulators.
    pub(crate) async fn count_requests(&self, contender: &Contender) -> Result<Requests> {
        let (connection, place) = self.fresh("counted").await?;
        let feeder = QueueFeeder::new(&connection, &place.queue)?;
        let sqs = FaultProxy::start(&format!("http://{}", place.sqs), Vec::new()).await;
        let dynamodb = FaultProxy::start(&format!("http://{}", place.dynamodb), Vec::new()).await;
        let proxied = Place {
            sqs: sqs.url().replace("http://", ""),
            dynamodb: dynamodb.url().replace("http://", ""),
            ..place
        };
        let worker = self.warm_worker(contender, &proxied, &feeder).await?;
        sqs.reset_requests();
        dynamodb.reset_requests();
        feeder
            .run(self.tasks, PATIENCE)
            .await
            .with_context(|| self.log_of(contender))?;
        let per_task =
            |proxy: &FaultProxy| proxy.requests().values().sum::<u64>() as f64 / self.tasks as f64;
        let requests = Requests {
            sqs: per_task(&sqs),
            dynamodb: per_task(&dynamodb),
        };
        stop(worker).await;
        Ok(requests)
    }

    /// How long one chord takes.
    pub(crate) async fn chord(&self, contender: &Contender, members: usize) -> Result<Duration> {
        let (_, place) = self.fresh("chord").await?;
        let connection = self.chord_client(contender, &place).await?;
        let worker = contender.start(&place, &self.logs.path().join(contender.name()))?;
        let (client, queue) = (connection.client(), &place.queue);
        chord::once(&client, queue, 50)
            .await
            .with_context(|| self.log_of(contender))?;
        let time = chord::once(&client, queue, members).await;
        stop(worker).await;
        time.with_context(|| self.log_of(contender))
    }

    /// DynamoDB requests of a chord's worker by operation, for each member.
    pub(crate) async fn count_chord(
        &self,
        contender: &Contender,
        members: usize,
    ) -> Result<BTreeMap<String, f64>> {
        let (_, place) = self.fresh("chord").await?;
        let connection = self.chord_client(contender, &place).await?;
        let dynamodb = FaultProxy::start(&format!("http://{}", place.dynamodb), Vec::new()).await;
        let proxied = Place {
            dynamodb: dynamodb.url().replace("http://", ""),
            ..place.clone()
        };
        let worker = contender.start(&proxied, &self.logs.path().join(contender.name()))?;
        let client = connection.client();
        chord::once(&client, &place.queue, 50).await?;
        dynamodb.reset_requests();
        let done = chord::once(&client, &place.queue, members).await;
        stop(worker).await;
        done.with_context(|| self.log_of(contender))?;
        let each = dynamodb.requests().into_iter();
        Ok(each
            .map(|(operation, count)| (operation, count as f64 / members as f64))
            .collect())
    }

    /// Knows the tasks where celeriac runs them, so that their chord is kept as celeriac's own.
    async fn chord_client(&self, contender: &Contender, place: &Place) -> Result<Connection> {
        let app = App::new("bench").isolated();
        let app = if contender.is_celery() {
            app
        } else {
            app.task(crate::noop).task(crate::count)
        };
        let settings = settings_of(place);
        Ok(app.settings(|own| *own = settings).build().await?)
    }

    /// Tasks of a timed run: where the services are no limit, celeriac has ten times as many, or
    /// its run would be over before anything could be measured.
    fn tasks_of(&self, contender: &Contender) -> usize {
        let fast = self.services == Services::Memory && !contender.is_celery();
        self.tasks * if fast { HEAD_START } else { 1 }
    }

    /// A worker that has run its first tasks, so that neither its start nor its first connections
    /// are timed.
    async fn warm_worker(
        &self,
        contender: &Contender,
        place: &Place,
        feeder: &QueueFeeder,
    ) -> Result<Child> {
        let worker = contender.start(place, &self.logs.path().join(contender.name()))?;
        feeder
            .run(50, PATIENCE)
            .await
            .with_context(|| self.log_of(contender))?;
        Ok(worker)
    }

    fn log_of(&self, contender: &Contender) -> String {
        let log =
            std::fs::read_to_string(self.logs.path().join(contender.name())).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        format!(
            "{} said last:\n{}",
            contender.name(),
            tail.into_iter().rev().collect::<Vec<_>>().join("\n")
        )
    }

    async fn fresh(&self, purpose: &str) -> Result<(Connection, Place)> {
        let place = self.place(&format!(
            "bench-{purpose}-{}",
            uuid::Uuid::new_v4().simple()
        ));
        let connection = Connection::open(settings_of(&place)).await?;
        connection
            .queue_admin()
            .declare(&QueueSpec {
                dead_letter: None,
                ..QueueSpec::new(&place.queue)
            })
            .await?;
        Ok((connection, place))
    }

    fn place(&self, queue: &str) -> Place {
        let (sqs, dynamodb) = self.emulators.clone();
        Place {
            sqs,
            dynamodb,
            queue: queue.to_owned(),
            table: self.table.clone(),
        }
    }
}

fn settings_of(place: &Place) -> Settings {
    let mut settings = Settings {
        broker_url: Some(place.broker_url()),
        result_backend: Some(place.result_backend()),
        ..Settings::default()
    };
    settings.broker_transport_options.region = Some("us-east-1".to_owned());
    settings
}

fn result(
    contender: &Contender,
    tasks: u32,
    elapsed: Duration,
    before: Usage,
    after: Usage,
) -> Run {
    Run {
        name: contender.name(),
        rate: f64::from(tasks) / elapsed.as_secs_f64(),
        cpu_per_task: after.cpu.saturating_sub(before.cpu) / tasks,
        peak_memory: after.peak_memory,
    }
}

/// SIGTERM first, as a deployment would; the process is killed when it does not end.
async fn stop(mut worker: Child) {
    if let Some(pid) = worker.id() {
        let _ = tokio::process::Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await;
    }
    if tokio::time::timeout(Duration::from_secs(15), worker.wait())
        .await
        .is_err()
    {
        let _ = worker.kill().await;
    }
}

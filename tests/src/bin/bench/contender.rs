use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};

/// Where one run's messages and results live.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// SQS, `host:port`.
    pub(crate) sqs: String,
    /// DynamoDB, `host:port`.
    pub(crate) dynamodb: String,
    /// Fresh for every run.
    pub(crate) queue: String,
    /// The results' table.
    pub(crate) table: String,
}

impl Place {
    pub(crate) fn broker_url(&self) -> String {
        format!("sqs://test:test@{}", self.sqs)
    }

    pub(crate) fn result_backend(&self) -> String {
        // Celery takes an IP address for an endpoint, and writes a TTL only when asked; celeriac's
        // ledger always has one
        format!(
            "dynamodb://test:test@{}/{}?ttl_seconds=345600",
            self.dynamodb, self.table
        )
    }
}

/// A worker to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// This program's own worker, with as many tasks at once.
    Celeriac(usize),
    /// A real Celery worker with this pool.
    Celery(Pool),
}

/// Celery's pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pool {
    /// Two processes, as the cores.
    Prefork,
    /// Twenty threads.
    Threads,
    /// A hundred greenlets.
    Gevent,
}

impl Pool {
    fn arguments(self) -> [&'static str; 4] {
        match self {
            Self::Prefork => ["--pool", "prefork", "--concurrency", "2"],
            Self::Threads => ["--pool", "threads", "--concurrency", "20"],
            Self::Gevent => ["--pool", "gevent", "--concurrency", "100"],
        }
    }
}

impl Contender {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Celeriac(_) => "celeriac".to_owned(),
            Self::Celery(pool) => format!("celery {}", pool.arguments()[1]),
        }
    }

    /// Whether it is one of Celery's pools, which may fail on a backend of theirs without ending
    /// the benchmark.
    pub(crate) fn is_celery(&self) -> bool {
        matches!(self, Self::Celery(_))
    }

    /// Starts the worker in a process of its own; it is killed when dropped.
    pub(crate) fn start(&self, place: &Place, log: &Path) -> Result<Child> {
        let mut command = match self {
            Self::Celeriac(concurrency) => celeriac(*concurrency, place)?,
            Self::Celery(pool) => celery(*pool, place)?,
        };
        let log = std::fs::File::create(log)?;
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        command
            .spawn()
            .with_context(|| format!("cannot start {}", self.name()))
    }
}

fn celeriac(concurrency: usize, place: &Place) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args([
            "worker",
            "--queues",
            &place.queue,
            "--loglevel",
            "warn",
            "--concurrency",
            &concurrency.to_string(),
        ])
        .env_remove("CELERIAC_VENV") // it would be a setting to the worker
        .env("CELERIAC_BROKER_URL", place.broker_url())
        .env("CELERIAC_RESULT_BACKEND", place.result_backend())
        .env("CELERIAC_TEST_ROLE", "worker");
    Ok(command)
}

fn celery(pool: Pool, place: &Place) -> Result<Command> {
    let celery = python_environment().join("bin/celery");
    anyhow::ensure!(
        celery.exists(),
        "no `{}`: run ./test once",
        celery.display()
    );
    let mut command = Command::new(celery);
    command
        .args([
            "--app",
            "celery_bench",
            "worker",
            "--loglevel",
            "WARNING",
            "--queues",
            &place.queue,
        ])
        .args(pool.arguments())
        .current_dir(root().join("tests/bench"))
        .env("BENCH_BROKER_URL", place.broker_url())
        .env("BENCH_RESULT_BACKEND", place.result_backend())
        .env("BENCH_QUEUE", &place.queue);
    Ok(command)
}

/// The Python environment that `./test` made.
pub(crate) fn python_environment() -> PathBuf {
    std::env::var_os("CELERIAC_VENV").map_or_else(|| root().join(".venv"), PathBuf::from)
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

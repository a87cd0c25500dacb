use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use celeriac::prelude::*;
use celeriac::worker::{Shutdown, WorkerQueue};
use celeriac::{Client, Connection};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::usage;

/// Longer than any part of a run takes.
const PATIENCE: Duration = Duration::from_mins(2);
/// Results that are read one after the other.
const READS: usize = 2_000;
/// The ends of this many runs may still be on their way when the last one has begun: the worker's
/// own bound is 1,000, and its concurrency.
const LAST: usize = 2_000;

/// Where messages and results are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// This process's memory.
    Memory,
    /// A file, as it comes: WAL, `synchronous = NORMAL`.
    File,
}

/// What one run gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Tasks sent in a second, before the worker starts.
    pub(crate) sends: f64,
    /// Tasks run in a second, from the worker's start to the last SUCCESS stored.
    pub(crate) runs: f64,
    /// CPU of one task in that time, the whole process's.
    pub(crate) cpu_per_run: Duration,
    /// One `get` of a result that is there, one after the other; zero without results.
    pub(crate) get: Duration,
    /// Results that are there, joined in a second; zero without results.
    pub(crate) joins: f64,
}

/// The arguments of the tasks that have run, in that order.
static RAN: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// Does nothing, with a result.
#[task(name = "bench.local")]
async fn noop(x: usize) -> TaskResult<usize> {
    ran(x);
    Ok(x)
}

/// Does nothing, without a ledger.
#[task(name = "bench.local_ignored", ignore_result)]
async fn ignored(x: usize) -> TaskResult<()> {
    ran(x);
    Ok(())
}

fn ran(x: usize) {
    if let Ok(mut ran) = RAN.lock() {
        ran.push(x);
    }
}

fn count() -> usize {
    RAN.lock().map_or(0, |ran| ran.len())
}

/// Sends `tasks` no-op tasks, then runs them with a worker as it comes, then reads their results;
/// all in this process.
pub(crate) async fn run(backend: Backend, ignore_result: bool, tasks: usize) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let connection = connect(backend, folder.path()).await?;
    let client = connection.client();

    let started = Instant::now();
    let ids = send(&client, ignore_result, tasks).await?;
    let sends = rate(tasks, started.elapsed());

    let (before, started) = (usage::of_tree(std::process::id())?, Instant::now());
    let shutdown = Shutdown::new();
    let worker = connection.worker(vec![WorkerQueue::new("celery")]).await?;
    let worker = tokio::spawn(worker.run(shutdown.clone()));
    wait_for_runs(&client, &ids, ignore_result).await?;
    let elapsed = started.elapsed();
    let cpu = usage::of_tree(std::process::id())?
        .cpu
        .saturating_sub(before.cpu);
    shutdown.drain();
    let report = worker.await??;
    ensure!(
        report.succeeded == tasks as u64,
        "{report:?} of {tasks} tasks"
    );

    let (get, joins) = if ignore_result {
        (Duration::ZERO, 0.0)
    } else {
        (
            one_by_one(&client, &ids).await?,
            joined(&client, &ids).await?,
        )
    };
    Ok(Figures {
        sends,
        runs: rate(tasks, elapsed),
        cpu_per_run: cpu / u32::try_from(tasks)?,
        get,
        joins,
    })
}

/// Sends `tasks` tasks while a worker runs and joins their results as they come; tasks a second
/// from the first send to the last result.
pub(crate) async fn send_and_join(backend: Backend, tasks: usize) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let connection = connect(backend, folder.path()).await?;
    let client = connection.client();
    let shutdown = Shutdown::new();
    let worker = connection.worker(vec![WorkerQueue::new("celery")]).await?;
    let worker = tokio::spawn(worker.run(shutdown.clone()));

    let started = Instant::now();
    let ids = send(&client, false, tasks).await?;
    joined(&client, &ids).await?;
    let together = rate(tasks, started.elapsed());
    shutdown.drain();
    worker.await??;
    Ok(together)
}

async fn connect(backend: Backend, folder: &Path) -> Result<Connection> {
    if let Ok(mut ran) = RAN.lock() {
        ran.clear();
    }
    let url = match backend {
        Backend::Memory => "sqlite::memory:".to_owned(),
        Backend::File => format!("sqlite:{}", folder.join("bench.sqlite").display()),
    };
    let app = App::new("bench").task(noop).task(ignored);
    let app = app.settings(|settings| settings.broker_url = Some(url));
    Ok(app.isolated().build().await?)
}

async fn send(client: &Client, ignore_result: bool, tasks: usize) -> Result<Vec<String>> {
    if ignore_result {
        return all(client, (0..tasks).map(ignored::s)).await;
    }
    all(client, (0..tasks).map(noop::s)).await
}

async fn all<T: 'static, In>(
    client: &Client,
    calls: impl Iterator<Item = celeriac::TaskSignature<T, In>>,
) -> Result<Vec<String>> {
    let sent = client.send_all(stream::iter(calls));
    let ids = sent.map(|result| result.map(|result| result.id().to_owned()));
    Ok(ids.try_collect().await?)
}

/// Returns when every task has run and the ends of the last ones are stored.
async fn wait_for_runs(client: &Client, ids: &[String], ignore_result: bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let patience = |what| async move {
        ensure!(
            Instant::now() < deadline,
            "{what} not done within {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(())
    };
    while count() < ids.len() {
        patience("the runs").await?;
    }
    if ignore_result {
        return Ok(());
    }
    let last: Vec<&String> = {
        let ran = RAN.lock().ok().context("a task panicked")?;
        let last = ran.iter().rev().take(LAST);
        last.filter_map(|x| ids.get(*x)).collect()
    };
    let results = client.results::<usize>(last);
    while results.ready_count().await? < results.results().len() {
        patience("the results").await?;
    }
    Ok(())
}

async fn one_by_one(client: &Client, ids: &[String]) -> Result<Duration> {
    let count = ids.len().min(READS);
    let started = Instant::now();
    for (x, id) in ids.iter().enumerate().take(count) {
        let value = client.result::<usize>(id).get(PATIENCE).await?;
        ensure!(value == x, "task {x} gave {value}");
    }
    Ok(started.elapsed() / u32::try_from(count)?)
}

async fn joined(client: &Client, ids: &[String]) -> Result<f64> {
    let started = Instant::now();
    let values = client.results::<usize>(ids).join(PATIENCE).await?;
    let elapsed = started.elapsed();
    ensure!(
        values.iter().copied().eq(0..ids.len()),
        "values in another order"
    );
    Ok(rate(ids.len(), elapsed))
}

fn rate(tasks: usize, elapsed: Duration) -> f64 {
    tasks as f64 / elapsed.as_secs_f64()
}

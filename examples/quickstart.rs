//! Ten seconds of celeriac: a worker on SQLite, and one task of each kind, shown live.
//!
//! `cargo run --release --example quickstart`. Nothing else is needed: no broker, no account, no
//! network.

#![expect(clippy::print_stdout, reason = "a show is for the eyes")]

mod board;

use std::time::{Duration, Instant};

use board::Board;
use celeriac::prelude::*;
use celeriac::worker::{Shutdown, WorkerQueue};

#[task(name = "quickstart.add")]
async fn add(x: i64, y: i64) -> TaskResult<i64> {
    Ok(x + y)
}

#[task(name = "quickstart.greet")]
async fn greet(name: String, greeting: Option<String>) -> TaskResult<String> {
    Ok(format!(
        "{}, {name}!",
        greeting.unwrap_or_else(|| "Hello".to_owned())
    ))
}

/// Fails on its first two tries; `?` on any error makes a retry of it, since the task asks for
/// retries.
#[task(
    name = "quickstart.flaky",
    autoretry,
    max_retries = 3,
    default_retry_delay = "1s"
)]
async fn flaky(ctx: Context) -> TaskResult<String> {
    if ctx.retries() < 2 {
        Err(std::io::Error::other("the other side is not ready"))?;
    }
    Ok(format!("worked after {} retries", ctx.retries()))
}

/// A panic ends the task, never the worker.
#[task(name = "quickstart.explode")]
async fn explode() -> TaskResult<()> {
    panic!("boom");
}

/// How long the whole show may take.
const PATIENCE: Duration = Duration::from_secs(12);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    // the panic below is part of the show: it appears as a result, not on stderr
    std::panic::set_hook(Box::new(|_| {}));
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("quickstart.sqlite");
    println!(
        "celeriac quickstart: tasks and results in {}\n",
        file.display()
    );

    // The app: its tasks, and where messages and results are. `isolated`: whatever this machine's
    // environment says.
    let connection = App::new("quickstart")
        .task(add)
        .task(greet)
        .task(flaky)
        .task(explode)
        .settings(|settings| settings.broker_url = Some(format!("sqlite:{}", file.display())))
        .isolated()
        .build()
        .await?;

    // The worker, in this process. Usually it is a process of its own: `my-app worker`.
    let shutdown = Shutdown::default();
    let worker = connection.worker(vec![WorkerQueue::new("celery")]).await?;
    let worker = tokio::spawn(worker.run(shutdown.clone()));

    // The caller: a web handler, say.
    let client = connection.client();
    let mut board = Board::new();
    board.add(
        "add(2, 3)",
        "SUCCESS",
        client.send(add::s(2, 3)).await?.id(),
    );
    board.add(
        "greet(name=\"Ada\", greeting=\"Hi\")",
        "SUCCESS",
        send_by_keyword(&client).await?.id(),
    );
    board.add(
        "add(20, 22) in 2 seconds",
        "SUCCESS",
        client.send(add::s(20, 22).countdown(secs(2))).await?.id(),
    );
    board.add(
        "flaky(): fails twice, is retried",
        "SUCCESS",
        client.send(flaky::s()).await?.id(),
    );
    board.add(
        "explode(): panics",
        "FAILURE",
        client.send(explode::s()).await?.id(),
    );
    let unknown = client
        .send_task(
            "quickstart.not_there",
            args![1],
            kwargs! {},
            celeriac::SendOptions::default(),
        )
        .await?;
    board.add("not_there(1): no such task", "FAILURE", unknown.id());

    let started = Instant::now();
    while !board.refresh(&client, started.elapsed()).await? && started.elapsed() < PATIENCE {
        tokio::time::sleep(millis(100)).await;
    }

    let took = started.elapsed();
    shutdown.drain();
    let report = worker.await??;
    client.close().await;
    println!("\n{}", board.summary(took));
    println!(
        "The worker counted {} successes, {} failures, {} retries.",
        report.succeeded, report.failed, report.retried
    );
    println!("Next: README.md, and examples/shop for an app with a command line.");
    Ok(if board.is_as_expected() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// By name and keyword, as a caller does that does not share the task's code: a Python app, for
/// instance.
async fn send_by_keyword(client: &Client) -> anyhow::Result<AsyncResult> {
    let kwargs = kwargs! { name: "Ada", greeting: "Hi" };
    Ok(client
        .send_task(
            "quickstart.greet",
            args![],
            kwargs,
            celeriac::SendOptions::default(),
        )
        .await?)
}

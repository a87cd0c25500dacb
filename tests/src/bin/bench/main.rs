//! Celeriac's worker beside a real Celery worker: the same no-op tasks with results, the same
//! emulators, in turns. With `cold-start`, a Lambda function beside a bare one; with `local`,
//! celeriac on SQLite beside huey.
//!
//! `cargo run --release -p celeriac-tests --bin bench` (after `./test`, which installs Celery and
//! the emulators).

#![expect(clippy::print_stdout, reason = "the benchmark prints its tables")]

mod ceiling;
mod chord;
mod cold_start;
mod contender;
mod emulators;
mod goals;
mod huey;
mod local;
mod local_run;
mod measure;
mod queue_feeder;
mod raw_ceiling;
mod raw_client;
mod raw_template;
mod report;
mod usage;

use std::process::ExitCode;

use anyhow::Result;
use celeriac::prelude::*;
use clap::Parser;

use crate::contender::{Contender, Pool};
use crate::emulators::{Emulators, Services};
use crate::measure::Bench;
use crate::report::Summary;

#[derive(Debug, Parser)]
#[command(
    name = "bench",
    about = "Celeriac's worker beside Celery's, on the same emulators"
)]
struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    /// Tasks in each run
    #[arg(long, default_value_t = 2_000)]
    tasks: usize,
    /// Runs of each worker, in turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Tasks that celeriac runs at once
    #[arg(long, default_value_t = 100)]
    concurrency: usize,
    /// Celery pools to run
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "threads,prefork,gevent"
    )]
    pools: Vec<Pool>,
    /// Leave Celery out
    #[arg(long)]
    without_celery: bool,
    /// What stands in for AWS
    #[arg(long, value_enum, default_value = "memory")]
    services: Services,
    /// Exit with 1 unless each goal that is printed at the end is met
    #[arg(long)]
    check: bool,
}

impl Arguments {
    fn contenders(&self) -> Vec<Contender> {
        let ours = std::iter::once(Contender::Celeriac(self.concurrency));
        let pools = self.pools.iter().filter(|_| !self.without_celery);
        ours.chain(pools.copied().map(Contender::Celery)).collect()
    }
}

#[derive(Debug, clap::Subcommand)]
enum Other {
    /// A Lambda function beside a bare `lambda_runtime` one: how long each takes to start, and how
    /// large it is
    ColdStart(cold_start::ColdStart),
    /// A chord, from its send to the end of its body
    Chord(chord::ChordBench),
    /// Celeriac on SQLite beside huey on it: sends, runs, and results read one by one and joined
    Local(local::Local),
}

#[task(name = "bench.noop")]
async fn noop(x: i64) -> TaskResult<i64> {
    Ok(x)
}

#[task(name = "bench.count")]
async fn count(results: Vec<Value>) -> i64 {
    i64::try_from(results.len()).unwrap_or(i64::MAX)
}

#[tokio::main]
async fn main() -> ExitCode {
    // the measured worker is this program too, in a process of its own
    match std::env::var("CELERIAC_TEST_ROLE").as_deref() {
        Ok("worker") => return App::new("bench").task(noop).task(count).run().await,
        Ok("services") => return exit_code(emulators::serve_memory().await.map(|()| true)),
        _ => {}
    }
    let arguments = Arguments::parse();
    exit_code(match &arguments.other {
        Some(Other::ColdStart(cold_start)) => cold_start.run().await,
        Some(Other::Chord(chord)) => chord.run().await,
        Some(Other::Local(local)) => local.run().await,
        None => compare(&arguments).await,
    })
}

fn exit_code(held: Result<bool>) -> ExitCode {
    match held {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn compare(arguments: &Arguments) -> Result<bool> {
    let emulators = Emulators::start(arguments.services).await?;
    println!(
        "SQS: {}; DynamoDB: {}; {} no-op tasks a run, {} rounds",
        emulators.sqs_name(),
        emulators.dynamodb_name(),
        arguments.tasks,
        arguments.rounds
    );
    let bench = Bench::new(arguments.services, &emulators, arguments.tasks).await?;
    let ceiling = bench.ceiling().await?;
    println!(
        "the services' own ceiling (sends, receives and deletes by 10, claims and completions by 25; no worker): {ceiling:.0} tasks/s\n"
    );

    let mut contenders = arguments.contenders();
    let mut runs = Vec::new();
    for round in 1..=arguments.rounds {
        for contender in contenders.clone() {
            match bench.run(&contender).await {
                Ok(run) => {
                    println!("round {round}: {:<16} {:>7.0} tasks/s", run.name, run.rate);
                    runs.push(run);
                }
                Err(error) if contender.is_celery() => {
                    println!(
                        "round {round}: {:<16} left out: {error:#}",
                        contender.name()
                    );
                    contenders.retain(|other| *other != contender);
                    runs.retain(|run| run.name != contender.name());
                }
                Err(error) => return Err(error),
            }
        }
    }
    println!(
        "\nmedians; requests counted in a run of their own\n{}",
        report::head()
    );
    let mut summaries = Vec::new();
    for contender in &contenders {
        let requests = bench.count_requests(contender).await?;
        let summary = Summary::of(&contender.name(), &runs, Some(requests));
        println!("{}", summary.line());
        summaries.push(summary);
    }
    let goals = goals::of(arguments.services, ceiling, &summaries);
    Ok(goals::print(&goals) || !arguments.check)
}

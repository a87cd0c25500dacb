use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use celeriac_testkit::emulator::{Ministack, unique_name};
use celeriac_testkit::lambda_service::{Answer, LambdaService};
use clap::Args;
use tokio::process::Command;

const FUNCTION: &str = "cold-start-function";
const ECHO: &str = "cold-start-echo";
/// Each is built and weighed alone.
const FEATURES: [&str; 7] = ["local", "msgpack", "yaml", "bzip2", "xz", "zstd", "brotli"];
const MAX_INIT: Duration = Duration::from_millis(10);
const MAX_RATIO: f64 = 1.5;
const MAX_BYTES: u64 = 12_000_000;

/// A Lambda function beside a bare one.
#[derive(Debug, Args)]
pub(crate) struct ColdStart {
    /// Starts of each, in turns
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Build with each feature of the crate too, and print what it weighs (eight builds of several
    /// minutes)
    #[arg(long)]
    features: bool,
    /// Exit with 1 unless the start takes 10 ms at most, 1.5 times that of the bare one at most,
    /// and the program 12 MB at most
    #[arg(long)]
    check: bool,
}

/// One start: from the process's start to its first request for an event, and from that event to
/// its answer.
struct Start {
    init: Duration,
    first_event: Duration,
}

/// A function's program.
struct Contender {
    name: &'static str,
    program: PathBuf,
    bytes: u64,
    event: &'static str,
    starts: Vec<Start>,
}

impl ColdStart {
    pub(crate) async fn run(&self) -> Result<bool> {
        let mut contenders = [
            Contender::build(ECHO, "bare lambda_runtime echo", r#"{"value": 1}"#).await?,
            Contender::build(
                FUNCTION,
                "celeriac, lambda alone",
                r#"{"task": "cold.echo", "args": [1]}"#,
            )
            .await?,
        ];
        let place = Place::new().await?;
        for _ in 0..self.rounds {
            for contender in &mut contenders {
                let start = contender.start(&place).await?;
                contender.starts.push(start);
            }
        }
        println!(
            "profile `dist`, {} starts each in turns; median (least to most)",
            self.rounds
        );
        println!(
            "{:<26} {:>22} {:>24} {:>10}",
            "", "init ms", "first event ms", "MB"
        );
        for contender in &contenders {
            println!(
                "{:<26} {:>22} {:>24} {:>10.2}",
                contender.name,
                spread(&contender.starts, |start| start.init),
                spread(&contender.starts, |start| start.first_event),
                megabytes(contender.bytes),
            );
        }
        println!(
            "(init: process start to the first /next. First event: with the clients' making, a claim and a completion in an emulated DynamoDB)"
        );
        let [bare, ours] = &contenders;
        let (init, bare_init) = (
            median(&ours.starts, |start| start.init),
            median(&bare.starts, |start| start.init),
        );
        let ratio = init.as_secs_f64() / bare_init.as_secs_f64();
        println!(
            "init: {:.1} ms (10 asked), {ratio:.2} x the bare one (1.5 asked); size: {:.2} MB (12 asked)",
            milliseconds(init),
            megabytes(ours.bytes)
        );
        let held = init <= MAX_INIT && ratio <= MAX_RATIO && ours.bytes <= MAX_BYTES;
        if self.features {
            weigh_features(ours.bytes).await?;
        }
        Ok(held || !self.check)
    }
}

/// A DynamoDB table for the first event.
struct Place {
    host: String,
    table: String,
}

impl Place {
    async fn new() -> Result<Self> {
        let host = Ministack::shared().await.url().replace("http://", "");
        let table = unique_name("cold");
        let place = Self { host, table };
        let mut settings = celeriac::Settings::default();
        settings.apply_env(place.environment())?;
        let connection = celeriac::Connection::open(settings).await?;
        connection.ledger().context("a store")?.declare().await?;
        Ok(place)
    }

    fn environment(&self) -> Vec<(String, String)> {
        let Self { host, table } = self;
        vec![
            (
                "CELERIAC_BROKER_URL".to_owned(),
                format!("sqs://test:test@{host}"),
            ),
            (
                "CELERIAC_RESULT_BACKEND".to_owned(),
                format!("dynamodb://test:test@{host}/{table}"),
            ),
            ("RUST_LOG".to_owned(), "warn".to_owned()),
        ]
    }
}

impl Contender {
    async fn build(package: &'static str, name: &'static str, event: &'static str) -> Result<Self> {
        let program = build(package, None).await?;
        let bytes = std::fs::metadata(&program)?.len();
        Ok(Self {
            name,
            program,
            bytes,
            event,
            starts: Vec::new(),
        })
    }

    async fn start(&self, place: &Place) -> Result<Start> {
        let service = LambdaService::start().await;
        let begun = Instant::now();
        let mut process = Command::new(&self.program)
            .env_clear()
            .envs(service.environment(1024))
            .envs(place.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        service.asked(1).await;
        let init = begun.elapsed();
        let sent = Instant::now();
        let answer = service.invoke(self.event, Duration::from_secs(20)).await;
        let first_event = sent.elapsed();
        ensure!(
            matches!(answer, Some(Answer::Response(_))),
            "{}: {answer:?}",
            self.name
        );
        process.kill().await?;
        Ok(Start { init, first_event })
    }
}

/// Builds a package by itself, so that its features are its own; the program's path. At a fixed
/// address, as docs/benchmarks.md says: adjusting pointers and the pages that they are in is a
/// third of the start of a program of this size.
async fn build(package: &str, feature: Option<&str>) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new("cargo");
    command
        .args([
            "build",
            "--quiet",
            "--profile",
            "dist",
            "--package",
            package,
        ])
        .args(feature.map(|feature| format!("--features={feature}")))
        .current_dir(&root);
    ensure!(
        command.status().await?.success(),
        "{package} does not build"
    );
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("dist").join(package))
}

async fn weigh_features(alone: u64) -> Result<()> {
    println!("\neach feature beside `lambda`, in MB");
    for feature in FEATURES {
        let program = build(FUNCTION, Some(feature)).await?;
        let bytes = std::fs::metadata(&program)?.len();
        println!(
            "{feature:<10} {:>+6.2}",
            megabytes(bytes) - megabytes(alone)
        );
    }
    build(FUNCTION, None).await?;
    Ok(())
}

fn median(starts: &[Start], part: impl Fn(&Start) -> Duration) -> Duration {
    let mut times: Vec<Duration> = starts.iter().map(part).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn spread(starts: &[Start], part: impl Fn(&Start) -> Duration + Copy) -> String {
    let times = || starts.iter().map(part);
    let (least, most) = (
        times().min().unwrap_or_default(),
        times().max().unwrap_or_default(),
    );
    format!(
        "{:.1} ({:.1} to {:.1})",
        milliseconds(median(starts, part)),
        milliseconds(least),
        milliseconds(most)
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

//! A chord of no-op tasks, from its send to the end of its body, beside Celery's workers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use celeriac::prelude::*;
use clap::Args;

use crate::contender::{Contender, Pool};
use crate::emulators::{Emulators, Services};
use crate::measure::Bench;

/// Celeriac is to be so many times as fast as Celery's best pool.
const FASTER: f64 = 10.0;
/// Writes of a member's place in its chord, above those of the ledger.
const WRITES: f64 = 1.0;
/// Longer than any run takes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// The benchmark `chord`.
#[derive(Debug, Args)]
pub(crate) struct ChordBench {
    /// Members of each chord
    #[arg(long, default_value_t = 1_000)]
    members: usize,
    /// Runs of each worker, in turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Celery pools to run
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "threads,prefork,gevent"
    )]
    pools: Vec<Pool>,
    /// What stands in for AWS
    #[arg(long, value_enum, default_value = "memory")]
    services: Services,
    /// Exit with 1 unless each goal that is printed at the end is met
    #[arg(long)]
    check: bool,
}

impl ChordBench {
    pub(crate) async fn run(&self) -> Result<bool> {
        let emulators = Emulators::start(self.services).await?;
        println!(
            "SQS: {}; DynamoDB: {}; chords of {} no-op tasks, from the send to the end of the body",
            emulators.sqs_name(),
            emulators.dynamodb_name(),
            self.members
        );
        let bench = Bench::new(self.services, &emulators, self.members).await?;
        let ours = Contender::Celeriac(100);
        let mut contenders = vec![ours.clone()];
        contenders.extend(self.pools.iter().copied().map(Contender::Celery));
        let mut times: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
        for round in 1..=self.rounds {
            for contender in &contenders {
                match bench.chord(contender, self.members).await {
                    Ok(time) => {
                        println!(
                            "round {round}: {:<16} {:>8.2} s",
                            contender.name(),
                            time.as_secs_f64()
                        );
                        times.entry(contender.name()).or_default().push(time);
                    }
                    Err(error) if contender.is_celery() => {
                        println!("round {round}: {:<16} failed: {error:#}", contender.name());
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        println!("\nrequests to DynamoDB, per member, of the worker in a run of its own");
        let mut updates = 0.0;
        for contender in &contenders {
            match bench.count_chord(contender, self.members).await {
                Ok(counts) => {
                    println!("{:<16} {}", contender.name(), shown(&counts));
                    if !contender.is_celery() {
                        updates = counts.get("UpdateItem").copied().unwrap_or_default();
                    }
                }
                Err(error) if contender.is_celery() => {
                    println!("{:<16} failed: {error:#}", contender.name());
                }
                Err(error) => return Err(error),
            }
        }
        self.judge(&times, &ours.name(), updates)
    }

    fn judge(
        &self,
        times: &BTreeMap<String, Vec<Duration>>,
        ours: &str,
        updates: f64,
    ) -> Result<bool> {
        let medians = times.iter().map(|(name, times)| (name, median(times)));
        let (own, others): (Vec<_>, Vec<_>) = medians.partition(|(name, _)| *name == ours);
        ensure!(own.len() == 1, "celeriac has no run");
        let writes_met = updates <= WRITES;
        println!(
            "\n{} at most {WRITES} write of a member's place: {updates:.3}",
            sign(writes_met)
        );
        let best = others.iter().min_by(|one, other| one.1.total_cmp(&other.1));
        let Some((name, best)) = best else {
            return Ok(writes_met || !self.check);
        };
        let ratio = best / own[0].1;
        let met = ratio >= FASTER;
        println!("{} {FASTER} times as fast as {name}: {ratio:.1}", sign(met));
        Ok(met && writes_met || !self.check)
    }
}

/// Sends one and waits for its body.
pub(crate) async fn once(client: &Client, queue: &str, members: usize) -> Result<Duration> {
    let begin = Instant::now();
    let noop = |n: usize| TaskSignature::<i64>::new("bench.noop").arg(n).queue(queue);
    let body = TaskSignature::<i64>::new("bench.count").queue(queue);
    let result = client.send(chord((0..members).map(noop), body)).await?;
    let counted = result.get(PATIENCE).await?;
    ensure!(
        counted == i64::try_from(members)?,
        "the body got {counted} results"
    );
    Ok(begin.elapsed())
}

fn shown(counts: &BTreeMap<String, f64>) -> String {
    let each = counts
        .iter()
        .map(|(operation, count)| format!("{operation} {count:.3}"));
    each.collect::<Vec<_>>().join(", ")
}

fn median(times: &[Duration]) -> f64 {
    let mut times: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn sign(met: bool) -> &'static str {
    if met { "met:    " } else { "NOT MET:" }
}

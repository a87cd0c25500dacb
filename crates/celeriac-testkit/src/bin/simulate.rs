//! Runs the simulator over many seeds, or one.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use celeriac_testkit::simulation::{Outcome, Scenario, Violation, run, shrink};
use clap::Parser;

/// Holds celeriac's promises against simulated histories: kills, lost requests, lost answers,
/// clocks, pauses.
#[derive(Parser)]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// One scenario alone; else each in its turn.
    #[arg(long)]
    scenario: Option<String>,
    /// Print what happened, line by line.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Threads; else one for each core.
    #[arg(long)]
    jobs: Option<usize>,
    /// Go on after a broken promise, and count what is broken.
    #[arg(long)]
    keep_going: bool,
    /// Do not look for a shorter history.
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let scenario = match options
        .scenario
        .as_deref()
        .map(|name| (name, Scenario::named(name)))
    {
        None => None,
        Some((_, Some(scenario))) => Some(scenario),
        Some((name, None)) => {
            let names: Vec<String> = Scenario::ALL.iter().map(|known| known.name()).collect();
            eprintln!("error: no scenario is named `{name}`: {}", names.join(", "));
            return ExitCode::from(2);
        }
    };
    std::panic::set_hook(Box::new(|_| {})); // tasks panic by plan
    if let Some(seed) = options.seed {
        return one(&options, scenario, seed);
    }
    many(&options, scenario)
}

fn one(options: &Options, scenario: Option<Scenario>, seed: u64) -> ExitCode {
    let scenario = scenario.unwrap_or_else(|| Scenario::of_seed(seed));
    let plan = scenario.plan(seed);
    let outcome = run(&plan, options.trace);
    if options.trace {
        print_all(&format!("{plan}\n{}", outcome.trace.join("\n")));
    }
    match &outcome.violation {
        None => {
            print_all(&format!(
                "seed {seed} ({}): no promise is broken, {:.0?} in {} requests",
                scenario.name(),
                outcome.took,
                outcome.requests
            ));
            ExitCode::SUCCESS
        }
        Some(violation) => {
            report(options, scenario, seed, violation);
            ExitCode::FAILURE
        }
    }
}

fn many(options: &Options, scenario: Option<Scenario>) -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, requests) = (AtomicU64::new(options.from), AtomicU64::new(0));
    let end = options.from + options.seeds;
    let broken: Mutex<Vec<(u64, Scenario, Violation)>> = Mutex::default();
    let started = Instant::now();
    std::thread::scope(|threads| {
        for _ in 0..options.jobs.unwrap_or(cores) {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= end {
                        return;
                    }
                    let scenario = scenario.unwrap_or_else(|| Scenario::of_seed(seed));
                    let ran = catch_unwind(|| run(&scenario.plan(seed), false));
                    let Ok(Outcome {
                        violation,
                        requests: made,
                        ..
                    }) = ran
                    else {
                        print_all(&format!(
                            "error: the simulator itself panicked at seed {seed}"
                        ));
                        std::process::exit(101);
                    };
                    requests.fetch_add(made, Relaxed);
                    if let Some(violation) = violation {
                        let mut broken = broken.lock().unwrap_or_else(PoisonError::into_inner);
                        broken.push((seed, scenario, violation));
                        if !options.keep_going {
                            next.store(end, Relaxed);
                        }
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.sort_by_key(|(seed, _, _)| *seed);
    print_all(&format!(
        "{} seeds from {}: {} broken, {} requests, {:.1?}",
        options.seeds,
        options.from,
        broken.len(),
        requests.load(Relaxed),
        started.elapsed()
    ));
    if options.keep_going {
        for (seed, scenario, violation) in &broken {
            print_all(&format!("seed {seed} ({}): {violation}", scenario.name()));
        }
    } else if let Some((seed, scenario, violation)) = broken.first() {
        report(options, *scenario, *seed, violation);
    }
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn report(options: &Options, scenario: Scenario, seed: u64, violation: &Violation) {
    print_all(&format!(
        "seed {seed} ({}) breaks {violation}",
        scenario.name()
    ));
    if options.no_shrink {
        return;
    }
    let (plan, outcome) = shrink(&scenario.plan(seed), violation);
    let shortest = outcome
        .violation
        .map_or_else(String::new, |violation| violation.to_string());
    print_all(&format!(
        "\nThe shortest history found:\n{plan}\n\n{}\n\n{shortest}\n\nAgain: simulate --seed {seed} --scenario {} --trace",
        outcome.trace.join("\n"),
        scenario.name()
    ));
}

#[expect(clippy::print_stdout, reason = "a program for people")]
fn print_all(text: &str) {
    println!("{text}");
}

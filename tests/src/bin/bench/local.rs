use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::goals::{self, Goal};
use crate::local_run::{self, Backend, Figures};
use crate::{huey, report};

/// Celeriac on one machine's SQLite beside huey on it.
#[derive(Debug, Args)]
pub(crate) struct Local {
    /// Tasks in each run
    #[arg(long, default_value_t = 20_000)]
    tasks: usize,
    /// Runs of each, in turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Leave huey out, where there is no Python for it
    #[arg(long)]
    without_huey: bool,
    /// Exit with 1 unless each goal that is printed at the end is met
    #[arg(long)]
    check: bool,
}

/// What is measured, in the order of the table.
const CASES: [(&str, Case); 5] = [
    (MEMORY, Case::Celeriac(Backend::Memory, false)),
    (
        "celeriac, memory, ignore_result",
        Case::Celeriac(Backend::Memory, true),
    ),
    (FILE, Case::Celeriac(Backend::File, false)),
    (
        "celeriac, file, ignore_result",
        Case::Celeriac(Backend::File, true),
    ),
    (HUEY, Case::Huey),
];
const MEMORY: &str = "celeriac, memory";
const FILE: &str = "celeriac, file";
const HUEY: &str = "huey, file, no fsync";

#[derive(Clone, Copy)]
enum Case {
    /// Whether without results, and so without the ledger.
    Celeriac(Backend, bool),
    Huey,
}

impl Local {
    pub(crate) async fn run(&self) -> Result<bool> {
        println!(
            "SQLite, {} no-op tasks a run, medians of {} rounds; the worker and the client in one process",
            self.tasks, self.rounds
        );
        let cases: Vec<(&str, Case)> = CASES
            .into_iter()
            .filter(|(_, case)| !(self.without_huey && matches!(case, Case::Huey)))
            .collect();
        let mut runs: Vec<Vec<Figures>> = vec![Vec::new(); cases.len()];
        let mut together: [Vec<f64>; 2] = Default::default();
        for _ in 0..self.rounds {
            for ((_, case), runs) in cases.iter().zip(&mut runs) {
                runs.push(self.measure(*case).await?);
            }
            for (backend, rates) in [Backend::Memory, Backend::File]
                .into_iter()
                .zip(&mut together)
            {
                rates.push(local_run::send_and_join(backend, self.tasks).await?);
            }
        }

        println!(
            "\n{:<34} {:>10} {:>10} {:>12} {:>10} {:>10}",
            "", "sends/s", "tasks/s", "CPU µs/task", "get µs", "joins/s"
        );
        let medians: Vec<(&str, Figures)> = cases
            .iter()
            .zip(&runs)
            .map(|((name, _), runs)| (*name, median(runs)))
            .collect();
        for (name, figures) in &medians {
            println!("{}", line(name, figures));
        }
        println!(
            "\nsent, run and joined at the same time: {:.0} tasks/s in memory, {:.0} on file",
            report::median(together[0].iter().copied()),
            report::median(together[1].iter().copied())
        );
        Ok(goals::print(&goals(&medians)) || !self.check)
    }

    async fn measure(&self, case: Case) -> Result<Figures> {
        match case {
            Case::Celeriac(backend, ignored) => local_run::run(backend, ignored, self.tasks).await,
            Case::Huey => huey::run(self.tasks).await,
        }
    }
}

fn median(runs: &[Figures]) -> Figures {
    let of = |figure: fn(&Figures) -> f64| report::median(runs.iter().map(figure));
    let time = |figure: fn(&Figures) -> f64| Duration::try_from_secs_f64(of(figure));
    Figures {
        sends: of(|run| run.sends),
        runs: of(|run| run.runs),
        cpu_per_run: time(|run| run.cpu_per_run.as_secs_f64()).unwrap_or_default(),
        get: time(|run| run.get.as_secs_f64()).unwrap_or_default(),
        joins: of(|run| run.joins),
    }
}

fn line(name: &str, figures: &Figures) -> String {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let read = if figures.joins > 0.0 {
        format!("{:>10.0} {:>10.0}", micros(figures.get), figures.joins)
    } else {
        format!("{:>10} {:>10}", "-", "-")
    };
    format!(
        "{name:<34} {:>10.0} {:>10.0} {:>12.0} {read}",
        figures.sends,
        figures.runs,
        micros(figures.cpu_per_run)
    )
}

/// Prints the ratios to huey; gives what is asked for.
fn goals(medians: &[(&str, Figures)]) -> Vec<Goal> {
    let of = |name| {
        let found = medians.iter().find(|(other, _)| *other == name);
        found.map(|(_, figures)| figures)
    };
    let (Some(memory), Some(file)) = (of(MEMORY), of(FILE)) else {
        return Vec::new();
    };
    let mut goals = vec![
        Goal::at_least("tasks a second in memory", 20_000.0, memory.runs),
        Goal::at_least("tasks a second on a file", 12_000.0, file.runs),
        Goal::at_most("a get on a file, µs", 300.0, file.get.as_secs_f64() * 1e6),
        Goal::at_least("results joined a second on a file", 20_000.0, file.joins),
    ];
    if let Some(huey) = of(HUEY) {
        println!("\nagainst huey:");
        for (name, figures) in medians.iter().filter(|(name, _)| *name != HUEY) {
            println!(
                "{name:<34} {:.1} x the tasks/s, 1/{:.1} of the CPU",
                figures.runs / huey.runs,
                huey.cpu_per_run.as_secs_f64() / figures.cpu_per_run.as_secs_f64()
            );
        }
        let ratio = file.runs / huey.runs;
        goals.push(Goal::at_least(
            "times as fast on a file as huey",
            3.0,
            ratio,
        ));
    }
    goals
}

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::contender::{python_environment, root};
use crate::local_run::Figures;

/// What `huey_bench.py` prints.
#[derive(Deserialize)]
struct Printed {
    sends: f64,
    runs: f64,
    cpu_micros: f64,
    get_micros: f64,
    joins: f64,
}

/// Huey on SQLite in a Python process of its own, and a file of its own.
pub(crate) async fn run(tasks: usize) -> Result<Figures> {
    let python = python_environment().join("bin/python");
    let folder = tempfile::tempdir()?;
    let output = Command::new(&python)
        .arg(root().join("tests/bench/huey_bench.py"))
        .arg(folder.path().join("huey.sqlite"))
        .arg(tasks.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot start `{}`: run ./test once", python.display()))?;
    ensure!(
        output.status.success(),
        "huey's part ended with {}; where huey is missing, run ./test once",
        output.status
    );
    let printed: Printed = serde_json::from_slice(&output.stdout)?;
    Ok(Figures {
        sends: printed.sends,
        runs: printed.runs,
        cpu_per_run: micros(printed.cpu_micros),
        get: micros(printed.get_micros),
        joins: printed.joins,
    })
}

fn micros(micros: f64) -> Duration {
    Duration::from_secs_f64(micros / 1e6)
}

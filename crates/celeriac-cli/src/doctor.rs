use std::path::{Path, PathBuf};
use std::time::Duration;

use celeriac::commands::plain_text::{self, counted};
use celeriac::commands::{CommandError, EXIT_FAILED, EXIT_OK, GlobalOptions, print, styled_stdout};
use celeriac::{Connection, Settings};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use crate::check::{Check, Status};
use crate::{doctor_aws, doctor_queues, doctor_sqlite, input_file};

/// Longer ones are for workers that cannot extend them.
const LONG_VISIBILITY: Duration = Duration::from_mins(10);

/// `celeriac doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorCommand {
    /// Queues to check [default: those of the manifest; else the default queue, those of
    /// `task_routes`, and the predefined ones]
    #[arg(
        short = 'Q',
        long = "queue",
        value_name = "QUEUE",
        value_delimiter = ','
    )]
    queues: Vec<String>,
    /// An app's manifest (`shop manifest > manifest.json`), or `-` for stdin: all of its queues are
    /// looked at
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl DoctorCommand {
    /// Looks at everything, whatever fails; exit code 1 if something does not work.
    pub(crate) async fn run(&self, global: &GlobalOptions) -> Result<u8, CommandError> {
        let (settings, notes) = global.settings_with_notes(Settings::default(), "error")?;
        let connection = Connection::open(settings).await?;
        let queues = self.queues(&connection)?;
        let mut checks = checks(&connection, &queues).await;
        checks.extend(long_visibility(&connection));
        let passed_over = notes.into_iter().map(|note| {
            let advice = "remove it, or see docs/settings.md for the replacement";
            Check::warn("settings", note, advice)
        });
        checks.splice(1..1, passed_over);
        print(&if self.json {
            as_json(&checks)
        } else {
            as_text(&checks)
        });
        if self.queues.is_empty() && self.manifest.is_none() && !self.json {
            eprintln!(
                "note: queues named only by the app's tasks were not checked: shop manifest | celeriac doctor --manifest -"
            );
        }
        let failed = checks.iter().any(|check| check.status() == Status::Fail);
        Ok(if failed { EXIT_FAILED } else { EXIT_OK })
    }

    fn queues(&self, connection: &Connection) -> Result<Vec<String>, CommandError> {
        if !self.queues.is_empty() {
            return Ok(self.queues.clone());
        }
        if let Some(file) = &self.manifest {
            return queues_of(file);
        }
        let predefined = connection
            .settings()
            .broker_transport_options
            .predefined_queues
            .keys()
            .cloned();
        let mut queues: Vec<String> = predefined.collect();
        if queues.is_empty() {
            queues = connection.known_queues();
        }
        Ok(queues)
    }
}

/// The queues of a manifest.
fn queues_of(file: &Path) -> Result<Vec<String>, CommandError> {
    let wrong = |reason: String| {
        CommandError::usage(format!("the manifest `{}`: {reason}", file.display()))
            .hint("shop manifest > manifest.json")
    };
    let text = input_file::read(file).map_err(|error| wrong(error.to_string()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(manifest
        .queues
        .into_iter()
        .map(|queue| queue.name)
        .collect())
}

/// As much of an app's manifest as is needed here.
#[derive(Deserialize)]
struct Manifest {
    queues: Vec<Queue>,
}

#[derive(Deserialize)]
struct Queue {
    name: String,
}

async fn checks(connection: &Connection, queues: &[String]) -> Vec<Check> {
    let mut checks = vec![place(connection)];
    checks.extend(doctor_sqlite::checks(connection).await);
    checks.extend(doctor_aws::access(connection).await);
    if checks.iter().any(|check| check.status() == Status::Fail) {
        let advice = "fix the failure above, then run doctor again";
        checks.push(Check::warn(
            "queues, table, permissions",
            "not checked, because of the failure above",
            advice,
        ));
        return checks;
    }
    checks.extend(Box::pin(doctor_aws::resources(connection, queues)).await);
    checks.extend(doctor_queues::checks(connection, queues).await);
    checks
}

/// What Celery's users carry over.
fn long_visibility(connection: &Connection) -> Option<Check> {
    let visibility = connection
        .settings()
        .broker_transport_options
        .visibility_timeout;
    (visibility > LONG_VISIBILITY).then(|| {
        Check::warn(
            "settings, `visibility_timeout`",
            format!(
                "a task whose worker was killed waits {} s for another one",
                visibility.as_secs()
            ),
            "take it out: celeriac's workers hold a message as long as its task runs",
        )
    })
}

fn place(connection: &Connection) -> Check {
    match connection.note() {
        Some(note) => Check::warn(
            "settings",
            note,
            "set CELERIAC_BROKER_URL=sqs:// (or `broker_url` in celeriac.toml) to work on AWS; SQLite serves one machine",
        ),
        None => Check::ok("settings", connection.places()),
    }
}

fn as_text(checks: &[Check]) -> String {
    let color = styled_stdout();
    let count = |status| {
        checks
            .iter()
            .filter(|check| check.status() == status)
            .count()
    };
    let lines: String = checks.iter().map(|check| check.text(color)).collect();
    format!(
        "{lines}\n{} ok, {}, {}",
        count(Status::Ok),
        counted(count(Status::Warn), "warning"),
        counted(count(Status::Fail), "failure")
    )
}

fn as_json(checks: &[Check]) -> String {
    let list = Value::Array(checks.iter().map(Check::json).collect()).to_string();
    plain_text::json(&list).into_owned()
}

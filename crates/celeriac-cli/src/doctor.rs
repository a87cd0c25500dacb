use celeriac::commands::{CommandError, EXIT_FAILED, EXIT_OK, GlobalOptions, print, styled_stdout};
use celeriac::{Connection, Settings};
use clap::Args;
use serde_json::Value;

use crate::check::{Check, Status};
use crate::{doctor_aws, doctor_queues, doctor_sqlite};

/// `celeriac doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorCommand {
    /// Queues to look at [default: the default queue, those of `task_routes`, and the predefined
    /// ones]
    #[arg(
        short = 'Q',
        long = "queue",
        value_name = "QUEUE",
        value_delimiter = ','
    )]
    queues: Vec<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl DoctorCommand {
    /// Looks at everything, whatever fails; exit code 1 if something does not work.
    pub(crate) async fn run(&self, global: &GlobalOptions) -> Result<u8, CommandError> {
        let (settings, notes) = global.settings_with_notes(Settings::default(), "error")?;
        let connection = Connection::open(settings).await?;
        let mut checks = self.checks(&connection).await;
        let passed_over = notes.into_iter().map(|note| {
            let advice = "take it out, or see docs/settings.md for what there is in its place";
            Check::warn("settings", note, advice)
        });
        checks.splice(1..1, passed_over);
        print(&if self.json {
            as_json(&checks)
        } else {
            as_text(&checks)
        });
        let failed = checks.iter().any(|check| check.status() == Status::Fail);
        Ok(if failed { EXIT_FAILED } else { EXIT_OK })
    }

    async fn checks(&self, connection: &Connection) -> Vec<Check> {
        let mut checks = vec![place(connection)];
        checks.extend(doctor_sqlite::checks(connection).await);
        checks.extend(doctor_aws::access(connection).await);
        if checks.iter().any(|check| check.status() == Status::Fail) {
            let advice = "put right what failed above, then ask again";
            checks.push(Check::warn(
                "queues, table, permissions",
                "not looked at: nothing could be",
                advice,
            ));
            return checks;
        }
        let queues = self.queues(connection);
        checks.extend(Box::pin(doctor_aws::resources(connection, &queues)).await);
        checks.extend(doctor_queues::checks(connection, &queues).await);
        checks
    }

    fn queues(&self, connection: &Connection) -> Vec<String> {
        if !self.queues.is_empty() {
            return self.queues.clone();
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
        queues
    }
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
        "{lines}\n{} ok, {} warnings, {} failures",
        count(Status::Ok),
        count(Status::Warn),
        count(Status::Fail)
    )
}

fn as_json(checks: &[Check]) -> String {
    Value::Array(checks.iter().map(Check::json).collect()).to_string()
}

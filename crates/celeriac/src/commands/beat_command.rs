use std::sync::Arc;

use celeriac_beat::local::{Beat, BeatParts};
use celeriac_core::SystemClock;
use celeriac_worker::Shutdown;
use clap::Args;

use super::{CommandError, EXIT_OK};
use crate::{Connection, Error};

/// Sends the app's periodic tasks when they are due, until SIGTERM or SIGINT. Several may run: one
/// sends, the others wait.
#[derive(Clone, Debug, Default, Args)]
pub struct BeatCommand {
    /// How long another beat waits for a sign of life of this one before it takes over [default:
    /// 10s]
    #[arg(long, value_name = "TIME", value_parser = lease)]
    pub lease: Option<std::time::Duration>,
}

impl BeatCommand {
    /// These options, over every other setting.
    pub(super) fn apply(&self, settings: &mut celeriac_core::Settings) {
        if let Some(lease) = self.lease {
            settings.beat_lease = lease;
        }
    }

    /// Sends until a signal.
    pub async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let beat = connection.beat()?;
        tracing::info!("{}", connection.places());
        for entry in connection.beat_entries() {
            for note in connection.entry_notes(entry) {
                tracing::warn!("beat entry `{}`: {note}", entry.name());
            }
        }
        let signals = Shutdown::on_signals("what is being sent").map_err(|error| {
            CommandError::new(anyhow::Error::new(error).context("cannot listen for signals"))
        })?;
        let ran = beat.run(signals.draining.clone()).await;
        connection.client().close().await;
        ran.map_err(Error::from)?;
        Ok(EXIT_OK)
    }
}

/// As the setting `beat_lease`.
fn lease(text: &str) -> Result<std::time::Duration, String> {
    let lease = super::time_argument::duration(text)?;
    if (1..=300).contains(&lease.as_secs()) && lease.as_secs_f64() <= 300.0 {
        return Ok(lease);
    }
    Err("must be 1 second to 5 minutes".to_owned())
}

impl Connection {
    /// A beat of the app's entries.
    ///
    /// # Errors
    /// Without entries, or without a result store, where its lease and state are kept.
    pub fn beat(&self) -> Result<Beat, CommandError> {
        if self.beat_entries().is_empty() {
            return Err(CommandError::usage("the app has no beat entries").hint(
                "add one: App::new(...).beat(\"name\", \"0 9 * * *\", my_task::s()), or `beat_schedule` in celeriac.toml",
            ));
        }
        let Some(documents) = self.documents() else {
            return Err(CommandError::usage(
                "beat keeps its lease in the result store, and `result_backend` is `disabled://`",
            )
            .hint("set `result_backend` to `dynamodb://REGION/TABLE` or `sqlite:PATH`"));
        };
        let parts = BeatParts {
            app: self.deployment(),
            entries: self.beat_entries().to_vec(),
            timezone: self.timetable().timezone().clone(),
            documents: Arc::clone(documents),
            sender: Arc::new(self.client()),
            clock: Arc::new(SystemClock),
            lease: self.settings().beat_lease,
            starting_deadline: self.settings().beat_cron_starting_deadline,
            holder: self.node_name(),
        };
        Ok(Beat::new(parts).map_err(Error::from)?)
    }
}

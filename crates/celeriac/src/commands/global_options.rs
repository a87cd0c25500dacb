use celeriac_core::{LogFormat, Settings};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{CommandError, logging};
use crate::Connection;

/// Of commands that end: what the adapters try again is no news, and what fails for good is
/// reported as an error.
pub(super) const QUIET_LEVEL: &str = "warn,celeriac_aws=error";

const GLOBAL: &str = "Options of every command";

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalOptions {
    /// Broker, over every other setting: `sqs://`, `sqlite:PATH`
    #[arg(short, long, global = true, help_heading = GLOBAL, value_name = "URL")]
    pub broker: Option<String>,
    /// Result backend, over every other setting: `dynamodb://REGION/TABLE`, `sqlite:PATH`,
    /// `disabled://`
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "URL")]
    pub result_backend: Option<String>,
    /// Log level: trace, debug, info, warning, error, critical, off [default: warning; a worker: info]
    #[arg(short, long, global = true, help_heading = GLOBAL, value_name = "LEVEL", value_parser = logging::level)]
    pub loglevel: Option<String>,
    /// Log format on stderr
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FORMAT", value_parser = log_format())]
    pub log_format: Option<LogFormat>,
}

impl GlobalOptions {
    /// These settings, then file and environment, then these options; and logging by them, at
    /// `default_level` where nothing else is asked for.
    pub fn settings(
        &self,
        settings: Settings,
        default_level: &str,
    ) -> Result<Settings, CommandError> {
        let (settings, notes) = self.settings_with_notes(settings, default_level)?;
        for note in notes {
            tracing::warn!("{note}");
        }
        Ok(settings)
    }

    /// The same, and what is to be told of the settings, which is not in the log.
    pub fn settings_with_notes(
        &self,
        settings: Settings,
        default_level: &str,
    ) -> Result<(Settings, Vec<String>), CommandError> {
        let (mut settings, notes) = settings.load_with_notes()?;
        if let Some(url) = &self.broker {
            settings.broker_url = Some(url.clone());
        }
        if let Some(url) = &self.result_backend {
            settings.result_backend = Some(url.clone());
        }
        if let Some(format) = self.log_format {
            settings.worker_log_format = format;
        }
        logging::init(&settings, self.loglevel.as_deref(), default_level)?;
        Ok((settings, notes))
    }

    /// Connects without tasks, and says on stderr where a default was taken.
    pub async fn open(&self) -> Result<Connection, CommandError> {
        let connection = Connection::open(self.settings(Settings::default(), QUIET_LEVEL)?).await?;
        say_note(&connection);
        Ok(connection)
    }
}

fn log_format() -> impl TypedValueParser<Value = LogFormat> {
    PossibleValuesParser::new(LogFormat::WORDS.iter().copied())
        .try_map(|word| word.parse::<LogFormat>())
}

/// In the log where that is for machines.
pub(super) fn say_note(connection: &Connection) {
    match (connection.note(), connection.settings().worker_log_format) {
        (None, _) => {}
        (Some(note), LogFormat::Json) => tracing::warn!("{note}"),
        (Some(note), LogFormat::Text) => eprintln!("note: {note}"),
    }
}

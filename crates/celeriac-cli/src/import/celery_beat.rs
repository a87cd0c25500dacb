use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use celeriac::commands::{CommandError, EXIT_FAILED, EXIT_OK, plain_text, print};
use celeriac::{Serializer, Value};
use celeriac_protocol::Limits;
use clap::Args;

use super::imported::Imported;
use super::{django_fixture, schedule_dump};
use crate::input_file;

const FORMS: &str = "give what docs/beat_schedule_dump.py prints, or what `manage.py dumpdata django_celery_beat` does";

/// `celeriac import celery-beat`
///
/// Prints tables for celeriac.toml. What has no equivalent is told on stderr. Exit code 1: some
/// entries were left out, and the others printed.
#[derive(Debug, Args)]
pub(crate) struct ImportCeleryBeat {
    /// JSON of docs/beat_schedule_dump.py, or of `manage.py dumpdata django_celery_beat`; `-` reads
    /// stdin
    file: PathBuf,
    /// Write to a new file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON, which `CELERIAC_BEAT_SCHEDULE` takes
    #[arg(long)]
    json: bool,
}

impl ImportCeleryBeat {
    pub(crate) fn run(&self) -> Result<u8, CommandError> {
        let origin = self.origin();
        let value = self.load(&origin)?;
        let mut imported = read(&value)
            .map_err(|reason| CommandError::usage(format!("{origin}: {reason}")).hint(FORMS))?;
        let text = if self.json {
            imported.json()?
        } else {
            imported.toml()?
        };
        imported.look_at_entries();
        for note in &imported.notes {
            eprintln!("note: {origin}: {}", plain_text::line(&note.to_string()));
        }
        for error in &imported.left_out {
            eprintln!(
                "left out: {origin}: {}",
                plain_text::line(&error.to_string())
            );
        }
        if imported.len() > 0 {
            self.write(&text)?;
        }
        let left_out = imported.left_out.len();
        if left_out == 0 {
            return Ok(EXIT_OK);
        }
        eprintln!(
            "{left_out} of {} entries left out",
            left_out + imported.len()
        );
        Ok(EXIT_FAILED)
    }

    fn origin(&self) -> String {
        if self.file == Path::new("-") {
            return "stdin".to_owned();
        }
        self.file.display().to_string()
    }

    fn load(&self, origin: &str) -> Result<Value, CommandError> {
        let text = input_file::read(&self.file)
            .map_err(|error| CommandError::usage(format!("{origin} cannot be read: {error}")))?;
        let limits = Limits {
            max_body: text.len(),
            ..Limits::default()
        };
        Serializer::Json
            .load(text.as_bytes(), &limits)
            .map_err(|error| {
                CommandError::usage(format!("{origin} is not JSON: {error}")).hint(FORMS)
            })
    }

    fn write(&self, text: &str) -> Result<(), CommandError> {
        let Some(path) = &self.output else {
            print(text);
            return Ok(());
        };
        let failed = || format!("{} cannot be written", path.display());
        let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(
                    CommandError::usage(format!("{} already exists", path.display()))
                        .hint("give another name, or leave out --output and add what is printed"),
                );
            }
            opened => opened.with_context(failed).map_err(failure)?,
        };
        writeln!(file, "{}", text.trim_end())
            .with_context(failed)
            .map_err(failure)
    }
}

fn failure(error: anyhow::Error) -> CommandError {
    CommandError::new(error)
}

fn read(value: &Value) -> Result<Imported, String> {
    match value {
        Value::List(objects) => django_fixture::read(objects),
        Value::Dict(dump) => schedule_dump::read(dump),
        _ => Err("neither a list of Django objects nor a dump of `beat_schedule`".to_owned()),
    }
}

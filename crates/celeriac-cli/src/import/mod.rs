//! What other schedulers have, as settings of celeriac.

use celeriac::commands::CommandError;
use clap::Subcommand;

mod celery_beat;
mod django_fixture;
mod django_model;
mod imported;
mod no_equivalent;
mod schedule_dump;

/// What can be imported.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Make `beat_schedule` tables of a Celery app's periodic tasks, or of django-celery-beat's
    CeleryBeat(celery_beat::ImportCeleryBeat),
}

impl ImportCommand {
    pub(crate) fn run(&self) -> Result<u8, CommandError> {
        match self {
            Self::CeleryBeat(command) => command.run(),
        }
    }
}

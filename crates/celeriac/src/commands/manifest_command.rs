use anyhow::Context as _;
use clap::Args;

use super::{CommandError, EXIT_OK, print};
use crate::Connection;
use crate::manifest::Manifest;

/// Prints what a deployment of the app needs, as JSON.
#[derive(Clone, Debug, Args)]
pub struct ManifestCommand {}

impl ManifestCommand {
    #[expect(clippy::unused_self, reason = "as the other commands")]
    pub(super) fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let manifest = Manifest::of(connection)?;
        for note in &manifest.notes {
            eprintln!("note: {note}");
        }
        let text =
            serde_json::to_string_pretty(&manifest).context("the manifest cannot be written");
        print(&text.map_err(CommandError::new)?);
        Ok(EXIT_OK)
    }
}

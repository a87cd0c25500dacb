use std::path::PathBuf;
use std::time::Duration;

use celeriac::broker::QueueSpec;
use celeriac::commands::{CommandError, EXIT_OK};
use celeriac::{Connection, Settings};
use clap::Args;
use serde_json::Value;

use crate::dev_emulator::Emulator;
use crate::dev_program::Program;

/// `celeriac dev`
#[derive(Debug, Args)]
pub(crate) struct DevCommand {
    /// The app's program: `target/debug/shop`
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
    /// An emulator's address; `auto`: one that runs on port 4566, else ministack where it is
    /// installed, else SQLite; `none`: SQLite
    #[arg(long, value_name = "URL", default_value = "auto")]
    emulator: String,
    /// Options of its worker, after `--`: `-- --concurrency 4`
    #[arg(last = true, value_name = "OPTIONS")]
    worker: Vec<String>,
}

impl DevCommand {
    /// Runs the app's worker, and restarts it after every build, until Ctrl-C.
    pub(crate) async fn run(&self) -> Result<u8, CommandError> {
        let program = Program::new(&self.program)?;
        let emulator = Emulator::choose(&self.emulator).await?;
        eprintln!("dev: {}", emulator.description());
        for (name, value) in emulator.environment() {
            eprintln!("dev:   export {name}={value}");
        }
        let mut ended = std::pin::pin!(end_signal());
        loop {
            let built = program.built().await;
            if let Err(error) = self.prepare(&program, &emulator).await {
                // a broken build is mended by the next one
                celeriac::commands::print_error(&error);
            }
            let mut worker = program.start(&self.worker, &emulator.environment())?;
            tokio::select! {
                () = &mut ended => {
                    worker.stop(end_signal()).await;
                    emulator.stop().await;
                    return Ok(EXIT_OK);
                }
                () = program.rebuilt_since(built) => {
                    eprintln!("dev: {} was rebuilt; restarting it", program.name());
                    worker.stop(end_signal()).await;
                }
                status = worker.ended() => {
                    eprintln!("dev: the worker ended ({status}); waiting for a new build");
                    tokio::select! {
                        () = &mut ended => {
                            emulator.stop().await;
                            return Ok(EXIT_OK);
                        }
                        () = program.rebuilt_since(built) => {}
                    }
                }
            }
        }
    }

    /// Creates what the app's manifest asks for. SQLite needs nothing.
    async fn prepare(&self, program: &Program, emulator: &Emulator) -> Result<(), CommandError> {
        if !emulator.is_aws() {
            return Ok(());
        }
        let manifest = program.manifest(&emulator.environment()).await?;
        let mut settings = Settings::default();
        settings
            .apply_env(emulator.environment())
            .map_err(celeriac::Error::from)?;
        // the names in a manifest are Celery's; the prefix is the app's own setting
        let environment = manifest["environment"].as_object();
        if let Some(prefix) = environment
            .and_then(|names| names.get(PREFIX))
            .and_then(Value::as_str)
        {
            prefix.clone_into(&mut settings.broker_transport_options.queue_name_prefix);
        }
        let connection = Connection::open(settings).await?;
        let queues = manifest["queues"].as_array();
        for queue in queues.into_iter().flatten() {
            let name = queue["name"].as_str().unwrap_or_default();
            let mut spec = QueueSpec::new(name);
            if let Some(seconds) = queue["visibility_timeout"].as_u64() {
                spec.visibility = Duration::from_secs(seconds);
            }
            connection.queue_admin().declare(&spec).await?;
        }
        if let Some(ledger) = connection.ledger() {
            ledger.declare().await?;
        }
        Ok(())
    }
}

const PREFIX: &str = "CELERIAC_BROKER_TRANSPORT_OPTIONS__QUEUE_NAME_PREFIX";

/// SIGINT or SIGTERM.
async fn end_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

//! The `celeriac` command: what an operator needs without an app's code.

use std::process::ExitCode;

use celeriac::commands::{
    CommandError, GlobalOptions, ResultCommand, SendCommand, print_error, print_usage,
};
use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};

mod check;
mod chords;
mod dev;
mod dev_emulator;
mod dev_program;
mod doctor;
mod doctor_aws;
mod doctor_permissions;
mod doctor_queues;
mod doctor_sqlite;
mod doctor_table;
mod graph;
mod import;
mod input_file;
mod queues;
mod queues_create;
mod queues_list;
mod queues_purge;

/// Celery tasks on AWS, or on one machine: send them, read their results, look after their queues
///
/// Settings come from celeriac.toml (or the file that CELERIAC_CONFIG names), then from the
/// environment (CELERIAC_BROKER_URL, ...), then from the options below. With none: SQLite in the
/// working directory.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 the task failed, 4 its result was not
/// there in time.
#[derive(Debug, Parser)]
#[command(
    name = "celeriac",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send a task by its name, or a canvas, and print its id
    Send(Box<SendCommand>),
    /// Show a task's state and result
    Result(ResultCommand),
    /// List, create or purge queues
    #[command(subcommand)]
    Queues(queues::QueuesCommand),
    /// List or repair chords
    #[command(subcommand)]
    Chords(chords::ChordsCommand),
    /// Show the workflow that a task is of
    Graph(graph::GraphCommand),
    /// Check credentials, region, queues, table, clock and permissions, and say what to do
    Doctor(doctor::DoctorCommand),
    /// Run an app's worker on an emulator or SQLite, and restart it after every build
    Dev(dev::DevCommand),
    /// Convert another scheduler's entries into settings
    #[command(subcommand)]
    Import(import::ImportCommand),
}

/// Commands of the programs that apps are.
const OF_APPS: [&str; 5] = ["worker", "beat", "schedules", "tasks", "manifest"];

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = print_usage(&error);
            if let Some(ContextValue::String(command)) = error.get(ContextKind::InvalidSubcommand)
                && OF_APPS.contains(&command.as_str())
            {
                eprintln!("hint: `{command}` is a command of your app's own program");
            }
            return code.into();
        }
    };
    match Box::pin(cli.run()).await {
        Ok(code) => code.into(),
        Err(error) => {
            print_error(&error);
            error.exit_code().into()
        }
    }
}

impl Cli {
    async fn run(self) -> Result<u8, CommandError> {
        match self.command {
            Command::Send(command) => command.run(&self.global.open().await?).await,
            Command::Result(command) => command.run(&self.global.open().await?).await,
            Command::Queues(command) => command.run(&self.global.open().await?).await,
            Command::Chords(command) => command.run(&self.global.open().await?).await,
            Command::Graph(command) => command.run(&self.global.open().await?).await,
            Command::Doctor(command) => command.run(&self.global).await,
            Command::Dev(command) => command.run().await,
            Command::Import(command) => command.run(),
        }
    }
}

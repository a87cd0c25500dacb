use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::global_options::{QUIET_LEVEL, say_note};
use super::{
    CommandError, GlobalOptions, ResultCommand, SendCommand, TasksCommand, WorkerCommand,
    print_error, print_usage,
};
use crate::{App, Connection, Error};

/// The command line of an app's own program.
#[derive(Debug, Parser)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    version = concat!("on celeriac ", env!("CARGO_PKG_VERSION")),
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 the task failed, 4 its result was not there in \
                  time, 5 `schedules plan --detailed-exitcode` found changes."
)]
pub(crate) struct AppCommand {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: AppSubcommand,
}

#[derive(Debug, Subcommand)]
enum AppSubcommand {
    /// Run the app's tasks until SIGTERM or SIGINT
    Worker(WorkerCommand),
    /// Send the app's periodic tasks when they are due, until SIGTERM or SIGINT
    #[cfg(feature = "beat")]
    Beat(super::BeatCommand),
    /// The app's periodic tasks: their times, and their form in EventBridge Scheduler
    #[cfg(feature = "beat")]
    #[command(subcommand)]
    Schedules(super::SchedulesCommand),
    /// Send a task by its name, or a canvas, and print its id
    Send(Box<SendCommand>),
    /// Show a task's state and result
    Result(ResultCommand),
    /// List the app's tasks: name, queue, arguments, limits
    Tasks(TasksCommand),
    /// Print what a deployment on AWS needs: queues, table, rights; JSON for Terraform and SAM
    #[cfg(feature = "_aws")]
    Manifest(super::ManifestCommand),
}

impl AppSubcommand {
    /// What runs on tells what it does.
    fn default_level(&self) -> &'static str {
        match self {
            Self::Worker(_) => "info",
            #[cfg(feature = "beat")]
            Self::Beat(_) => "info",
            _ => QUIET_LEVEL,
        }
    }
}

/// For a command that the program could have, or that is another program's.
fn missing_feature(error: &clap::Error) -> Option<String> {
    let ContextValue::String(command) = error.get(ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let feature = match command.as_str() {
        "manifest" => "aws",
        "beat" | "schedules" => "beat",
        "queues" | "doctor" | "dev" | "import" => {
            return Some(format!(
                "`{command}` is a command of the program `celeriac`"
            ));
        }
        _ => return None,
    };
    Some(format!(
        "`{command}` needs a feature: cargo add celeriac --features {feature}, then build again"
    ))
}

impl AppCommand {
    pub(crate) async fn run(app: App, arguments: Vec<OsString>) -> ExitCode {
        let command = match Self::parse_for(&app.name, arguments) {
            Ok(command) => command,
            Err(error) => {
                let code = print_usage(&error);
                if let Some(hint) = missing_feature(&error) {
                    eprintln!("hint: {hint}");
                }
                return code.into();
            }
        };
        match command.perform(app).await {
            Ok(code) => code.into(),
            Err(error) => {
                print_error(&error);
                error.exit_code().into()
            }
        }
    }

    fn parse_for(app: &str, arguments: Vec<OsString>) -> Result<Self, clap::Error> {
        let about = format!("The tasks of `{app}`: run them, send them, read their results");
        let matches = Self::command()
            .display_name(app.to_owned())
            .about(about)
            .try_get_matches_from(arguments)?;
        Self::from_arg_matches(&matches)
    }

    async fn perform(self, mut app: App) -> Result<u8, CommandError> {
        if let Some(error) = app.error.take() {
            return Err(error.into());
        }
        app.coded = Some(app.settings.clone());
        app.settings = self
            .global
            .settings(app.settings, self.command.default_level())?;
        match self.command {
            AppSubcommand::Tasks(command) => {
                let router = app.settings.router().map_err(Error::from)?;
                Ok(command.run(&app.registry, &router))
            }
            AppSubcommand::Worker(command) => {
                command.apply(&mut app.settings);
                command.run(&connect(app)?).await
            }
            #[cfg(feature = "beat")]
            AppSubcommand::Beat(command) => {
                command.apply(&mut app.settings);
                command.run(&connect(app)?).await
            }
            #[cfg(feature = "beat")]
            AppSubcommand::Schedules(command) => {
                // a large future, and few commands need it
                Box::pin(command.run(&connect(app)?)).await
            }
            AppSubcommand::Send(command) => command.run(&connect(app)?).await,
            AppSubcommand::Result(command) => command.run(&connect(app)?).await,
            #[cfg(feature = "_aws")]
            AppSubcommand::Manifest(command) => {
                app.settings = crate::manifest::on_aws(&app.settings);
                command.run(&Connection::of_app(app)?)
            }
        }
    }
}

fn connect(app: App) -> Result<Connection, CommandError> {
    let connection = Connection::of_app(app)?;
    say_note(&connection);
    Ok(connection)
}

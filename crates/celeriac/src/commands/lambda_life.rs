use std::process::ExitCode;

#[cfg(feature = "lambda")]
use super::logging;
use super::{CommandError, EXIT_OK, print_error};
use crate::App;
#[cfg(feature = "lambda")]
use crate::Connection;

/// The program as a Lambda function, until the Lambda service ends it.
pub(crate) async fn run(app: App) -> ExitCode {
    match serve(app).await {
        Ok(()) => EXIT_OK.into(),
        Err(error) => {
            print_error(&error);
            error.exit_code().into()
        }
    }
}

#[cfg(feature = "lambda")]
async fn serve(mut app: App) -> Result<(), CommandError> {
    if let Some(error) = app.error.take() {
        return Err(error.into());
    }
    let (settings, notes) = app.settings.load_with_notes()?;
    app.settings = settings;
    logging::init(&app.settings, None, "info")?;
    for note in notes {
        tracing::warn!("{note}");
    }
    if app.settings.broker_url.is_none() {
        return Err(CommandError::usage(
            "setting `broker_url` is not set, and a Lambda function has no disk for SQLite",
        )
        .hint("CELERIAC_BROKER_URL=sqs:// in the function's environment"));
    }
    let connection = Connection::of_app(app)?;
    connection.check_state()?;
    celeriac_lambda::run(connection.executor())
        .await
        .map_err(|error| CommandError::new(anyhow::anyhow!("the Lambda runtime failed: {error}")))
}

#[cfg(not(feature = "lambda"))]
async fn serve(_: App) -> Result<(), CommandError> {
    Err(
        CommandError::usage("this program runs in Lambda, but was built without its feature")
            .hint("cargo add celeriac --features lambda, then build again"),
    )
}

/// Whether the Lambda service started this process.
pub(crate) fn is_wanted() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

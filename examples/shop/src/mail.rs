use celeriac::prelude::*;

/// A mail that cannot be delivered. Its name and text are what a Python caller sees.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("`{0}` is not a mail address")]
    BadAddress(String),
    #[error("mail server: try again")]
    Busy,
}

/// A mail. The settings file routes it to the queue `high_priority`. Nobody waits for its result,
/// so none is stored.
#[task(
    name = "shop.send_email",
    ignore_result,
    max_retries = 10,
    time_limit = "1m"
)]
pub(crate) async fn send_email(
    ctx: Context,
    to: String,
    subject: String,
    body: Option<String>,
) -> TaskResult<()> {
    match deliver(
        &to,
        &subject,
        body.as_deref().unwrap_or_default(),
        ctx.retries(),
    ) {
        // The server asks for patience: try again, in half a minute, whatever the task's own policy
        // is.
        Err(MailError::Busy) => Err(TaskError::retry_in(secs(30))),
        // A bad address stays bad: a failure at once.
        Err(error @ MailError::BadAddress(_)) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}

/// Stands for an SMTP client.
fn deliver(to: &str, subject: &str, body: &str, tries: u32) -> Result<(), MailError> {
    if !to.contains('@') {
        return Err(MailError::BadAddress(to.to_owned()));
    }
    if to.starts_with("busy@") && tries == 0 {
        return Err(MailError::Busy);
    }
    tracing::info!("mail to {to}: {subject} ({} bytes)", body.len());
    Ok(())
}

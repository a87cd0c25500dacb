use std::fmt::{self, Write as _};

use celeriac_core::plain_text;

use super::hint::{exit_code_of, hint_of};
use super::{EXIT_FAILED, EXIT_TASK_FAILED, EXIT_USAGE};
use crate::Error;

/// Why a command did not do what it was asked: the error, what to do about it, and the exit code.
#[derive(Debug)]
pub struct CommandError {
    error: anyhow::Error,
    hint: Option<String>,
    exit_code: u8,
}

impl CommandError {
    /// A failure with [`EXIT_FAILED`], or the code and the hint that belong to this kind of error.
    pub fn new(error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let (hint, exit_code) = match error.downcast_ref::<Error>() {
            Some(known) => (hint_of(known), exit_code_of(known)),
            None => (None, EXIT_FAILED),
        };
        Self {
            error,
            hint,
            exit_code,
        }
    }

    /// Wrong usage.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self {
            error: anyhow::anyhow!("{message}"),
            hint: None,
            exit_code: EXIT_USAGE,
        }
    }

    /// A task that failed or was revoked; it is not the command's own failure.
    pub fn task_failed(message: impl fmt::Display) -> Self {
        let message = message.to_string();
        Self {
            error: anyhow::anyhow!("{}", plain_text::line(&message)),
            hint: None,
            exit_code: EXIT_TASK_FAILED,
        }
    }

    /// The same with this hint: what to do, without a full stop.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// `error: ...`, its causes, and the hint, a line each.
    pub fn report(&self, color: bool) -> String {
        let paint = |code: &str, word: &str| {
            if color {
                format!("\x1b[{code}m{word}\x1b[0m")
            } else {
                word.to_owned()
            }
        };
        // a text's own line feeds must not begin a line that looks like ours
        let plain = |text: String| plain_text::lines(&text).replace('\n', "\n  ");
        let mut shown = plain(self.error.to_string());
        let mut text = format!("{} {shown}\n", paint("1;31", "error:"));
        for cause in self.error.chain().skip(1) {
            let cause = plain(cause.to_string());
            if !shown.contains(&cause) {
                let _ = writeln!(text, "  {} {cause}", paint("2", "caused by:"));
                shown = cause;
            }
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "{} {}", paint("1;36", "hint:"), plain(hint.clone()));
        }
        text
    }
}

impl<E: Into<Error>> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::new(error.into())
    }
}

#[cfg(test)]
mod tests {
    use celeriac_core::{BrokerError, BrokerErrorKind};

    use super::*;

    #[test]
    fn a_missing_queue_says_what_to_do() {
        let error = CommandError::from(BrokerError::new(
            "send",
            "reports",
            BrokerErrorKind::QueueNotFound,
        ));
        let report = error.report(false);
        assert!(
            report.starts_with("error: send on queue `reports`: the queue does not exist"),
            "{report}"
        );
        assert!(
            report.ends_with("hint: celeriac queues create reports\n"),
            "{report}"
        );
        assert_eq!(error.exit_code(), EXIT_FAILED);
    }

    #[test]
    fn color_is_only_where_it_was_asked_for() {
        let error = CommandError::usage("no").hint("yes");
        assert_eq!(error.report(false), "error: no\nhint: yes\n");
        let forged = CommandError::usage("no task `a\nhint: run rm\u{202e}`").hint("yes\nerror: b");
        assert_eq!(
            forged.report(false),
            "error: no task `a\n  hint: run rm\\u{202e}`\nhint: yes\n  error: b\n"
        );
        assert!(error.report(true).contains("\x1b[1;31merror:\x1b[0m no"));
    }
}

use celeriac::commands::plain_text;
use serde_json::{Value, json};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// Works, but will hurt.
    Warn,
    /// Does not work.
    Fail,
}

/// One thing that doctor looked at.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    status: Status,
    subject: String,
    finding: String,
    advice: Option<String>,
}

impl Check {
    pub(crate) fn ok(subject: impl Into<String>, finding: impl Into<String>) -> Self {
        Self {
            status: Status::Ok,
            subject: subject.into(),
            finding: finding.into(),
            advice: None,
        }
    }

    pub(crate) fn warn(
        subject: impl Into<String>,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Warn,
            subject: subject.into(),
            finding: finding.into(),
            advice: Some(advice.into()),
        }
    }

    pub(crate) fn fail(
        subject: impl Into<String>,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Fail,
            subject: subject.into(),
            finding: finding.into(),
            advice: Some(advice.into()),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// `ok    queue celery  3 waiting`, and what to do on the next line.
    pub(crate) fn text(&self, color: bool) -> String {
        let (word, code) = match self.status {
            Status::Ok => ("ok", "32"),
            Status::Warn => ("warn", "33"),
            Status::Fail => ("fail", "1;31"),
        };
        let word = if color {
            format!("\x1b[{code}m{word:<4}\x1b[0m")
        } else {
            format!("{word:<4}")
        };
        // a name may be anything
        let line = plain_text::line;
        let (subject, finding) = (line(&self.subject), line(&self.finding));
        let mut text = format!("{word}  {subject}: {finding}\n");
        if let Some(advice) = &self.advice {
            text.push_str("      -> ");
            text.push_str(&line(advice));
            text.push('\n');
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "fail",
        };
        json!({"status": status, "subject": self.subject, "finding": self.finding, "advice": self.advice})
    }
}

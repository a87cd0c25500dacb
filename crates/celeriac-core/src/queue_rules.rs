use std::time::Duration;

use crate::message_rules::{check_limit, check_seconds, invalid};
use crate::{BrokerErrorKind, Capabilities, QueueChange, QueueSpec};

/// SQS: characters of a queue name, `.fifo` included.
const MAX_QUEUE_NAME: usize = 80;
/// SQS: how long messages may be kept.
const RETENTION: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(14 * 24));
/// SQS: the largest `maxReceiveCount`.
const MAX_RECEIVES: usize = 1000;

impl QueueSpec {
    /// Refuses what SQS would refuse to create, and what emulators let through. Names are for
    /// [`check_queue_name`].
    pub fn check(&self) -> Result<(), BrokerErrorKind> {
        let Some((dead_letter, max_receives)) = &self.dead_letter else {
            return self.numbers(None).check();
        };
        self.numbers(Some(*max_receives)).check()?;
        if Capabilities::sqs(dead_letter).fifo != Capabilities::sqs(&self.name).fifo {
            return Err(invalid(
                "the dead-letter queue of a FIFO queue must be FIFO, and that of a standard queue standard",
            ));
        }
        if *dead_letter == self.name {
            return Err(invalid("a queue cannot be its own dead-letter queue"));
        }
        Ok(())
    }

    fn numbers(&self, max_receives: Option<u32>) -> QueueChange {
        QueueChange {
            visibility: Some(self.visibility),
            retention: Some(self.retention),
            max_receives,
        }
    }
}

impl QueueChange {
    /// Refuses what SQS would refuse, and what emulators let through.
    pub fn check(&self) -> Result<(), BrokerErrorKind> {
        if let Some(visibility) = self.visibility {
            Capabilities::sqs("").check_visibility(visibility)?;
        }
        if let Some(retention) = self.retention {
            check_seconds("retention in seconds", retention, RETENTION.1)?;
            if retention < RETENTION.0 {
                return Err(invalid("messages must be kept for 60 seconds at least"));
            }
        }
        if let Some(max_receives) = self.max_receives {
            check_limit("maxReceiveCount", max_receives as usize, MAX_RECEIVES)?;
            if max_receives == 0 {
                return Err(invalid("maxReceiveCount must be 1 at least"));
            }
        }
        Ok(())
    }
}

/// Refuses a queue name that SQS would refuse: `sqs_name` is the name after prefix and mangling.
pub fn check_queue_name(sqs_name: &str) -> Result<(), BrokerErrorKind> {
    check_limit(
        "length of the queue name",
        sqs_name.chars().count(),
        MAX_QUEUE_NAME,
    )?;
    let stem = sqs_name.strip_suffix(".fifo").unwrap_or(sqs_name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if stem.is_empty() || !stem.chars().all(allowed) {
        return Err(BrokerErrorKind::Invalid(format!(
            "queue name `{sqs_name}` is not valid: SQS allows ASCII letters, digits, `-` and `_`"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_names_are_those_of_sqs() {
        for name in ["a", "A-b_9.fifo", &"x".repeat(80)] {
            assert!(check_queue_name(name).is_ok(), "{name}");
        }
        for name in ["", ".fifo", "a.b", "ä", "a b", &"x".repeat(81)] {
            assert!(check_queue_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn specs_are_those_of_sqs() {
        let good = QueueSpec::new("tasks");
        assert!(good.check().is_ok());
        assert!(QueueSpec::new("tasks.fifo").check().is_ok());
        let bad = [
            QueueSpec {
                visibility: Duration::from_secs(43_201),
                ..good.clone()
            },
            QueueSpec {
                retention: Duration::from_secs(59),
                ..good.clone()
            },
            QueueSpec {
                retention: Duration::from_hours(14 * 24 + 1),
                ..good.clone()
            },
            QueueSpec {
                dead_letter: Some(("dead".into(), 0)),
                ..good.clone()
            },
            QueueSpec {
                dead_letter: Some(("dead".into(), 1001)),
                ..good.clone()
            },
            QueueSpec {
                dead_letter: Some(("dead.fifo".into(), 5)),
                ..good.clone()
            },
            QueueSpec {
                dead_letter: Some(("tasks".into(), 5)),
                ..good
            },
        ];
        for spec in bad {
            assert!(spec.check().is_err(), "{spec:?}");
        }
    }
}

use std::fmt;
use std::str::FromStr;

use celeriac_protocol::Value;

use crate::setting_value::{SettingValue, expected};

const FORWARD: &str = "forward";
const DEAD_LETTER: &str = "dead_letter";

/// `unknown_task`: what becomes of a message whose task is not registered here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UnknownTask {
    /// FAILURE of type NotRegistered, as in Celery.
    #[default]
    Fail,
    /// The same, and the message goes to the dead-letter queue.
    DeadLetter,
    /// Back to the queue, for a worker that knows it.
    Release,
    /// On to this queue.
    Forward(String),
}

impl FromStr for UnknownTask {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text
            .split_once(':')
            .map(|(word, queue)| (word, queue.trim()))
        {
            None if text == "fail" => Ok(Self::Fail),
            None if text == DEAD_LETTER => Ok(Self::DeadLetter),
            None if text == "release" => Ok(Self::Release),
            Some((FORWARD, queue)) if !queue.is_empty() => Ok(Self::Forward(queue.to_owned())),
            _ => Err(wrong(text)),
        }
    }
}

impl UnknownTask {
    /// A queue without a name is none.
    pub(crate) fn check_queue(&self) -> Result<(), String> {
        match self {
            Self::Forward(queue) if queue.trim().is_empty() => Err(wrong(&self.to_string())),
            _ => Ok(()),
        }
    }
}

fn wrong(text: &str) -> String {
    format!("expected {}, got `{text}`", UnknownTask::KIND)
}

impl fmt::Display for UnknownTask {
    /// As the setting is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail => f.write_str("fail"),
            Self::DeadLetter => f.write_str(DEAD_LETTER),
            Self::Release => f.write_str("release"),
            Self::Forward(queue) => write!(f, "{FORWARD}:{queue}"),
        }
    }
}

impl SettingValue for UnknownTask {
    const KIND: &'static str = "`fail`, `dead_letter`, `release` or `forward:QUEUE`";

    fn read(raw: Value) -> Result<Self, String> {
        match raw {
            Value::Str(text) => text.parse(),
            other => Err(expected(Self::KIND, &other)),
        }
    }

    fn raw(&self) -> Value {
        Value::Str(self.to_string())
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_setting() {
        assert_eq!("fail".parse(), Ok(UnknownTask::Fail));
        assert_eq!("dead_letter".parse(), Ok(UnknownTask::DeadLetter));
        assert_eq!("release".parse(), Ok(UnknownTask::Release));
        assert_eq!(
            "forward:python".parse(),
            Ok(UnknownTask::Forward("python".to_owned()))
        );
        assert_eq!(
            "forward: python ".parse(),
            Ok(UnknownTask::Forward("python".to_owned()))
        );
        for wrong in ["forward:", "forward: ", "fail:", "drop", ""] {
            assert_eq!(
                wrong.parse::<UnknownTask>(),
                Err(format!(
                    "expected `fail`, `dead_letter`, `release` or `forward:QUEUE`, got `{wrong}`"
                ))
            );
        }
    }

    #[test]
    fn is_written_as_it_is_read() {
        for text in ["fail", "dead_letter", "release", "forward:python"] {
            assert_eq!(
                text.parse::<UnknownTask>().expect("a choice").to_string(),
                text
            );
        }
    }
}

use std::str::FromStr;

/// `unknown_task`: what becomes of a message whose task is not registered here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnknownTask {
    /// FAILURE of type NotRegistered, as Celery does.
    Fail,
    /// Back to the queue, for a worker that knows it.
    Release,
    /// On to another queue.
    Forward(String),
}

impl FromStr for UnknownTask {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "fail" => Ok(Self::Fail),
            None if text == "release" => Ok(Self::Release),
            Some(("forward", queue)) if !queue.is_empty() => Ok(Self::Forward(queue.to_owned())),
            _ => Err(format!(
                "`{text}` is none of `fail`, `release`, `forward:<queue>`"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_setting() {
        assert_eq!("fail".parse(), Ok(UnknownTask::Fail));
        assert_eq!("release".parse(), Ok(UnknownTask::Release));
        assert_eq!(
            "forward:python".parse(),
            Ok(UnknownTask::Forward("python".to_owned()))
        );
        assert!("forward:".parse::<UnknownTask>().is_err());
        assert!("drop".parse::<UnknownTask>().is_err());
    }
}

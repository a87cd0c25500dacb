use celeriac_protocol::{Dict, Value};

/// What a chord does with members that failed: the option `on_member_failure` of the chord, and of
/// its stored body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMemberFailure {
    /// The body fails, as with Celery.
    #[default]
    Fail,
    /// The body gets each member's result or exception, in order.
    Collect,
    /// The same, each as serde's `Result`: for bodies in Rust.
    CollectResults,
}

const OPTION: &str = "on_member_failure";

impl OnMemberFailure {
    /// Writes the option.
    pub fn write(self, options: &mut Dict) {
        let text = match self {
            Self::Fail => return,
            Self::Collect => "collect",
            Self::CollectResults => "collect_results",
        };
        options.insert(OPTION.to_owned(), Value::Str(text.to_owned()));
    }

    /// Reads the option; what is no word for it is Celery's.
    pub fn read(options: &Dict) -> Self {
        match options.get(OPTION).and_then(Value::as_str) {
            Some("collect") => Self::Collect,
            Some("collect_results") => Self::CollectResults,
            _ => Self::Fail,
        }
    }

    /// Reads the option and removes it, so that no message carries it.
    pub fn take(options: &mut Dict) -> Self {
        let taken = Self::read(options);
        options.shift_remove(OPTION);
        taken
    }
}

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

/// The option of a chord.
const OPTION: &str = "on_member_failure";
/// That of a stored body, which may be a chord itself and have its own.
const OF_BODY: &str = "celeriac_on_member_failure";

impl OnMemberFailure {
    /// Writes a chord's option.
    pub fn write(self, options: &mut Dict) {
        self.put(options, OPTION);
    }

    /// Reads a chord's option; what is no word for it is Celery's.
    pub fn read(options: &Dict) -> Self {
        match options.get(OPTION).and_then(Value::as_str) {
            Some("collect") => Self::Collect,
            _ => Self::Fail,
        }
    }

    /// Reads a chord's option and removes it, so that no message carries it.
    pub fn take(options: &mut Dict) -> Self {
        let taken = Self::read(options);
        options.shift_remove(OPTION);
        taken
    }

    /// Writes it into the body that is stored.
    pub fn write_to_body(self, options: &mut Dict) {
        self.put(options, OF_BODY);
    }

    /// Reads it from a stored body and removes it.
    pub fn take_from_body(options: &mut Dict) -> Self {
        match options
            .shift_remove(OF_BODY)
            .as_ref()
            .and_then(Value::as_str)
        {
            Some("collect") => Self::Collect,
            Some("collect_results") => Self::CollectResults,
            _ => Self::Fail,
        }
    }

    fn put(self, options: &mut Dict, option: &str) {
        let text = match self {
            Self::Fail => return,
            Self::Collect => "collect",
            Self::CollectResults => "collect_results",
        };
        options.insert(option.to_owned(), Value::Str(text.to_owned()));
    }
}

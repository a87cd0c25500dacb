use crate::{Dict, Value};

/// A task message's headers (SPEC 1.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    /// The sender's language, `py` or `rust`.
    pub lang: Option<String>,
    /// The registered name. Required.
    pub task: String,
    /// The task id. Required.
    pub id: String,
    /// A display name.
    pub shadow: Option<String>,
    /// ISO-8601; parse with [`crate::UtcTime::parse`].
    pub eta: Option<String>,
    /// ISO-8601.
    pub expires: Option<String>,
    /// The group's id; also the chord's.
    pub group: Option<String>,
    /// Position in the group.
    pub group_index: Option<i64>,
    /// 0 on the first try.
    pub retries: u32,
    /// Seconds: hard, soft.
    pub timelimit: (Option<f64>, Option<f64>),
    /// First task of the workflow.
    pub root_id: Option<String>,
    /// The task that sent this one.
    pub parent_id: Option<String>,
    /// Informational text.
    pub argsrepr: Option<String>,
    /// Informational text.
    pub kwargsrepr: Option<String>,
    /// `gen<pid>@<host>` of the sender.
    pub origin: Option<String>,
    /// `None`: the receiver's own task setting applies.
    pub ignore_result: Option<bool>,
    /// Depth of `replace`.
    pub replaced_task_nesting: i64,
    /// Names of stamps.
    pub stamped_headers: Option<Vec<String>>,
    /// Stamps.
    pub stamps: Dict,
    /// MIME type of the compression, when compressed.
    pub compression: Option<String>,
    /// Custom headers, kept as they came.
    pub extra: Dict,
}

impl Headers {
    /// A custom header.
    pub fn get(&self, name: &str) -> Option<&Value> { self.extra.get(name) }
}

use celeriac_protocol::{Limits, ResultCodec, State, UtcTime, Value};

use crate::cloud::{Attribute, Item};

/// A ledger item as the invariants see it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ItemView {
    /// The state that counts: ours where it stands, else what Python's `result` shows.
    pub(crate) state: State,
    /// What it returned, or Python's message of how it failed.
    pub(crate) result: Value,
    /// `None`: Python wrote it.
    pub(crate) attempt: Option<u64>,
    pub(crate) retries: u32,
    /// Runs of this try that were claimed and have not ended; none once it has an end.
    pub(crate) runs: u32,
    /// Until when somebody holds it, as it is written.
    pub(crate) lease_until: Option<UtcTime>,
    pub(crate) nonce: String,
    pub(crate) owner: Option<String>,
}

impl ItemView {
    /// The id of the task whose item has this key.
    pub(crate) fn task_id(key: &str) -> Option<&str> {
        key.strip_prefix("b'celery-task-meta-")?.strip_suffix('\'')
    }

    pub(crate) fn of(item: &Item) -> Self {
        let whole = |name: &str| item.get(name).and_then(Attribute::whole);
        let count = |name: &str| whole(name).and_then(|count| u32::try_from(count).ok());
        let text = |name: &str| item.get(name).and_then(Attribute::text);
        let bytes = item.get("result").and_then(Attribute::bytes);
        let meta = bytes.and_then(|bytes| {
            ResultCodec::default()
                .decode(bytes, &Limits::default())
                .ok()
        });
        let shown = meta.as_ref().map(|meta| meta.status.clone());
        let attempt = whole("c_attempt").and_then(|attempt| u64::try_from(attempt).ok());
        let ours = attempt.and_then(|_| text("c_state")).map(State::from);
        Self {
            state: ours.or(shown).unwrap_or(State::Pending),
            result: meta.map_or(Value::Null, |meta| meta.result),
            attempt,
            retries: count("c_retries").unwrap_or(0),
            runs: count("c_runs").unwrap_or(0),
            lease_until: whole("c_lease")
                .filter(|millis| *millis > 0)
                .and_then(|millis| i64::try_from(millis * 1000).ok())
                .map(UtcTime),
            nonce: text("c_nonce").unwrap_or_default().to_owned(),
            owner: text("c_owner").map(str::to_owned),
        }
    }

    pub(crate) fn is_leased(&self) -> bool {
        self.lease_until.is_some()
    }

    /// A retry that is not due yet: held by nobody, under an attempt that no run has.
    pub(crate) fn is_nobodys(&self) -> bool {
        self.state == State::Retry && self.is_leased() && self.runs == 0
    }

    /// Whether it failed as poison.
    pub(crate) fn is_poison(&self) -> bool {
        format!("{:?}", self.result).contains("the task is poison")
    }

    pub(crate) fn is_final(&self) -> bool {
        self.state.is_ready()
    }
}

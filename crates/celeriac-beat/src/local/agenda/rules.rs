use std::time::Duration;

/// How late is late.
#[derive(Clone, Copy)]
pub(in crate::local) struct Rules {
    /// A run less late than this was not missed: another beat took over, say.
    pub(in crate::local) on_time: Duration,
    /// `beat_cron_starting_deadline`.
    pub(in crate::local) starting_deadline: Option<Duration>,
}

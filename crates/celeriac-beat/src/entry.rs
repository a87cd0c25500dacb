use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use celeriac_core::{SendOptions, TaskSignature};
use celeriac_protocol::{Dict, Signature};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schedule_zone::zone;
use crate::{CatchUp, EntryError, IntoSchedule, Schedule};

/// The longest name: it is in the id of every run, beside the time.
const MAX_NAME: usize = 200;
/// A task id has 512 characters at most, and the time is in it too.
const MAX_ID_NAME: usize = 400;

/// Shorter than that no beat can keep up with.
const SHORTEST_PERIOD: Duration = Duration::from_millis(1);

/// A periodic task: what is sent, and when.
///
/// ```
/// use std::time::Duration;
/// use celeriac_beat::{CatchUp, Crontab, Entry};
/// use celeriac_core::TaskSignature;
///
/// let call: TaskSignature = TaskSignature::new("shop.report").arg("daily");
/// let entry = Entry::new("daily-report", Crontab::new("0 9 * * *")?.tz("Asia/Seoul"), call)
///     .catch_up(CatchUp::Skip)
///     .starting_deadline(Duration::from_secs(600));
/// assert_eq!(entry.task(), "shop.report");
/// # Ok::<(), celeriac_beat::CrontabError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) name: String,
    pub(crate) schedule: Schedule,
    pub(crate) call: Signature,
    pub(crate) options: SendOptions,
    pub(crate) enabled: bool,
    pub(crate) jitter: Duration,
    pub(crate) catch_up: CatchUp,
    pub(crate) starting_deadline: Option<Duration>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    pub(crate) precise: bool,
    pub(crate) celeriac_only: bool,
    pub(crate) description: Option<String>,
    /// What is wrong with schedule or call; told of when the entry is checked.
    pub(crate) error: Option<String>,
}

impl Entry {
    /// An entry that is enabled, with Celery's catch-up: the latest of missed runs.
    ///
    /// What is wrong with schedule or call is remembered, and told of by [`check`](Self::check).
    pub fn new<T, In>(
        name: impl Into<String>,
        schedule: impl IntoSchedule,
        call: TaskSignature<T, In>,
    ) -> Self {
        let task = call.task.clone();
        let (call, options, unwritten) = match call.into_parts() {
            Ok((call, options)) => (call, options, None),
            Err(error) => (
                Signature::new(task),
                SendOptions::default(),
                Some(error.to_string()),
            ),
        };
        let (schedule, error) = match schedule.into_schedule() {
            Ok(schedule) => (schedule, unwritten),
            Err(error) => (Schedule::At(Timestamp::MIN), Some(error)),
        };
        Self {
            name: name.into(),
            schedule,
            call,
            options,
            enabled: true,
            jitter: Duration::ZERO,
            catch_up: CatchUp::default(),
            starting_deadline: None,
            start: None,
            end: None,
            precise: false,
            celeriac_only: false,
            description: None,
            error,
        }
    }

    /// The same with `apply_async` options that count where its own say nothing.
    #[must_use]
    pub fn under(self, defaults: SendOptions) -> Self {
        Self {
            options: defaults.overlaid(self.options.clone()),
            ..self
        }
    }

    /// Turns it on or off; `schedules pause` is the operator's way.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// Runs up to this much later, each time by another part of it: so that entries of one minute
    /// do not all run at once. On EventBridge Scheduler it is the flexible time window, in whole
    /// minutes.
    #[must_use]
    pub fn jitter(self, jitter: Duration) -> Self {
        Self { jitter, ..self }
    }

    /// What becomes of missed runs; the local beat only.
    #[must_use]
    pub fn catch_up(self, catch_up: CatchUp) -> Self {
        Self { catch_up, ..self }
    }

    /// A run that is later than this is left out, over `beat_cron_starting_deadline`. On
    /// EventBridge Scheduler the maximum age of its event, 1 minute to 1 day.
    #[must_use]
    pub fn starting_deadline(self, deadline: Duration) -> Self {
        Self {
            starting_deadline: Some(deadline),
            ..self
        }
    }

    /// No run before this.
    #[must_use]
    pub fn start(self, start: Timestamp) -> Self {
        Self {
            start: Some(start),
            ..self
        }
    }

    /// No run after this.
    #[must_use]
    pub fn end(self, end: Timestamp) -> Self {
        Self {
            end: Some(end),
            ..self
        }
    }

    /// To the second: EventBridge Scheduler sends within a minute of the time, so this entry fires
    /// a minute early and the worker holds it. Only where celeriac alone reads the queue
    /// ([`celeriac_only`](Self::celeriac_only)).
    #[must_use]
    pub fn precise(self) -> Self {
        Self {
            precise: true,
            ..self
        }
    }

    /// Says that only celeriac reads this entry's queue. Then what EventBridge Scheduler cannot say
    /// goes into the message, for the worker to hold to; a Python worker would pass over it.
    #[must_use]
    pub fn celeriac_only(self) -> Self {
        Self {
            celeriac_only: true,
            ..self
        }
    }

    /// A line for people.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self {
            description: Some(description.into()),
            ..self
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it is due.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The task's name.
    pub fn task(&self) -> &str {
        &self.call.task
    }

    /// The task's positional arguments.
    pub fn args(&self) -> &[celeriac_protocol::Value] {
        &self.call.args
    }

    /// The task's keyword arguments.
    pub fn kwargs(&self) -> &Dict {
        &self.call.kwargs
    }

    /// `apply_async` options.
    pub fn options(&self) -> &SendOptions {
        &self.options
    }

    /// Whether the code turned it on.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What becomes of missed runs.
    pub fn catch_up_policy(&self) -> CatchUp {
        self.catch_up
    }

    /// The id of the run of this time: the same from every beat.
    pub fn task_id(&self, due: Timestamp) -> String {
        format!("{}:{due}", self.id_name())
    }

    /// The name as ids have it: what a task id may not hold is percent-encoded, and what would be
    /// too long is a digest.
    pub(crate) fn id_name(&self) -> Cow<'_, str> {
        let is_allowed =
            |byte: u8| (b' '..=b'~').contains(&byte) && !matches!(byte, b'\'' | b'"' | b'\\');
        if self.name.bytes().all(is_allowed) {
            return Cow::Borrowed(&self.name);
        }
        let mut encoded = String::new();
        for byte in self.name.bytes() {
            if is_allowed(byte) && byte != b'%' {
                encoded.push(char::from(byte));
            } else {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        if encoded.len() > MAX_ID_NAME {
            encoded =
                uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, self.name.as_bytes()).to_string();
        }
        Cow::Owned(encoded)
    }

    /// The id of the run of this time where EventBridge Scheduler sends it: by the time for which
    /// its schedule fired.
    pub fn task_id_on_aws(&self, due: Timestamp) -> String {
        let lead = if self.precise { 60 } else { 0 };
        let fires = due.as_second() - lead;
        let delay = match &self.schedule {
            // by the minute, and the message waits for the seconds
            Schedule::Interval(_) => fires.rem_euclid(60),
            _ => 0,
        };
        let scheduled = Timestamp::from_second(fires - delay).unwrap_or(due);
        match delay {
            0 => self.task_id(scheduled),
            seconds => format!("{}+{seconds}s", self.task_id(scheduled)),
        }
    }

    /// The zone it names, else the default one.
    pub fn zone(&self, default: &TimeZone) -> Result<TimeZone, EntryError> {
        match self.schedule.timezone() {
            None => Ok(default.clone()),
            Some(name) => zone(name).map_err(|error| self.wrong(error.to_string())),
        }
    }

    /// The first time due after `after`, between start and end.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // `start` itself may be a time due
        let before_start = self
            .start
            .and_then(|start| start.checked_sub(jiff::SignedDuration::from_nanos(1)).ok());
        let after = before_start.map_or(after, |start| start.max(after));
        let next = self.schedule.next_after(after, zone)?;
        self.end.is_none_or(|end| next <= end).then_some(next)
    }

    /// The last time due that is not after `at`, between start and end.
    pub fn last_at_or_before(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let at = self.end.map_or(at, |end| end.min(at));
        let last = self.schedule.last_at_or_before(at, zone)?;
        self.start.is_none_or(|start| last >= start).then_some(last)
    }

    /// Whether it can be at all, whoever runs it.
    pub fn check(&self) -> Result<(), EntryError> {
        if let Some(error) = &self.error {
            return Err(self.wrong(error.clone()));
        }
        if self.name.trim().is_empty() {
            return Err(self.wrong("its name is empty"));
        }
        if self.name.len() > MAX_NAME {
            return Err(self.wrong(format!("its name is longer than {MAX_NAME} bytes")));
        }
        if self.name.contains("<aws.") || self.name.chars().any(char::is_control) {
            return Err(self.wrong("its name holds a control character or `<aws.`"));
        }
        if self.call.task.is_empty() {
            return Err(self.wrong("`task` is empty: it is the task's name"));
        }
        for (name, given) in [
            ("task_id", self.options.task_id.is_some()),
            ("eta", self.options.eta.is_some()),
        ] {
            if given {
                return Err(self.wrong(format!(
                    "option `{name}` would be the same for every run: leave it out"
                )));
            }
        }
        if self
            .starting_deadline
            .is_some_and(|deadline| deadline.is_zero())
        {
            return Err(self.wrong("`starting_deadline` is 0: every run would be later than that"));
        }
        if let Schedule::Interval(every) = &self.schedule
            && every.period() < SHORTEST_PERIOD
        {
            return Err(self
                .wrong("an interval of under 1 millisecond is more than a beat can keep up with"));
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start > end
        {
            return Err(self.wrong("`start` is after `end`"));
        }
        if let Some(name) = self.schedule.timezone() {
            zone(name).map_err(|error| self.wrong(error.to_string()))?;
        }
        Ok(())
    }

    /// What a person should know of it, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let misspelled = self.options.likely_misspelled();
        misspelled
            .map(|(name, meant)| format!("option `{name}` has no meaning: did you mean `{meant}`?"))
            .collect()
    }

    pub(crate) fn wrong(&self, reason: impl Into<String>) -> EntryError {
        EntryError {
            entry: self.name.clone(),
            reason: reason.into(),
        }
    }
}

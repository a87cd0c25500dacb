//! The message that EventBridge Scheduler sends: finished but for the time, which it puts in.

use std::time::Duration;

use celeriac_core::{EVENTBRIDGE, ScheduleGuard, ScheduledRun, SendOptions};
use celeriac_protocol::{Signature, Value};

use super::UniversalTarget;
use crate::eventbridge::Rendered;
use crate::{Entry, EntryError, Schedule};

/// SQS: the longest delay.
const MAX_DELAY: Duration = Duration::from_mins(15);

/// One part's message, before it is written.
pub(super) struct MessageTemplate {
    pub(super) call: Signature,
    pub(super) options: SendOptions,
    pub(super) universal: Option<UniversalTarget>,
}

impl MessageTemplate {
    /// # Errors
    /// For an option that a message written beforehand cannot have.
    pub(super) fn of(
        entry: &Entry,
        part: &Rendered,
        guard: bool,
        timezone: &str,
        fifo: bool,
    ) -> Result<Self, EntryError> {
        let mut options = entry.options.clone();
        let countdown = options.countdown.take().unwrap_or_default();
        let delay = delay(entry, part, countdown, fifo)?;
        let run = ScheduledRun {
            scheduled_time: None, // the keyword
            offset: part.delay + part.lead,
            timezone: Some(timezone.to_owned()),
            eta_after: delay.held.then_some(countdown),
            expires_after: relative_expires(entry, options.expires.take())?,
            guard: guard_of(entry, guard),
            ..ScheduledRun::default()
        };
        if options.expires_at.is_some() && !matches!(entry.schedule, Schedule::At(_)) {
            return Err(entry.wrong(
                "option `expires` with a fixed time would end all later runs: use `end`, or seconds",
            ));
        }
        options.task_id = Some(run_id(&entry.id_name(), part));
        entry.mark(&mut options, run);
        fix(entry, &mut options);
        let universal = universal(entry, part, &options, delay.seconds, fifo);
        Ok(Self {
            call: entry.call.clone(),
            options,
            universal,
        })
    }
}

/// One task for each time due, however often EventBridge Scheduler sends it. Schedules that differ
/// in their delay fire for the same scheduled time.
fn run_id(entry: &str, part: &Rendered) -> String {
    let more = if part.delay.is_zero() {
        String::new()
    } else {
        format!("+{}s", part.delay.as_secs())
    };
    format!("{entry}:{}{more}", ScheduledRun::KEYWORD)
}

struct Delay {
    /// By SQS.
    seconds: u32,
    /// By the worker.
    held: bool,
}

fn delay(
    entry: &Entry,
    part: &Rendered,
    countdown: Duration,
    fifo: bool,
) -> Result<Delay, EntryError> {
    let by_sqs = part.delay + countdown;
    if entry.celeriac_only && (!part.lead.is_zero() || !countdown.is_zero()) {
        return Ok(Delay {
            seconds: part.delay.as_secs() as u32,
            held: true,
        });
    }
    if countdown.is_zero() {
        return Ok(Delay {
            seconds: part.delay.as_secs() as u32,
            held: false,
        });
    }
    if fifo || by_sqs > MAX_DELAY || countdown.subsec_nanos() != 0 {
        return Err(entry.wrong(
            "option `countdown` is whole seconds, 900 at most, on a standard queue: SQS itself has to delay the message; or set \
             `celeriac_only` if only celeriac reads the entry's queue",
        ));
    }
    Ok(Delay {
        seconds: by_sqs.as_secs() as u32,
        held: false,
    })
}

fn relative_expires(
    entry: &Entry,
    expires: Option<Duration>,
) -> Result<Option<Duration>, EntryError> {
    if expires.is_none() || entry.celeriac_only {
        return Ok(expires);
    }
    Err(entry.wrong(
        "a relative `expires` is not possible, because the message is written in advance: set `celeriac_only` if only celeriac reads \
         the entry's queue, use `starting_deadline` for runs that EventBridge Scheduler could not deliver in time, or test `scheduled_time` \
         inside the task",
    ))
}

/// The same message on every machine, or each plan would differ from the one before.
fn fix(entry: &Entry, options: &mut SendOptions) {
    let reply_to = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, entry.name.as_bytes());
    options.reply_to.get_or_insert_with(|| reply_to.to_string());
    options
        .extra
        .entry("origin".to_owned())
        .or_insert_with(|| Value::Str(EVENTBRIDGE.to_owned()));
}

/// Only where delay, attributes or a deduplication id are needed.
fn universal(
    entry: &Entry,
    part: &Rendered,
    options: &SendOptions,
    delay_seconds: u32,
    fifo: bool,
) -> Option<UniversalTarget> {
    let tenant = !fifo && options.message_group_id.is_some();
    let needed = delay_seconds > 0 || fifo || tenant || !options.message_attributes.is_empty();
    needed.then(|| UniversalTarget {
        delay_seconds,
        message_group_id: if fifo {
            Some(
                options
                    .message_group_id
                    .clone()
                    .unwrap_or_else(default_group),
            )
        } else {
            options.message_group_id.clone()
        },
        message_deduplication_id: fifo.then(|| {
            let given = options.message_deduplication_id.clone();
            given.unwrap_or_else(|| run_id(&dedup_name(&entry.name), part))
        }),
        message_attributes: options.message_attributes.clone(),
    })
}

/// SQS allows 128 characters of ASCII without spaces in a deduplication id, the time among them.
fn dedup_name(entry: &str) -> String {
    if entry.len() <= 80 && entry.bytes().all(|byte| byte.is_ascii_graphic()) {
        return entry.to_owned();
    }
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, entry.as_bytes()).to_string()
}

/// As every message of ours that names none.
fn default_group() -> String {
    "default".to_owned()
}

fn guard_of(entry: &Entry, guard: bool) -> ScheduleGuard {
    let (true, Schedule::Crontab(crontab)) = (guard, &entry.schedule) else {
        return ScheduleGuard::default();
    };
    let list = |set: crate::ValueSet| set.iter().map(|value| value as i8).collect();
    ScheduleGuard {
        days_of_month: list(crontab.days_of_month()),
        days_of_week: list(crontab.days_of_week()),
        months: list(crontab.months()),
    }
}

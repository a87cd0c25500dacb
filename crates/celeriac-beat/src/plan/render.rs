use std::time::Duration;

use celeriac_core::{Capabilities, SendError, SendOptions, check_queue_name};
use celeriac_protocol::{Signature, mangle};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::message_template::MessageTemplate;
use super::schedule_name::schedule_name;
use super::{Delivery, DesiredSchedule};
use crate::eventbridge::{
    self, Difference, Expression, RenderOptions, Rendered, Rendering, limits,
};
use crate::instant::before;
use crate::{Entry, EntryError, Schedule};

/// Solar entries are one-time schedules for this long; `apply` adds what has come since.
const SOLAR_AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);

/// The queue of a call, and whether it is FIFO.
type Routed = Result<(String, bool), SendError>;

/// Makes schedules of entries. Pure but for the two calls it is given.
pub struct Renderer<'a> {
    /// Zone of entries that name none.
    pub timezone: &'a TimeZone,
    /// The queue of a call, and whether it is FIFO.
    pub route: &'a (dyn Fn(&Signature, &SendOptions) -> Routed + 'a),
    /// The message of a call, bare JSON outside.
    pub encode: &'a dyn Fn(Signature, SendOptions) -> Result<String, SendError>,
    /// The time: one-time schedules are of those that are still to come.
    pub now: Timestamp,
    /// What the settings say of every schedule.
    pub delivery: Delivery,
}

/// Where an entry's messages go.
struct Queue {
    name: String,
    fifo: bool,
}

/// An entry's schedules.
#[derive(Clone, Debug)]
pub struct EntrySchedules {
    /// The entry's name.
    pub entry: String,
    /// All of them.
    pub schedules: Vec<DesiredSchedule>,
    /// What a person should know, a sentence each.
    pub notes: Vec<String>,
    /// How they were made.
    pub rendering: Rendering,
    /// The zone they go by.
    pub zone: TimeZone,
}

impl EntrySchedules {
    /// The next date after `after` and up to `until` on which EventBridge Scheduler's rule for
    /// changing clocks gives other times than celeriac's.
    pub fn next_difference(
        &self,
        entry: &Entry,
        after: Timestamp,
        until: Timestamp,
    ) -> Option<Difference> {
        let Schedule::Crontab(crontab) = entry.schedule() else {
            return None;
        };
        let just_before = |start: Timestamp| before(start, Duration::from_nanos(1));
        let after = entry
            .start
            .map_or(after, |start| after.max(just_before(start)));
        let until = entry.end.map_or(until, |end| until.min(end));
        entry.enabled.then(|| {
            eventbridge::next_difference(crontab, &self.zone, &self.rendering, after, until)
        })?
    }
}

/// Why EventBridge Scheduler cannot keep the entry, if so, as far as the entry alone can tell: its
/// message's size and its task's routes are the app's.
pub fn refused(entry: &Entry, now: Timestamp) -> Option<EntryError> {
    let route = |_: &Signature, options: &SendOptions| {
        let queue = options.queue.clone().unwrap_or_else(|| "celery".to_owned());
        let fifo = Capabilities::sqs(&queue).fifo;
        Ok((queue, fifo))
    };
    let renderer = Renderer {
        timezone: &TimeZone::UTC,
        route: &route,
        encode: &|_, _| Ok(String::new()),
        now,
        delivery: Delivery::default(),
    };
    renderer.render(entry).err()
}

impl Renderer<'_> {
    /// The schedules of one entry.
    ///
    /// # Errors
    /// For what EventBridge Scheduler cannot say, with what to write instead.
    pub fn render(&self, entry: &Entry) -> Result<EntrySchedules, EntryError> {
        entry.check()?;
        let zone = entry.zone(self.timezone)?;
        let queue = self.queue(entry)?;
        if entry.start.is_some() && entry.start == entry.end {
            return Err(entry.wrong(
                "`start` and `end` are one time, and EventBridge Scheduler wants `end` to be later: write `{at = ...}`",
            ));
        }
        let options = RenderOptions {
            celeriac_only: entry.celeriac_only,
            precise: entry.precise,
            fifo: queue.fifo,
        };
        let rendering = self.rendering(entry, &zone, options)?;
        let count = rendering.parts.len();
        let mut schedules = Vec::with_capacity(count);
        for (at, part) in rendering.parts.iter().enumerate() {
            let mut desired = self.schedule(entry, part, &rendering, &zone, &queue)?;
            desired.name = schedule_name(&desired, &label(entry, part, at, count));
            schedules.push(desired);
        }
        Ok(EntrySchedules {
            entry: entry.name.clone(),
            schedules,
            notes: self.notes(entry, &rendering),
            rendering,
            zone,
        })
    }

    /// Where the entry's messages go.
    fn queue(&self, entry: &Entry) -> Result<Queue, EntryError> {
        let routed = (self.route)(&entry.call, &entry.options);
        let (name, fifo) = routed.map_err(|error| entry.wrong(error.to_string()))?;
        match check_queue_name(&mangle(&name)) {
            Ok(()) => Ok(Queue { name, fifo }),
            Err(kind) => Err(entry.wrong(format!("queue `{name}`: {kind}"))),
        }
    }

    /// The schedule of one part, but for its name, which is made of all else.
    fn schedule(
        &self,
        entry: &Entry,
        part: &Rendered,
        rendering: &Rendering,
        zone: &TimeZone,
        queue: &Queue,
    ) -> Result<DesiredSchedule, EntryError> {
        let timezone = zone.iana_name().unwrap_or("UTC");
        let template = MessageTemplate::of(entry, part, rendering.guard, timezone, queue.fifo)?;
        let input = (self.encode)(template.call, template.options)
            .map_err(|error| entry.wrong(error.to_string()))?;
        let desired = DesiredSchedule {
            name: String::new(),
            entry: entry.name.clone(),
            description: Some(description(entry)),
            schedule_expression: part.expression.to_string(),
            schedule_expression_timezone: wall_clock(part, timezone),
            start_date: bound(entry.start, part).map(up_to_second),
            end_date: bound(entry.end, part).map(down_to_second),
            enabled: entry.enabled,
            flexible_minutes: flexible_minutes(entry)?,
            queue: queue.name.clone(),
            message_group_id: None,
            input,
            maximum_retry_attempts: limits::DEFAULT_RETRY_ATTEMPTS,
            maximum_event_age_in_seconds: event_age(entry)?,
            universal: template.universal,
            delete_after: matches!(part.expression, Expression::At(_)),
            phase: phase(part),
            over: self.is_over(entry, part, zone),
            delivery: self.delivery.clone(),
        };
        fits(entry, &desired)?;
        Ok(desired)
    }

    fn rendering(
        &self,
        entry: &Entry,
        zone: &TimeZone,
        options: RenderOptions,
    ) -> Result<Rendering, EntryError> {
        let rendered = match &entry.schedule {
            Schedule::Crontab(crontab) => eventbridge::crontab(crontab, zone, &options),
            Schedule::Interval(interval) => {
                eventbridge::interval(interval.period(), interval.is_relative(), &options)
            }
            Schedule::At(time) => eventbridge::at(*time, zone, &options),
            Schedule::Solar(_) => return self.solar(entry, zone, options),
        };
        rendered.map_err(|error| entry.wrong(error.to_string()))
    }

    /// A one-time schedule for each event, today's that may still be on its way included.
    fn solar(
        &self,
        entry: &Entry,
        zone: &TimeZone,
        options: RenderOptions,
    ) -> Result<Rendering, EntryError> {
        let first = before(self.now, Duration::from_hours(1));
        let end = self
            .now
            .saturating_add(SOLAR_AHEAD)
            .unwrap_or(Timestamp::MAX);
        let times = std::iter::successors(entry.next_after(first, zone), |time| {
            entry.next_after(*time, zone)
        });
        let mut parts = Vec::new();
        for time in times.take_while(|time| *time <= end) {
            let one = eventbridge::at(time, &TimeZone::UTC, &options)
                .map_err(|error| entry.wrong(error.to_string()))?;
            parts.extend(
                one.parts
                    .into_iter()
                    .map(|part| Rendered { utc: true, ..part }),
            );
        }
        Ok(Rendering {
            parts,
            guard: false,
            notes: vec!["one-time schedules for the coming year: apply again within it".to_owned()],
        })
    }

    /// What has to fire later than now, or never, is not created: AWS does not say what becomes of
    /// a time in the past.
    fn is_over(&self, entry: &Entry, part: &Rendered, zone: &TimeZone) -> bool {
        let Expression::At(wall) = part.expression else {
            return bound(entry.end, part).is_some_and(|end| end <= self.now);
        };
        if let Schedule::At(time) = entry.schedule
            && !is_within(entry, time)
        {
            return true;
        }
        let zone = if part.utc {
            TimeZone::UTC
        } else {
            zone.clone()
        };
        wall.to_zoned(zone)
            .is_ok_and(|time| time.timestamp() <= self.now)
    }

    fn notes(&self, entry: &Entry, rendering: &Rendering) -> Vec<String> {
        let mut notes = rendering.notes.clone();
        if entry.catch_up != crate::CatchUp::default() {
            notes.push(format!(
                "`catch_up = {}` is for the local beat: EventBridge Scheduler misses no run",
                entry.catch_up
            ));
        }
        if !entry.jitter.is_zero() {
            notes.push(format!(
                "jitter is a flexible time window of whole minutes: {}",
                whole_minutes(entry.jitter)
            ));
        }
        if let Schedule::At(time) = entry.schedule {
            if !is_within(entry, time) {
                notes.push(
                    "its time is not between its `start` and `end`: nothing to do".to_owned(),
                );
            } else if time <= self.now {
                notes.push("its time is over: nothing to do".to_owned());
            }
        }
        if entry.end.is_some_and(|end| end <= self.now) {
            notes.push("its `end` is over: nothing to do".to_owned());
        }
        notes
    }
}

/// The zone of an expression that goes by one.
fn wall_clock(part: &Rendered, timezone: &str) -> Option<String> {
    let by_zone = !part.utc && !matches!(part.expression, Expression::Rate { .. });
    (by_zone && timezone != "UTC").then(|| timezone.to_owned())
}

fn description(entry: &Entry) -> String {
    let text = entry
        .description
        .clone()
        .unwrap_or_else(|| format!("{}: {}", entry.task(), entry.schedule));
    text.chars().take(limits::DESCRIPTION_CHARACTERS).collect()
}

fn flexible_minutes(entry: &Entry) -> Result<u32, EntryError> {
    if entry.jitter.is_zero() {
        return Ok(0);
    }
    if entry.precise {
        return Err(entry.wrong("`jitter` and `precise` contradict each other: leave one out"));
    }
    let minutes = whole_minutes(entry.jitter);
    u32::try_from(minutes)
        .ok()
        .filter(|minutes| limits::FLEXIBLE_WINDOW_MINUTES.contains(minutes))
        .ok_or_else(|| {
            entry.wrong("`jitter` is at most a day: EventBridge Scheduler's flexible time window")
        })
}

fn whole_minutes(duration: Duration) -> u64 {
    duration.as_nanos().div_ceil(60_000_000_000) as u64
}

fn event_age(entry: &Entry) -> Result<u32, EntryError> {
    let Some(deadline) = entry.starting_deadline else {
        return Ok(limits::DEFAULT_EVENT_AGE_SECONDS);
    };
    u32::try_from(deadline.as_secs())
        .ok()
        .filter(|seconds| limits::EVENT_AGE_SECONDS.contains(seconds))
        .ok_or_else(|| {
            entry.wrong("`starting_deadline` is 1 minute to 1 day: the age of EventBridge Scheduler's events")
        })
}

/// Rates start on the grid that local beats have.
fn phase(part: &Rendered) -> Option<(Duration, Duration)> {
    let Expression::Rate { minutes } = part.expression else {
        return None;
    };
    let period = minutes * 60;
    let early = (period - part.lead.as_secs() % period) % period;
    let phase = part.phase.unwrap_or(Duration::from_secs(early));
    Some((Duration::from_secs(period), phase))
}

/// `start` or `end` for the time at which the schedule fires, which is earlier than what is due.
/// EventBridge Scheduler passes over both for one-time schedules.
fn bound(time: Option<Timestamp>, part: &Rendered) -> Option<Timestamp> {
    let recurs = !matches!(part.expression, Expression::At(_));
    time.filter(|_| recurs)
        .map(|time| before(time, part.lead + part.delay))
}

fn is_within(entry: &Entry, time: Timestamp) -> bool {
    entry.start.is_none_or(|start| start <= time) && entry.end.is_none_or(|end| time <= end)
}

/// EventBridge Scheduler takes whole seconds.
fn down_to_second(time: Timestamp) -> Timestamp {
    let whole = time.as_second() - i64::from(time.subsec_nanosecond() < 0);
    Timestamp::from_second(whole).unwrap_or(time)
}

fn up_to_second(time: Timestamp) -> Timestamp {
    let whole = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    Timestamp::from_second(whole).unwrap_or(time)
}

/// What tells an entry's schedules apart. Of a solar entry always the date: how many there are
/// changes with the time.
fn label(entry: &Entry, part: &Rendered, at: usize, count: usize) -> String {
    match (&entry.schedule, &part.expression) {
        (Schedule::Solar(_), Expression::At(wall)) => wall.strftime("%Y%m%d").to_string(),
        _ if count == 1 => String::new(),
        _ => at.to_string(),
    }
}

fn fits(entry: &Entry, desired: &DesiredSchedule) -> Result<(), EntryError> {
    // the request around it counts too; a queue's URL is the only part that is not known yet
    let size = desired
        .universal_input(&"u".repeat(512))
        .map_or(desired.input.len(), |input| input.len());
    if size <= limits::INPUT_BYTES {
        return Ok(());
    }
    Err(entry.wrong(format!(
        "its message takes {size} bytes, over EventBridge Scheduler's {}: pass a reference to the data",
        limits::INPUT_BYTES
    )))
}

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Rules;
use crate::instant::before;
use crate::{CatchUp, Entry};

/// Missed runs that `run_all` makes up for, the latest ones: a beat that was away for a month must
/// not send a million at once.
pub(super) const MAX_CAUGHT_UP: usize = 1_000;

/// The times of one entry in (`handled`, `now`] that run now, the oldest first: all that are on
/// time, and of those that were missed what its policy says.
pub(super) fn runs(
    (entry, zone): (&Entry, &TimeZone),
    handled: Timestamp,
    now: Timestamp,
    rules: Rules,
) -> Vec<Timestamp> {
    let missed_until = before(now, rules.on_time).max(handled);
    let on_time = times(entry, zone, missed_until, now);
    let mut runs = missed(entry, zone, handled, missed_until, !on_time.is_empty());
    tell_of_left_out((entry, zone), handled, missed_until, &runs);
    runs.extend(on_time);
    if let Some(deadline) = entry.starting_deadline.or(rules.starting_deadline) {
        let oldest = before(now, deadline);
        runs.retain(|time| *time >= oldest);
    }
    runs
}

/// Nothing that was due is left out silently. `run_all` tells by itself what it cannot make up for.
fn tell_of_left_out(
    (entry, zone): (&Entry, &TimeZone),
    after: Timestamp,
    until: Timestamp,
    made_up_for: &[Timestamp],
) {
    let first = entry.next_after(after, zone).filter(|time| *time <= until);
    let left_out = first.filter(|first| made_up_for.first() != Some(first));
    if let (Some(first), false) = (left_out, entry.catch_up == CatchUp::RunAll) {
        tracing::warn!(
            entry = entry.name,
            "runs were missed since {first}; `catch_up = {}` sends {} of them",
            entry.catch_up,
            made_up_for.len()
        );
    }
}

/// Of the times in (`after`, `until`] those that are made up for.
fn missed(
    entry: &Entry,
    zone: &TimeZone,
    after: Timestamp,
    until: Timestamp,
    another_runs: bool,
) -> Vec<Timestamp> {
    match entry.catch_up {
        CatchUp::Skip => Vec::new(),
        CatchUp::RunOnce if another_runs => Vec::new(),
        CatchUp::RunOnce => last(entry, zone, after, until).into_iter().collect(),
        CatchUp::RunAll => all_missed(entry, zone, after, until),
    }
}

fn all_missed(
    entry: &Entry,
    zone: &TimeZone,
    after: Timestamp,
    until: Timestamp,
) -> Vec<Timestamp> {
    let mut runs = Vec::new();
    let mut at = until;
    while let Some(time) = last(entry, zone, after, at) {
        if runs.len() == MAX_CAUGHT_UP {
            tracing::warn!(
                entry = entry.name,
                "more than {MAX_CAUGHT_UP} runs were missed: those up to {time} are skipped"
            );
            break;
        }
        runs.push(time);
        at = before(time, Duration::from_nanos(1));
    }
    runs.reverse();
    runs
}

/// The last time in (`after`, `until`].
fn last(entry: &Entry, zone: &TimeZone, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
    let last = entry.last_at_or_before(until, zone);
    last.filter(|time| *time > after)
}

/// The times in (`after`, `until`].
fn times(entry: &Entry, zone: &TimeZone, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let next = |time: Timestamp| entry.next_after(time, zone).filter(|next| *next <= until);
    std::iter::successors(next(after), |time| next(*time)).collect()
}

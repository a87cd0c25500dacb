use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

/// No two offsets of a zone are farther apart than this (Samoa's day line is 24 hours), so what the
/// wall clock showed longer ago than this before a change cannot be shown again after it.
const FARTHEST_BACK: SignedDuration = SignedDuration::from_hours(26);

/// A stretch of time in which a zone's wall clock runs evenly: its offset from UTC does not change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OffsetSegment {
    /// `None` if it is too long ago to matter, or never was.
    pub(crate) start: Option<Timestamp>,
    /// Exclusive.
    pub(crate) end: Option<Timestamp>,
    offset: Offset,
    /// The wall clock showed all before this in earlier segments, or skipped it.
    pub(crate) shown_until: Option<DateTime>,
}

impl OffsetSegment {
    /// The segment that holds `at`, with what matters from then on.
    pub(crate) fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let recent = at.checked_sub(FARTHEST_BACK).unwrap_or(Timestamp::MIN);
        let mut segment = Self {
            start: None,
            end: None,
            offset: zone.to_offset(at),
            shown_until: None,
        };
        for change in changes_after(recent, zone) {
            if change > at {
                segment.end = Some(change);
                break;
            }
            segment.start = Some(change);
            segment.shown_until = segment.shown_until.max(wall_at_end(change, zone));
        }
        segment
    }

    /// The segment that holds `at`, with what matters from its start on.
    pub(crate) fn from_start(at: Timestamp, zone: &TimeZone) -> Self {
        Self::of(start_of_segment(at, zone).unwrap_or(at), zone)
    }

    /// The segment after this one.
    pub(crate) fn following(&self, zone: &TimeZone) -> Option<Self> {
        self.end.map(|end| Self::of(end, zone))
    }

    /// The wall clock's first whole minute.
    pub(crate) fn first_minute(&self) -> Option<DateTime> {
        ceil_minute(self.wall(self.start?))
    }

    /// What the wall clock shows at `at`, which this segment holds.
    pub(crate) fn wall(&self, at: Timestamp) -> DateTime {
        self.offset.to_datetime(at)
    }

    /// When the wall clock shows `wall`, if it does in this segment.
    pub(crate) fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        let at = self.offset.to_timestamp(wall).ok()?;
        let started = self.start.is_none_or(|start| start <= at);
        (started && self.end.is_none_or(|end| at < end)).then_some(at)
    }
}

/// When the offset that is in force at `at` came into force.
pub(crate) fn start_of_segment(at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let after = at.checked_add(1.nanosecond()).unwrap_or(at);
    let hint = zone.preceding(after).next()?.timestamp();
    // beyond the last listed change of a zone, jiff 0.2 looks back by the zone's lasting rule alone
    // and may overlook that change: it gives 6 November 2022 for Ciudad Juárez, whose last is of 30
    // November. It looks ahead rightly.
    let before = hint.checked_sub(1.nanosecond()).unwrap_or(hint);
    changes_after(before, zone)
        .take_while(|change| *change <= at)
        .last()
}

fn changes_after(at: Timestamp, zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
    zone.following(at).map(|change| change.timestamp())
}

/// What the wall clock would have shown at `change`, had it not been changed.
fn wall_at_end(change: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    let before = change.checked_sub(1.nanosecond()).ok()?;
    Some(zone.to_offset(before).to_datetime(change))
}

fn ceil_minute(wall: DateTime) -> Option<DateTime> {
    let floor = floor_minute(wall);
    if floor == wall {
        Some(wall)
    } else {
        floor.checked_add(1.minute()).ok()
    }
}

/// `wall` without its seconds.
pub(crate) fn floor_minute(wall: DateTime) -> DateTime {
    wall.date().at(wall.hour(), wall.minute(), 0, 0)
}

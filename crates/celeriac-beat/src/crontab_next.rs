use jiff::{SignedDuration, Timestamp, ToSpan, civil::DateTime, tz::TimeZone};

use crate::{
    Crontab,
    offset_segment::{OffsetSegment, floor_minute},
};

/// Each crontab has a due time within this: 29 February falls on each day of the week once in 40
/// years, also where a century has no leap day.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(41 * 366 * 24);

impl Crontab {
    /// The next due time strictly after `after`, by the wall clock of `zone`;
    /// [what happens when the clocks change](Crontab#when-the-clocks-change) is part of it.
    ///
    /// `zone` is the caller's to look up, since a crontab may have none of its own.
    ///
    /// `None` only where the calendar ends, in the year 9999.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let limit = after.checked_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX);
        let mut segment = OffsetSegment::of(after, zone);
        let mut from = floor_minute(segment.wall(after))
            .checked_add(1.minute())
            .ok()?;
        loop {
            let until = segment.wall(segment.end.unwrap_or(Timestamp::MAX));
            if let Some(found) = self.first_in(&segment, from, until) {
                return Some(found);
            }
            if segment.end? > limit {
                return None;
            }
            segment = segment.following(zone)?;
            from = segment.first_minute()?;
        }
    }

    /// The last due time that is not after `at`: with [`Crontab::next_after`] it lists the same
    /// times.
    ///
    /// `None` only where the calendar begins, in the year -9999.
    pub fn last_at_or_before(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let limit = at.checked_sub(LONGEST_WAIT).unwrap_or(Timestamp::MIN);
        let mut at = at;
        loop {
            let segment = OffsetSegment::from_start(at, zone);
            let to = floor_minute(segment.wall(at));
            if let Some(found) = self.last_in(&segment, to) {
                return Some(found);
            }
            let start = segment.start.filter(|start| *start >= limit)?;
            at = start.checked_sub(1.nanosecond()).ok()?;
        }
    }

    fn first_in(
        &self,
        segment: &OffsetSegment,
        from: DateTime,
        until: DateTime,
    ) -> Option<Timestamp> {
        let first_minute = segment.first_minute().filter(|wall| *wall >= from);
        let after_gap = first_minute.filter(|_| self.skipped_before(segment));
        let listed = || self.first_listed(self.earliest(segment, from), until);
        segment.instant(after_gap.or_else(listed)?)
    }

    fn last_in(&self, segment: &OffsetSegment, to: DateTime) -> Option<Timestamp> {
        let start = segment.wall(segment.start.unwrap_or(Timestamp::MIN));
        let listed = self.last_listed(self.earliest(segment, start), to);
        let first_minute = || segment.first_minute().filter(|wall| *wall <= to);
        let after_gap = || first_minute().filter(|_| self.skipped_before(segment));
        segment.instant(listed.or_else(after_gap)?)
    }

    /// Where this segment's runs may begin: a daily kind does not run again at what the wall clock
    /// showed before.
    fn earliest(&self, segment: &OffsetSegment, from: DateTime) -> DateTime {
        let again = segment.shown_until.filter(|_| !self.is_sub_hour());
        again.map_or(from, |shown_until| from.max(shown_until))
    }

    /// Whether the wall clock skipped a listed time when the segment began.
    fn skipped_before(&self, segment: &OffsetSegment) -> bool {
        let gap = segment.shown_until.zip(segment.start);
        gap.and_then(|(from, start)| self.first_listed(from, segment.wall(start)))
            .is_some()
    }
}

use jiff::{Timestamp, tz::TimeZone};

use super::dates::Dates;
use crate::Crontab;

/// Whether the due time `due` is on a day that the crontab lists: the check behind
/// [`Rendering::guard`](super::Rendering).
///
/// `due` is the scheduled time plus the part's lead and delay; `zone` is the entry's.
pub fn admits(crontab: &Crontab, due: Timestamp, zone: &TimeZone) -> bool {
    Dates::of(crontab).contain(zone.to_datetime(due).date())
}

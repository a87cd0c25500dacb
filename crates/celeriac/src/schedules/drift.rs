use celeriac_beat::plan::{DesiredSchedule, Drift};
use celeriac_core::ScheduleSpec;
use celeriac_protocol::UtcTime;
use jiff::Timestamp;

/// Members that are not as they should be. A rate's start is where it was created, one that has
/// been does not matter, and a pause is the operator's.
pub(super) fn differences(
    is: &ScheduleSpec,
    should: &ScheduleSpec,
    desired: &DesiredSchedule,
    now: Timestamp,
) -> Vec<Drift> {
    let start = if starts_alike(is.start, should.start, desired, now) {
        should.start
    } else {
        is.start
    };
    let pairs = members(is, start)
        .into_iter()
        .zip(members(should, should.start));
    let drift = pairs.map(|((member, is), (_, should))| Drift { member, is, should });
    drift.filter(|drift| drift.is != drift.should).collect()
}

/// What is compared, in words.
fn members(spec: &ScheduleSpec, start: Option<UtcTime>) -> [(&'static str, String); 14] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let time = |time: Option<UtcTime>| time.map(UtcTime::to_iso).unwrap_or_default();
    let zone = spec.timezone.clone().filter(|zone| zone != "UTC"); // as if there were none
    let target = &spec.target;
    let event_age = spec.maximum_event_age.as_secs();
    [
        ("expression", spec.expression.clone()),
        ("time zone", text(&zone)),
        ("start", time(start)),
        ("end", time(spec.end)),
        ("description", text(&spec.description)),
        ("flexible window", spec.flexible_minutes.to_string()),
        ("target", target.arn.clone()),
        ("message group", text(&target.message_group_id)),
        ("role", target.role_arn.clone()),
        ("message", target.input.clone()),
        ("retry attempts", spec.maximum_retry_attempts.to_string()),
        ("event age", event_age.to_string()),
        ("dead-letter queue", text(&spec.dead_letter_arn)),
        ("delete after", spec.delete_after.to_string()),
    ]
}

fn starts_alike(
    is: Option<UtcTime>,
    should: Option<UtcTime>,
    desired: &DesiredSchedule,
    now: Timestamp,
) -> bool {
    let now = UtcTime(now.as_microsecond());
    if desired.phase.is_none() {
        return is.filter(|is| *is > now) == should;
    }
    is.is_some_and(|is| {
        let on_grid = Timestamp::from_microsecond(is.0).is_ok_and(|is| desired.is_on_grid(is));
        on_grid && should.is_none_or(|should| is <= should)
    })
}

use celeriac_beat::plan::{DesiredSchedule, Drift};
use celeriac_core::ScheduleSpec;
use celeriac_protocol::UtcTime;
use jiff::Timestamp;

/// Members that are not as they should be. A rate's start is where it was created, one that has been does not matter, and a pause is the
/// operator's.
pub(super) fn differences(
    is: &ScheduleSpec,
    should: &ScheduleSpec,
    desired: &DesiredSchedule,
    now: Timestamp,
) -> Vec<Drift> {
    let mut drift = Vec::new();
    let mut compare = |member: &'static str, is: String, should: String| {
        if is != should {
            drift.push(Drift { member, is, should });
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let time = |time: Option<UtcTime>| time.map(UtcTime::to_iso).unwrap_or_default();
    let utc_is_none = |zone: &Option<String>| {
        zone.clone()
            .filter(|zone| zone != "UTC")
            .unwrap_or_default()
    };
    compare(
        "expression",
        is.expression.clone(),
        should.expression.clone(),
    );
    compare(
        "time zone",
        utc_is_none(&is.timezone),
        utc_is_none(&should.timezone),
    );
    if !starts_alike(is.start, should.start, desired, now) {
        compare("start", time(is.start), time(should.start));
    }
    compare("end", time(is.end), time(should.end));
    compare(
        "description",
        text(&is.description),
        text(&should.description),
    );
    compare(
        "flexible window",
        is.flexible_minutes.to_string(),
        should.flexible_minutes.to_string(),
    );
    compare("target", is.target.arn.clone(), should.target.arn.clone());
    compare(
        "message group",
        text(&is.target.message_group_id),
        text(&should.target.message_group_id),
    );
    compare(
        "role",
        is.target.role_arn.clone(),
        should.target.role_arn.clone(),
    );
    compare(
        "message",
        is.target.input.clone(),
        should.target.input.clone(),
    );
    compare(
        "retry attempts",
        is.maximum_retry_attempts.to_string(),
        should.maximum_retry_attempts.to_string(),
    );
    compare(
        "event age",
        is.maximum_event_age.as_secs().to_string(),
        should.maximum_event_age.as_secs().to_string(),
    );
    compare(
        "dead-letter queue",
        text(&is.dead_letter_arn),
        text(&should.dead_letter_arn),
    );
    compare(
        "delete after",
        is.delete_after.to_string(),
        should.delete_after.to_string(),
    );
    drift
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

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{
    AwsCron, Expression, RenderError, RenderOptions, Rendered, Rendering, dates::Dates,
    day_part::DayPart, every_hour, precise,
};
use crate::{Crontab, ValueSet};

/// The expressions that fire at the due times of a crontab in `zone`, days of daylight saving apart
/// ([`next_difference`](super::next_difference)).
///
/// Day of month and day of week together are exact for whole weeks, have a guard where only
/// celeriac reads the queue, and are refused else. A crontab of every hour of every day goes by UTC
/// where the zone changes by whole hours, so that the hour that repeats has its runs.
///
/// ```
/// use celeriac_beat::{Crontab, eventbridge, zone};
///
/// let mornings = Crontab::new("0 9 * * mon-fri")?;
/// let rendering = eventbridge::crontab(&mornings, &zone("Europe/Berlin")?, &Default::default())?;
/// assert_eq!(rendering.parts[0].expression.to_string(), "cron(0 9 ? * 2-6 *)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn crontab(
    crontab: &Crontab,
    zone: &TimeZone,
    options: &RenderOptions,
) -> Result<Rendering, RenderError> {
    let lead = options.lead()?;
    if let Some(cron) = every_hour::in_utc(crontab, zone, lead.as_secs() / 60) {
        let part = Rendered {
            utc: true,
            ..Rendered::new(Expression::Cron(cron), lead)
        };
        return Ok(Rendering::new(vec![part]));
    }
    let dates = Dates::of(crontab);
    let (crons, guard) = if options.precise {
        precise::a_minute_early(crontab, dates, *options)?
    } else {
        let days = dates.parts(*options)?;
        let cron = |part: &DayPart| cron(crontab.minutes(), crontab.hours(), *part);
        (days.parts.iter().map(cron).collect(), days.guard)
    };
    Ok(rendering(crons, guard, lead))
}

pub(super) fn cron(minutes: ValueSet, hours: ValueSet, part: DayPart) -> AwsCron {
    AwsCron {
        minutes,
        hours,
        days: part.days,
        months: part.months,
    }
}

fn rendering(crons: Vec<AwsCron>, guard: bool, lead: Duration) -> Rendering {
    let parts = crons
        .into_iter()
        .map(|cron| Rendered::new(Expression::Cron(cron), lead))
        .collect();
    let rendering = Rendering {
        guard,
        ..Rendering::new(parts)
    };
    if !guard {
        return rendering;
    }
    rendering.note("fires on more days than the crontab lists; the worker drops the others")
}

use super::{AwsCron, RenderError, RenderOptions, crontab::cron, dates::Dates, day_part::DayPart};
use crate::{Crontab, ValueSet};

const LAST_MINUTE: u8 = 59;
const LAST_HOUR: u8 = 23;

/// The crontab a minute early, and whether it needs a guard.
pub(super) fn a_minute_early(
    crontab: &Crontab,
    dates: Dates,
    options: RenderOptions,
) -> Result<(Vec<AwsCron>, bool), RenderError> {
    let same_day = dates.parts(options)?;
    let mut crons = Crons::default();
    let mut guard = same_day.guard;
    if crontab.minutes().contains(0) {
        crons.extend(&same_day.parts, one(LAST_MINUTE), earlier(crontab.hours()));
        if crontab.hours().contains(0) {
            let eves = dates.eves();
            crons.extend(&eves.parts, one(LAST_MINUTE), one(LAST_HOUR));
            guard |= eves.guard;
        }
    }
    crons.extend(&same_day.parts, earlier(crontab.minutes()), crontab.hours());
    Ok((crons.0, guard))
}

fn one(value: u8) -> ValueSet {
    [value].into_iter().collect()
}

/// Each value less one; 0 has none.
fn earlier(values: ValueSet) -> ValueSet {
    values
        .iter()
        .filter(|value| *value > 0)
        .map(|value| value - 1)
        .collect()
}

/// Expressions, as few as they can be said in.
#[derive(Default)]
struct Crons(Vec<AwsCron>);

impl Crons {
    fn extend(&mut self, days: &[DayPart], minutes: ValueSet, hours: ValueSet) {
        if minutes.is_empty() || hours.is_empty() {
            return;
        }
        for part in days {
            self.push(cron(minutes, hours, *part));
        }
    }

    fn push(&mut self, new: AwsCron) {
        let alike = |old: &&mut AwsCron| {
            old.days == new.days
                && old.months == new.months
                && (old.hours == new.hours || old.minutes == new.minutes)
        };
        match self.0.iter_mut().find(alike) {
            Some(old) => {
                old.minutes = union(old.minutes, new.minutes);
                old.hours = union(old.hours, new.hours);
            }
            None => self.0.push(new),
        }
    }
}

fn union(one: ValueSet, other: ValueSet) -> ValueSet {
    one.iter().chain(other.iter()).collect()
}

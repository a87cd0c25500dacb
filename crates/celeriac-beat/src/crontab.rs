use std::{fmt, str::FromStr};

use crate::{
    CrontabError, CrontabField, CrontabFields, ValueSet,
    crontab_parser::{DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH_OF_YEAR},
};

/// A schedule by the wall clock, with Celery's grammar and meaning: every field must match, day of
/// the month AND day of the week.
///
/// Two crontabs are equal when they list the same times in the same zone, however they are written.
///
/// ```
/// use celeriac_beat::{Crontab, zone};
///
/// let mornings = Crontab::new("0 9 * * mon-fri")?.tz("Asia/Seoul");
/// let seoul = zone("Asia/Seoul")?;
/// let friday = "2027-01-01T12:00+09:00".parse()?;
/// let monday = "2027-01-04T09:00+09:00".parse()?;
/// assert_eq!(mornings.next_after(friday, &seoul), Some(monday));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When the clocks change
///
/// - A listed wall-clock time that a gap skips runs at the first valid minute after the gap.
///   Several such merge into one run, also with a run listed at that minute. 02:30 runs at 03:00 on
///   the day when 02:00 to 03:00 is skipped.
/// - A repeated wall-clock time runs each time for a schedule of a **sub-hour kind**: one that
///   lists every hour, or more than one minute of the hour. It runs once, at the first occurrence,
///   for all others, the **daily kinds**: one minute of certain hours.
/// - Each due time comes once, and there is one a minute at most.
#[derive(Clone, Debug)]
pub struct Crontab {
    pub(crate) minutes: ValueSet,
    pub(crate) hours: ValueSet,
    pub(crate) days_of_month: ValueSet,
    pub(crate) months: ValueSet,
    pub(crate) days_of_week: ValueSet,
    pub(crate) timezone: Option<String>,
    texts: Texts,
}

/// The fields as they were given.
#[derive(Clone, Debug)]
struct Texts {
    minute: String,
    hour: String,
    day_of_week: String,
    day_of_month: String,
    month_of_year: String,
}

impl Crontab {
    /// Reads five fields in cron's usual order, minute, hour, day of the month, month, day of the
    /// week, as Celery's `crontab.from_string` does: with a single space between.
    ///
    /// # Errors
    /// For another number of fields, for a field that Celery refuses (7 as a day of the week is
    /// one), and for days that no listed month has.
    pub fn new(text: &str) -> Result<Self, CrontabError> {
        let fields: Vec<_> = text.split(' ').collect();
        let &[minute, hour, day_of_month, month_of_year, day_of_week] = fields.as_slice() else {
            return Err(CrontabError::FieldCount {
                text: text.to_owned(),
                found: fields.len(),
            });
        };
        Self::from_fields(&CrontabFields {
            minute: minute.into(),
            hour: hour.into(),
            day_of_week: day_of_week.into(),
            day_of_month: day_of_month.into(),
            month_of_year: month_of_year.into(),
        })
    }

    /// Reads the fields by Celery's names.
    ///
    /// # Errors
    /// As [`Crontab::new`].
    pub fn from_fields(fields: &CrontabFields) -> Result<Self, CrontabError> {
        let crontab = Self {
            minutes: MINUTE.parse(&fields.minute)?,
            hours: HOUR.parse(&fields.hour)?,
            days_of_month: DAY_OF_MONTH.parse(&fields.day_of_month)?,
            months: MONTH_OF_YEAR.parse(&fields.month_of_year)?,
            days_of_week: DAY_OF_WEEK.parse(&fields.day_of_week)?,
            timezone: None,
            texts: Texts::of(fields),
        };
        if crontab.occurs() {
            return Ok(crontab);
        }
        Err(CrontabError::NeverOccurs {
            days: crontab.texts.day_of_month,
            months: crontab.texts.month_of_year,
        })
    }

    /// The same crontab by the wall clock of the zone with this name.
    ///
    /// The name is not looked up here, so that an entry can be written where the zone is not known;
    /// see [`zone`](crate::zone).
    #[must_use]
    pub fn tz(self, name: impl Into<String>) -> Self {
        Self {
            timezone: Some(name.into()),
            ..self
        }
    }

    /// The listed minutes, 0 to 59.
    pub fn minutes(&self) -> ValueSet {
        self.minutes
    }

    /// The listed hours, 0 to 23.
    pub fn hours(&self) -> ValueSet {
        self.hours
    }

    /// The listed days of the month, 1 to 31.
    pub fn days_of_month(&self) -> ValueSet {
        self.days_of_month
    }

    /// The listed months, 1 to 12.
    pub fn months(&self) -> ValueSet {
        self.months
    }

    /// The listed days of the week, 0 (Sunday) to 6.
    pub fn days_of_week(&self) -> ValueSet {
        self.days_of_week
    }

    /// The name of its own time zone, if it has one.
    pub fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// The minutes as they were given.
    pub fn minute(&self) -> &str {
        &self.texts.minute
    }

    /// The hours as they were given.
    pub fn hour(&self) -> &str {
        &self.texts.hour
    }

    /// The days of the week as they were given.
    pub fn day_of_week(&self) -> &str {
        &self.texts.day_of_week
    }

    /// The days of the month as they were given.
    pub fn day_of_month(&self) -> &str {
        &self.texts.day_of_month
    }

    /// The months as they were given.
    pub fn month_of_year(&self) -> &str {
        &self.texts.month_of_year
    }

    /// Whether a repeated hour runs again: every hour is listed, or more than one minute of the
    /// hour.
    pub fn is_sub_hour(&self) -> bool {
        self.hours.len() == 24 || self.minutes.len() > 1
    }

    /// Whether any listed month has any listed day.
    fn occurs(&self) -> bool {
        let first = self.days_of_month.at_or_after(1);
        first.is_some_and(|day| self.months.iter().any(|month| day <= longest(month)))
    }
}

/// The last day that `month` ever has.
fn longest(month: u8) -> u8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Texts {
    fn of(fields: &CrontabFields) -> Self {
        Self {
            minute: fields.minute.text(),
            hour: fields.hour.text(),
            day_of_week: fields.day_of_week.text(),
            day_of_month: fields.day_of_month.text(),
            month_of_year: fields.month_of_year.text(),
        }
    }
}

impl PartialEq for Crontab {
    fn eq(&self, other: &Self) -> bool {
        self.minutes == other.minutes
            && self.hours == other.hours
            && self.days_of_month == other.days_of_month
            && self.months == other.months
            && self.days_of_week == other.days_of_week
            && self.timezone == other.timezone
    }
}

impl Eq for Crontab {}

impl FromStr for Crontab {
    type Err = CrontabError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

/// Five fields in cron's usual order, as they were given, so that a person knows the schedule
/// again. [`Crontab::new`] reads it back; the zone is not part of it.
impl fmt::Display for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = [
            (&self.texts.minute, self.minutes),
            (&self.texts.hour, self.hours),
            (&self.texts.day_of_month, self.days_of_month),
            (&self.texts.month_of_year, self.months),
            (&self.texts.day_of_week, self.days_of_week),
        ];
        let fields = fields.map(|(text, values)| shown(text, values));
        f.write_str(&fields.join(" "))
    }
}

/// A blank within a field (`1, 2`) would part it in two, so such a field is shown by its values.
fn shown(text: &str, values: ValueSet) -> String {
    if text.contains(char::is_whitespace) {
        CrontabField::List(values.iter().map(i64::from).collect()).text()
    } else {
        text.to_owned()
    }
}

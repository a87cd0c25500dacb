use std::ops::RangeInclusive;

use celeriac_protocol::{Dict, Value};
use jiff::civil::Date;

/// The members, and what each of their lists may hold.
const MEMBERS: [(&str, RangeInclusive<i8>); 3] = [
    ("days_of_month", 1..=31),
    ("months", 1..=12),
    ("days_of_week", 0..=6),
];

/// The dates on which a schedule's message is to run, where the schedule itself cannot say so:
/// EventBridge Scheduler takes a day of the month or a day of the week, never both (EventBridge
/// Scheduler user guide, Schedule types in EventBridge Scheduler).
///
/// A date must be in every list that is given; an empty list is one that is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduleGuard {
    /// 1 to 31.
    pub days_of_month: Vec<i8>,
    /// 1 to 12.
    pub months: Vec<i8>,
    /// 0 (Sunday) to 6.
    pub days_of_week: Vec<i8>,
}

impl ScheduleGuard {
    /// Why nothing is to run on this date, if so.
    pub fn refusal(&self, date: Date) -> Option<String> {
        let weekday = date.weekday().to_sunday_zero_offset();
        let parts = [date.day(), date.month(), weekday];
        let lists = self.lists().into_iter().zip(MEMBERS).zip(parts);
        lists
            .into_iter()
            .find(|((list, _), part)| !list.is_empty() && !list.contains(part))
            .map(|((list, (name, _)), _)| format!("{date} is not in its `{name}` {list:?}"))
    }

    /// The lists that are given, by name.
    pub fn to_value(&self) -> Value {
        let given = MEMBERS.into_iter().zip(self.lists());
        let given = given.filter(|(_, list)| !list.is_empty());
        let numbers = |list: &[i8]| list.iter().map(|&day| Value::Int(day.into())).collect();
        Value::Dict(
            given
                .map(|((name, _), list)| (name.to_owned(), Value::List(numbers(list))))
                .collect(),
        )
    }

    /// # Errors
    /// If a member is not known: a guard that is only half understood would let runs through.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let Some(dict) = value.as_dict() else {
            return Err(format!("`guard` is {}, not a dict", value.describe()));
        };
        let is_known = |name: &str| MEMBERS.iter().any(|(known, _)| *known == name);
        if let Some(name) = dict.keys().find(|name| !is_known(name)) {
            return Err(format!("`guard.{name}` is not known here"));
        }
        let [days_of_month, months, days_of_week] =
            MEMBERS.map(|(name, range)| read_list(dict, name, &range));
        Ok(Self {
            days_of_month: days_of_month?,
            months: months?,
            days_of_week: days_of_week?,
        })
    }

    /// In the order of [`MEMBERS`].
    fn lists(&self) -> [&[i8]; 3] {
        [&self.days_of_month, &self.months, &self.days_of_week]
    }
}

/// A list that is there and empty would let nothing through, which nobody can mean.
fn read_list(dict: &Dict, name: &str, range: &RangeInclusive<i8>) -> Result<Vec<i8>, String> {
    let Some(value) = dict.get(name).filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let number = |item: &Value| {
        let number = item.as_i64().and_then(|number| i8::try_from(number).ok());
        number.filter(|number| range.contains(number))
    };
    value
        .as_list()
        .filter(|items| !items.is_empty())
        .and_then(|items| items.iter().map(number).collect())
        .ok_or_else(|| {
            let (first, last) = (range.start(), range.end());
            format!("`guard.{name}` is not a list of numbers from {first} to {last}")
        })
}

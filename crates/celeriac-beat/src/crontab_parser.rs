use crate::{CrontabError, CrontabField, FieldProblem, ValueSet};

/// Celery's grammar for one field of a crontab.
///
/// It is loose where Celery is loose: names are read in any field (`jan` as a day of the week is 1),
/// a range may wrap (`22-4`). It is stricter where Celery passes over what it does not know: whatever
/// follows a name's first three letters (`MON#1`, `mon;wed`), a range (`1-5-7`) or a step is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrontabParser {
    field: &'static str,
    low: u8,
    high: u8,
}

pub(crate) const MINUTE: CrontabParser = CrontabParser::new("minute", 0, 59);
pub(crate) const HOUR: CrontabParser = CrontabParser::new("hour", 0, 23);
pub(crate) const DAY_OF_WEEK: CrontabParser = CrontabParser::new("day_of_week", 0, 6);
pub(crate) const DAY_OF_MONTH: CrontabParser = CrontabParser::new("day_of_month", 1, 31);
pub(crate) const MONTH_OF_YEAR: CrontabParser = CrontabParser::new("month_of_year", 1, 12);

const DAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl CrontabParser {
    const fn new(field: &'static str, low: u8, high: u8) -> Self {
        Self { field, low, high }
    }

    /// The values that `field` lists.
    pub(crate) fn parse(self, field: &CrontabField) -> Result<ValueSet, CrontabError> {
        let values = match field {
            CrontabField::Text(text) => self.list(text),
            CrontabField::Number(number) => self.numbers(&[*number]),
            CrontabField::List(numbers) => self.numbers(numbers),
        };
        values.map_err(|problem| CrontabError::Field {
            field: self.field,
            text: field.text(),
            problem,
        })
    }

    fn numbers(self, numbers: &[i64]) -> Result<ValueSet, FieldProblem> {
        if numbers.is_empty() {
            return Err(FieldProblem::EmptyList);
        }
        numbers
            .iter()
            .map(|number| self.in_range(*number))
            .collect()
    }

    fn list(self, text: &str) -> Result<ValueSet, FieldProblem> {
        let parts: Result<Vec<_>, _> = text.split(',').map(|part| self.part(part)).collect();
        Ok(parts?.into_iter().flatten().collect())
    }

    fn part(self, part: &str) -> Result<Vec<u8>, FieldProblem> {
        if part.is_empty() {
            return Err(FieldProblem::EmptyPart);
        }
        if let Some((from, to, rest)) = range(part) {
            let values = self.range(self.value(from)?, self.value(to)?);
            return match rest.strip_prefix('/') {
                Some(rest) => Ok(every(step(rest)?, &values)),
                None => nothing(rest).map(|()| values),
            };
        }
        let all = || (self.low..=self.high).collect::<Vec<_>>();
        match part.strip_prefix('*') {
            // a line's end is no junk to Python's `$`
            Some("" | "\n") => Ok(all()),
            Some(rest) if rest.starts_with('/') => Ok(every(step(&rest[1..])?, &all())),
            _ => Ok(vec![self.value(part)?]),
        }
    }

    fn range(self, from: u8, to: u8) -> Vec<u8> {
        if to < from {
            (from..=self.high).chain(self.low..=to).collect()
        } else {
            (from..=to).collect()
        }
    }

    fn value(self, text: &str) -> Result<u8, FieldProblem> {
        if text.starts_with('-') {
            return Err(FieldProblem::Negative(text.to_owned()));
        }
        match integer(text).or_else(|| name(text)) {
            Some(number) => self.in_range(number),
            None => Err(FieldProblem::NotAValue(text.to_owned())),
        }
    }

    fn in_range(self, number: i64) -> Result<u8, FieldProblem> {
        u8::try_from(number)
            .ok()
            .filter(|value| (self.low..=self.high).contains(value))
            .ok_or_else(|| FieldProblem::OutOfRange {
                value: number.to_string(),
                low: self.low,
                high: self.high,
            })
    }
}

/// `part` as a range's two words and what follows them, if it begins with a range.
fn range(part: &str) -> Option<(&str, &str, &str)> {
    let (from, rest) = word(part);
    let (to, rest) = word(rest.strip_prefix('-')?);
    (!from.is_empty() && !to.is_empty()).then_some((from, to, rest))
}

/// The word that `text` begins with, which may be empty, and the rest.
fn word(text: &str) -> (&str, &str) {
    let end = text
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(text.len());
    text.split_at(end)
}

fn step(text: &str) -> Result<usize, FieldProblem> {
    let (digits, rest) = word(text);
    let step = match integer(digits) {
        _ if digits.is_empty() => return Err(FieldProblem::NoStep),
        None => return Err(FieldProblem::NotAStep(digits.to_owned())),
        Some(0) => return Err(FieldProblem::StepZero),
        Some(step) => usize::try_from(step).unwrap_or(usize::MAX),
    };
    nothing(rest).map(|()| step)
}

/// Only blanks may follow a range or a step.
fn nothing(rest: &str) -> Result<(), FieldProblem> {
    match rest.trim() {
        "" => Ok(()),
        rest => Err(FieldProblem::Rest(rest.to_owned())),
    }
}

/// Every `step`th of `values`, counted in a range's own order, so that a step goes on after a wrap.
fn every(step: usize, values: &[u8]) -> Vec<u8> {
    values.iter().copied().step_by(step).collect()
}

/// The number that Python's `int` reads: blanks around it, a plus sign and single underscores
/// between digits are allowed.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let well_formed = digits
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    // one too long for an i64 is too high for any field
    well_formed.then(|| digits.replace('_', "").parse().unwrap_or(i64::MAX))
}

/// The number of a day or month by its name, which may be cut after three letters or more: `tue`,
/// `tues`, `tuesday`.
fn name(text: &str) -> Option<i64> {
    let text = text.trim_end().to_lowercase();
    if text.len() < 3 {
        return None;
    }
    let place = |names: &[&str]| names.iter().position(|name| name.starts_with(&text));
    let number = place(&DAYS).or_else(|| place(&MONTHS).map(|month| month + 1))?;
    i64::try_from(number).ok()
}

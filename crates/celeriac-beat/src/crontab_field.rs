/// One field of a crontab as Celery takes it: a text of its grammar, a number, or a list of
/// numbers.
///
/// ```
/// use celeriac_beat::CrontabField;
///
/// assert_eq!(CrontabField::from("*/15"), CrontabField::Text("*/15".to_owned()));
/// assert_eq!(CrontabField::from(9), CrontabField::Number(9));
/// assert_eq!(CrontabField::from([9, 17]), CrontabField::List(vec![9, 17]));
/// assert_eq!(CrontabField::default(), CrontabField::from("*"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CrontabField {
    /// A text such as `*`, `*/15`, `1-5`, `mon-fri/2,sun`.
    Text(String),
    /// One value.
    Number(i64),
    /// Several values, in any order.
    List(Vec<i64>),
}

impl CrontabField {
    /// The field as a text of the grammar.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::List(numbers) => {
                let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
                numbers.join(",")
            }
        }
    }
}

impl Default for CrontabField {
    fn default() -> Self {
        Self::Text("*".to_owned())
    }
}

impl From<&str> for CrontabField {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for CrontabField {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for CrontabField {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<i64>> for CrontabField {
    fn from(numbers: Vec<i64>) -> Self {
        Self::List(numbers)
    }
}

impl<const N: usize> From<[i64; N]> for CrontabField {
    fn from(numbers: [i64; N]) -> Self {
        Self::List(numbers.to_vec())
    }
}

/// The arguments of Celery's `crontab(...)`, by its names and in its order: the day of the week
/// comes third.
///
/// A field that is left out is `*`, every value.
///
/// ```
/// use celeriac_beat::{Crontab, CrontabFields};
///
/// let weekdays = Crontab::from_fields(&CrontabFields {
///     minute: 30.into(),
///     hour: 7.into(),
///     day_of_week: "mon-fri".into(),
///     ..CrontabFields::default()
/// })?;
/// assert_eq!(weekdays, Crontab::new("30 7 * * 1-5")?);
/// # Ok::<(), celeriac_beat::CrontabError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CrontabFields {
    /// 0 to 59.
    pub minute: CrontabField,
    /// 0 to 23.
    pub hour: CrontabField,
    /// 0 (Sunday) to 6, or names such as `mon`.
    pub day_of_week: CrontabField,
    /// 1 to 31.
    pub day_of_month: CrontabField,
    /// 1 to 12, or names such as `jan`.
    pub month_of_year: CrontabField,
}

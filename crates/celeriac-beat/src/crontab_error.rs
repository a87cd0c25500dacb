/// Why a crontab is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrontabError {
    /// The text has not five fields.
    #[error(
        "crontab `{text}` has {found} fields, not 5: write minute, hour, day of month, month, day of week, with one space between"
    )]
    FieldCount {
        /// The whole text.
        text: String,
        /// How many fields it has.
        found: usize,
    },
    /// One field has not the form of such a field.
    #[error("{field} `{text}` of a crontab: {problem}")]
    Field {
        /// The field, by Celery's name.
        field: &'static str,
        /// The field's whole text.
        text: String,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// No listed month has any of the listed days.
    #[error(
        "day_of_month `{days}` never occurs in month_of_year `{months}`: write a day that one of these months has"
    )]
    NeverOccurs {
        /// The days' text.
        days: String,
        /// The months' text.
        months: String,
    },
}

/// What is wrong with one field of a crontab.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// Nothing between two commas, or nothing at all.
    #[error("a part is empty: write `*`, or values with one comma between")]
    EmptyPart,
    /// A list of numbers without any.
    #[error("the list is empty: give one value at least, or `*`")]
    EmptyList,
    /// A minus sign before a number.
    #[error("`{0}` is negative: write a range as `a-b`")]
    Negative(String),
    /// Neither a number nor a name.
    #[error(
        "`{0}` is neither a number nor a name such as `mon` or `jan`: write `*`, `*/n`, `a`, `a-b` or `a-b/n`"
    )]
    NotAValue(String),
    /// Something after a range or a step.
    #[error("`{0}` cannot follow a range or a step: write `a-b` or `a-b/n`, and `,` between parts")]
    Rest(String),
    /// A number that the field does not have.
    #[error("{value} is out of range: write {low} to {high}{}", hint(*.high))]
    OutOfRange {
        /// The number as written.
        value: String,
        /// The field's lowest number.
        low: u8,
        /// The field's highest number.
        high: u8,
    },
    /// Nothing after the slash.
    #[error("the step after `/` is missing: write `/n`, as in `*/15`")]
    NoStep,
    /// The text after the slash is no number.
    #[error("the step `{0}` is not a number: write `/n`, as in `*/15`")]
    NotAStep(String),
    /// A step of nought.
    #[error("the step is 0: write 1 or more")]
    StepZero,
}

/// Other crons take 7 for Sunday; who writes it must learn what to write here.
fn hint(high: u8) -> &'static str {
    if high == 6 { " (Sunday is 0)" } else { "" }
}

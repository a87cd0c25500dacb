use jiff::Timestamp;

/// What a [`Calendar`](super::Calendar) shows of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEntry {
    /// The entry's name, as a person gave it.
    pub name: String,
    /// The times at which it is due in the week, in any order; those outside of the week are left
    /// out.
    pub times: Vec<Timestamp>,
    /// Whether it runs. One that does not is drawn in grey and collides with nothing.
    pub enabled: bool,
}

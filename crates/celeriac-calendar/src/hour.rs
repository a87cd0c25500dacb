use std::fmt;

/// A row of the calendar: an hour of the wall clock, or the second pass through it where the clock
/// goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Hour {
    pub(super) hour: i8,
    pub(super) again: bool,
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.again {
            f.pad("again")
        } else {
            f.pad(&format!("{:02}:00", self.hour))
        }
    }
}

use super::AwsDays;
use crate::ValueSet;

/// Days that one expression can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayPart {
    pub(super) days: AwsDays,
    pub(super) months: ValueSet,
}

/// Days as one or several expressions name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DayParts {
    pub(super) parts: Vec<DayPart>,
    /// They name more days than were asked for.
    pub(super) guard: bool,
}

impl DayParts {
    pub(super) fn exact(parts: Vec<DayPart>) -> Self {
        Self {
            parts,
            guard: false,
        }
    }

    pub(super) fn superset(part: DayPart) -> Self {
        Self {
            parts: vec![part],
            guard: true,
        }
    }
}

use jiff::tz::{self, TimeZone};

/// The time zone of this name, such as `Asia/Seoul` or `UTC`.
///
/// # Errors
/// For a name that the tz database does not have.
///
/// ```
/// use celeriac_beat::zone;
///
/// assert!(zone("Europe/Berlin").is_ok());
/// let wrong = zone("Berlin").unwrap_err();
/// assert_eq!(wrong.to_string(), "no time zone is named `Berlin`: did you mean `Europe/Berlin`?");
/// ```
pub fn zone(name: &str) -> Result<TimeZone, ZoneError> {
    TimeZone::get(name).map_err(|_| ZoneError {
        name: name.to_owned(),
        nearest: nearest(name),
    })
}

/// A name that no time zone has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time zone is named `{name}`{}", hint(nearest.as_deref()))]
pub struct ZoneError {
    name: String,
    nearest: Option<String>,
}

impl ZoneError {
    /// The name that was looked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name that was meant, if one is near.
    pub fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!(": did you mean `{nearest}`?"),
        None => ": write a name of the tz database, such as `Europe/Berlin` or `UTC`".to_owned(),
    }
}

fn nearest(name: &str) -> Option<String> {
    let wanted = name.to_lowercase().replace(' ', "_");
    tz::db()
        .available()
        .map(|candidate| {
            (
                closeness(&wanted, &candidate.as_str().to_lowercase()),
                candidate,
            )
        })
        .filter(|(closeness, _)| *closeness >= 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate.to_string())
}

/// How alike two names are, 0 to 1. The city counts nearly as much as the whole: it is what people
/// remember.
fn closeness(wanted: &str, candidate: &str) -> f64 {
    let city = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let whole = strsim::normalized_damerau_levenshtein(wanted, candidate);
    whole.max(0.95 * strsim::normalized_damerau_levenshtein(&city(wanted), &city(candidate)))
}

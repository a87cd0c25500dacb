use celeriac_protocol::Headers;

/// Retries of one task that are told apart.
const RETRIES: u32 = 1 << 20;

/// Which try of its id a message is: by how often the task was replaced, then by its retries. Of two
/// messages the one of the lower number is stale.
///
/// ```
/// use celeriac_core::{retries_of_try, try_number};
/// use celeriac_protocol::Headers;
///
/// let headers = |replaced_task_nesting, retries| Headers {
///     replaced_task_nesting,
///     retries,
///     ..Headers::default()
/// };
/// assert_eq!(try_number(&headers(0, 3)), 3);
/// assert!(try_number(&headers(1, 0)) > try_number(&headers(0, 3)));
/// assert_eq!(retries_of_try(try_number(&headers(2, 7))), 7);
/// ```
pub fn try_number(headers: &Headers) -> u32 {
    let nesting = headers
        .replaced_task_nesting
        .clamp(0, i64::from(u32::MAX / RETRIES));
    let nesting = u32::try_from(nesting).unwrap_or_default();
    nesting * RETRIES + headers.retries.min(RETRIES - 1)
}

/// The first try of what replaces a task at this one.
pub fn replacing_try(number: u32) -> u32 {
    (number / RETRIES + 1).saturating_mul(RETRIES)
}

/// The retries of a try.
pub fn retries_of_try(number: u32) -> u32 {
    number % RETRIES
}

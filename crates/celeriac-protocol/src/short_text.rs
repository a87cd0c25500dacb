//! Texts of a message in an error about it: they may be megabytes.

use std::borrow::Cow;

/// Characters of a text that an error shows.
const SHOWN: usize = 60;

/// The text, cut to so many characters.
///
/// ```
/// assert_eq!(celeriac_protocol::cut("größer", 4), "größ...");
/// assert_eq!(celeriac_protocol::cut("größ", 4), "größ");
/// ```
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// As much of it as an error shows.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    cut(text, SHOWN)
}

/// `` `text` is not a time ``.
pub(crate) fn is_not(text: &str, kind: &str) -> String {
    format!("`{}` is not {kind}", shown(text))
}

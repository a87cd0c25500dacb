//! Texts that came from elsewhere, as a log or a terminal can show them: what would move the
//! cursor, write a line of its own or turn the direction of writing is shown as an escape.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One line of plain text.
///
/// ```
/// use celeriac_core::plain_text::line;
///
/// assert_eq!(line("tasks.añadir"), "tasks.añadir");
/// assert_eq!(line("a\nERROR b\u{1b}[2J\u{9b}\u{202e}"), r"a\nERROR b\u{1b}[2J\u{9b}\u{202e}");
/// ```
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_harmful(c) || matches!(c, '\n' | '\t'))
}

/// Lines of plain text; line feeds and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

/// JSON as it is, but for what its own rules let through.
pub fn json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_harmful) {
        return Cow::Borrowed(json);
    }
    let mut plain = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_harmful(c) {
            let _ = write!(plain, "\\u{:04x}", u32::from(c)); // all of them have four digits at most
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// The text, cut to so many characters.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_bad(c) {
            let _ = write!(plain, "{}", c.escape_default());
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// Control characters but line feed and tab, marks of direction, and separators of lines.
fn is_harmful(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
                | '\u{2028}' | '\u{2029}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown() {
        assert_eq!(lines("a\n\tb\r\u{7}"), "a\n\tb\\r\\u{7}");
        for harmful in [
            '\u{0}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{2067}', '\u{feff}',
        ] {
            let text = format!("a{harmful}b");
            assert!(!line(&text).contains(harmful) && !lines(&text).contains(harmful));
        }
        assert!(matches!(line("größer 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_stays_json() {
        let text = "{\"a\": \"\u{9b}\u{202e}\\n\"}\n";
        let plain = json(text);
        assert_eq!(plain, "{\"a\": \"\\u009b\\u202e\\n\"}\n");
        let value: serde_json::Value = serde_json::from_str(&plain).expect("JSON");
        assert_eq!(value["a"], "\u{9b}\u{202e}\n");
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(cut("größer", 3), "grö...");
        assert_eq!(cut("größer", 6), "größer");
    }
}

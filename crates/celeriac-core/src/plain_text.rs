//! Texts that came from elsewhere, as a log or a terminal can show them: what would move the
//! cursor, write a line of its own or turn the direction of writing is shown as an escape.

use std::borrow::Cow;
use std::fmt::Write as _;

pub use celeriac_protocol::cut;

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
    rewritten(json, is_harmful, |plain, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(plain, "\\u{unit:04x}");
        }
    })
}

/// TOML whose texts are all in double quotes, but for what its own rules let through.
pub fn toml(toml: &str) -> Cow<'_, str> {
    rewritten(toml, is_harmful, |plain, c| {
        let _ = write!(plain, "\\U{:08x}", u32::from(c));
    })
}

/// `1 task`, `2 tasks`.
///
/// ```
/// use celeriac_core::plain_text::counted;
///
/// assert_eq!(counted(1, "task"), "1 task");
/// assert_eq!(counted(0, "message"), "0 messages");
/// ```
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    rewritten(text, is_bad, |plain, c| plain.extend(c.escape_default()))
}

fn rewritten(
    text: &str,
    is_bad: impl Fn(char) -> bool,
    write: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_bad(c) {
            write(&mut plain, c);
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// Control characters but line feed and tab, marks of direction, separators of lines, and what has
/// no width: Unicode's `Default_Ignorable_Code_Point`, of which the joiners U+200C and U+200D and the
/// variation selectors stay, which Persian, the scripts of India and emoji are written with.
fn is_harmful(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown() {
        assert_eq!(lines("a\n\tb\r\u{7}"), "a\n\tb\\r\\u{7}");
        for harmful in [
            '\u{0}',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{200b}',
            '\u{2028}',
            '\u{2067}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let text = format!("a{harmful}b");
            assert!(!line(&text).contains(harmful) && !lines(&text).contains(harmful));
        }
        for plain in ["größer 日本", "می\u{200c}خواهم", "👩\u{200d}🚀 ❤\u{fe0f}"] {
            assert!(matches!(line(plain), Cow::Borrowed(_)), "{plain}");
        }
    }

    #[test]
    fn json_stays_json() {
        let text = "{\"a\": \"\u{9b}\u{202e}\\n\u{e0041}\"}\n";
        let plain = json(text);
        let expected = "{\"a\": \"\\u009b\\u202e\\n\\udb40\\udc41\"}\n";
        assert_eq!(plain, expected);
        let value: serde_json::Value = serde_json::from_str(&plain).expect("JSON");
        assert_eq!(value["a"], "\u{9b}\u{202e}\n\u{e0041}");
    }

    #[test]
    fn toml_stays_toml() {
        let plain = toml("\"\u{9b}\" = \"\u{e0041}\\n\"\n");
        assert_eq!(plain, "\"\\U0000009b\" = \"\\U000e0041\\n\"\n");
        let value: toml::Table = plain.parse().expect("TOML");
        assert_eq!(value["\u{9b}"].as_str(), Some("\u{e0041}\n"));
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(cut("größer", 3), "grö...");
        assert_eq!(cut("größer", 6), "größer");
    }
}

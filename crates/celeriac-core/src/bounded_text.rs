use std::fmt::{self, Display, Write};

/// Bytes of an error's text, and of its traceback: an item of DynamoDB has 400 KB.
const MOST: usize = 64 << 10;

/// The text of an error, cut where it would be longer than any store keeps: what a message says in
/// megabytes must not be copied into each error about it.
pub(crate) fn bounded(text: impl Display) -> String {
    let mut bounded = Bounded(String::new());
    // an error is the end of the room
    let _ = write!(bounded, "{text}");
    bounded.0
}

struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let left = MOST.saturating_sub(self.0.len());
        if piece.len() <= left {
            self.0.push_str(piece);
            return Ok(());
        }
        self.0.push_str(&piece[..piece.floor_char_boundary(left)]);
        self.0.push_str("...");
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_where_it_would_be_too_long() {
        assert_eq!(bounded("short"), "short");
        let long = "ä".repeat(MOST);
        let cut = bounded(format_args!("a{long}b"));
        assert_eq!(cut.len(), MOST - 1 + 3);
        assert!(cut.ends_with("ä..."));
    }
}

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` in exactly `width` columns: cut with `…`, or filled up.
pub(super) fn fit(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let missing = width.saturating_sub(cut.width());
    cut + &" ".repeat(missing)
}

/// `text` in at most `width` columns.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let fitting = text.chars().map_while(|c| {
        room = room.checked_sub(c.width().unwrap_or(0))?;
        Some(c)
    });
    fitting.chain(['…']).collect()
}

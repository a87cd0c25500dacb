use std::fmt::{self, Arguments, Write as _};

pub(super) const MARGIN: usize = 24;
/// Where the first day begins: the labels of the hours are before it.
pub(super) const LEFT: usize = MARGIN + 52;
pub(super) const COLUMN: usize = 156;
pub(super) const RIGHT: usize = LEFT + 7 * COLUMN;
pub(super) const WIDTH: usize = RIGHT + MARGIN;

/// What is drawn so far, from the top down.
#[derive(Default)]
pub(super) struct Canvas {
    pub(super) body: String,
    /// The first free line.
    pub(super) y: usize,
}

impl Canvas {
    pub(super) fn draw(&mut self, element: Arguments<'_>) -> fmt::Result {
        self.body.write_fmt(element)?;
        self.body.write_char('\n')
    }

    /// A line of text in a `height` of its own.
    pub(super) fn text(&mut self, class: &str, height: usize, text: &str) -> fmt::Result {
        let y = self.y + height * 3 / 4;
        let text = escape(text);
        self.draw(format_args!(
            r#"<text x="{MARGIN}" y="{y}" class="{class}">{text}</text>"#
        ))?;
        self.y += height;
        Ok(())
    }

    /// A line across all days.
    pub(super) fn rule(&mut self) -> fmt::Result {
        let y = self.y;
        self.draw(format_args!(
            r#"<path d="M{MARGIN} {y}H{RIGHT}" class="line"/>"#
        ))
    }
}

/// The sign of a collision or of a changing clock: a triangle, so that it is not told by its colour
/// alone.
pub(super) fn sign(x: usize, y: usize) -> String {
    format!(r#"<path d="M{x} {y}l6 -11l6 11z" class="sign"/>"#)
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

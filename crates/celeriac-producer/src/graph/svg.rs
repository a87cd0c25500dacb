//! A picture: steps from left to right, what is beside each other from top to bottom. Each part is
//! as wide and as high as what is in it.

use std::fmt::{self, Write as _};

use celeriac_core::plain_text::cut;
use celeriac_protocol::State;

use super::folded::{Part, Shown, states_text};

const STYLE: &str = include_str!("svg.css");
/// A task's box.
const BOX: (usize, usize) = (190, 46);
/// Between steps, and between branches.
const GAP: (usize, usize) = (36, 12);
/// Around a group's branches, with its title above.
const FRAME: (usize, usize) = (14, 30);
const MARGIN: usize = 16;
/// Characters that fit in a box.
const FITS: usize = 24;

pub(super) fn write(id: &str, shown: &Shown<'_>) -> String {
    let (width, height) = size(shown);
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let mut picture = Picture(String::new());
    // writing into a String cannot fail
    let _ = picture.steps(shown, MARGIN, MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"celeriac-graph\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>Workflow of \
         {}</title>\n<style>{STYLE}</style>\n{}</svg>\n",
        escaped(id),
        picture.0
    )
}

fn size(shown: &Shown<'_>) -> (usize, usize) {
    let sizes = shown.iter().map(size_of);
    let (width, height) = sizes.fold((0, 0), |(width, height), one| {
        (width + one.0 + GAP.0, height.max(one.1))
    });
    (width.saturating_sub(GAP.0), height)
}

fn size_of(part: &Part<'_>) -> (usize, usize) {
    match part {
        Part::Task(_) | Part::Many { .. } => BOX,
        Part::Sent(branches) => stacked(branches),
        Part::Group { branches, .. } => {
            let (width, height) = stacked(branches);
            (width.max(BOX.0) + 2 * FRAME.0, height + FRAME.0 + FRAME.1)
        }
    }
}

fn stacked(branches: &[Shown<'_>]) -> (usize, usize) {
    let sizes = branches.iter().map(size);
    let (width, height) = sizes.fold((0, 0), |(width, height), one| {
        (width.max(one.0), height + one.1 + GAP.1)
    });
    (width, height.saturating_sub(GAP.1))
}

struct Picture(String);

impl Picture {
    /// Draws steps from here on, each in the middle of their height.
    fn steps(&mut self, shown: &Shown<'_>, x: usize, y: usize) -> fmt::Result {
        let (_, height) = size(shown);
        let (mut x, middle) = (x, y + height / 2);
        for (index, part) in shown.iter().enumerate() {
            if index > 0 {
                let (from, to) = (x - GAP.0, x - 4);
                writeln!(
                    self.0,
                    r#"<path class="edge" d="M{from} {middle}H{to}m-5 -4l5 4l-5 4"/>"#
                )?;
            }
            let (width, own) = size_of(part);
            self.part(part, x, middle - own / 2, (width, own))?;
            x += width + GAP.0;
        }
        Ok(())
    }

    fn part(
        &mut self,
        part: &Part<'_>,
        x: usize,
        y: usize,
        (width, height): (usize, usize),
    ) -> fmt::Result {
        match part {
            Part::Sent(branches) => self.branches(branches, x, y),
            Part::Group {
                group,
                states,
                branches,
            } => {
                let title = format!("{} {}", cut(&group.id, 8), states_text(states));
                let room = width / 7;
                writeln!(
                    self.0,
                    r#"<rect class="frame" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/><text class="title" x="{}" y="{}">{}</text>"#,
                    x + FRAME.0,
                    y + 19,
                    escaped(&cut(&title, room))
                )?;
                self.branches(branches, x + FRAME.0, y + FRAME.1)
            }
            one => {
                let (name, below, state) = one.label();
                writeln!(
                    self.0,
                    r#"<g class="{}"><title>{}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/><text class="name" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text></g>"#,
                    class(&state),
                    escaped(&format!("{name} {below}")),
                    x + 10,
                    y + 19,
                    escaped(&cut(&name, FITS)),
                    x + 10,
                    y + 36,
                    escaped(&cut(&below, FITS)),
                )
            }
        }
    }

    fn branches(&mut self, branches: &[Shown<'_>], x: usize, y: usize) -> fmt::Result {
        let mut y = y;
        for branch in branches {
            self.steps(branch, x, y)?;
            y += size(branch).1 + GAP.1;
        }
        Ok(())
    }
}

fn class(state: &State) -> &'static str {
    match state {
        State::Success => "task success",
        State::Failure | State::Revoked => "task failure",
        State::Pending => "task pending",
        _ => "task running",
    }
}

/// For text and attributes of XML; what it cannot hold is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

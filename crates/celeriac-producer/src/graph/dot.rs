use std::fmt::Write as _;

use super::flow::{Flow, draw};
use super::folded::Shown;

pub(super) fn write(shown: &Shown<'_>) -> String {
    let mut dot = Dot(String::new());
    draw(&mut dot, shown);
    format!(
        "digraph workflow {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n{}}}\n",
        dot.0
    )
}

struct Dot(String);

/// Writing into a String cannot fail.
impl Flow for Dot {
    fn open(&mut self, number: usize, title: &str) {
        let title = quoted(title);
        let _ = writeln!(self.0, "  subgraph cluster_{number} {{\n  label={title};");
    }

    fn close(&mut self) {
        self.0.push_str("  }\n");
    }

    fn node(&mut self, number: usize, name: &str, below: &str) {
        let label = quoted(&format!("{name}\n{below}"));
        let _ = writeln!(self.0, "  n{number} [label={label}];");
    }

    fn edge(&mut self, from: usize, to: usize) {
        let _ = writeln!(self.0, "  n{from} -> n{to};");
    }
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}

use std::fmt::Write as _;

use super::flow::{Flow, draw};
use super::folded::Shown;
use super::svg::escaped;

pub(super) fn write(shown: &Shown<'_>) -> String {
    let mut mermaid = Mermaid("flowchart LR\n".to_owned());
    draw(&mut mermaid, shown);
    mermaid.0
}

struct Mermaid(String);

/// Writing into a String cannot fail.
impl Flow for Mermaid {
    fn open(&mut self, number: usize, title: &str) {
        let _ = writeln!(self.0, "  subgraph g{number}[{}]", quoted(title));
    }

    fn close(&mut self) {
        self.0.push_str("  end\n");
    }

    fn node(&mut self, number: usize, name: &str, below: &str) {
        let label = quoted(&format!("{name}\n{below}"));
        let _ = writeln!(self.0, "  n{number}[{label}]");
    }

    fn edge(&mut self, from: usize, to: usize) {
        let _ = writeln!(self.0, "  n{from} --> n{to}");
    }
}

/// Mermaid takes entities, and no backslashes.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(escaped).collect();
    format!("\"{}\"", lines.join("<br/>"))
}

//! A workflow for a terminal: a line for each step, what is beside each other further in.

use std::fmt::{self, Formatter};

use celeriac_core::plain_text::line;

use super::folded::{Part, Shown, states_text};

pub(super) fn write(f: &mut Formatter<'_>, shown: &Shown<'_>) -> fmt::Result {
    steps(f, shown, 0)
}

fn steps(f: &mut Formatter<'_>, shown: &Shown<'_>, depth: usize) -> fmt::Result {
    for (index, part) in shown.iter().enumerate() {
        let sign = if index == 0 { "" } else { "→ " };
        write!(f, "{:indent$}{sign}", "", indent = 4 * depth)?;
        match part {
            Part::Task(task) => {
                let name = line(task.name.as_deref().unwrap_or("task"));
                write!(f, "{name}  {}  {}", line(&task.id), task.state)?;
                match &task.result {
                    Some(result) => writeln!(f, "  {}", line(result))?,
                    None => writeln!(f)?,
                }
            }
            Part::Many { label, states } => {
                writeln!(f, "{}: {}", line(label), states_text(states))?;
            }
            Part::Group {
                group,
                states,
                branches,
            } => {
                let kind = if group.is_chord { "chord" } else { "group" };
                writeln!(f, "{kind} {}  {}", line(&group.id), states_text(states))?;
                for branch in branches {
                    steps(f, branch, depth + 1)?;
                }
            }
            Part::Sent(branches) => {
                writeln!(f, "sent:")?;
                for branch in branches {
                    steps(f, branch, depth + 1)?;
                }
            }
        }
    }
    Ok(())
}

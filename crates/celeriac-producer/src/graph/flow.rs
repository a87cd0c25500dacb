//! A workflow as nodes and edges, for languages that have those.

use super::folded::{Part, Shown, states_text};

/// How such a language writes them, in a text of its own.
pub(super) trait Flow {
    /// Begins a frame around what comes then.
    fn open(&mut self, number: usize, title: &str);
    /// Ends it.
    fn close(&mut self);
    /// A box with two lines.
    fn node(&mut self, number: usize, name: &str, below: &str);
    /// An arrow.
    fn edge(&mut self, from: usize, to: usize);
}

/// Draws a workflow.
pub(super) fn draw(flow: &mut impl Flow, shown: &Shown<'_>) {
    Drawing {
        flow,
        nodes: 0,
        groups: 0,
    }
    .steps(shown, &[]);
}

struct Drawing<'a, F> {
    flow: &'a mut F,
    nodes: usize,
    groups: usize,
}

impl<F: Flow> Drawing<'_, F> {
    /// Draws them behind these; the nodes that end them.
    fn steps(&mut self, shown: &Shown<'_>, before: &[usize]) -> Vec<usize> {
        let mut before = before.to_vec();
        for part in shown {
            before = match part {
                Part::Group {
                    group,
                    states,
                    branches,
                } => {
                    self.groups += 1;
                    let title = format!("{} {}", group.id, states_text(states));
                    self.flow.open(self.groups, &title);
                    let ends = self.branches(branches, &before);
                    self.flow.close();
                    ends
                }
                Part::Sent(branches) => self.branches(branches, &before),
                one => vec![self.node(one, &before)],
            };
        }
        before
    }

    fn branches(&mut self, branches: &[Shown<'_>], before: &[usize]) -> Vec<usize> {
        let each = branches.iter();
        each.flat_map(|branch| self.steps(branch, before)).collect()
    }

    fn node(&mut self, part: &Part<'_>, before: &[usize]) -> usize {
        let number = self.nodes;
        self.nodes += 1;
        let (name, below, _) = part.label();
        self.flow.node(number, &name, &below);
        for other in before {
            self.flow.edge(*other, number);
        }
        number
    }
}

//! The quickstart's live table: redrawn in place on a terminal, a line for each change otherwise.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use celeriac::ExceptionInfo;
use celeriac::commands::json_text;
use celeriac::prelude::*;

/// The tasks sent, and what is known of them.
pub(crate) struct Board {
    rows: Vec<Row>,
    live: bool,
    drawn: bool,
}

struct Row {
    call: &'static str,
    expected: &'static str,
    task_id: String,
    state: String,
    outcome: String,
    at: Duration,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self {
            rows: Vec::new(),
            live: io::stdout().is_terminal(),
            drawn: false,
        }
    }

    pub(crate) fn add(&mut self, call: &'static str, expected: &'static str, task_id: &str) {
        let (state, outcome) = ("PENDING".to_owned(), String::new());
        self.rows.push(Row {
            call,
            expected,
            task_id: task_id.to_owned(),
            state,
            outcome,
            at: Duration::ZERO,
        });
    }

    /// Reads every open result, shows what changed, and says whether all are there.
    pub(crate) async fn refresh(&mut self, client: &Client, now: Duration) -> anyhow::Result<bool> {
        let mut changed = !self.drawn;
        for row in self.rows.iter_mut().filter(|row| !row.is_ready()) {
            if row.refresh(client, now).await? {
                changed = true;
                if !self.live {
                    println!("{}", row.line(false));
                }
            }
        }
        if changed && self.live {
            self.draw()?;
        }
        self.drawn = true;
        Ok(self.rows.iter().all(Row::is_ready))
    }

    fn draw(&self) -> io::Result<()> {
        let mut screen = io::stdout().lock();
        // a line too long for the screen is cut, not wrapped: the table keeps its height
        write!(screen, "\x1b[?7l")?;
        if self.drawn {
            write!(screen, "\x1b[{}A", self.rows.len())?;
        }
        let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        for row in &self.rows {
            writeln!(screen, "\x1b[2K{}", row.line(color))?;
        }
        write!(screen, "\x1b[?7h")?;
        screen.flush()
    }

    pub(crate) fn is_as_expected(&self) -> bool {
        self.rows.iter().all(|row| row.state == row.expected)
    }

    pub(crate) fn summary(&self, elapsed: Duration) -> String {
        let as_expected = self
            .rows
            .iter()
            .filter(|row| row.state == row.expected)
            .count();
        let failures = self
            .rows
            .iter()
            .filter(|row| row.state == "FAILURE")
            .count();
        format!(
            "{as_expected} of {} tasks ended as expected in {:.1} s; {failures} of them were meant to fail, and did so without harm to the worker.",
            self.rows.len(),
            elapsed.as_secs_f64(),
        )
    }
}

impl Row {
    fn is_ready(&self) -> bool {
        matches!(self.state.as_str(), "SUCCESS" | "FAILURE")
    }

    async fn refresh(&mut self, client: &Client, now: Duration) -> anyhow::Result<bool> {
        let meta = client.result::<Value>(&self.task_id).meta().await?;
        let state = meta.status.to_string();
        if state == self.state {
            return Ok(false);
        }
        self.outcome = match ExceptionInfo::from_value(&meta.result) {
            Ok(exception) => format!("{}: {}", exception.exc_type, exception.message()),
            Err(_) => json_text(&meta.result),
        };
        (self.state, self.at) = (state, now);
        Ok(true)
    }

    /// `✓ SUCCESS   2.1 s  add(20, 22) in 2 seconds  42`
    fn line(&self, color: bool) -> String {
        let mark = match (self.is_ready(), self.state == self.expected) {
            (true, true) => "\u{2713}",
            (true, false) => "\u{2717}",
            (false, _) => " ",
        };
        let code = match self.state.as_str() {
            "SUCCESS" => "32",
            "FAILURE" => "31",
            "RETRY" => "33",
            _ => "2",
        };
        let state = if color {
            format!("\x1b[{code}m{:<8}\x1b[0m", self.state)
        } else {
            format!("{:<8}", self.state)
        };
        format!(
            "{mark} {state} {:>4.1} s  {:<34} {}",
            self.at.as_secs_f64(),
            self.call,
            self.outcome
        )
    }
}

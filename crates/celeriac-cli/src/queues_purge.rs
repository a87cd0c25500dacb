use std::io::{self, BufRead, IsTerminal, Write};

use celeriac::Connection;
use celeriac::commands::{CommandError, EXIT_OK, print};
use clap::Args;

/// `celeriac queues purge`
#[derive(Debug, Args)]
pub(crate) struct PurgeQueue {
    /// Queue
    #[arg(value_name = "NAME")]
    name: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl PurgeQueue {
    pub(crate) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let stats = connection.broker().stats(&self.name).await?;
        let count = stats.visible + stats.in_flight + stats.delayed;
        if !self.yes {
            self.confirm(count)?;
        }
        connection.queue_admin().purge(&self.name).await?;
        print(&format!(
            "purged about {count} messages of queue `{}`",
            self.name
        ));
        Ok(EXIT_OK)
    }

    fn confirm(&self, count: u64) -> Result<(), CommandError> {
        if !io::stdin().is_terminal() {
            let error = CommandError::usage(format!(
                "this would delete about {count} messages of queue `{}`, and stdin is no terminal to confirm on",
                self.name
            ));
            return Err(error.hint(format!("celeriac queues purge {} --yes", self.name)));
        }
        let mut stderr = io::stderr().lock();
        let _ = write!(
            stderr,
            "This deletes about {count} messages of queue `{0}` for good. Type `{0}` to go on: ",
            self.name
        );
        let _ = stderr.flush();
        if is_confirmed(&self.name, &mut io::stdin().lock()) {
            return Ok(());
        }
        Err(CommandError::new(anyhow::anyhow!(
            "queue `{}` was not purged: its name was not typed",
            self.name
        )))
    }
}

fn is_confirmed(name: &str, answers: &mut impl BufRead) -> bool {
    let mut answer = String::new();
    answers.read_line(&mut answer).is_ok() && answer.trim() == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_itself_confirms() {
        assert!(is_confirmed("orders", &mut "orders\n".as_bytes()));
        for answer in ["", "\n", "y\n", "yes\n", "order\n"] {
            assert!(
                !is_confirmed("orders", &mut answer.as_bytes()),
                "{answer:?}"
            );
        }
    }
}

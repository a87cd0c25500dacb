use std::time::Duration;

use celeriac::Connection;
use celeriac::broker::QueueSpec;
use celeriac::commands::{CommandError, EXIT_OK, duration, print};
use clap::Args;

/// `celeriac queues create`
#[derive(Debug, Args)]
pub(crate) struct CreateQueues {
    /// Queues to create where they are missing; a name that ends in `.fifo` makes a FIFO queue
    #[arg(value_name = "NAME", required_unless_present = "table")]
    names: Vec<String>,
    /// The queues' own visibility timeout (workers extend it as long as a task runs)
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    visibility: Duration,
    /// How long messages are kept, 60s to 14days
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "4days")]
    retention: Duration,
    /// Receives after which the broker itself moves a message to the dead-letter queue; a last guard, since workers count
    /// lost runs themselves
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_receives: u32,
    /// Create no dead-letter queues: unreadable messages then stay in the queue and come back again and again
    #[arg(long, conflicts_with = "max_receives")]
    no_dlq: bool,
    /// Create the table of results too, on demand and with TTL
    #[arg(long)]
    table: bool,
}

impl CreateQueues {
    pub(crate) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        if self.table {
            let store = connection.store().ok_or_else(|| {
                CommandError::usage(
                    "`result_backend` is `disabled://`, so there is no table to create",
                )
            })?;
            store.declare().await?;
            print("table of results: ready");
        }
        for name in &self.names {
            let spec = self.spec(name);
            connection.broker().declare(&spec).await?;
            print(&done(&spec));
        }
        Ok(EXIT_OK)
    }

    fn spec(&self, name: &str) -> QueueSpec {
        let mut spec = QueueSpec::new(name);
        spec.visibility = self.visibility;
        spec.retention = self.retention;
        spec.dead_letter = spec
            .dead_letter
            .filter(|_| !self.no_dlq)
            .map(|(queue, _)| (queue, self.max_receives));
        spec
    }
}

fn done(spec: &QueueSpec) -> String {
    match &spec.dead_letter {
        Some((dead_letter, receives)) => format!(
            "queue `{}`: ready, dead-letter queue `{dead_letter}` after {receives} receives",
            spec.name
        ),
        None => format!("queue `{}`: ready, no dead-letter queue", spec.name),
    }
}

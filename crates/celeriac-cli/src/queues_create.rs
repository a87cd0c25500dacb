use std::fmt;
use std::time::Duration;

use celeriac::Connection;
use celeriac::broker::{BrokerErrorKind, QueueChange, QueueSpec, QueueStats};
use celeriac::commands::{CommandError, EXIT_OK, duration, print};
use clap::Args;

const DAY: u64 = 24 * 60 * 60;

/// `celeriac queues create`
#[derive(Debug, Args)]
pub(crate) struct CreateQueues {
    /// Queues to create where they are missing; a name that ends in `.fifo` makes a FIFO queue
    #[arg(value_name = "NAME", required_unless_present = "table")]
    names: Vec<String>,
    /// The queues' own visibility timeout (workers extend it as long as a task runs) [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    visibility: Option<Duration>,
    /// How long messages are kept, 1 minute to 14 days [default: 4 days]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    retention: Option<Duration>,
    /// Receives after which the broker itself moves a message to the dead-letter queue; a last
    /// guard, since workers count lost runs themselves [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_receives: Option<u32>,
    /// Create no dead-letter queues: unreadable messages then stay in the queue and come back again
    /// and again
    #[arg(long, conflicts_with = "max_receives")]
    no_dlq: bool,
    /// Also change existing queues: the visibility, retention and receives given here
    #[arg(long)]
    update: bool,
    /// Create the table of results too, on demand and with TTL
    #[arg(long)]
    table: bool,
}

impl CreateQueues {
    pub(crate) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        if self.table {
            let ledger = connection.ledger().ok_or_else(|| {
                CommandError::usage(
                    "`result_backend` is `disabled://`, so there is no table to create",
                )
            })?;
            ledger.declare().await?;
            print("table of results: ready");
        }
        for name in &self.names {
            let line = self.create(connection, name).await?;
            print(&format!("queue {}: {line}", shown(connection, name)));
        }
        Ok(EXIT_OK)
    }

    /// Creates one queue, or changes it; says what was done and how the queue now is.
    async fn create(&self, connection: &Connection, name: &str) -> Result<String, CommandError> {
        let (admin, spec) = (connection.queue_admin(), self.spec(name));
        let there = match connection.broker().stats(name).await {
            Ok(stats) => Some(Shape::of_queue(&stats)),
            Err(error) if matches!(error.kind, BrokerErrorKind::QueueNotFound) => None,
            Err(error) => return Err(error.into()),
        };
        admin.declare(&spec).await?;
        let Some(there) = there else {
            return Ok(format!("created, {}", Shape::of_spec(&spec)));
        };
        let completed = there.completed_by(&spec);
        let asked = completed.changed_by(&self.change());
        if asked == completed {
            let done = if completed == there {
                "exists"
            } else {
                "dead-letter queue added"
            };
            return Ok(format!("{done}, {completed}"));
        }
        if self.update {
            admin.update(name, &self.change()).await?;
            return Ok(format!("updated, {asked}"));
        }
        Ok(format!(
            "exists and is unchanged, {completed}; with --update it gets {asked}"
        ))
    }

    fn spec(&self, name: &str) -> QueueSpec {
        let mut spec = QueueSpec::new(name);
        spec.visibility = self.visibility.unwrap_or(spec.visibility);
        spec.retention = self.retention.unwrap_or(spec.retention);
        spec.dead_letter = spec
            .dead_letter
            .filter(|_| !self.no_dlq)
            .map(|(queue, receives)| (queue, self.max_receives.unwrap_or(receives)));
        spec
    }

    /// What was given, and nothing that was not.
    fn change(&self) -> QueueChange {
        QueueChange {
            visibility: self.visibility,
            retention: self.retention,
            max_receives: self.max_receives,
        }
    }
}

/// A queue's name, and beside it what the broker calls it where that is another.
fn shown(connection: &Connection, name: &str) -> String {
    let options = &connection.settings().broker_transport_options;
    match options.queue_name_prefix.as_str() {
        "" => format!("`{name}`"),
        prefix => format!("`{name}` (in full `{prefix}{name}`)"),
    }
}

/// A queue's settings, as people read them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    visibility: Option<Duration>,
    retention: Option<Duration>,
    dead_letter: Option<(String, Option<u32>)>,
}

impl Shape {
    fn of_spec(spec: &QueueSpec) -> Self {
        let dead_letter = spec.dead_letter.clone();
        Self {
            visibility: Some(spec.visibility),
            retention: Some(spec.retention),
            dead_letter: dead_letter.map(|(queue, receives)| (queue, Some(receives))),
        }
    }

    fn of_queue(stats: &QueueStats) -> Self {
        let dead_letter = stats.dead_letter_queue.clone();
        Self {
            visibility: stats.visibility,
            retention: stats.retention,
            dead_letter: dead_letter.map(|queue| (queue, stats.max_receive_count)),
        }
    }

    /// With the dead-letter queue that declaring adds where there was none.
    fn completed_by(&self, spec: &QueueSpec) -> Self {
        let mut completed = self.clone();
        completed.dead_letter = completed
            .dead_letter
            .or_else(|| Self::of_spec(spec).dead_letter);
        completed
    }

    fn changed_by(&self, change: &QueueChange) -> Self {
        let mut changed = self.clone();
        changed.visibility = change.visibility.or(changed.visibility);
        changed.retention = change.retention.or(changed.retention);
        if let Some((_, receives)) = &mut changed.dead_letter {
            *receives = change.max_receives.or(*receives);
        }
        changed
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(visibility) = self.visibility {
            write!(f, "visibility {} s, ", visibility.as_secs())?;
        }
        if let Some(retention) = self.retention {
            let (days, rest) = (retention.as_secs() / DAY, retention.as_secs() % DAY);
            match (days, rest) {
                (1, 0) => f.write_str("kept 1 day, ")?,
                (days, 0) => write!(f, "kept {days} days, ")?,
                _ => write!(f, "kept {} s, ", retention.as_secs())?,
            }
        }
        match &self.dead_letter {
            Some((queue, Some(receives))) => {
                write!(f, "dead-letter queue `{queue}` after {receives} receives")
            }
            Some((queue, None)) => write!(f, "dead-letter queue `{queue}`"),
            None => f.write_str("no dead-letter queue"),
        }
    }
}

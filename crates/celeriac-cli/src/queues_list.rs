use celeriac::broker::{BrokerError, QueueStats};
use celeriac::commands::{CommandError, EXIT_OK, Table, print};
use celeriac::{Connection, Error};
use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};

/// `celeriac queues list`
#[derive(Debug, Args)]
pub(crate) struct ListQueues {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

impl ListQueues {
    pub(crate) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let broker = connection.broker();
        let mut names = broker.list().await?;
        names.sort();
        let stats = join_all(names.iter().map(|name| broker.stats(name))).await;
        let stats = stats
            .into_iter()
            .collect::<Result<Vec<_>, BrokerError>>()
            .map_err(Error::from)?;
        let queues: Vec<(String, QueueStats)> = names.into_iter().zip(stats).collect();
        if self.json {
            print(&as_json(&queues));
        } else if queues.is_empty() {
            eprintln!("no queues; create one with: celeriac queues create NAME");
        } else {
            print(&as_text(&queues));
        }
        Ok(EXIT_OK)
    }
}

fn as_text(queues: &[(String, QueueStats)]) -> String {
    let mut table = Table::new(&[
        "QUEUE",
        "WAITING",
        "RUNNING",
        "DELAYED",
        "DEAD-LETTER QUEUE",
        "MAX RECEIVES",
    ]);
    for (name, stats) in queues {
        table.row([
            name.clone(),
            stats.visible.to_string(),
            stats.in_flight.to_string(),
            stats.delayed.to_string(),
            stats
                .dead_letter_queue
                .clone()
                .unwrap_or_else(|| "-".to_owned()),
            stats
                .max_receive_count
                .map_or_else(|| "-".to_owned(), |count| count.to_string()),
        ]);
    }
    table.render()
}

fn as_json(queues: &[(String, QueueStats)]) -> String {
    let object = |(name, stats): &(String, QueueStats)| {
        json!({
            "queue": name,
            "visible": stats.visible,
            "in_flight": stats.in_flight,
            "delayed": stats.delayed,
            "dead_letter_queue": stats.dead_letter_queue,
            "max_receive_count": stats.max_receive_count,
            "visibility_seconds": stats.visibility.map(|visibility| visibility.as_secs()),
        })
    };
    Value::Array(queues.iter().map(object).collect()).to_string()
}

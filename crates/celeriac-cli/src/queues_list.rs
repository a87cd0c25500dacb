use celeriac::broker::{BrokerErrorKind, QueueStats};
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
        let mut names = connection.queue_admin().list().await?;
        names.sort();
        let stats = join_all(names.iter().map(|name| broker.stats(name))).await;
        let mut queues = Vec::with_capacity(names.len());
        for (name, stats) in names.into_iter().zip(stats) {
            match stats {
                Ok(stats) => queues.push((name, Some(stats))),
                // another app's, of which this role may know the name alone
                Err(error) if matches!(error.kind, BrokerErrorKind::AccessDenied(_)) => {
                    queues.push((name, None));
                }
                // deleted since it was listed
                Err(error) if matches!(error.kind, BrokerErrorKind::QueueNotFound) => {}
                Err(error) => return Err(Error::from(error).into()),
            }
        }
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

fn as_text(queues: &[(String, Option<QueueStats>)]) -> String {
    let mut table = Table::new(&[
        "QUEUE",
        "WAITING",
        "RUNNING",
        "DELAYED",
        "DEAD-LETTER QUEUE",
        "MAX RECEIVES",
    ]);
    for (name, stats) in queues {
        let Some(stats) = stats else {
            let denied = || "denied".to_owned();
            table.row([
                name.clone(),
                denied(),
                denied(),
                denied(),
                denied(),
                denied(),
            ]);
            continue;
        };
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

fn as_json(queues: &[(String, Option<QueueStats>)]) -> String {
    let object = |(name, stats): &(String, Option<QueueStats>)| match stats {
        Some(stats) => json!({
            "queue": name,
            "visible": stats.visible,
            "in_flight": stats.in_flight,
            "delayed": stats.delayed,
            "dead_letter_queue": stats.dead_letter_queue,
            "max_receive_count": stats.max_receive_count,
            "visibility_seconds": stats.visibility.map(|visibility| visibility.as_secs()),
        }),
        None => json!({ "queue": name, "denied": true }),
    };
    Value::Array(queues.iter().map(object).collect()).to_string()
}

use celeriac_core::{QueueOrder, Settings, nearest};
use celeriac_worker::{Shutdown, WorkerQueue};
use clap::Args;

use super::{CommandError, EXIT_OK};
use crate::Connection;

/// Runs the app's tasks until SIGTERM or SIGINT (a second one ends it at once).
#[derive(Clone, Debug, Default, Args)]
pub struct WorkerCommand {
    /// Queues, each with a weight if you like: `a,b:3` [default: the queues that the app's own
    /// tasks go to]
    #[arg(short = 'Q', long, value_name = "QUEUES", value_delimiter = ',', value_parser = worker_queue)]
    pub queues: Vec<WorkerQueue>,
    /// Take the queues in the order given: a later one only when those before are empty
    #[arg(long)]
    pub strict: bool,
    /// Tasks at once [default: 10 per core]
    #[arg(short, long, value_name = "N", value_parser = concurrency)]
    pub concurrency: Option<usize>,
    /// Messages held for each of them [default: 4]
    #[arg(long, value_name = "N", value_parser = prefetch_multiplier)]
    pub prefetch_multiplier: Option<usize>,
    /// Serve `/healthz` here: `127.0.0.1:8080`
    #[arg(long, value_name = "ADDRESS")]
    pub health_address: Option<String>,
}

impl WorkerCommand {
    /// These options, over every other setting.
    pub(super) fn apply(&self, settings: &mut Settings) {
        if self.strict {
            settings.worker_queue_order = QueueOrder::Strict;
        }
        if let Some(concurrency) = self.concurrency {
            settings.worker_concurrency = concurrency;
        }
        if let Some(multiplier) = self.prefetch_multiplier {
            settings.worker_prefetch_multiplier = multiplier;
        }
        if let Some(address) = &self.health_address {
            settings.worker_health_address = Some(address.clone());
        }
    }

    /// Works until a signal.
    pub async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        if connection.registry().iter().next().is_none() {
            return Err(CommandError::usage("the app has no tasks")
                .hint("register them: App::new(...).task(my_task)"));
        }
        let queues = self.queues_of(connection);
        tracing::info!("{}", connection.places());
        for queue in &self.queues {
            warn_if_misspelled(connection, &queue.name);
        }
        let worker = connection.worker(queues).await?;
        let signals = Shutdown::on_signals("running tasks").map_err(|error| {
            CommandError::new(anyhow::Error::new(error).context("cannot listen for signals"))
        })?;
        worker.run(signals).await?;
        Ok(EXIT_OK)
    }

    fn queues_of(&self, connection: &Connection) -> Vec<WorkerQueue> {
        if self.queues.is_empty() {
            return connection
                .own_queues()
                .into_iter()
                .map(|name| WorkerQueue { name, weight: 1 })
                .collect();
        }
        self.queues.clone()
    }
}

/// A worker may consume from any queue; a name close to one of the app's own is most likely a slip.
fn warn_if_misspelled(connection: &Connection, queue: &str) {
    let own = connection.own_queues();
    if own.iter().any(|name| name == queue) {
        return;
    }
    if let Some(meant) = nearest(queue, own.iter().map(String::as_str)) {
        tracing::warn!("no task of this app goes to the queue `{queue}`: did you mean `{meant}`?");
    }
}

/// `name` or `name:weight`.
fn worker_queue(text: &str) -> Result<WorkerQueue, String> {
    let (name, weight) = match text.rsplit_once(':') {
        Some((name, weight)) => (
            name,
            weight
                .parse()
                .map_err(|_| format!("`{weight}` is not a weight"))?,
        ),
        None => (text, 1),
    };
    match (name.trim(), weight) {
        ("", _) => Err("a queue name is missing".to_owned()),
        (_, 0) => Err("a weight must be 1 or more".to_owned()),
        (name, weight) => Ok(WorkerQueue {
            name: name.to_owned(),
            weight,
        }),
    }
}

fn concurrency(text: &str) -> Result<usize, String> {
    number(text, Settings::MAX_CONCURRENCY)
}

fn prefetch_multiplier(text: &str) -> Result<usize, String> {
    number(text, Settings::MAX_PREFETCH_MULTIPLIER)
}

fn number(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("must be a whole number, 1 to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_may_have_weights() {
        assert_eq!(
            worker_queue("a"),
            Ok(WorkerQueue {
                name: "a".into(),
                weight: 1
            })
        );
        assert_eq!(
            worker_queue("a.fifo:3"),
            Ok(WorkerQueue {
                name: "a.fifo".into(),
                weight: 3
            })
        );
        assert!(worker_queue("a:0").is_err());
        assert!(worker_queue(":3").is_err());
        assert!(worker_queue("a:x").is_err());
    }

    #[test]
    fn concurrency_is_bounded() {
        assert_eq!(concurrency("1000000"), Ok(1_000_000));
        for text in ["0", "-1", "many", "1000001", "18446744073709551615"] {
            let refused = concurrency(text);
            assert_eq!(
                refused,
                Err("must be a whole number, 1 to 1000000".to_owned())
            );
        }
    }
}

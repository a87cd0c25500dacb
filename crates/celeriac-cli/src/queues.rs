use celeriac::Connection;
use celeriac::commands::CommandError;
use clap::Subcommand;

use crate::queues_create::CreateQueues;
use crate::queues_list::ListQueues;
use crate::queues_purge::PurgeQueue;

/// What can be done with queues.
#[derive(Debug, Subcommand)]
pub(crate) enum QueuesCommand {
    /// List the queues under the prefix, with their message counts
    List(ListQueues),
    /// Create queues with their dead-letter queues, and the result table
    Create(CreateQueues),
    /// Delete every message of a queue; asks first
    Purge(PurgeQueue),
}

impl QueuesCommand {
    pub(crate) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        match self {
            Self::List(command) => command.run(connection).await,
            Self::Create(command) => command.run(connection).await,
            Self::Purge(command) => command.run(connection).await,
        }
    }
}

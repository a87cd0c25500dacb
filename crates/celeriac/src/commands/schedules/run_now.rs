use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::entries::entries;
use super::now;
use crate::commands::{CommandError, EXIT_OK, ResultCommand, duration, print};
use crate::{Connection, Error};
use celeriac_core::TaskSender;

/// Sends an entry's task now, beside its schedule, and prints its id. Its scheduled time is now.
#[derive(Clone, Debug, Args)]
pub struct RunNowCommand {
    /// The entry
    #[arg(value_name = "ENTRY")]
    entry: String,
    /// Wait for the result and print it [60s where no time is given]
    #[arg(short, long, value_name = "TIMEOUT", num_args = 0..=1, default_missing_value = "60s", value_parser = duration)]
    wait: Option<Duration>,
    /// With --wait: print Celery's result object as JSON
    #[arg(long, requires = "wait")]
    json: bool,
}

impl RunNowCommand {
    pub(super) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let entries = entries(connection, std::slice::from_ref(&self.entry))?;
        let Some(entry) = entries.first() else {
            return Ok(EXIT_OK);
        };
        #[cfg(feature = "aws")]
        if connection.broker_is_aws() {
            let group = crate::schedules::ScheduleGroup::of(connection)?;
            group.check_not_foreign("run").await?;
        }
        let timezone = entry.zone.iana_name().unwrap_or("UTC");
        let (call, options) = entry.entry.run(this_microsecond(), timezone);
        let client = connection.client();
        let task_id = TaskSender::send_task(&client, call, options)
            .await
            .map_err(Error::from)?;
        let ended = match self.wait {
            None => {
                print(&task_id);
                Ok(EXIT_OK)
            }
            wait => {
                let command = ResultCommand {
                    task_id,
                    wait,
                    json: self.json,
                };
                command.run(connection).await
            }
        };
        client.close().await;
        ended
    }
}

/// Times in messages have no finer digits.
fn this_microsecond() -> Timestamp {
    let now = now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

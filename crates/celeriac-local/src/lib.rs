//! Broker and result store on embedded SQLite: quickstart, tests, one-machine use.
//!
//! [`LocalBroker`] has SQS's semantics (visibility, delay, receive count, receipts, FIFO groups,
//! dead letters, retention and the limits) and [`LocalStore`] the ledger's, so what works here
//! works on AWS. Both live in one [`Database`]: a file that several processes use at once, or this
//! process's memory.
//!
//! A queue needs no declaring: the first `send` or `receive` creates it with a dead-letter queue
//! named `<name>-dlq`.
//!
//! ```
//! use std::time::Duration;
//! use celeriac_core::{Broker, Outgoing};
//! use celeriac_local::{Database, LocalBroker};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = LocalBroker::new(Database::memory()?);
//! broker.send("celery", vec![Outgoing { body: "hello".into(), ..Outgoing::default() }]).await;
//!
//! let received = broker.receive("celery", 10, Duration::ZERO, Duration::from_secs(30)).await?;
//! assert_eq!(received[0].body, "hello");
//! broker.ack("celery", vec![received[0].receipt.clone()]).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Durability
//! Every method answers after its transaction is in the file (WAL, `synchronous = NORMAL`): a
//! process may be killed at any moment and nothing answered is lost. A power failure may take the
//! last moments with it, but leaves a consistent file. Calls that come while a transaction runs
//! share the next one, 32 at most; one that fails undoes itself alone.

mod chords;
mod connection_thread;
mod database;
mod database_error;
mod diagnosis;
mod document_row;
mod documents;
mod fifo;
mod item_format;
mod ledger;
mod ledger_row;
mod local_broker;
mod local_store;
mod long_poll;
mod message_row;
mod queue_admin;
mod queue_row;
mod schema;
mod wakers;
mod watched_file;

pub use database::Database;
pub use database_error::DatabaseError;
pub use diagnosis::Diagnosis;
pub use local_broker::LocalBroker;
pub use local_store::LocalStore;

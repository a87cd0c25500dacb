//! Send Celery tasks and read their results.
//!
//! A [`Client`] turns typed signatures and calls by name into Celery messages, sends them in
//! natural batches, and reads results back through [`AsyncResult`]. It is what a web handler links:
//! no worker, no AWS.
//!
//! ```
//! use std::sync::Arc;
//! use celeriac_core::{Registry, Settings, SystemClock, TaskSignature};
//! use celeriac_local::{Database, LocalBroker, LocalStore};
//! use celeriac_producer::{Client, ClientParts};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Database::memory()?;
//! let settings = Settings::default();
//! let store = Arc::new(LocalStore::new(database.clone()));
//! let client = Client::new(ClientParts {
//!     broker: Arc::new(LocalBroker::new(database)),
//!     store: Some(store.clone()),
//!     chords: Some(store),
//!     router: settings.router()?,
//!     settings: Arc::new(settings),
//!     registry: Arc::new(Registry::default()),
//!     clock: Arc::new(SystemClock),
//! });
//! let sum = client.send(TaskSignature::<i64>::new("tasks.add").arg(1).arg(2)).await?;
//! // `sum.get(timeout)` waits for a worker to run it
//! assert_eq!(sum.state().await?.as_str(), "PENDING");
//! client.close().await;
//! # Ok(())
//! # }
//! ```

mod async_result;
mod bulk;
mod call_options;
pub mod canvas;
mod chord_status;
mod client;
pub mod graph;
mod group_result;
mod message;
mod message_properties;
mod outbox;
mod poll_table;
mod poller;
mod queue_sender;
mod result_error;
mod result_reader;
mod result_set;
mod sender_pool;
mod sends;

pub use async_result::AsyncResult;
pub use chord_status::{ChordRepair, ChordRepaired, ChordStatus};
pub use client::{Client, ClientParts};
pub use group_result::GroupResult;
pub use message::{Message, MessageBuilder};
pub use outbox::{Outbox, Parcel};
pub use result_error::ResultError;
pub use result_set::{ResultSet, join, join_all};
pub use sends::Sends;

//! The producer against brokers and stores in memory, Celery's own messages, and SQLite.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bulk;
mod canvas_messages;
mod delays;
mod golden;
mod memory_broker;
mod memory_store;
mod messages;
mod options;
mod polling;
mod results;
mod sending;
mod sqlite;
mod support;

//! The Lambda function, on SQLite: its events are made of real messages, and what it does not
//! report is deleted, as Lambda does.

mod batches;
mod deadline;
mod direct;
mod fifo;
mod log;
mod spilling;
mod support;

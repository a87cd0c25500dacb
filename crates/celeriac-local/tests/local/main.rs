//! The broker and the stores on SQLite: what every adapter must do, and what is SQLite's own.

mod conformance;
mod database;
mod migration;
mod polls;
mod time;

//! An HTTP proxy in front of an emulator that counts requests and makes trouble.

mod connection;
mod exchange;
mod operation;
mod proxy;
mod rule;
mod statements;

pub use proxy::FaultProxy;
pub use rule::{Fault, Rule};

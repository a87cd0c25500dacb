//! An HTTP proxy in front of an emulator that counts requests and makes trouble.

mod call;
mod exchange;
mod operation;
mod proxy;
mod rule;
mod withheld;

pub use call::Call;
pub use proxy::FaultProxy;
pub use rule::{Fault, Rule};

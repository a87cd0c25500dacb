//! Who acts in the world.

mod beat;
mod client;
mod direct;
mod function;
mod mishaps;
mod parts;
mod python;
mod setup;
mod tasks;
mod threads;
mod told_ledger;
mod worker;

pub(crate) use self::client::send_all;
pub(crate) use self::direct::invoke_all;
pub(crate) use self::function::serve;
pub(crate) use self::mishaps::{Cast, Part, go_wrong};
pub(crate) use self::setup::prepare;
pub(crate) use self::worker::work;
